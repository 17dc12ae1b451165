"""The month of one user, dealt from a seed: thirty sessions of recurring work, and sessions of later tasks."""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks.learning.stream import Task
from benchmarks.sleep.kinds import KINDS, TOLD, Kind, told_value

SESSIONS = 30
"""Of the month; later tasks stand in sessions from this number on."""
SEED = 20_261_128
TIMES = 2
"""How often one wording comes up in the month: once less than a turn needs to make a tool of it."""
LATER_TASKS = 8
"""Of one session after the month."""
TELLS = "tells"
"""The scorer of a message that only tells something: nothing in its answer is right or wrong."""
FACTS = "facts"
"""The family of what is told in passing."""


def month(seed: int = SEED, kinds: Sequence[Kind] = KINDS, told: int = len(TOLD)) -> list[Task]:
    """All tasks in the order in which they are played: those of the month, then the later ones, none with values that
    stood in the month.
    """
    chance = random.Random(seed)
    days: list[Task] = []
    later: list[Task] = []
    for kind in kinds:
        seen: set[str] = set()
        asked = [*kind.wordings[:-1]] * TIMES
        days += [_work(kind, wording, f"{kind.name}-{at}", chance, seen) for at, wording in enumerate(asked)]
        later += [_work(kind, one, f"{kind.name}-later-{at}", chance, seen) for at, one in enumerate(kind.wordings)]
    for at, (tells, asks) in enumerate(TOLD[:told]):
        value = told_value(chance)
        days.append(_task(f"told-{at}", FACTS, tells.format(value), "", TELLS))
        later.append(_task(f"told-later-{at}", FACTS, asks, value, "exact_ws"))
    chance.shuffle(days)
    chance.shuffle(later)
    dealt = [_in(one, at * SESSIONS // len(days)) for at, one in enumerate(days)]
    return [*dealt, *(_in(one, SESSIONS + at // LATER_TASKS) for at, one in enumerate(later))]


def quick(seed: int = SEED) -> list[Task]:
    """One kind: its month, and one task after it."""
    tasks = month(seed, KINDS[:1], told=0)
    days = [one for one in tasks if one.session < SESSIONS]
    return [*days, next(one for one in tasks if one.session >= SESSIONS)]


def _work(kind: Kind, wording: str, name: str, chance: random.Random, seen: set[str]) -> Task:
    values = kind.drawn(chance)
    while repr(values) in seen:
        values = kind.drawn(chance)
    seen.add(repr(values))
    return _task(name, kind.name, wording.format(**values), kind.answer(values), "exact_ws")


def _task(name: str, family: str, question: str, answer: str, scorer: str) -> Task:
    row = {"id": name, "family": family, "question": question, "answer": answer, "scorer": scorer}
    return Task(name, family, 0, question, answer, scorer, row)


def _in(task: Task, session: int) -> Task:
    row = {**task.row, "session": session}
    return Task(task.id, task.family, session, task.question, task.answer, task.scorer, row)
