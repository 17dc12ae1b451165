"""How one user's agent did over time, in numbers: counted from what is recorded, by day. Nothing is estimated."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection, Table, func, select

from agentforge.database.store import Database
from agentforge.database.tables import COSTS, EVENTS, LABELS, TRUTHS
from agentforge.memory.outcomes import DEFECT
from agentforge.types import Usage

ENDED = ("completed", "failed", "limited", "interrupted")
"""How a turn may be over; one that waits for a person is not."""
DAY = "on_day"


@dataclass(slots=True)
class Day:
    """What happened on one day (UTC).

    ``turns`` counts turns that are over by how they ended; ``used`` answers for which a tool ran, ``reused`` those for
    which one ran that was there before the turn; ``made`` tools made in turns; ``words`` what the user said of answers
    (``right``, ``wrong``); ``wrong`` calls of tools that were called wrong or found defect, by tool; ``spent`` tokens
    by endpoint.
    """

    turns: Counter[str] = field(default_factory=lambda: Counter[str]())
    used: int = 0
    reused: int = 0
    made: int = 0
    words: Counter[str] = field(default_factory=lambda: Counter[str]())
    wrong: Counter[str] = field(default_factory=lambda: Counter[str]())
    spent: dict[str, Usage] = field(default_factory=lambda: {})


def days(database: Database, *, org: str, user: str, since: str) -> dict[str, Day]:
    """Each day from ``since`` on (ISO 8601) on which anything happened, by its date (raises StorageError)."""
    found: defaultdict[str, Day] = defaultdict(Day)
    owner = (org, user)
    with database.read() as connection:
        for day, kind, used, made, times in _endings(connection, owner, since):
            _count_turns(found[day], kind, used, made, times)
        for day, word, times in _by_day(connection, TRUTHS, TRUTHS.c.word, owner, since):
            found[day].words[word] += times
        for day, tool in _wrong(connection, owner, since):
            found[day].wrong[tool] += 1
        for day, endpoint, usage in _costs(connection, owner, since):
            found[day].spent[endpoint] = usage
    return dict(found)


def first_day(database: Database, *, org: str, user: str) -> str:
    """The day of the first turn that ended; empty where none did (raises StorageError)."""
    mine = _mine(EVENTS, (org, user))
    with database.read() as connection:
        firsts = [
            connection.execute(select(func.min(EVENTS.c.time)).where(*mine, EVENTS.c.type == kind)).scalar()
            for kind in ENDED
        ]
    return min((one[:10] for one in firsts if one), default="")


def _endings(
    connection: Connection, owner: tuple[str, str], since: str
) -> Iterator[tuple[str, str, Sequence[str], Sequence[str], int]]:
    """By day and kind: the tools that were used and made in a turn, and how many turns there were of these. The
    database counts, so that answers of which there may be thousands are not read.
    """
    used, made = (EVENTS.c.data[key].as_string().label(key) for key in ("tools_used", "tools_made"))
    mine = (*_mine(EVENTS, owner), EVENTS.c.time >= since, EVENTS.c.type.in_(ENDED))
    query = select(_day(EVENTS.c.time), EVENTS.c.type, used, made, func.count()).where(*mine)
    for row in connection.execute(query.group_by(DAY, EVENTS.c.type, "tools_used", "tools_made")):
        yield row[0], row[1], _names(row[2]), _names(row[3]), int(row[4])


def _count_turns(day: Day, kind: str, used: Sequence[str], made: Sequence[str], times: int) -> None:
    day.turns[kind] += times
    day.used += bool(used) * times
    day.reused += bool({*used} - {*made}) * times
    day.made += len({*made}) * times


def _names(told: object) -> Sequence[str]:
    """The names in a list as JSON; none where it is something else."""
    try:
        listed: object = json.loads(told) if isinstance(told, str) else []
    except ValueError:
        return ()
    return [one for one in cast("list[object]", listed) if isinstance(one, str)] if isinstance(listed, list) else ()


def _wrong(connection: Connection, owner: tuple[str, str], since: str) -> Iterator[tuple[str, str]]:
    """Calls of which the last word is that they were wrong, or that were found defect and by nobody called right."""
    mine = (*_mine(LABELS, owner), LABELS.c.created >= since, LABELS.c.kind.in_(("confirmed", "wrong", DEFECT)))
    last: dict[tuple[str, str], Any] = {}
    for row in connection.execute(select(LABELS).where(*mine, LABELS.c.version != "").order_by(LABELS.c.id)):
        last[row.call, row.by] = row
    for (call, by), row in last.items():
        said = last.get((call, "user"))
        if row.kind == "wrong" or (row.kind == DEFECT and said is None and by == "program"):
            yield row.created[:10], row.tool


def _costs(connection: Connection, owner: tuple[str, str], since: str) -> Iterator[tuple[str, str, Usage]]:
    sums = [
        func.sum(one) for one in (COSTS.c.input_tokens, COSTS.c.output_tokens, COSTS.c.cached_tokens, COSTS.c.calls)
    ]
    query = select(_day(COSTS.c.created), COSTS.c.endpoint, *sums).where(*_mine(COSTS, owner), COSTS.c.created >= since)
    for row in connection.execute(query.group_by(DAY, COSTS.c.endpoint)):
        cells: tuple[Any, ...] = tuple(row)
        yield cells[0], cells[1], Usage(*(int(one) for one in cells[2:]))


def _by_day(
    connection: Connection, table: Table, column: Any, owner: tuple[str, str], since: str
) -> Iterator[tuple[str, str, int]]:
    query = select(_day(table.c.created), column, func.count()).where(*_mine(table, owner), table.c.created >= since)
    for row in connection.execute(query.group_by(DAY, column)):
        yield row[0], row[1], int(row[2])


def _day(time: Any) -> Any:
    """The date of a time. What is grouped by its name: PostgreSQL takes two equal expressions with values for two."""
    return func.substr(time, 1, 10).label(DAY)


def _mine(table: Table, owner: tuple[str, str]) -> tuple[Any, ...]:
    return table.c.org == owner[0], table.c.user == owner[1]
