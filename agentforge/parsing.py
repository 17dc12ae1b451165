"""Python read into its syntax tree, from any number of threads at once.

CPython 3.11 counts the depth of the trees that it builds in one place for all threads, so that two that build one at
the same moment can fail each other with a ``SystemError`` ("AST constructor recursion depth mismatch", python/cpython
issue 106905; seen with 3.11.7 when several forgings ran in one process). So one tree is built at a time.
"""

from __future__ import annotations

import ast
import threading
from typing import Literal, cast, overload

_ONE = threading.Lock()


@overload
def parse(source: str, mode: Literal["exec"] = "exec") -> ast.Module: ...
@overload
def parse(source: str, mode: Literal["eval"]) -> ast.Expression: ...
def parse(source: str, mode: Literal["exec", "eval"] = "exec") -> ast.Module | ast.Expression:
    """As ``ast.parse``.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as ``ast.parse``.
    """
    with _ONE:
        return cast("ast.Module | ast.Expression", ast.parse(source, mode=mode))
