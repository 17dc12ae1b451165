"""Facts across sessions: sessions are played to a user, then questions are asked whose answers were said in them.

Arms: ``agentforge``, a user whose sessions were played by the product, with a night after the last one; ``bm25``, the
five past turns of the user that are nearest to the question, the same model, nothing else. Evidence is in the context
where an accepted answer stands in what memory brings into the prompt, its case and signs aside; a number counts only
as a word of its own. ``source``: of the words of the sentence that holds the answer, most stand there. Tokens are
those of what memory brings.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge.models.prompts import render
from agentforge.models.tokens import estimate
from agentforge.result import RunResult
from benchmarks.form import progress, read_lines, short_hash
from benchmarks.learning.nearest import nearest
from benchmarks.memory.setup import Heard, NewForge, Row, Rows, plain

ARMS = ("agentforge", "bm25")
TOP = 5
MEMORY = ("persona", "preferences", "facts", "said", "lessons", "passages")
"""The parts of a prompt that memory brings."""
SOURCE_SHARE = 0.75
BM25 = "Earlier messages of this user:\n\n{past}\n\nThe request now:\n\n{question}"
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Question:
    """What is asked of a scenario: ``accepted`` are its answers, ``source`` the words that hold them."""

    id: str
    scenario: str
    text: str
    accepted: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Played:
    """The earlier sessions of one scenario, each the turns of a user, and its questions."""

    scenario: str
    sessions: tuple[tuple[str, ...], ...]
    questions: tuple[Question, ...]

    @property
    def turns(self) -> list[str]:
        """All that the user said, in order."""
        return [turn for session in self.sessions for turn in session]

    @property
    def hash(self) -> str:
        """Differs where anything that was said differs."""
        return short_hash(self.sessions)


def read(sessions: Path, questions: Path, answers: Path) -> list[Played]:
    """The scenarios of three files in the format of BFCL v4 (raises KeyError, ValueError: they are of another)."""
    known = {row["id"]: row for row in read_lines(answers)}
    asked = [
        Question(
            row["id"],
            row["scenario"],
            _turns(row)[0],
            tuple(map(str, known[row["id"]]["ground_truth"])),
            str(known[row["id"]].get("source", "")),
        )
        for row in read_lines(questions)
    ]
    said: dict[str, list[tuple[str, ...]]] = {}
    for row in _objects(sessions):
        said.setdefault(row["scenario"], []).append(tuple(_turns(row)))
    return [
        Played(name, tuple(one), tuple(each for each in asked if each.scenario == name)) for name, one in said.items()
    ]


def _objects(path: Path) -> list[dict[str, Any]]:
    """The objects of a file, a line each or as one list."""
    text = path.read_text("utf-8").strip()
    return json.loads(text) if text.startswith("[") else read_lines(path)


def _turns(row: dict[str, Any]) -> list[str]:
    return [one["content"] for turn in row["question"] for one in turn if one["role"] == "user"]


async def run(
    scenarios: Sequence[Played],
    arms: Sequence[str],
    rows: Rows,
    new_forge: NewForge,
    models: Heard,
    homes: Path,
) -> dict[str, Any]:
    """Measures what is not kept yet, and gives the figures of all."""
    for played in scenarios:
        if "agentforge" in arms:
            await _agentforge(played, rows, new_forge, models, homes / played.hash)
        for question in played.questions if "bm25" in arms else ():
            if (key := f"bm25/{played.hash}/{question.id}") not in rows.rows:
                past = "\n".join(f"- {played.turns[at]}" for at in nearest(question.text, played.turns, TOP))
                answer = await plain(models, BM25.format(past=past, question=question.text))
                rows.add(key, _row(question, past, estimate(past), answer))
    return figures_of(scenarios, arms, rows)


def figures_of(scenarios: Sequence[Played], arms: Sequence[str], rows: Rows) -> dict[str, Any]:
    """Shares and mean tokens by arm."""
    told: dict[str, Any] = {}
    for arm in arms:
        keys = [f"{arm}/{one.hash}/{question.id}" for one in scenarios for question in one.questions]
        mine = [rows.rows[key] for key in keys if key in rows.rows]
        told[arm] = {
            "questions": len(mine),
            "evidence_in_context": _mean([row["evidence"] for row in mine]),
            "source_in_context": _mean([row["source"] for row in mine]),
            "tokens": _mean([row["tokens"] for row in mine]),
            "right": _mean([row["right"] for row in mine]),
        }
    return {"arms": told}


async def _agentforge(played: Played, rows: Rows, new_forge: NewForge, models: Heard, home: Path) -> None:
    keys = {question.id: f"agentforge/{played.hash}/{question.id}" for question in played.questions}
    if all(key in rows.rows for key in keys.values()):
        return
    await _lived(played, new_forge, home)
    for question in played.questions:
        if keys[question.id] in rows.rows:
            continue
        asked = home.with_name(f"{home.name}.asked")  # each question to the same past: no question is part of it
        shutil.rmtree(asked, ignore_errors=True)
        shutil.copytree(home, asked)
        models.prompts.clear()
        async with new_forge(asked) as forge:
            done = await forge.run(question.text)
        shown = "\n".join(models.prompts[:1]).replace(question.text, "").replace(render("agent_robust"), "")
        row = _row(question, shown, tokens_of(done), done.answer)
        rows.add(keys[question.id], row)
        progress(f"  {question.id}: evidence {row['evidence']}, right {row['right']}, {row['tokens']} tokens")


async def _lived(played: Played, new_forge: NewForge, home: Path) -> None:
    """Plays the sessions, unless they were played into this home before."""
    done = home / "played"
    if done.exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    async with new_forge(home) as forge:
        for number, turns in enumerate(played.sessions, 1):
            session: str | None = None
            for turn in turns:
                result = await forge.run(turn, session=session)
                session = result.session
            progress(f"{played.scenario}: session {number} of {len(played.sessions)} is played")
        await forge.sleep.run(tell=progress)
    done.write_text("")


def tokens_of(done: RunResult) -> int:
    """The tokens of what memory brought into the prompt of a turn, as the product's own record of it says."""
    parts: Any = next((event.data["parts"] for event in done.events if event.type == "context"), {})
    return sum(parts.get(part, 0) for part in MEMORY)


def _row(question: Question, shown: str, tokens: int, answer: str) -> Row:
    return {
        "id": question.id,
        "evidence": any(holds(shown, one) for one in question.accepted),
        "source": _share_of(question.source, shown) >= SOURCE_SHARE,
        "tokens": tokens,
        "right": any(holds(answer, one) for one in question.accepted),
        "answer": answer[:500],
    }


def holds(text: str, wanted: str) -> bool:
    """Whether a text holds an accepted answer, case and signs aside; a number only as a word of its own."""
    words, sought = (" ".join(_WORD.findall(one.lower())) for one in (text, wanted))
    if not sought:
        return False
    if sought.replace(" ", "").isdigit():
        return f" {sought} " in f" {words} "
    return sought in words


def _share_of(source: str, shown: str) -> float:
    wanted = set(_WORD.findall(source.lower()))
    return len(wanted & set(_WORD.findall(shown.lower()))) / len(wanted) if wanted else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
