"""What a suite asks of its tool: every call that its tests make, heard by running them once.

The tool under trial tells each call on a line of its own before it answers, and each test its name. A second run,
in which all calls are answered wrongly, shows which tests look at the answers.

Not protected from: a tool that writes such lines itself. What a suite is worth against changes of the tool is
measured by :mod:`~agentforge.forge.gates.strength`, which believes no line.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from agentforge.boxes.protocol import SuiteResult
from agentforge.forge.gates.bench import Bench
from agentforge.types import JSON, JSONObject

MOST_CALLS = 400
"""Calls that are heard: a suite that makes more has asked enough."""
LONGEST_CALL = 20_000
"""Characters of the arguments of a call that is heard."""
_OUTPUT_BYTES = 4 << 20
_LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the tool by the test ``test``: the arguments as given, by name, and the error that it raised, or the
    value that it gave (words in the place of one that is too long).
    """

    test: str
    args: JSONObject
    raised: str = ""
    value: JSON = None


async def asked(bench: Bench) -> list[Call]:
    """The calls of the submission's suite whose test fails where every call is answered wrongly, in order; none where
    the suite does not end. Heard once.
    """
    if bench.calls is None:
        (result, told), (spoiled, _) = await asyncio.gather(_run(bench), _run(bench, spoiled=True))
        failed = {row.name for row in spoiled.rows if row.outcome in ("failed", "error")}
        bench.calls = [call for call in told if call.test in failed] if result.status == "finished" else []
    return bench.calls


def different_inputs(calls: Sequence[Call]) -> int:
    """How many different inputs a suite asks for."""
    return len({json.dumps(call.args, sort_keys=True) for call in calls})


async def _run(bench: Bench, *, spoiled: bool = False) -> tuple[SuiteResult, list[Call]]:
    sub, token = bench.submission, secrets.token_hex(8)
    blanks = {"NAME": sub.name, "TOKEN": token, "SPOILED": repr(spoiled), "LONGEST": str(LONGEST_CALL)}
    source, tests = sub.source + _HEARD, sub.tests + _NAMED
    for blank, text in {**blanks, "MOST": str(MOST_CALLS)}.items():
        source = source.replace(f"<<{blank}>>", text)
    result = await bench.suite(source, tests, output_bytes=_OUTPUT_BYTES)
    return result, list(_calls(result, token))


def _calls(result: SuiteResult, token: str) -> list[Call]:
    test, found = "", list[Call]()
    for line in result.stderr.splitlines():
        if not line.startswith(f"{token} "):
            continue
        try:
            told = cast("JSON", json.loads(line[len(token) + 1 :]))
        except ValueError:
            continue
        match told:
            case {"test": str(name)}:
                test = name.removeprefix("test_tool.py").removeprefix("::")[:_LONGEST_NAME]
            case {"args": dict(args), "raised": str(raised), "value": value}:
                found.append(Call(test, args, raised, value))
            case _:
                pass
    return found


_HEARD = """

def _agentforge_hear(tool, spoiled):
    import functools
    import inspect
    import json
    import sys

    told = [0]

    def tell(what):
        told[0] += 1
        if told[0] <= 3 * <<MOST>>:
            line = json.dumps(what)
            if len(line) > <<LONGEST>> and "value" in what:
                line = json.dumps({**what, "value": "too long"})
            if len(line) <= <<LONGEST>>:
                sys.stderr.write("\\n<<TOKEN>> " + line + "\\n")

    def begins(test):
        tell({"test": test})

    @functools.wraps(tool)
    def heard(*positional, **named):
        args = named
        try:
            args = json.loads(json.dumps(inspect.signature(tool).bind(*positional, **named).arguments))
        except TypeError:
            pass
        raised, value = "", None
        try:
            value = tool(*positional, **named)
        except Exception as error:
            raised = type(error).__name__
            if spoiled:
                return None
            raise
        finally:
            tell({"args": args, "raised": raised, "value": value})
        if spoiled:
            return None if value else "spoiled"
        return value

    begins.__module__ = heard.__module__ = tool.__module__
    return heard, begins


<<NAME>>, agentforge_begins = _agentforge_hear(<<NAME>>, <<SPOILED>>)
"""
"""Put below the source: the tool that tells its calls."""

_NAMED = """

import pytest as _pytest_of_trial
import tool as _tool_of_trial


@_pytest_of_trial.fixture(autouse=True)
def _tells_its_name(request):
    _tool_of_trial.agentforge_begins(request.node.nodeid)
"""
"""Put below the tests: each tells its name before it runs."""
