"""The network capability: the host fetches for a tool what the tool declared."""
