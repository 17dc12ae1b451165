"""Sentences that are taken out of what can be searched and recalled, in all sessions of one user.

The messages stay as they were said: only erasing the session takes these away. What was said in other words than these
is not found.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, insert, select

from agentforge.database.store import Database
from agentforge.database.tables import SAID
from agentforge.memory.belonging import mine
from agentforge.memory.words import repeats, sentences


def unsay(database: Database, texts: Collection[str], *, org: str, user: str) -> tuple[str, ...]:
    """Takes every sentence out that says what one of ``texts`` does; the sessions in which one stood.

    Raises:
        StorageError: the database is locked or damaged; nothing was changed.
    """
    wanted = (mine(SAID, org, user), SAID.c.kind.in_(("user", "assistant")))
    touched: dict[str, None] = {}
    with database.write() as connection:
        for row in connection.execute(select(SAID).where(*wanted).order_by(SAID.c.id)).mappings().all():
            left = _without(row["text"], texts)
            if left == row["text"]:
                continue
            touched[row["session"]] = None
            connection.execute(delete(SAID).where(SAID.c.id == row["id"]))  # the index follows what comes and goes
            if left:
                values = {key: value for key, value in row.items() if key != "id"}
                connection.execute(insert(SAID).values({**values, "text": left}))
    return tuple(touched)


def _without(text: str, texts: Collection[str]) -> str:
    for one in sentences(text):
        if any(repeats(one, known) or repeats(known, one) for known in texts):
            text = text.replace(one, "")
    return text.strip()
