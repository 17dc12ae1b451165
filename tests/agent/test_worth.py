"""At the end of a session: tools from code that gave right answers, where a model says that it is worth it."""

from __future__ import annotations

from typing import Any

import pytest

from agentforge.agent.worth import Kept, keep_what_worked
from agentforge.boxes.protocol import CallResult
from agentforge.errors import ModelUnavailable
from agentforge.testing.box import FakeBox, Run, returned

from .conftest import Scene
from .test_teaching import STATED, ask, code, post, turn

__all__ = ["post"]  # the fixture

KEEP, LEAVE = {"keep": True}, {"keep": False}


def computes(run: Run) -> CallResult:
    """Scripts of the form ``print(3 * 4)``."""
    if run.entry == "price_parcel":
        return returned(3 * int(str(run.args["weight"])))
    first, second = run.source.removeprefix("print(").removesuffix(")").split(" * ")
    return returned(None, stdout=f"{int(first) * int(second)}\n")


async def answered(scene: Scene, *weights: int, word: str = "That is right.", session: str | None = None) -> str:
    """A session in which code answered these questions, and what the user said of each."""
    scene.box = FakeBox(calls=computes)
    for kg in weights:
        first = [{"kind": "run_python"}] if not scene.truths.newest() else []
        session = (await turn(scene, ask(kg), session, *first, code(f"3 * {kg}"))).session
        await turn(scene, word, session)
    assert session is not None
    return session


async def ended(scene: Scene, session: str, *answers: Any) -> list[Kept]:
    scene.script(*answers)
    return await keep_what_worked(scene.parts, session, lambda kind, data: None)


async def test_code_that_gave_two_right_answers_becomes_a_tool_with_it_as_the_first_candidate(post: Scene) -> None:
    session = await answered(post, 4, 11)
    (kept,) = await ended(post, session, KEEP, STATED)
    assert (kept.tool, kept.why) == ("price_parcel", "")
    (need,) = post.needs
    assert [(one.args, one.returns) for one in need.examples] == [({"weight": 4}, 12), ({"weight": 11}, 33)]
    assert need.drafts == ("def price_parcel(weight):\n    return 3 * weight\n",)
    assert need.episode == session
    assert all(one.tool == "price_parcel" for one in post.truths.newest())


async def test_what_is_not_worth_keeping_is_asked_for_once(post: Scene) -> None:
    session = await answered(post, 4, 11)
    (kept,) = await ended(post, session, LEAVE)
    assert (kept.tool, kept.why) == ("", "it is not worth keeping")
    assert await ended(post, session) == []
    assert post.needs == []


@pytest.mark.parametrize(
    ("weights", "word"),
    [((4,), "That is right."), ((4, 11), "That is wrong. The right answer is: 99"), ((), "")],
)
async def test_nothing_is_asked_where_too_little_went_right(post: Scene, weights: tuple[int, ...], word: str) -> None:
    session = (
        await answered(post, *weights, word=word) if weights else (await turn(post, ask(4), None, *_once())).session
    )
    assert await ended(post, session) == []
    assert post.needs == []


def _once() -> list[Any]:
    return [{"kind": "run_python"}, code("0")]


async def test_what_a_live_tool_answers_is_left_alone(post: Scene) -> None:
    session = await answered(post, 4, 11)
    await ended(post, session, KEEP, STATED)
    post.script()
    told = await post.run(ask(2), await post.session(session))
    assert told.answer == "6"
    assert await ended(post, session) == []


async def test_another_session_has_its_own_end(post: Scene) -> None:
    await answered(post, 4, 11)
    other = (await turn(post, "That is right.", None, {"kind": "answer_directly"}, "What?")).session
    assert await ended(post, other) == []


async def test_a_model_that_does_not_answer_leaves_it_for_another_time(post: Scene) -> None:
    session = await answered(post, 4, 11)
    with pytest.raises(ModelUnavailable):
        await ended(post, session, ModelUnavailable("No server answers."))
    (kept,) = await ended(post, session, KEEP, STATED)
    assert kept.tool == "price_parcel"
