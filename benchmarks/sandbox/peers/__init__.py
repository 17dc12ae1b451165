"""Other sandboxes, each in an environment and a process of its own, driven over lines of JSON."""
