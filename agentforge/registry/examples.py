"""``examples.jsonl``: one example of a tool per line, strict JSON."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import cast

from agentforge.boxes.wire import decode
from agentforge.registry.contract import Signature, is_builtin_error
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, Example, JSONObject


def read_json(text: str) -> JSON:
    """Strict JSON: no NaN, no infinity.

    Raises:
        ValueError: it is none.
    """
    return cast("JSON", json.loads(text, parse_constant=_refuse))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def write_example(example: Example) -> str:
    """One example as a line of JSON, without its newline.

    Raises:
        ValueError: a value in it is no JSON.
    """
    outcome: JSONObject = {"returns": example.returns} if example.raises is None else {"raises": example.raises}
    line: JSONObject = {
        "args": example.args,
        **outcome,
        "source": example.source,
        "held_out": example.held_out,
        "spent": example.spent,
    }
    return json.dumps(line, ensure_ascii=False, allow_nan=False)


def read_examples(text: str, problems: list[str]) -> tuple[Example, ...]:
    """The examples of a file; what is wrong with its lines is added to ``problems``.

    Each is read as strictly as what comes out of a box, since its arguments must go into one.
    """
    examples: list[Example] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            examples.append(_example(decode(line.encode())))
        except (ValueError, TypeError) as error:
            problems.append(f"examples.jsonl, line {number}: {error}")
    return tuple(examples)


def _example(row: JSON) -> Example:
    match row:
        case {"args": dict(args), "raises": str(raises), **rest} if "returns" not in rest:
            returns = None
        case {"args": dict(args), "returns": returns, **rest} if "raises" not in rest:
            raises = None
        case _:
            raise ValueError("it needs an object 'args' and either 'returns' or 'raises'")
    source, held_out, spent = rest.get("source", "need"), rest.get("held_out", False), rest.get("spent", False)
    unknown = sorted(set(rest) - {"source", "held_out", "spent"})
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(unknown)}")
    if not isinstance(source, str) or not isinstance(held_out, bool) or not isinstance(spent, bool):
        raise TypeError("'source' must be a text, 'held_out' and 'spent' true or false")
    return Example(args, returns, raises, source, held_out, spent)


def example_problems(examples: Collection[Example], signature: Signature) -> list[str]:
    """Examples that do not fit the signature; one that must raise may have arguments that do not fit."""
    problems: list[str] = []
    for number, example in enumerate(examples, 1):
        found: list[str] = []
        if example.raises is None:
            found += [f"args: {problem}" for problem in mismatches(example.args, signature.parameters)]
            found += [f"returns: {problem}" for problem in mismatches(example.returns, signature.returns)]
        elif not is_builtin_error(example.raises):
            found.append(f"raises: {example.raises!r} is no builtin exception")
        problems.extend(f"example {number}: {problem}" for problem in found)
    return problems
