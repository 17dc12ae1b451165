"""Two histories of one registry made one: what is checked of the other, and how each thing in it is merged."""
