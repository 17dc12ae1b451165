"""Arguments as Python passes them (by position, by name) to arguments by name, as a tool's schema has them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from agentforge.parsing import parse
from agentforge.registry.contract import Signature
from agentforge.types import JSON, JSONObject


def bind(signature: Signature, positional: Sequence[JSON], named: Mapping[str, JSON]) -> JSONObject:
    """What each parameter is given. Whether that is all of them, and of the right types, the schema tells.

    Raises:
        ValueError: more by position than the tool takes, or one of them twice; one sentence.
    """
    takes = _by_position(signature)
    if len(positional) > len(takes):
        raise ValueError(
            f"{signature.name} takes {len(takes)} positional arguments, {len(positional)} were given: it is"
            f" {signature.name}{signature.text}"
        )
    args: JSONObject = dict(zip(takes, positional, strict=False))
    if twice := sorted(args.keys() & named.keys()):
        raise ValueError(f"{signature.name} was given {twice[0]!r} twice, by position and by name")
    return {**args, **named}


def _by_position(signature: Signature) -> list[str]:
    function = parse(f"def _{signature.text}: ...").body[0]
    return [argument.arg for argument in function.args.args] if isinstance(function, ast.FunctionDef) else []
