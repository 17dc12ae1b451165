"""Whether an assistant takes on its user's manner: two users of opposite manner, 30 sessions each, then the same new
questions to both.

What a user wants reaches the assistant in sessions alone: in the way they ask, in wishes that they say by the way and
repeat over the weeks, and in what they say after an answer that is not to their liking. A night comes after every
tenth session; a persona that it proposes is approved by the user.

A plain classifier (:mod:`benchmarks.memory.manner`) tells whose assistant gave an answer. It has learned from answers
to other questions for other pairs of users, whose manner stood in the model's prompt, and never saw either of the two.
``second_model`` is the same with the homes taken along to another model; none where no other one was named.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge import Forge
from agentforge.models.protocol import ModelClient
from benchmarks.form import progress, short_hash
from benchmarks.memory.manner import learned
from benchmarks.memory.setup import Heard, NewForge, Row, Rows, plain

MANNERS = Path(__file__).parent / "manners.json"
SESSIONS, NIGHT_EVERY, WISH_EVERY = 30, 10, 2
DRAWS = 2_000


@dataclass(frozen=True)
class Size:
    """How much of it is played."""

    sessions: int = SESSIONS
    lessons: int = 10
    questions: int = 20


QUICK = Size(4, 1, 1)


async def run(
    rows: Rows,
    size: Size,
    new_forge: NewForge,
    models: ModelClient | Heard,
    homes: Path,
    second: NewForge | None = None,
) -> dict[str, Any]:
    """Measures what is not kept yet, and gives the figures."""
    told: dict[str, Any] = json.loads(MANNERS.read_text("utf-8"))
    whole = short_hash([told, vars_of(size)])
    examples = await _examples(told, size, rows, whole, models)
    judge = learned([(row["side"], row["answer"]) for row in examples])
    answers = await _answers(told, size, rows, whole, new_forge, homes, "first")
    found = {"first_model": figures_of(answers, judge.side), "second_model": None}
    if second is not None:
        again = await _answers(told, size, rows, whole, second, homes, "second")
        found["second_model"] = figures_of(again, judge.side)
    return {**found, "taught_with": len(examples)}


def vars_of(size: Size) -> list[int]:
    """The size as values."""
    return [size.sessions, size.lessons, size.questions]


async def _examples(
    told: Mapping[str, Any], size: Size, rows: Rows, whole: str, models: ModelClient | Heard
) -> list[Row]:
    """Answers for other pairs of users, whose manner the model is told."""
    found: list[Row] = []
    for number, pair in enumerate(told["taught_by"]):
        for side in ("brief", "warm"):
            for question in told["lessons"][: size.lessons]:
                key = f"taught/{whole}/{number}/{side}/{question}"
                if key not in rows.rows:
                    answer = await plain(models, f"{pair[side]}\n\n{question}")
                    rows.add(key, {"side": side, "answer": answer})
                found.append(rows.rows[key])
    return found


async def _answers(
    told: Mapping[str, Any], size: Size, rows: Rows, whole: str, new_forge: NewForge, homes: Path, model: str
) -> list[Row]:
    """The answers of both assistants to the new questions; their users' sessions are played where they were not."""
    found: list[Row] = []
    for user in told["users"]:
        home = homes / f"personality-{user['name']}-{whole}"
        for question in told["new_questions"][: size.questions]:
            key = f"asked/{model}/{whole}/{user['name']}/{question}"
            if key not in rows.rows:
                await _grown(user, told["tasks"], size, new_forge, home)
                rows.add(key, {"side": user["side"], **await _asked(question, new_forge, home)})
            found.append(rows.rows[key])
    return found


async def _asked(question: str, new_forge: NewForge, home: Path) -> Row:
    """The answer to one new question; each is asked of the same home, so that none is part of the past of another."""
    own = home.with_name(f"{home.name}.asked")
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(home, own)
    async with new_forge(own) as forge:
        done = await forge.run(question)
        persona = forge.memory.persona.text()
    progress(f"  {home.name}: {done.answer[:90]!r}")
    return {"answer": done.answer, "persona": persona}


async def _grown(user: Mapping[str, Any], tasks: Sequence[str], size: Size, new_forge: NewForge, home: Path) -> None:
    """Plays the sessions of one user, with the first model, unless they were played into this home before."""
    done = home / "played"
    if done.exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    drawn = random.Random(user["name"])  # the same sessions in every run
    async with new_forge(home) as forge:
        for number in range(1, size.sessions + 1):
            wish = drawn.choice(user["wishes"]) if number % WISH_EVERY == 0 else ""
            asked = drawn.choice(user["asks"]).format(task=tasks[(number - 1) % len(tasks)])
            result = await forge.run(f"{asked} {wish}".strip())
            if displeased(user, result.answer):
                await forge.run(user["complaint"], session=result.session)
            if number % NIGHT_EVERY == 0:
                await _night(forge)
        await _night(forge)
    done.write_text("")


async def _night(forge: Forge) -> None:
    """Sleep, and what its user says in the morning."""
    await forge.sleep.run(tell=progress)
    if forge.memory.persona.proposed():
        forge.memory.persona.approve()


def displeased(user: Mapping[str, Any], answer: str) -> bool:
    """Whether an answer is too long for its user, or too short."""
    words = len(answer.split())
    return words > user.get("most_words", words) or words < user.get("least_words", 0)


def figures_of(answers: Sequence[Row], side_of: Any) -> dict[str, Any]:
    """How many answers are told to be of the side that they are of, with its interval (bootstrap)."""
    right = [side_of(row["answer"]) == row["side"] for row in answers]
    drawn = random.Random(7)
    found = sorted(sum(drawn.choices(right, k=len(right))) / len(right) for _ in range(DRAWS))
    return {
        "answers": len(right),
        "told_apart": round(sum(right) / len(right), 3),
        "interval": [round(found[int(DRAWS * at)], 3) for at in (0.025, 0.975)],
        "persona_lines": {
            side: max(len(row["persona"].splitlines()) for row in answers if row["side"] == side)
            for side in sorted({row["side"] for row in answers})
        },
    }
