"""Ten days of one user, scripted: what she says, what her agent makes of it, and what git says of it afterwards."""
