"""Where one tool stands after a merge, from where it stands on both sides and stood before they parted.

What one side changed is taken. Where both did, the more careful decision about the same version holds, and a version
that was made while the other side took the old one out of use (or pinned it) waits, as it would have without the
merge. Only where both have made versions of their own does somebody have to find out which one is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from agentforge.registry.states import Standing
from agentforge.types import State

T = TypeVar("T")
Side: TypeAlias = Literal["ours", "theirs"]
_CAREFUL = (State.LIVE, State.RETIRED, State.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Stands:
    """``standing`` is what stands, with the contents of ``side``; the other side's version waits, where there is a
    reason in ``waits``. ``contested``: both made versions of their own, and nothing is decided.
    """

    standing: Standing | None
    side: Side = "ours"
    waits: str = ""
    contested: bool = False


def stands(base: Standing | None, ours: Standing | None, theirs: Standing | None) -> Stands:
    """Where it stands. A version that stands here is never taken away: tools are retired, not removed."""
    if theirs is None or theirs in (base, ours):
        return Stands(ours)
    if ours is None or ours == base:
        return Stands(theirs, "theirs")
    if ours.version == theirs.version:
        return Stands(_both(base, ours, theirs))
    if base is not None and theirs.version == base.version:
        return Stands(theirs, "theirs", _held(theirs)) if _held(theirs) else Stands(ours)
    if base is not None and ours.version == base.version:
        return Stands(ours, "ours", _held(ours)) if _held(ours) else Stands(theirs, "theirs")
    if _held(ours):
        return Stands(ours, "ours", _held(ours))
    if _held(theirs):
        return Stands(theirs, "theirs", _held(theirs))
    return Stands(ours, contested=True)


def _held(standing: Standing) -> str:
    """Why no version takes the place of this one without a person; empty where one may."""
    if standing.state is not State.LIVE:
        return f"The version that stands is {standing.state}, and this one was made elsewhere at the same time."
    return "The version that stands is pinned, and this one was made elsewhere." if standing.pinned else ""


def _both(base: Standing | None, ours: Standing, theirs: Standing) -> Standing:
    """Two decisions about one version, fact by fact."""
    before = base if base is not None and base.version == ours.version else None
    stricter = max((ours, theirs), key=lambda each: (_CAREFUL.index(each.state), each is ours))
    state = _one(before and before.state, ours.state, theirs.state, stricter.state)
    told = stricter if state == stricter.state else (ours if ours.state == state else theirs)
    return Standing(
        state=state,
        version=ours.version,
        unconfirmed=_one(before and before.unconfirmed, ours.unconfirmed, theirs.unconfirmed, True),
        pinned=_one(before and before.pinned, ours.pinned, theirs.pinned, True),
        reason=told.reason,
        stale=_marks(before.stale if before else (), ours.stale, theirs.stale),
        instead=told.instead,
    )


def _one(before: T | None, ours: T, theirs: T, careful: T) -> T:
    if ours == theirs or theirs == before:
        return ours
    return theirs if ours == before else careful


def _marks(before: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    kept = [each for each in ours if each in theirs or each not in before]
    return tuple(dict.fromkeys([*kept, *(each for each in theirs if each not in before)]))
