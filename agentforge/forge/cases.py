"""What a model wrote, read as data: fenced code, assert lines; and JSON values compared and written.

Nothing here runs anything. A generated test counts only if it is one literal call and one literal
result, so that the host can compute its verdict itself.
"""

from __future__ import annotations

import ast
import json
import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import cast

from agentforge.boxes.protocol import CallResult
from agentforge.forge.spec import render_call
from agentforge.parsing import parse
from agentforge.registry.contract import is_builtin_error
from agentforge.types import JSON, Example, JSONObject

_FENCE = re.compile(r"```[ \t]*(?:python3?|py)?[ \t]*\r?\n(.*?)(?:\r?\n[ \t]*```|\Z)", re.DOTALL | re.IGNORECASE)

RELATIVE_TOLERANCE = 1e-9
"""Floats that differ by less than this share are equal (as in ``math.isclose``)."""


def fenced(text: str, *, holding: str = "") -> str:
    """The first fenced block of an answer that holds a text, else the first, else all of the answer."""
    blocks: list[str] = _FENCE.findall(text)
    chosen = next((block for block in blocks if holding in block), blocks[0] if blocks else text)
    return chosen.strip("\r\n") + "\n"


def equal(one: JSON, other: JSON) -> bool:
    """Equality of JSON values: numbers by value, booleans never equal to numbers."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


def holds(example: Example, result: CallResult) -> bool:
    """Whether a run gave what the example says."""
    if example.raises is not None:
        return result.status == "raised" and result.error == example.raises
    return result.ok and equal(result.value, example.returns)


RETURNED = "returns "


def is_returned(told: str) -> bool:
    """Whether an :func:`outcome` tells of a returned value."""
    return told.startswith(RETURNED)


def outcome(result: CallResult) -> str:
    """One line that is the same for two runs exactly if they did the same (floats to 9 digits)."""
    if result.ok:
        return RETURNED + json.dumps(_rounded(result.value), sort_keys=True, ensure_ascii=False)
    return f"raises {result.error}" if result.status == "raised" else result.status


def _rounded(value: JSON) -> JSON:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.9g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value


def read_asserts(text: str, name: str, parameters: Sequence[str]) -> list[Example]:
    """Generated cases out of assert lines; whatever is not a literal case is left out.

    Understands ``assert f(…) == LITERAL``, ``assert f(…) is True/False/None``, ``assert [not] f(…)``,
    ``raises(E, lambda: f(…))`` and ``with pytest.raises(E): f(…)``; reads line by line where the
    block as a whole does not parse.
    """
    code = fenced(text)
    statements = _parse(code) or [node for line in code.splitlines() for node in _parse(line.strip())]
    cases: list[Example] = []
    for node in _flat(statements):
        case = _case(node, name, parameters)
        if case is not None and case not in cases:
            cases.append(case)
    return cases


def _parse(code: str) -> list[ast.stmt]:
    try:
        return parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _flat(statements: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    for node in statements:
        if isinstance(node, ast.FunctionDef):
            yield from _flat(node.body)
        else:
            yield node


def _case(node: ast.stmt, name: str, parameters: Sequence[str]) -> Example | None:
    if isinstance(node, ast.Assert):
        return _returning(node.test, name, parameters)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _raising_lambda(node.value, name, parameters)
    if isinstance(node, ast.With) and len(node.items) == 1 and len(node.body) == 1:
        return _raising_block(node, name, parameters)
    return None


def _returning(test: ast.expr, name: str, parameters: Sequence[str]) -> Example | None:
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is):
        call, expected = test.left, test.comparators[0]
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        call, expected = test.operand, ast.Constant(False)
    else:
        call, expected = test, ast.Constant(True)
    args = call_arguments(call, name, parameters)
    value = literal(expected)
    return (
        None if args is None or value is NO_LITERAL else Example(args, returns=cast("JSON", value), source="generated")
    )


def _raising_lambda(call: ast.Call, name: str, parameters: Sequence[str]) -> Example | None:
    if not _names(call.func, "raises") or len(call.args) < 2 or not isinstance(call.args[1], ast.Lambda):
        return None
    return _raising(call.args[0], call.args[1].body, name, parameters)


def _raising_block(node: ast.With, name: str, parameters: Sequence[str]) -> Example | None:
    context, body = node.items[0].context_expr, node.body[0]
    if not isinstance(context, ast.Call) or not _names(context.func, "raises") or not context.args:
        return None
    return _raising(context.args[0], body.value, name, parameters) if isinstance(body, ast.Expr) else None


def _raising(error: ast.expr, call: ast.expr, name: str, parameters: Sequence[str]) -> Example | None:
    args = call_arguments(call, name, parameters)
    if args is None or not isinstance(error, ast.Name) or not is_builtin_error(error.id):
        return None
    return Example(args, raises=error.id, source="generated")


def _names(function: ast.expr, name: str) -> bool:
    return (isinstance(function, ast.Name) and function.id == name) or (
        isinstance(function, ast.Attribute) and function.attr == name
    )


def call_arguments(call: ast.expr, name: str, parameters: Sequence[str]) -> JSONObject | None:
    """The arguments of a call of ``name`` by their ``parameters``; None where it is none, or one is no literal."""
    if not isinstance(call, ast.Call) or not _names(call.func, name) or len(call.args) > len(parameters):
        return None
    pairs = list(zip(parameters, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in parameters:
            return None
        pairs.append((keyword.arg, keyword.value))
    args: JSONObject = {}
    for parameter, node in pairs:
        value = literal(node)
        if value is NO_LITERAL or parameter in args:
            return None
        args[parameter] = cast("JSON", value)
    return args


NO_LITERAL = object()
"""What :func:`literal` gives where there is none; None is one."""


def literal(node: ast.expr) -> object:
    """The JSON value of a literal expression (tuples become lists); else :data:`NO_LITERAL`."""
    try:
        value = cast("JSON", json.loads(json.dumps(ast.literal_eval(node), allow_nan=False)))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return NO_LITERAL
    return value


def render_suite(name: str, cases: Sequence[Example]) -> str:
    """``test_tool.py``: one readable test for each case, ground truth first."""
    numbers = {True: 0, False: 0}
    blocks = [f'"""Tests of {name}: the user\'s examples, then generated cases on which candidates agreed."""']
    needs_pytest = any(case.raises or _has_float(case.returns) for case in cases)
    blocks.append(("import pytest\n" if needs_pytest else "") + f"from tool import {name}")
    if any(_has_float(case.returns) and not _flat_numbers(case.returns) for case in cases):
        blocks.append(_ALIKE.rstrip())
    for case in sorted(cases, key=lambda case: not case.ground_truth):
        numbers[case.ground_truth] += 1
        kind = "example" if case.ground_truth else "agreed"
        blocks.append(f"\ndef test_{kind}_{numbers[case.ground_truth]}():\n" + _render_check(name, case))
    return "\n\n".join(blocks) + "\n"


def render_test(name: str, test: str, case: Example) -> str:
    """One test function, ``test`` by name, that brings along all that it needs but the tool."""
    lines = [f"def {test}():"]
    if case.raises or _has_float(case.returns):
        lines.append("    import pytest\n")
    if case.raises is None and _has_float(case.returns) and not _flat_numbers(case.returns):
        lines.append(textwrap.indent(_ALIKE.strip(), "    ") + "\n")
    return "\n".join([*lines, _render_check(name, case)]) + "\n"


def _render_check(name: str, case: Example) -> str:
    call = render_call(name, case)
    if case.raises:
        return f"    with pytest.raises({case.raises}):\n        {call}"
    expected = repr(case.returns)
    if _has_float(case.returns):
        if not _flat_numbers(case.returns):
            return f"    assert alike({call}, {expected})"
        expected = f"pytest.approx({expected})"
    operator = "is" if isinstance(case.returns, bool) or case.returns is None else "=="
    return f"    assert {call} {operator} {expected}"


def _has_float(value: JSON) -> bool:
    if isinstance(value, list | dict):
        return any(map(_has_float, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float)


def _flat_numbers(value: JSON) -> bool:
    """Whether ``pytest.approx`` takes a value: a number, or a list or object of nothing but numbers."""
    if isinstance(value, list | dict):
        items = list(value.values()) if isinstance(value, dict) else value
        return all(isinstance(item, int | float) and not isinstance(item, bool) for item in items)
    return isinstance(value, float)


_ALIKE = """
def alike(one, other):
    # Equal, numbers within the tolerance of pytest.approx, which does not look into nested values itself.
    if isinstance(other, dict):
        return isinstance(one, dict) and one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(other, list):
        return isinstance(one, list) and len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == (pytest.approx(other) if isinstance(other, float) else other)
"""
