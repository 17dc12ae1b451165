"""The same work asked for in several wordings: told as one, so that a night can make one tool of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentforge.memory.truths import Answered, Truth
from agentforge.sleep.wordings import kindred, retold, wordings
from agentforge.testing.scripted import Request
from agentforge.types import Role
from tests.sleep.scene import Life, said, subjects, writer

FEES = (
    "Sending a box costs 390 cents up to 2 kg and 115 cents for each further kg. What is due for a box of {} kg?",
    "Postage: 390 (weights up to 2), then 115 more per extra kilo. I have {} kilos here. How many cents?",
)
OTHER = "Someone worked {} hours. Up to 38 hours are paid 16 euros each, those above 24. What is the pay?"
RIGHT = "    return 390 + 115 * max(0, weight - 2)"


def fee(kg: int) -> str:
    return str(390 + 115 * max(0, kg - 2))


def truth(number: int, question: str, right: str | None = "1") -> Truth:
    return Truth(number, f"s{number}", 1, "wrong", question, right, "run_python")


def asked(*weights: tuple[int, int]) -> list[Truth]:
    """Fees, each in the wording of that number."""
    return [truth(at, FEES[wording].format(kg), fee(kg)) for at, (wording, kg) in enumerate(weights)]


def test_two_wordings_with_the_same_constants_are_one_kind_and_told_in_the_words_of_one() -> None:
    truths = [
        *asked((0, 7), (1, 9), (0, 12), (1, 30), (0, 3)),
        truth(10, OTHER.format(41)),
        truth(11, OTHER.format(30)),
    ]
    (kind,) = kindred(truths)
    told = retold(kind)
    assert [(one.id, one.question, one.expected) for one in told] == [
        (at, FEES[0].format(kg), fee(kg)) for at, kg in ((0, 7), (2, 12), (4, 3), (1, 9), (3, 30))
    ]
    assert len(wordings(truths)) == 3


def test_a_wording_that_came_up_once_or_of_which_nothing_is_right_is_none() -> None:
    assert kindred(asked((0, 7), (0, 12), (1, 9))) == []
    assert wordings([truth(0, FEES[0].format(7), None), truth(1, FEES[0].format(9), None)]) == []


@pytest.mark.parametrize(
    "other",
    [
        "Freight: 395 (weights up to 3), then 120 more per extra kilo. I have {} kilos here. How many cents?",
        "From {} to {} kg: 390 (weights up to 2), then 115 more per extra kilo. Cents in all for both?",
    ],
)
def test_other_constants_or_more_values_are_another_kind(other: str) -> None:
    values = [(8, 31), (9, 44)]
    more = [truth(10 + at, other.format(*each)) for at, each in enumerate(values)]
    assert kindred([*asked((0, 7), (0, 12)), *more]) == []


async def told(life: Life, *weights: tuple[int, int]) -> None:
    async with life.forge() as forge:
        for wording, kg in weights:
            question = FEES[wording].format(kg)
            session = await said(forge, question)
            forge._opened().truths().keep(Answered(session, 1, question, "0", way="run_python"), "wrong", fee(kg))


async def test_a_night_makes_one_tool_of_wordings_of_which_none_was_enough_and_it_answers_all(home: Path) -> None:
    life = Life(home, writer(RIGHT))
    await told(life, (0, 7), (1, 9), (0, 12), (1, 30))
    async with life.forge() as forge:
        report = await forge.sleep.run()
        assert report is not None
        (done,) = [one for one in report.changes if one.kind == "tool"]
        assert (done.outcome, "in 2 wordings" in done.what) == ("kept", True), done
        assert done.effect is not None
        assert (done.effect.right_before, done.effect.right_after) == (0, 4)
        assert subjects(forge)[0] == "Add price_parcel"
        asked_before = len(life.model.requests)
        answers = [await forge.run(one.format(20)) for one in FEES]
        assert [(one.answer, one.tools_used) for one in answers] == [(fee(20), ("price_parcel",))] * 2
        assert len(life.model.requests) == asked_before, "the host reads the values of both"


async def test_wordings_that_only_seem_alike_make_no_tool(home: Path) -> None:
    """The second one asks for another rule with the same numbers: no code gives the answers of both."""
    life = Life(home, writer(RIGHT))
    await told(life, (0, 7), (0, 12))
    async with life.forge() as forge:
        for kg in (9, 30):
            question = FEES[1].format(kg)
            session = await said(forge, question)
            forge._opened().truths().keep(Answered(session, 1, question, "0", way="run_python"), "wrong", str(kg))
        report = await forge.sleep.run()
        assert report is not None
        assert [one.outcome for one in report.changes if one.kind == "tool"] == ["nothing"]
        assert forge.tools() == []


async def test_a_model_that_gives_no_valid_decision_costs_that_change_and_not_the_night(home: Path) -> None:
    good = writer(RIGHT)

    def answer(request: Request) -> str:
        return "I will not say." if request.role is Role.REFLECT else good(request)

    life = Life(home, answer)
    await told(life, (0, 7), (1, 9), (0, 12), (1, 30))
    async with life.forge() as forge:
        await said(forge, "I always work from home on Fridays.")
        report = await forge.sleep.run()
        assert report is not None
        assert {(one.kind, one.outcome) for one in report.changes} == {("tool", "kept"), ("memory", "nothing")}
        assert all("no valid decision" in one.why for one in report.changes if one.kind == "memory")
