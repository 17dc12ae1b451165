"""In which turns something that is remembered was put before a model: read from the events, which hold ids alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import select

from agentforge.database.store import Database
from agentforge.database.tables import EVENTS

NEWEST = 300
"""So many of the newest prompts are looked at, so that a question costs the same however many there were."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """One turn (time in UTC, ISO 8601); a higher ``score`` is a better match with what was asked there."""

    session: str
    turn: int
    time: str
    score: float


def recalled(database: Database, key: str, *, org: str, user: str, limit: int = 10) -> list[Recalled]:
    """The newest turns in which an entry was recalled, newest first, each once (raises StorageError)."""
    mine = (EVENTS.c.org == org, EVENTS.c.user == user, EVENTS.c.type == "context")
    columns = (EVENTS.c.session, EVENTS.c.turn, EVENTS.c.time, EVENTS.c.data)
    found: dict[tuple[str, int], Recalled] = {}
    with database.read() as connection:
        for row in connection.execute(select(*columns).where(*mine).order_by(EVENTS.c.time.desc()).limit(NEWEST)):
            if scores := _scores(row.data, key):
                found.setdefault((row.session, row.turn), Recalled(row.session, row.turn, row.time, max(scores)))
    return [*found.values()][:limit]


def _scores(data: object, key: str) -> list[float]:
    """How well an entry fitted, as often as it stands in the data of an event."""
    items = cast("dict[str, object]", data).get("items") if isinstance(data, dict) else None
    known = [cast("dict[str, object]", one) for one in cast("list[object]", items or []) if isinstance(one, dict)]
    scores = [one.get("score") for one in known if one.get("id") == key]
    return [float(one) for one in scores if isinstance(one, int | float)]
