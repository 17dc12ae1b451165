"""Cases that a docstring states of its own tool: what counts as one, and what a tool that contradicts one is told."""

from __future__ import annotations

import time

import pytest

from agentforge.forge.stated import stated_in
from agentforge.registry.contract import parse_signature
from agentforge.registry.repository import Registry
from agentforge.settings import GateSettings
from tests.forge.checks import EXAMPLES, SOURCE, STRONG, check, gate, write

NUMBER = parse_signature("def half(number: int, up: bool = False) -> int")
TEXT = parse_signature("def rpn(expression: str) -> int")
LISTS = parse_signature("def merged(spans: list[list[int]]) -> list[list[int]]")


def told(docstring, name="half", signature=NUMBER):
    return [(case.args, case.raises or case.returns) for case in stated_in(docstring, name, signature)]


@pytest.mark.parametrize(
    ("docstring", "case"),
    [
        (">>> half(7)\n3", ({"number": 7}, 3)),
        ("Half.\n\n    >>> half(7, up=True)  # away from 0\n    4\n    >>> x = 1\n", ({"number": 7, "up": True}, 4)),
        (
            ">>> half('x')\nTraceback (most recent call last):\n    ...\nValueError: no number\n",
            ({"number": "x"}, "ValueError"),
        ),
        ("So half(7) is 3.", ({"number": 7}, 3)),
        ("Rounds down: `half(7)` returns `3`, as //.", ({"number": 7}, 3)),
        ("half(7) == 3", ({"number": 7}, 3)),
        ("For example::\n\n    half(-7) -> -4\n    halves(2) -> 1", ({"number": -7}, -4)),
        ("half(number=7, up=True) gives 4 and half(x) is 5", ({"number": 7, "up": True}, 4)),
        ("``half('')`` raises ValueError.", ({"number": ""}, "ValueError")),
    ],
)
def test_a_call_of_the_tool_with_what_comes_of_it_is_a_case(docstring, case):
    assert told(docstring) == [case]


def test_lists_are_read_as_they_are_written():
    text = "merged([[1, 3], [2, 6]]) is [[1, 6]]; merged([]) == []"
    found = told(text, "merged", LISTS)
    assert found == [({"spans": [[1, 3], [2, 6]]}, [[1, 6]]), ({"spans": []}, [])]


def test_a_text_in_backticks_is_the_argument_of_a_tool_that_has_no_other():
    text = "Drops what is behind the point, so `7 2 /` is 3 and `-7 2 /` is -3\n- ValueError if it is malformed"
    assert told(text, "rpn", TEXT) == [({"expression": "7 2 /"}, 3), ({"expression": "-7 2 /"}, -3)]


@pytest.mark.parametrize(
    "docstring",
    [
        "half(number) is 3",  # no literal
        "half(7) is 3 percent of it",
        "half(7) is 3 or 4",
        "half(7) is about 3",
        "half(7) is not 4",
        "This does not mean that half(7) is 4.",
        "If rounding were up, half(7) is 4.",
        "halves(7) is 3",
        "self.half(7) is 3",
        "half(7) is 'three'",  # not of the declared type
        "half('7') is 3",
        "half(7, 8, 9) is 3",
        "half(7) raises MyError.",
        "half(7) is 1,000 times",
        "half(7",
        ">>> half(7)  # doctest: +SKIP\n4",
        ">>> half(7)\n<the number 3>",
        ">>> half(6) + 1\n4",
        ">>> half(7)\n",
    ],
)
def test_words_are_not_guessed(docstring):
    assert told(docstring) == []


@pytest.mark.parametrize(
    "docstring",
    ["`expression` is 3", "`AB` is 11", "`len(x)` is 3", "`expression / 2` is 3", "`a == b` is 1", "`- 1` is 'one'"],
)
def test_a_name_or_an_expression_in_backticks_is_no_argument(docstring):
    assert told(docstring, "rpn", TEXT) == []


def test_a_strangers_docstring_is_read_in_a_time_that_grows_with_its_length():
    began = time.monotonic()
    for text in ("half(" * 20_000, "half(7) is " * 20_000, "`" * 60_000, "half([" + "[" * 60_000, "half('" * 20_000):
        assert told(text) == []
    assert time.monotonic() - began < 10


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
async def test_a_tool_that_contradicts_its_docstring_is_rejected_with_the_case_by_name(
    bubblewrap_box, registry, tmp_path
):
    """Though its tests and its examples say nothing against it."""
    source = SOURCE.replace("ten pieces.", "ten pieces: total_price(5, 0.125) is 0.63.")
    checked = await check(write(tmp_path / "t", source), bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert "it contradicts what its docstring states" in gate(checked, "visible tests").summary
    assert "total_price(quantity=5, unit=0.125) must return 0.63, but it returned 0.62" in checked.problems[0]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_holds_is_told_and_counts_as_no_example(bubblewrap_box, registry, tmp_path):
    source = SOURCE.replace("ten pieces.", "ten pieces: total_price(5, 0.5) is 2.5.")
    checked = await check(write(tmp_path / "t", source, examples=[]), bubblewrap_box, registry)
    assert (checked.state, checked.truths) == ("proposed", 0)
    assert "and 1 cases that its docstring states" in gate(checked, "visible tests").summary


@pytest.mark.asyncio(loop_scope="module")
async def test_a_change_that_a_stated_case_shows_is_not_forgiven_whatever_share_is_noticed(
    bubblewrap_box, registry, tmp_path
):
    source = SOURCE.replace("return round(price, 2)", "return round(price, 2) + (quantity == 77)")
    stated = source.replace("ten pieces.", "ten pieces, total_price(77, 1.0) is 70.3.")
    tests = STRONG + "\n\ndef test_many():\n    assert total_price(78, 1.0) == 70.2\n"
    examples = [*EXAMPLES, ({"quantity": 78, "unit": 1.0}, 70.2)]
    settings = GateSettings(mutants=60, killed=0.5, near_inputs=4, fuzz_inputs=4)
    forgiven = await check(write(tmp_path / "t", source, tests, examples), bubblewrap_box, registry, settings)
    checked = await check(write(tmp_path / "t", stated, tests, examples), bubblewrap_box, registry, settings)
    assert gate(checked, "visible tests").verdict == "passed"
    strength = gate(checked, "suite strength")
    assert strength.verdict == "failed"
    assert "though its docstring, which states total_price(quantity=77, unit=1.0), shows it" in strength.summary
    assert gate(forgiven, "suite strength").evidence["told_apart_by_examples"] == []
