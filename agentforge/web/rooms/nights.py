"""Sleep: night by night, what was tried, what it did to past tasks, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from agentforge.errors import UsageError
from agentforge.sleep.report import Done, Report
from agentforge.web.rooms.room import Asked, Change, Made, Read, Why, minute

NAMED = 12
"""So many tasks that were gained or lost are named."""


class Effect(BaseModel):
    """Past tasks that went right before and after; which were gained and lost."""

    tasks: int
    before: int
    after: int
    gained: list[str]
    lost: list[str]
    spared: int = Field(description="Tokens that models generated for those gained, when they were asked.")


class Tried(BaseModel):
    """One change of a night. ``undone``: all of its commits were taken back."""

    number: int
    kind: str
    what: str
    outcome: str
    why: str
    commits: list[str]
    undone: bool
    tokens: int
    usd: float
    effect: Effect | None


class Night(BaseModel):
    """One night; what its rehearsal measured over all past tasks is ``before`` and ``after``."""

    night: str
    since: str
    until: str
    sentence: str
    tokens: int
    usd: float
    seconds: float
    tasks: int
    before: int
    after: int
    left: int
    kept: int
    waits: int
    dropped: int
    changes: list[Tried]

    @property
    def undoable(self) -> bool:
        """Whether anything of it can still be taken back."""
        return any(one.commits and not one.undone for one in self.changes)


class Nights(BaseModel):
    """All nights, newest first."""

    nights: list[Night]


class Undo(Why):
    """One change by its number, or all of them where it is empty."""

    change: str = Field(default="", pattern="^([1-9][0-9]{0,3})?$")


async def listed(asked: Asked) -> Nights:
    """Night by night."""
    undone = await asked.forge.sleep.undone()
    return Nights(nights=[night_of(one, undone) for one in await asked.forge.sleep.reports()])


async def night(asked: Asked) -> Night:
    """One night."""
    return night_of(await asked.forge.sleep.report(asked.path["night"]), await asked.forge.sleep.undone())


async def undo(asked: Asked, given: Undo) -> Made:
    """Takes a night back, or one change of it; what was changed since stays."""
    key, wanted = asked.path["night"], [int(given.change)] if given.change else []
    done = await asked.forge.sleep.undo(key, wanted, approver=asked.person.name, reason=given.reason)
    back = [one for one in done if one.commit]
    stays = [f"{one.change} stays: {one.why}" for one in done if not one.commit]
    if not back:
        raise UsageError(" ".join(stays) or "It changed nothing, so there is nothing to take back.")
    names = "; ".join(dict.fromkeys(one.change for one in back))
    return Made(did=f"Taken back: {names}.", commit=back[-1].commit, remarks=stays)


def night_of(report: Report, undone: frozenset[str]) -> Night:
    """A report as a value of the pages."""
    outcomes = [one.outcome for one in report.changes]
    return Night(
        night=report.night,
        since=minute(report.since),
        until=minute(report.until),
        sentence=report.sentence,
        tokens=report.tokens,
        usd=report.usd,
        seconds=report.seconds,
        tasks=report.tasks,
        before=report.right_before,
        after=report.right_after,
        left=report.left,
        kept=outcomes.count("kept"),
        waits=outcomes.count("waits"),
        dropped=outcomes.count("dropped"),
        changes=[_tried(number, one, undone) for number, one in enumerate(report.changes, 1)],
    )


def _tried(number: int, done: Done, undone: frozenset[str]) -> Tried:
    effect = done.effect
    return Tried(
        number=number,
        kind=done.kind,
        what=done.what,
        outcome=done.outcome,
        why=done.why,
        commits=list(done.commits),
        undone=bool(done.commits) and all(one[:12] in undone for one in done.commits),
        tokens=done.tokens,
        usd=done.usd,
        effect=None
        if effect is None
        else Effect(
            tasks=effect.tasks,
            before=effect.right_before,
            after=effect.right_after,
            gained=_named(effect.gained),
            lost=_named(effect.lost),
            spared=effect.spared,
        ),
    )


def _named(tasks: Sequence[str]) -> list[str]:
    more = len(tasks) - NAMED
    return [*tasks[:NAMED], *([f"and {more} more"] if more > 0 else [])]


READS = (
    Read("/sleep", "sleep.html", Nights, "All nights, newest first", "sleep", listed),
    Read("/sleep/{night}", "night.html", Night, "One night, change by change", "sleep", night),
)
CHANGES = (Change("/sleep/{night}/undo", Undo, "Takes a night back, or one change of it", "undo", undo),)
