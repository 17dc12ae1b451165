"""Boxes: where code that a model wrote may run. Docker is the standard, bubblewrap the other launcher."""
