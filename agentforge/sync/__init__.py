"""A registry and a remote made one: what came, what went, what waits."""
