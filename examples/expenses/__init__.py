"""An app that an agent made for its user over five sessions: an expense assistant of four tools."""
