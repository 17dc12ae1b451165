"""Documents that become tools, and change: ``python -m benchmarks.policies``."""
