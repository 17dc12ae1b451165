"""Examples as doctests and as JSON are read and checked as any others."""

from __future__ import annotations

import pytest

from agentforge.agent.cases import read_cases
from agentforge.agent.needs import rules_of
from agentforge.agent.notations import as_worked_lines
from agentforge.forge.grounding import check_examples
from agentforge.registry.contract import parse_signature
from agentforge.types import JSON

from .conftest import Scene

RULE = "Double every number.\n\n"
QUESTION = "\n\nWhat is the double of 21?"
DOUBLED: list[tuple[dict[str, JSON], JSON]] = [({"n": 2}, 4), ({"n": 3}, 6)]
TEXTS: list[tuple[dict[str, JSON], JSON]] = [
    ({"text": "ab", "times": 2}, "abab"),
    ({"text": "x, y", "times": 1}, "x, y"),
]

NOTATIONS = [
    (">>> f(2)\n4\n>>> f(3)\n6", "(n: int) -> int", DOUBLED),
    ("```python\n>>> f(n=2)\n4\n\n>>> f(n=3)\n6\n```", "(n: int) -> int", DOUBLED),
    ('{"input": 2, "output": 4}\n{"input": 3, "output": 6}', "(n: int) -> int", DOUBLED),
    ('- {"args": {"n": 2}, "returns": 4}\n- {"args": {"n": 3}, "returns": 6}', "(n: int) -> int", DOUBLED),
    (
        '```json\n[\n  {"input": {"n": 2},\n   "expected": 4},\n  {"input": {"n": 3}, "expected": 6}\n]\n```',
        "(n: int) -> int",
        DOUBLED,
    ),
    (">>> f('ab', 2)\n'abab'\n>>> f('x, y', 1)\n'x, y'", "(text: str, times: int) -> str", TEXTS),
]


@pytest.mark.parametrize(("shown", "signature", "expected"), NOTATIONS)
def test_examples_in_the_notations_of_programs_are_ground_truth_and_no_rule(
    shown: str, signature: str, expected: list[tuple[dict[str, JSON], JSON]]
) -> None:
    text = as_worked_lines(RULE + shown + QUESTION)
    kept, dropped = check_examples(read_cases(text, parse_signature(signature)), {"user": text})
    assert [(one.args, one.returns) for one in kept] == expected
    assert dropped == []
    assert rules_of(text, kept) == RULE.strip()


@pytest.mark.parametrize(
    "text",
    [
        "- 2 -> 4\n- 3 -> 6",
        ">>> f(2)",
        ">>> f(x)\n4",
        ">>> f(2)\nTraceback (most recent call last):\nValueError",
        ">>> import math\n>>> math.pi\n3.14",
        '{"input": 2}',
        '{"name": "ada", "output": 3}',
        '[{"input": 2, "output": 4}, 3]',
        '{"input": 2, "output": 4} is what I mean',
        "{broken",
        "[1, 2]",
        "```python\nx = 1\n```",
    ],
)
def test_whatever_is_no_such_example_stays_as_it_is(text: str) -> None:
    assert as_worked_lines(text) == text


async def test_a_turn_is_grounded_in_them(scene: Scene) -> None:
    scene.script("Forty.")
    session = await scene.session()
    turn, _ = await session._prepare('Roman numerals.\n{"input": "IX", "output": 9}\nWhich is XL?', ())
    assert turn.text == 'Roman numerals.\n- "IX" -> 9\nWhich is XL?'
    assert turn.sources["user"] == turn.text
    assert '{"input": "IX"' in turn.messages[0].text
