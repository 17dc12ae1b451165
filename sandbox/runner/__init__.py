"""What runs inside the box: standard library only, and nothing of it is imported on the host."""
