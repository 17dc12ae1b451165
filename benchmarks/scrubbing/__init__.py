"""What is planted for ``benchmarks.scrub``."""
