"""Two other programs that make tools, tried with the same needs on the same model server."""
