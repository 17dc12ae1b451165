"""Regressions as tests: what is added to the suite and the examples of a tool's next version."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from agentforge.forge.cases import equal, render_test
from agentforge.forge.rewriting import joined, lines_of
from agentforge.parsing import parse
from agentforge.types import Example

_ODD = re.compile(r"[^A-Za-z0-9]+")


def with_regressions(tests: str, name: str, regressions: Sequence[Example]) -> str:
    """A test file with a test for each regression, in the place of one with the same source."""
    for example in regressions:
        test = named(example)
        tests = f"{_without(tests, test).rstrip()}\n\n\n{render_test(name, test, example)}"
    return tests


def with_examples(examples: Sequence[Example], regressions: Sequence[Example]) -> tuple[Example, ...]:
    """A tool's examples with its regressions, in the place of those with the same source."""
    sources = {one.source for one in regressions}
    return (*(one for one in examples if one.source not in sources), *regressions)


def contradicted(example: Example, examples: Sequence[Example]) -> Example | None:
    """The ground truth that says something else of the same arguments, if any does."""
    for other in examples:
        same = equal(other.args, example.args) and other.source != example.source and other.ground_truth
        if same and (other.raises != example.raises or not equal(other.returns, example.returns)):
            return other
    return None


def named(example: Example) -> str:
    """``test_regression_feedback_call_1f…``: one name for each source."""
    return f"test_regression_{_ODD.sub('_', example.source).strip('_')}"


def _without(tests: str, test: str) -> str:
    try:
        body = parse(tests).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return tests
    lines = lines_of(tests)
    for node in reversed(body):
        if isinstance(node, ast.FunctionDef) and node.name == test:
            del lines[node.lineno - 1 : node.end_lineno]
    return joined(lines)
