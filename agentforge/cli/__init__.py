"""The command line. ``app`` holds every command's words; each is done in a module of its own."""
