"""What a forging that failed leaves for the next one of its kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentforge.forge.earlier import earlier_candidates
from agentforge.types import Role

from .forging import NEED, code

KEPT: dict[str, Any] = {
    "origin": "candidate",
    "answer": "Here:\n```python\ndef twice(n: int) -> int:\n    return 0 if n < 1 else 2 + twice(n - 1)\n```",
    "problems": [],
    "faults": [],
    "passed": 2,
    "visible": 2,
}


def artefacts(**other: Any) -> Any:
    return {"name": "twice", "signature": "(n: int) -> int", "candidates": [KEPT | other]}


def test_a_candidate_that_gave_all_it_was_shown_comes_back_under_the_new_name() -> None:
    (source,) = earlier_candidates(artefacts(), "double", "(n: int) -> int")
    assert source == "def double(n: int) -> int:\n    return 0 if n < 1 else 2 + double(n - 1)\n"


def test_under_its_own_name_it_comes_back_as_it_was_written() -> None:
    assert [*earlier_candidates(artefacts(), "twice", "(n: str) -> str")] == [
        KEPT["answer"].partition("python\n")[2][:-3]
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"passed": 1},
        {"passed": 0, "visible": 0},
        {"problems": ["line 1: syntax error"]},
        {"faults": ["- twice(n=0) raises KeyError"]},
        {"origin": "repair"},
        {"origin": "given draft"},
    ],
)
def test_all_others_stay_where_they_are(other: dict[str, Any]) -> None:
    """A repair above all: the candidate that it was made from may be there as well."""
    assert [*earlier_candidates(artefacts(**other), "double", "(n: int) -> int")] == []


@pytest.mark.parametrize("signature", ["(count: int) -> int", "(n: int, m: int) -> int", "no signature"])
def test_one_with_other_parameters_answers_another_question(signature: str) -> None:
    assert [*earlier_candidates(artefacts(), "double", signature)] == []


async def test_what_is_kept_of_a_forging_names_the_examples_that_it_showed_and_holds_its_candidates(run: Any) -> None:
    result, _, _ = await run(NEED, [code("RIGHT"), code("ADDS"), code("FITTED"), code("FITTED TOO")])
    assert result.state == "failed"
    assert result.artefacts["shown"] == [NEED.examples[at].source for at in (0, 1, 3)]
    kept = [*earlier_candidates(result.artefacts, "double", NEED.signature)]
    assert ["RIGHT" in one for one in kept] == [True, False, False]


async def test_nothing_is_said_to_be_shown_by_a_forging_that_had_read_untrusted_text(run: Any) -> None:
    result, _, _ = await run(replace(NEED, tainted=True), [code("ADDS")] * 6)
    assert result.artefacts["shown"] == []


async def test_one_that_stood_alone_and_a_later_one_like_it_support_each_other(run: Any) -> None:
    first, _, _ = await run(NEED, [code("RIGHT"), code("ADDS"), code("FITTED"), code("FITTED TOO")])
    drafts = tuple(earlier_candidates(first.artefacts, NEED.name, NEED.signature))
    again, model, _ = await run(replace(NEED, drafts=drafts), [code("ADDS"), code("RIGHT")])
    assert (first.state, again.state) == ("failed", "live")
    assert len(model.asked(Role.GENERATE)) == 2
