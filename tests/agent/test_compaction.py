"""A long session is summarised for the model and never in the store; what is open in it is never lost."""

from __future__ import annotations

from agentforge.agent.compaction import DIGESTED
from agentforge.agent.context import Account, Window
from agentforge.agent.summary import SHARE, Summary, after, commitments
from agentforge.errors import ModelUnavailable
from agentforge.models.protocol import Message, ToolAnswer, ToolCall
from agentforge.testing.scripted import ScriptedModel
from agentforge.types import Role

from .conftest import Scene

WINDOW = Window(ScriptedModel([], context=4096), Role.PLAN, reserve=1365)
DIRECT = {"kind": "answer_directly"}


def exchange(at: int, said: str = "") -> list[Message]:
    return [Message("user", f"Question {at}. {said} " + "word " * 60), Message("assistant", f"Answer {at}.")]


def test_commitments_are_found_word_by_word_with_who_made_them() -> None:
    messages = [
        Message("user", "The invoice is 42. Remind me to call Bo. What is 1+1?"),
        Message("assistant", "It is 2. I'll send the draft by Friday."),
    ]
    assert commitments(messages) == ["User: Remind me to call Bo.", "Assistant: I'll send the draft by Friday."]


def test_what_a_summary_stands_for_is_counted_in_requests_so_that_calls_keep_their_answers() -> None:
    call = ToolCall("c1", "t", {})
    messages = [*exchange(0), Message("user", "u"), Message("assistant", calls=(call,))]
    messages += [Message("user", answers=(ToolAnswer("c1", "1"),)), Message("assistant", "one"), *exchange(2)]
    assert after(messages, Summary(2)) == messages[-2:]
    assert after(messages, Summary(1)) == messages[2:]
    assert after(messages, Summary()) == messages


def test_a_summary_survives_its_way_through_an_event() -> None:
    summary = Summary(3, "They plan a trip.", ("User: Remind me.",))
    assert Summary.from_json(summary.to_json()) == summary
    assert Summary.from_json(Summary().to_json()) == Summary()


def test_a_summary_takes_its_share_of_a_small_window_and_says_what_found_no_room() -> None:
    account = Account()
    summary = Summary(
        40, "They talked. " * 400, tuple(f"User: Remind me of number {at}. {'word ' * 30}" for at in range(100))
    )
    shown = summary.shown(WINDOW, account)
    assert WINDOW.models.count(shown) <= WINDOW.tokens * SHARE
    assert "number 99." in shown
    assert "number 0." not in shown
    assert "older open sentences" in str(account.left_out)
    assert (
        Summary(1, "Short.", ("User: Remind me.",))
        .shown(WINDOW, Account())
        .endswith("Short.\nStill open:\n- User: Remind me.")
    )
    assert Summary().shown(WINDOW, Account()) == ""


async def test_a_long_session_keeps_what_is_open_and_its_newest_words_in_front_of_a_small_model(scene: Scene) -> None:
    scene.script(*[DIRECT, "Fine."] * 13)
    session = await scene.session()
    await scene.run("Remind me to call Bo. " + "blue " * 150, session)
    compacted = []
    for at in range(12):
        told = await scene.run(f"Topic {'abcdefghijkl'[at]} is next. " + "word " * 150, session)
        compacted += told.of("compacted")
    assert len(compacted) >= 2
    prompt = scene.model.requests[-1].prompt
    assert "Still open:\n- User: Remind me to call Bo." in prompt
    assert "Topic k is next" in prompt
    assert [one["spoken"] for one in compacted] == sorted(one["spoken"] for one in compacted)
    assert len(scene.model.requests) == 26, "the host makes the summary: a small model is not asked"
    assert all(len(one["summary"].splitlines()) <= 2 * DIGESTED for one in compacted)
    assert len(scene.episodes.messages(session.id)) == 26, "nothing is cut in the store"


async def test_a_session_that_is_taken_up_again_begins_with_its_last_summary(scene: Scene) -> None:
    scene.script(*[DIRECT, "Fine."] * 9)
    session = await scene.session()
    await scene.run("Remind me to call Bo. " + "blue " * 150, session)
    for at in range(7):
        await scene.run(f"Topic {'abcdefg'[at]} is next. " + "word " * 150, session)
    await scene.run("And now?", session)
    before = scene.model.requests[-1].prompt
    scene.script(DIRECT, "Fine.")
    again = await scene.session(session.id)
    await scene.run("And now?", again)
    after_it = scene.model.requests[-1].prompt
    assert "Remind me to call Bo." in before
    assert "Remind me to call Bo." in after_it
    assert "Topic g is next" in after_it


async def test_a_strong_model_sums_up_and_says_what_was_done(scene: Scene) -> None:
    long = "word " * 60_000
    told = {"summary": "They plan a trip to Oslo.", "done": [1]}
    scene.script("Fine.", "Fine.", told, "Fine.", free=True)
    session = await scene.session()
    scene.limit(prompt_bytes=1_000_000)
    session = await scene.session()
    await scene.run("Remind me to call Bo. Remind me to pay. " + long, session)
    await scene.run("Bo was called. " + long, session)
    last = await scene.run("And now?", session)
    (compacted,) = last.of("compacted")
    assert compacted["summary"] == "They plan a trip to Oslo."
    assert compacted["open"] == ["User: Remind me to pay."]
    first = scene.model.requests[-1].ask.messages[0].text
    assert first.startswith("[The first ")
    assert "Remind me to pay." in first


async def test_a_model_that_fails_costs_the_words_of_the_summary_and_nothing_that_is_open(scene: Scene) -> None:
    long = "word " * 60_000
    scene.limit(prompt_bytes=1_000_000)
    scene.script("Fine.", "Fine.", ModelUnavailable("gone"), "Fine.", free=True)
    session = await scene.session()
    await scene.run("Remind me to call Bo. " + long, session)
    await scene.run("On. " + long, session)
    last = await scene.run("And now?", session)
    assert last.last.type == "completed"
    assert last.of("compacted")[0]["open"] == ["User: Remind me to call Bo."]
    assert "without a model" in last.text()
