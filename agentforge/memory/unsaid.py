"""Sentences that are taken out of what can be searched and recalled, in all sessions of one user, and put back.

The messages stay as they were said: only erasing the session takes these away. What was said in other words than these
is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection, delete, insert, select

from agentforge.database.store import Database
from agentforge.database.tables import MESSAGES, SAID
from agentforge.memory.belonging import mine
from agentforge.memory.said import said_in_message
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


def resay(database: Database, texts: Collection[str], *, org: str, user: str) -> tuple[str, ...]:
    """Puts every sentence back that says what one of ``texts`` does, from the messages, which kept it; the sessions in
    which one stood. What else was taken out of them stays out.

    Raises:
        StorageError: the database is locked or damaged; nothing was changed.
    """
    touched: dict[str, None] = {}
    wanted = select(MESSAGES).where(mine(MESSAGES, org, user)).order_by(MESSAGES.c.id)
    with database.write() as connection:
        for row in connection.execute(wanted).mappings().all():
            for one in said_in_message(row["content"]):
                if any(_says(sentence, texts) for sentence in sentences(one.text)):
                    values = {key: row[key] for key in ("org", "user", "session", "turn", "created")}
                    if _put_back(connection, {**values, "kind": one.kind}, one.text, texts):
                        touched[row["session"]] = None
    return tuple(touched)


def _put_back(connection: Connection, values: dict[str, str | int], whole: str, texts: Collection[str]) -> bool:
    """Whether anything of a message was missing from its row, and has been put back."""
    same = (SAID.c[key] == values[key] for key in ("org", "user", "session", "turn", "kind"))
    parts = {*sentences(whole)}
    rows = connection.execute(select(SAID).where(*same).order_by(SAID.c.id)).mappings().all()
    row = next((each for each in rows if parts.issuperset(sentences(each["text"]))), None)
    left = {*sentences(row["text"])} if row is not None else set[str]()
    again = _dropped(whole, lambda one: one not in left and not _says(one, texts))
    if row is not None and row["text"] == again:
        return False
    if row is not None:
        connection.execute(delete(SAID).where(SAID.c.id == row["id"]))
    connection.execute(insert(SAID).values({**values, "text": again}))
    return True


def _says(sentence: str, texts: Collection[str]) -> bool:
    return any(repeats(sentence, known) or repeats(known, sentence) for known in texts)


def _without(text: str, texts: Collection[str]) -> str:
    return _dropped(text, lambda one: _says(one, texts))


def _dropped(text: str, goes: Callable[[str], bool]) -> str:
    for one in sentences(text):
        if goes(one):
            text = text.replace(one, "")
    return text.strip()
