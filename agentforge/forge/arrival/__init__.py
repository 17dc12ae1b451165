"""Tools that come from elsewhere: files are read within bounds and as text, never imported and never run here."""
