"""A turn in which the user does nothing but judge the last answer: the host reads it, and no model is asked.

What was right is kept with its question (``memory.truths``). Where the answer was what a tool gave, its call gets
the word as well, and what follows from that (``forge.learning``): a defect becomes a test and is repaired.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from agentforge.agent.ending import Ending, completed
from agentforge.agent.notations import as_worked_lines
from agentforge.agent.parts import Learn
from agentforge.agent.teaching import is_turned
from agentforge.agent.told import bare_value, fitting_value, value_text
from agentforge.agent.turn import Turn
from agentforge.agent.verdicts import Verdict, read_verdict
from agentforge.errors import AgentForgeError
from agentforge.forge.verbatim import stands_in
from agentforge.memory.truths import Answered, Truths
from agentforge.models.protocol import Message
from agentforge.registry.layers import Layers
from agentforge.types import JSONObject

RIGHT = "Noted: that was right."
WRONG = "Noted: that was wrong."
ASKED = "Noted: that was wrong. What would have been right?"
KEPT = "Noted: that was wrong; what is right is kept."


async def judged(turn: Turn) -> Ending | None:
    """The end of a turn that only judges the last answer; None of any other, which goes on.

    Raises:
        StorageError: what was said could not be kept.
    """
    truths, said = turn.parts.truths, turn.messages[0].text
    if truths is None or as_worked_lines(said) != turn.text or read_verdict(said) is None:
        return None
    answered = await asyncio.to_thread(truths.answered, turn.session)
    verdict = read_verdict(said, answered.answer) if answered is not None else None
    if answered is None or verdict is None or (verdict.expected is None and not answered.answer):
        return None
    blamed = verdict.word == "wrong" and gave_answer(answered)
    if blamed and await asyncio.to_thread(_is_for_others, truths, answered):
        answered = replace(answered, way="", call="")
    expected = await asyncio.to_thread(keep, truths, answered, verdict)
    call = answered.call if gave_answer(answered) else ""
    turn.emit("judged", {"turn": answered.turn, "word": verdict.word, "known": expected is not None, "call": call})
    text = RIGHT if verdict.word == "right" else KEPT if expected is not None else ASKED
    if call:
        follows = await _follows(turn, answered, verdict)
        text = f"{text if verdict.word == 'right' or expected is not None else WRONG} {follows}".strip()
    await turn.say(Message("assistant", text))
    return completed(turn, text)


def _is_for_others(truths: Truths, answered: Answered) -> bool:
    """Whether the tool was chosen for what it is not for: its answer is wrong, and the tool is not."""
    return is_turned(answered.question, answered.tool, truths.newest())


def keep(truths: Truths, answered: Answered, verdict: Verdict) -> str | None:
    """Writes what was said of an answer; returns what is known to be right of its question now."""
    expected = verdict.expected
    if verdict.word == "right":
        expected = answered.result or (value_text(answered.value) if gave_answer(answered) else None)
        expected = expected or bare_value(answered.answer)
    truths.keep(answered, verdict.word, expected)
    return expected


def gave_answer(answered: Answered) -> bool:
    """Whether the answer is what the last call of the turn gave, and that was a tool's."""
    if not answered.call:
        return False
    shown = value_text(answered.value)
    return answered.result == shown or stands_in(shown, answered.answer)


async def learn_of_call(
    learn: Learn, layers: Layers, answered: Answered, verdict: Verdict, tell: Callable[[str], None]
) -> str:
    """Has the call of an answer labelled, with the right answer where it is of the type that the tool returns."""
    expected = await asyncio.to_thread(_expected, layers, answered, verdict)
    return await learn(verdict.word, answered.call, expected, tell)


async def _follows(turn: Turn, answered: Answered, verdict: Verdict) -> str:
    """What comes of the word on a call, as a sentence for people; a failure there leaves the word as it was said."""

    def tell(message: str) -> None:
        turn.emit("notice", {"message": message})

    try:
        return await learn_of_call(turn.parts.learn, turn.parts.layers, answered, verdict, tell)
    except AgentForgeError as error:
        return f"Nothing follows for {answered.tool} yet: {error.message}"


def _expected(layers: Layers, answered: Answered, verdict: Verdict) -> JSONObject | None:
    if verdict.expected is None:
        return None
    try:
        signature = layers.find(answered.tool).signature
    except AgentForgeError:
        return None
    found = fitting_value(verdict.expected, signature.returns)
    same = found is not None and found["returns"] == answered.value
    return None if same else found
