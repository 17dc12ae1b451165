"""Which JSON values stand in a source as literals, so that it may hold answers by heart."""

from __future__ import annotations

import ast
import json

from agentforge.parsing import parse
from agentforge.types import JSON


def literals(source: str) -> set[str]:
    """Every constant, list, tuple and object of literals, each as :func:`literal` writes it; of a source that
    cannot be read, none.
    """
    found: set[str] = set()
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.UnaryOp | ast.List | ast.Dict | ast.Tuple):
            try:
                found.add(literal(json.loads(json.dumps(ast.literal_eval(node), allow_nan=False))))
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue
    return found


def literal(value: JSON) -> str:
    """A value in the form in which two that are equal are the same text; whole floats are as integers."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)
