"""Forgings with scripted models, a fake box and a real registry.

A scripted answer names, in a comment, which of the behaviours below its code stands for; the fake
box computes what that code would have done.
"""

from agentforge.testing.box import raised, returned, suite
from agentforge.types import Example, Need

FAR = 65  # beyond every probe of NEED, within the inputs of the fuzz gate
BEHAVIOURS = {
    "RIGHT": lambda n: n * 2,
    "ADDS": lambda n: n + 2,  # right for 2 alone
    "SLOPPY": lambda n: n / 4,
    "NEAT": lambda n: round(n / 4, 1),
    "ONES": lambda n: "*" * n,
    "NONE TOO": lambda n: "*" * n or "none",
    "FRAGILE": lambda n: n * 2,
    "OFFLINE": lambda n: n * 2,
    "UNORDERED": lambda n: n * 2,  # but something else for large numbers in a box with another hash seed
    "MISTYPED": lambda n: n * 2.0,
    "MISTYPED LATE": lambda n: n * 2 if n < 20 else str(n * 2),
    "BREAKS FAR OUT": lambda n: n * 2,  # but KeyError for numbers that no probe has
    "FITTED": lambda n: {2: 4, 3: 6}.get(n, 0),  # right for what is shown, wrong elsewhere
    "FITTED AND FRAGILE": lambda n: {2: 4, 3: 6}.get(n, 0),  # and KeyError for a number that fuzz alone tries
    "KNOWS TWO": lambda n: {25: 50, 33: 66}.get(n, 0),
    "FITTED TOO": lambda n: {2: 4, 3: 6}.get(n, -1),
}
EXAMPLES = (
    Example({"n": 2}, returns=4),
    Example({"n": 3}, returns=6),
    Example({"n": -1}, raises="ValueError"),
)
HELD = Example({"n": 10}, returns=20)
NEED = Need(
    "double", "(n: int) -> int", "Double n. ValueError if n is negative.", (EXAMPLES[0], EXAMPLES[1], HELD, EXAMPLES[2])
)
TESTS = "```python\nassert double(n=5) == 10\nassert double(n=6) == 13\n```"


def code(behaviour):
    return f"Here:\n```python\ndef double(n: int) -> int:\n    # {behaviour}\n    return n\n```"


def behaves(run):
    if run.kind == "run":  # many calls in one process, which a fake box has not
        return raised("OSError")
    n = run.args["n"]
    if isinstance(n, list):
        return returned(n[0] * 2) if n else returned(0)  # FIRST TWICE
    if "# OFFLINE\n" in run.source and n > 20:
        return raised("PermissionError", "No recording answers that.")
    far = {"# FRAGILE\n": n > 20, "# BREAKS FAR OUT\n": n > FAR, "# FITTED AND FRAGILE\n": n == 22}
    if any(mark in run.source and breaks for mark, breaks in far.items()):
        return raised("KeyError", str(n))
    if "# UNORDERED\n" in run.source and n > 20:
        return returned(n * 2 + run.hash_seed)
    if "if n == 0:\n" in run.source and n == 0:
        return returned("none")
    for name in sorted(BEHAVIOURS, key=len, reverse=True):
        if f"# {name}\n" in run.source:
            return raised("ValueError") if n < 0 else returned(BEHAVIOURS[name](n))
    return returned("A" if "# GRADE\n" in run.source else None)


def judged(run):
    """Every stub fails, but for those that the test of this file wants to pass."""
    return suite(test_example_1="# " in run.source or "return 'A'" in run.source)
