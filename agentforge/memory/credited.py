"""Who of an organisation confirmed the answers of tools: asked for all its users at once, and answered with no word
of what they asked or said.
"""

from __future__ import annotations

from sqlalchemy import select

from agentforge.database.store import Database
from agentforge.database.tables import LABELS
from agentforge.memory.outcomes import Outcomes

MOST_CALLS = 200
"""Labelled calls of a version that are looked at, the newest."""


def users_who_confirmed(database: Database, org: str) -> list[str]:
    """The users of an organisation who ever confirmed an answer, by name (raises StorageError)."""
    query = select(LABELS.c.user).where(LABELS.c.org == org, LABELS.c.kind == "confirmed", LABELS.c.by == "user")
    with database.read() as connection:
        return sorted(connection.execute(query.distinct()).scalars())


def has_credit(outcomes: Outcomes, tool: str, version: str) -> bool:
    """Whether a user confirmed answers of this very version, and more of them than were wrong."""
    known = outcomes.labelled(tool, version, MOST_CALLS)
    right = sum(one.word == "confirmed" for one in known)
    return right > sum(one.word == "wrong" or one.defect for one in known)
