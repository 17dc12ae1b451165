"""``Forge.feedback`` on an answer that no call of a tool gave, and in words: both are kept alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from agentforge import Forge
from agentforge.boxes.protocol import Box
from agentforge.errors import UsageError
from agentforge.memory.truths import Truth
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.settings import SandboxSettings
from agentforge.testing import FakeBox, Reply, ScriptedModel
from agentforge.testing.box import returned

QUESTION = "Who wrote the Aeneid?"


def opener(box: FakeBox) -> Callable[[SandboxSettings], Awaitable[Box]]:
    async def open_box(settings: SandboxSettings) -> Box:
        return box

    return open_box


def model(*answers: str | Reply) -> ScriptedModel:
    return ScriptedModel(answers, features=FEATURES["claude"])


def kept(forge: Forge) -> list[tuple[str, str, str | None]]:
    found: list[Truth] = forge._opened().truths().newest()
    return [(one.question, one.word, one.expected) for one in found]


async def test_a_program_says_what_is_right_of_an_answer_in_words() -> None:
    async with Forge(user="ada", models=model("Ovid did.")) as forge:
        result = await forge.run(QUESTION)
        learned = await forge.feedback("bad", session=result.session, expected="Virgil")
        assert (learned.end, learned.call) == ("noted", "")
        assert kept(forge) == [(QUESTION, "wrong", "Virgil")]
        await forge.feedback("bad", session=result.session, turn=1, expected=["Virgil"])
        assert kept(forge) == [(QUESTION, "wrong", '["Virgil"]')]


async def test_the_same_said_in_words_asks_no_model_with_a_large_one_either() -> None:
    script = model("Ovid did.")
    async with Forge(user="ada", models=script) as forge:
        result = await forge.run(QUESTION)
        said = await forge.run("No, it was Virgil.", session=result.session)
        assert (said.answer, said.usage.calls) == ("Noted: that was wrong; what is right is kept.", 0)
        assert kept(forge) == [(QUESTION, "wrong", "Virgil")]
    assert len(script.requests) == 1


async def test_the_answer_of_a_tool_is_labelled_as_its_call() -> None:
    box = FakeBox([returned(9900)])
    script = model(Reply(calls=(ToolCall("call-1", "parse_duration", {"text": "2h 45m"}),)), "That is 9900 seconds.")
    async with Forge(user="ada", models=script, open_box=opener(box)) as forge:
        result = await forge.run("How many seconds are 2h 45m?")
        said = await forge.run("That is right.", session=result.session)
        assert said.answer == "Noted: that was right. Noted as right."
        assert (await forge.recorded_call()).word == "confirmed"
        assert kept(forge) == [("How many seconds are 2h 45m?", "right", "9900")]
        learned = await forge.feedback("good", session=result.session)
        assert learned.tool == "parse_duration"


async def test_a_word_on_a_call_is_kept_with_its_question_too() -> None:
    box = FakeBox([returned(9900)])
    script = model(Reply(calls=(ToolCall("call-1", "parse_duration", {"text": "2h 45m"}),)), "That is 9900 seconds.")
    async with Forge(user="ada", models=script, open_box=opener(box)) as forge:
        await forge.run("How many seconds are 2h 45m?")
        await forge.feedback("good")
        assert kept(forge) == [("How many seconds are 2h 45m?", "right", "9900")]


async def test_what_makes_no_sense_is_refused() -> None:
    async with Forge(user="ada", models=model("Ovid did.")) as forge:
        session = (await forge.run(QUESTION)).session
        with pytest.raises(UsageError, match="needs no other one"):
            await forge.feedback("good", session=session, expected="Virgil")
        with pytest.raises(UsageError, match="no answer of turn 7"):
            await forge.feedback("bad", session=session, turn=7)
        with pytest.raises(UsageError, match="on a call, or on the answer"):
            await forge.feedback("bad", "call-1", session=session)
        with pytest.raises(UsageError, match="on a call, or on the answer"):
            await forge.feedback("bad", turn=1)
        assert kept(forge) == []


async def test_another_users_answers_cannot_be_judged() -> None:
    async with Forge(user="ada", models=model("Ovid did.")) as forge:
        session = (await forge.run(QUESTION)).session
    async with Forge(user="eve", models=model()) as forge:
        with pytest.raises(UsageError, match="no answer"):
            await forge.feedback("bad", session=session, expected="Homer")
