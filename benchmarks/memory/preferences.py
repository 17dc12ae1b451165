"""Preferences told once in passing, asked for sessions later: 60 probes of ten kinds, in ``probes.jsonl``.

Six users live one after the other, each with a home of its own and a probe of nine kinds; the six languages have a user
each, since an answer in another language says nothing of the other kinds. A session holds an ordinary
message that has nothing to do with it (``distractors.txt``), and in some a preference is told, in others it is due: a
question whose answer shows whether it is followed, 3 to 10 sessions after it was told. A night comes after every third
session. A program judges the answer: expressions that must stand in it or must not, and a number of words.
Only the form counts: a date in the form that is wanted follows the preference, also where it is the wrong day.

Arms: ``agentforge``; and the same model without it: ``none``, which is only asked; ``bm25``, which is shown the five
past messages that are nearest to the question; ``oracle``, which is shown the preference itself.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge.models.protocol import ModelClient
from benchmarks.form import progress, read_lines, short_hash
from benchmarks.learning.nearest import nearest
from benchmarks.memory.bfcl import BM25, TOP
from benchmarks.memory.setup import Heard, NewForge, Row, Rows, plain

HERE = Path(__file__).parent
PROBES, DISTRACTORS = HERE / "probes.jsonl", HERE / "distractors.txt"
ARMS = ("agentforge", "none", "bm25", "oracle")
NIGHT_EVERY = 3
LEAST_GAP, MOST_GAP = 3, 10
DRAWS = 2_000


@dataclass(frozen=True)
class Probe:
    """A preference, as it is ``told``, and the question that is asked ``gap`` sessions later. ``must`` and ``must_not``
    are expressions over the answer, small and capital letters alike unless ``capitals_count``.
    """

    id: str
    user: str
    kind: str
    told: str
    ask: str
    gap: int
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    most_words: int = 0
    capitals_count: bool = False

    def followed(self, answer: str) -> bool:
        """Whether an answer is as this preference wants it; an empty one never is."""
        found = [self._found(one, answer) for one in self.must]
        wrong = [self._found(one, answer) for one in self.must_not]
        short = not self.most_words or len(answer.split()) <= self.most_words
        return bool(answer.strip()) and all(found) and not any(wrong) and short

    def _found(self, expression: str, answer: str) -> bool:
        return re.search(expression, answer, 0 if self.capitals_count else re.IGNORECASE) is not None


def read_probes(path: Path = PROBES) -> list[Probe]:
    """The probes of a file (raises ValueError, TypeError: one is malformed)."""
    rows = [{**row, **{key: tuple(row.get(key, ())) for key in ("must", "must_not")}} for row in read_lines(path)]
    probes = [Probe(**row) for row in rows]
    for one in probes:
        if not LEAST_GAP <= one.gap <= MOST_GAP:
            raise ValueError(f"{one.id} is asked after {one.gap} sessions, and {LEAST_GAP} to {MOST_GAP} are allowed")
    return probes


@dataclass(frozen=True)
class Day:
    """One session of a life: what is said in it, and the probes that are due, each asked in a session of its own."""

    said: tuple[str, ...]
    due: tuple[Probe, ...] = ()


def life(probes: Sequence[Probe], distractors: Sequence[str]) -> list[Day]:
    """The sessions of one user: a preference a day, each due ``gap`` days later, ordinary messages on all of them."""
    last = max(at + one.gap for at, one in enumerate(probes))
    drawn = random.Random(probes[0].user)  # the same life in every run
    small_talk = drawn.sample([*distractors] * (last // len(distractors) + 1), last + 1)
    days: list[Day] = []
    for at in range(last + 1):
        told = [probes[at].told] if at < len(probes) else []
        due = tuple(one for began, one in enumerate(probes) if began + one.gap == at)
        days.append(Day((*told, small_talk[at]) if at % 2 else (small_talk[at], *told), due))
    return days


async def run(
    probes: Sequence[Probe],
    arms: Sequence[str],
    rows: Rows,
    new_forge: NewForge,
    models: ModelClient | Heard,
    homes: Path,
) -> dict[str, Any]:
    """Measures what is not kept yet, and gives the figures of all."""
    distractors = DISTRACTORS.read_text("utf-8").splitlines()
    for user, mine in _by_user(probes):
        days = life(mine, distractors)
        key_of = _keys(mine)
        if "agentforge" in arms and any(key_of("agentforge", one) not in rows.rows for one in mine):
            for probe, answer, kept in await _lived(days, new_forge, homes / f"preferences-{user}"):
                rows.add(key_of("agentforge", probe), {**_row(probe, answer), "kept": kept})
        for arm in arms:
            for probe in mine if arm != "agentforge" else ():
                if (key := key_of(arm, probe)) not in rows.rows:
                    answer = await plain(models, _prompt(arm, probe, days))
                    rows.add(key, _row(probe, answer))
                    progress(f"  {arm} {probe.id}: {'followed' if probe.followed(answer) else 'not followed'}")
    told = {arm: [rows.rows[_keys(mine)(arm, one)] for _, mine in _by_user(probes) for one in mine] for arm in arms}
    return figures_of(told)


def _by_user(probes: Sequence[Probe]) -> Iterator[tuple[str, list[Probe]]]:
    for user in dict.fromkeys(one.user for one in probes):
        yield user, [one for one in probes if one.user == user]


def _keys(mine: Sequence[Probe]) -> Callable[[str, Probe], str]:
    """The key of a row: an answer depends on the whole life around its probe."""
    whole = short_hash([vars(one) for one in mine])
    return lambda arm, probe: f"{arm}/{whole}/{probe.id}"


async def _lived(days: Sequence[Day], new_forge: NewForge, home: Path) -> list[tuple[Probe, str, list[str]]]:
    """Lives through a user's days; the answers to the probes, and the preferences that were known by then."""
    shutil.rmtree(home, ignore_errors=True)
    found: list[tuple[Probe, str, list[str]]] = []
    async with new_forge(home) as forge:
        for number, day in enumerate(days, 1):
            session: str | None = None
            for text in day.said:
                session = (await forge.run(text, session=session)).session
            for probe in day.due:
                done = await forge.run(probe.ask)
                kept = [entry.text for entry in forge.memory.list() if entry.kind == "preference"]
                found.append((probe, done.answer, kept))
                told = "followed" if probe.followed(done.answer) else "not followed"
                progress(f"  agentforge {probe.id}: {told}: {done.answer[:80]!r}")
            if number % NIGHT_EVERY == 0:
                await forge.sleep.run()
    return found


def _prompt(arm: str, probe: Probe, days: Sequence[Day]) -> str:
    if arm == "oracle":
        return f"{probe.told}\n\n{probe.ask}"
    if arm == "none":
        return probe.ask
    asked = next(at for at, day in enumerate(days) if probe in day.due)
    past = [text for day in days[: asked + 1] for text in day.said]
    shown = "\n".join(f"- {past[at]}" for at in nearest(probe.ask, past, TOP))
    return BM25.format(past=shown, question=probe.ask)


def _row(probe: Probe, answer: str) -> Row:
    return {"id": probe.id, "kind": probe.kind, "followed": probe.followed(answer), "answer": answer[:600]}


def figures_of(told: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """The share of probes that were followed, by arm, with its interval (bootstrap), and by kind."""
    return {
        "arms": {
            arm: {
                "probes": len(rows),
                "followed": _share(rows),
                "interval": _interval(rows),
                "by_kind": {
                    kind: _share([row for row in rows if row["kind"] == kind])
                    for kind in dict.fromkeys(row["kind"] for row in rows)
                },
            }
            for arm, rows in told.items()
        }
    }


def _share(rows: Sequence[Row]) -> float | None:
    return round(sum(row["followed"] for row in rows) / len(rows), 3) if rows else None


def _interval(rows: Sequence[Row]) -> list[float] | None:
    drawn = random.Random(7)
    found = sorted(_share(drawn.choices(rows, k=len(rows))) or 0.0 for _ in range(DRAWS)) if rows else []
    return [found[int(DRAWS * at)] for at in (0.025, 0.975)] if found else None
