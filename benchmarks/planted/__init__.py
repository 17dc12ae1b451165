"""Our own planted set: right tools with strong suites, wrong ones with every kind of weak suite.

``tools/NAME.py`` holds one right tool with its tests, examples, a recipe for fresh inputs, and the
mistakes that make wrong tools of it (:mod:`~benchmarks.planted.source`). ``python -m benchmarks.planted
DIR`` writes them as folders (:mod:`~benchmarks.planted.build`), after the box has shown that each wrong
tool differs from the right one on fresh inputs (:mod:`~benchmarks.planted.proof`).
"""
