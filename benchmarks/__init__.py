"""Benchmarks of one form: ``python -m benchmarks.NAME [--quick] [--json]``.

Progress goes to stderr; with ``--json`` the last line on stdout is one JSON object, otherwise a
table. Timed figures are medians of interleaved runs, ratios are against the baseline named in
``--help`` and measured in the same run. A benchmark that cannot run exits 7 (no sandbox) or 4 (no
model) with the reason and prints no figures.
"""
