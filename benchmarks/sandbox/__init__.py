"""How fast the sandbox is, against a bare subprocess and against other sandboxes (``python -m benchmarks.sandbox``)."""
