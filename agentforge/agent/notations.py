"""Worked examples in the notations of programs, rewritten as the lines that people write.

A doctest (``>>> double(2)`` and its result on the next line) and a JSON object with an input and an
output become ``- 2 -> 4``, which the host reads and checks as any other line. Only literals are taken, and
what cannot be read stays as it is.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

from agentforge.parsing import parse

MOST_STARTS = 500
"""So many places where JSON may begin are looked at: a text could hold a hundred thousand that are none."""

_DOCTEST = re.compile(
    r"^[ \t]*>>>[ \t]*(?P<call>\w+\(.*\))[ \t]*\n[ \t]*(?!>>>|\.\.\.|Traceback)(?P<result>\S.*)$", re.MULTILINE
)
_JSON_START = re.compile(r"^[ \t]*(?:[-*•][ \t]+)?(?=[\[{])", re.MULTILINE)
_BEHIND_JSON = re.compile(r"[ \t]*,?[ \t]*(?=\n|\Z)")
_FENCED = re.compile(r"^[ \t]*```\w*[ \t]*\n((?:- .*\n|[ \t]*\n)+)[ \t]*```[ \t]*$", re.MULTILINE)
"""A block of code that holds nothing but such lines."""
_INPUTS = frozenset({"input", "inputs", "in", "args", "arguments", "given"})
_OUTPUTS = frozenset({"output", "outputs", "out", "returns", "return", "result", "expected"})


def as_worked_lines(text: str) -> str:
    """``text`` with every doctest and every JSON object that is a worked example as a line ``- 2 -> 4``."""
    rewritten = _without_json(_DOCTEST.sub(_from_doctest, text))
    return text if rewritten == text else _FENCED.sub(r"\1", rewritten)


def _from_doctest(found: re.Match[str]) -> str:
    try:
        call = parse(found["call"], "eval").body
        if not isinstance(call, ast.Call) or any(keyword.arg is None for keyword in call.keywords):
            return found[0]
        given = [json.dumps(ast.literal_eval(one), ensure_ascii=False) for one in call.args]
        named = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
        result: object = ast.literal_eval(parse(found["result"].strip(), "eval"))
        return _line([*given, *_named(named)], result) or found[0]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return found[0]


def _without_json(text: str) -> str:
    parts: list[str] = []
    at = 0
    for start in itertools.islice(_JSON_START.finditer(text), MOST_STARTS):
        if start.start() < at:
            continue  # inside what was rewritten
        try:
            value, end = json.JSONDecoder().raw_decode(text, start.end())
        except (ValueError, RecursionError):
            continue
        lines, behind = _lines(value), _BEHIND_JSON.match(text, end)
        if lines and behind:
            parts += [text[at : start.start()], "\n".join(lines)]
            at = behind.end()
    return "".join([*parts, text[at:]])


def _lines(value: object) -> list[str]:
    """The lines of a JSON value that is an example or a list of nothing else; none for any other."""
    many = cast("list[object]", value) if isinstance(value, list) else [value]
    lines = [_from_json(cast("dict[str, object]", one)) for one in many if isinstance(one, dict)]
    return lines if len(lines) == len(many) and all(lines) else []


def _from_json(example: Mapping[str, object]) -> str:
    given, results = {*example} & _INPUTS, {*example} & _OUTPUTS
    if len(example) != 2 or len(given) != 1 or len(results) != 1:
        return ""
    args, result = example[given.pop()], example[results.pop()]
    if isinstance(args, dict):
        return _line(_named(cast("dict[str, object]", args)), result)
    return _line([json.dumps(args, ensure_ascii=False)], result)


def _named(args: Mapping[str, object]) -> list[str]:
    return [f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in args.items()]


def _line(given: Sequence[str], result: object) -> str:
    told = json.dumps(result, ensure_ascii=False)
    return f"- {', '.join(given)} -> {told}" if given and result is not None else ""
