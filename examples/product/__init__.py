"""A product with two tenants, each with users of its own: questions are answered as server-sent events."""
