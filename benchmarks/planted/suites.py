"""The suites that a wrong tool comes with: seven kinds that let it pass, as models and hurried people write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from agentforge.types import JSONObject

Case: TypeAlias = tuple[JSONObject, JSONObject]
"""Arguments and outcome (``returns`` or ``raises``); the wrong tool gives it, too."""
_MOST, _FEW = 3, 2
_KINDS = {"str": "str", "int": "int", "float": "(int, float)", "bool": "bool", "list": "list", "dict": "dict"}


def none(_name: str, _cases: Sequence[Case]) -> str:
    """An empty file."""
    return ""


def no_assertion(name: str, cases: Sequence[Case]) -> str:
    """The tool is called, and nothing is looked at."""
    return _file(name, [f"    {_call(name, args)}" for args, _ in _returning(cases)])


def tautology(name: str, cases: Sequence[Case]) -> str:
    """Results are compared with themselves."""
    rows = [f"    result = {_call(name, args)}\n    assert result == result" for args, _ in _returning(cases)]
    return _file(name, [*rows, f"    assert callable({name}) or True"])


def type_check(name: str, cases: Sequence[Case]) -> str:
    """Only the type of a result is looked at."""
    rows: list[str] = []
    for args, outcome in _returning(cases):
        kind = _KINDS.get(type(outcome["returns"]).__name__)
        check = f"isinstance(result, {kind})" if kind else "result is None"
        rows.append(f"    result = {_call(name, args)}\n    assert {check}")
    return _file(name, rows)


def error_string(name: str, cases: Sequence[Case]) -> str:
    """Everything is right that does not look like an error."""
    quiet = [case for case in cases if "error" not in repr(case[1]).lower()]
    rows = [
        f'    result = {_call(name, args)}\n    assert "error" not in str(result).lower()'
        for args, _ in _returning(quiet)
    ]
    return _file(name, rows)


def swallowed(name: str, cases: Sequence[Case]) -> str:
    """True assertions whose failures nobody hears."""
    rows = [
        f"    try:\n        assert {_call(name, args)} == {outcome['returns']!r}\n    except Exception:\n        pass"
        for args, outcome in _returning(cases)
    ]
    return _file(name, rows)


def honest_weak(name: str, cases: Sequence[Case]) -> str:
    """True assertions about the two simplest cases."""
    rows: list[str] = []
    simplest = sorted(cases, key=lambda case: len(json.dumps(case[0])))
    for args, outcome in {json.dumps(args): (args, outcome) for args, outcome in simplest}.values():
        if len(rows) == _FEW:
            break
        if "raises" in outcome:
            rows.append(f"    with pytest.raises({outcome['raises']}):\n        {_call(name, args)}")
        else:
            rows.append(f"    assert {_call(name, args)} == {outcome['returns']!r}")
    return _file(name, rows or [f"    assert {name}.__name__ == {name!r}"])


SUITES: Mapping[str, Callable[[str, Sequence[Case]], str]] = {
    "none": none,
    "no_assertion": no_assertion,
    "tautology": tautology,
    "type_check": type_check,
    "error_string": error_string,
    "swallowed": swallowed,
    "honest_weak": honest_weak,
}


def _returning(cases: Sequence[Case]) -> list[Case]:
    found = [case for case in cases if "returns" in case[1]]
    return found[:_MOST]


def _call(name: str, args: JSONObject) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in args.items())})"


def _file(name: str, bodies: Sequence[str]) -> str:
    tests = [f"def test_{number}():\n{body}\n" for number, body in enumerate(bodies, 1)]
    head = "import pytest\n" if any("pytest." in body for body in bodies) else ""
    return "\n\n".join([f"{head}from tool import {name}\n", *tests])
