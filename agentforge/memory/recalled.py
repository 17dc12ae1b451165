"""In which turns something that is remembered was put before a model: read from the events, which hold ids alone."""

from __future__ import annotations

from dataclasses import dataclass

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
            items = row.data.get("items", []) if isinstance(row.data, dict) else []
            scores = [one["score"] for one in items if one.get("id") == key]
            if scores:
                found.setdefault((row.session, row.turn), Recalled(row.session, row.turn, row.time, max(scores)))
    return [*found.values()][:limit]
