"""The arms that keep no tools: A reasons, B writes code for each task, M is shown its nearest past questions."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import ContextOverflow
from agentforge.models.protocol import Message, ModelClient
from agentforge.models.schemas import fenced_blocks
from agentforge.types import JSON, Role
from benchmarks.learning.nearest import nearest
from benchmarks.learning.spent import Meter
from benchmarks.learning.stream import Task

REASONING = (
    "Answer the question. Reason step by step. Then write a last line 'Answer: ' and behind it nothing but the final"
    " answer, in exactly the form that the question asks for."
)
CODING = (
    "Write a short Python script that computes the answer to the question and prints it, and nothing else, in exactly"
    " the form that the question asks for. Standard library only, no input, no files, no network. The values of the"
    " question stand in the script. Give one ```python block and nothing else."
)
PAST = "Earlier questions with their right answers:\n\n{past}\n\nThe question now:\n\n{question}"
SHOWN, PAST_SHARE = 5, 0.4
"""Most past questions in a prompt, and the part of the context that they may take."""
TRIES = 2
"""A script that fails is corrected once, as in the agent."""
_SPARE = 64


@dataclass(frozen=True)
class Asked:
    """What one task is asked with; ``cap`` bounds the tokens that ``meter`` has seen generated."""

    models: ModelClient
    meter: Meter
    box: Callable[[], Awaitable[Box]]
    limits: Limits
    cap: int

    async def say(self, system: str, messages: Sequence[Message]) -> str:
        """One answer at temperature 0, as long as cap and context allow."""
        spent = self.meter.generated
        sent = self.models.count("\n".join((system, *(message.text for message in messages))))
        room = min(self.cap - spent, self.models.context(Role.PLAN) - sent - _SPARE)
        if room <= 0:
            raise ContextOverflow(f"A question of {sent} tokens and {spent} generated ones leave no room.")
        said = await self.models.complete(Role.PLAN, messages, system=system, max_tokens=room, temperature=0.0)
        return said.text


async def reason(asked: Asked, task: Task, past: Sequence[Task]) -> str:
    """Arm A: step by step, with nothing kept."""
    del past
    return await asked.say(REASONING, [Message("user", task.question)])


async def remember(asked: Asked, task: Task, past: Sequence[Task]) -> str:
    """Arm M: as A, with the nearest past questions and their right answers in front."""
    room = int(asked.models.context(Role.PLAN) * PAST_SHARE)
    shown: list[str] = []
    for at in nearest(task.question, [one.question for one in past], SHOWN):
        told = f"Question: {past[at].question.strip()}\nAnswer: {past[at].answer}"
        room -= asked.models.count(told)
        if room < 0:
            break
        shown.insert(0, told)
    text = PAST.format(past="\n\n".join(shown), question=task.question) if shown else task.question
    return await asked.say(REASONING, [Message("user", text)])


async def code(asked: Asked, task: Task, past: Sequence[Task]) -> str:
    """Arm B: a script, run in the box; what it prints is the answer."""
    del past
    messages = [Message("user", task.question)]
    for _ in range(TRIES):
        said = await asked.say(CODING, messages)
        blocks = fenced_blocks(said)
        result = await (await asked.box()).run(blocks[0], limits=asked.limits) if blocks else None
        if result is not None and result.ok and (shown := result.stdout.strip() or _shown(result.value)) != "null":
            return f"Answer: {shown}"
        problem = "There was no fenced Python block." if result is None else "It printed nothing."
        if result is not None and not result.ok:
            problem = f"It failed (data): {result.error or result.status}: {result.message[:400]}"
        messages += [Message("assistant", said or "…"), Message("user", f"{problem} Correct it.")]
    return ""


def _shown(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


PLAIN: dict[str, Callable[[Asked, Task, Sequence[Task]], Awaitable[str]]] = {"A": reason, "B": code, "M": remember}
