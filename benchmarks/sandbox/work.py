"""What is run everywhere: one trivial tool, called once or tested by five tests."""

from __future__ import annotations

import json

from agentforge.boxes.protocol import CallResult, SuiteResult
from agentforge.types import JSONObject

SOURCE = 'def add(a: int, b: int) -> dict:\n    return {"sum": a + b}\n'
ENTRY = "add"
ARGS: JSONObject = {"a": 2, "b": 3}
ANSWER: JSONObject = {"sum": 5}
REQUEST = json.dumps({"source": SOURCE, "entry": ENTRY, "args": ARGS})

TESTS = "from tool import add\n" + "".join(
    f'\n\ndef test_{n}():\n    assert add({n}, 1)["sum"] == {n + 1}\n' for n in range(5)
)
PASSED = "5 passed"

PROGRAM = """\
import json, sys
request = json.loads(sys.argv[1]) if len(sys.argv) > 1 else json.load(sys.stdin)
names = {}
exec(compile(request["source"], "tool.py", "exec"), names)
print(json.dumps(names[request["entry"]](**request["args"])))
"""
"""What a bare Python does: it reads the tool's source, calls it and prints JSON."""

SNIPPET = f"{SOURCE}\nimport json\nprint(json.dumps({ENTRY}(2, 3)))\n"
"""The same as a script, for sandboxes that take scripts."""


class WrongAnswerError(Exception):
    """Something that is measured gave another answer than the right one, so its time means nothing."""


def insist_on_call(result: CallResult) -> None:
    """Only right answers are timed."""
    if not result.ok or result.value != ANSWER:
        raise WrongAnswerError(f"a call in the box ended with {result.status}: {result.error} {result.message[:200]}")


def insist_on_suite(result: SuiteResult) -> None:
    """Only suites of which all five tests passed are timed."""
    if not result.passed or len(result.rows) != 5:
        raise WrongAnswerError(f"a suite in the box ended with {result.status}: {result.rows}"[:400])


def insist_on_text(who: str, printed: str) -> None:
    """As :func:`insist_on_call`, of what a process printed."""
    lines = printed.strip().splitlines()
    try:
        right = bool(lines) and json.loads(lines[-1]) == ANSWER
    except ValueError:
        right = False
    if not right:
        raise WrongAnswerError(f"{who} printed {printed[-300:]!r}")
