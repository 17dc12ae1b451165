"""What came of a night, as values: one entry for each change that was tried, and what the rehearsal measured.

A report holds ids, names and numbers, and of what was remembered the id alone; it is kept as the result of the
night's job.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, cast

from agentforge.types import JSONObject

Kind: TypeAlias = Literal["tool", "merge", "retire", "memory", "persona"]

Outcome: TypeAlias = Literal[
    "kept",  # committed: rehearsal lost nothing, or there is nothing that it could replay
    "waits",  # committed as a proposal: a person decides
    "found",  # a live tool does it already; nothing was committed
    "dropped",  # rehearsal lost a past task, so that nothing was committed
    "nothing",  # nothing came of it
]


@dataclass(frozen=True, slots=True)
class Effect:
    """Past tasks before and after a change. ``lost`` and ``gained`` name tasks; ``spared`` are the tokens that models
    generated for those gained, when they were asked.
    """

    tasks: int = 0
    right_before: int = 0
    right_after: int = 0
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    spared: int = 0

    def to_json(self) -> JSONObject:
        """As JSON."""
        return {**cast("JSONObject", asdict(self)), "gained": [*self.gained], "lost": [*self.lost]}


@dataclass(frozen=True, slots=True)
class Done:
    """One change that was tried: ``what`` says it, ``why`` what came of it. ``commits`` are those that it made,
    ``tokens`` what models took for it, and ``usd`` what that cost by the prices in the settings. ``effect`` is None
    where nothing was rehearsed.
    """

    key: str
    kind: Kind
    what: str
    outcome: Outcome
    why: str = ""
    commits: tuple[str, ...] = ()
    tokens: int = 0
    effect: Effect | None = None
    usd: float = 0.0

    def to_json(self) -> JSONObject:
        """As JSON."""
        effect = self.effect.to_json() if self.effect is not None else None
        return {**cast("JSONObject", asdict(self)), "commits": [*self.commits], "effect": effect}


@dataclass(frozen=True, slots=True)
class Report:
    """A night. It looked at what was new between ``since`` and ``until``; ``left`` counts changes that it had no budget
    for. ``registry`` is the fingerprint of the tools at its end, by which the next night sees whether they changed.
    """

    night: str
    since: str
    until: str
    changes: tuple[Done, ...] = ()
    tokens: int = 0
    seconds: float = 0.0
    left: int = 0
    registry: str = ""
    tasks: int = 0
    right_before: int = 0
    right_after: int = 0
    usd: float = 0.0

    @property
    def limited(self) -> bool:
        """Whether its budget was spent before all was tried."""
        return bool(self.left)

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        count = {
            outcome: sum(one.outcome == outcome for one in self.changes) for outcome in ("kept", "waits", "dropped")
        }
        told = f"{count['kept']} changes were kept, {count['waits']} wait for you, {count['dropped']} were dropped"
        measured = f"{self.right_before} of {self.tasks} past tasks were right before, {self.right_after} after"
        more = f" {self.left} changes are left for another night: no budget, or no model, was there for them."
        return f"{told}; {measured}.{more if self.left else ''}"

    def to_json(self) -> JSONObject:
        """As JSON; :func:`report_of` reads it."""
        told = {key: value for key, value in asdict(self).items() if key != "changes"}
        return {**cast("JSONObject", told), "changes": [one.to_json() for one in self.changes]}


def report_of(told: JSONObject) -> Report:
    """The report that :meth:`Report.to_json` wrote."""
    facts: dict[str, Any] = {**told}
    facts["changes"] = tuple(done_of(one) for one in facts["changes"])
    return Report(**facts)


def done_of(told: JSONObject) -> Done:
    """The entry that :meth:`Done.to_json` wrote."""
    facts: dict[str, Any] = {**told}
    facts["commits"] = tuple(facts["commits"])
    facts["effect"] = effect_of(facts["effect"]) if facts["effect"] is not None else None
    return Done(**facts)


def effect_of(told: JSONObject) -> Effect:
    """The effect that :meth:`Effect.to_json` wrote."""
    facts: dict[str, Any] = {**told}
    facts["gained"], facts["lost"] = tuple(facts["gained"]), tuple(facts["lost"])
    return Effect(**facts)
