"""Trees are built one at a time, from however many threads."""

from __future__ import annotations

import ast
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentforge.parsing import parse


def test_two_threads_never_build_a_tree_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[int] = []
    seen: list[int] = []

    def slow(source: str, mode: str) -> ast.AST:
        inside.append(1)
        seen.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return ast.Module([], [])

    monkeypatch.setattr(ast, "parse", slow)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(parse, ["x"] * 8))
    assert seen == [1] * 8


def test_an_expression_is_read_as_one() -> None:
    assert isinstance(parse("1 + 1", "eval").body, ast.BinOp)
    with pytest.raises(SyntaxError):
        parse("x = 1", "eval")
