"""Documents: read, converted to text, kept in the user's registry, cut into passages, searched and cited."""
