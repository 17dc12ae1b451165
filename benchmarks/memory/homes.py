"""Homes of a user who knows much: so many tools, facts, documents and past turns, all in their real formats.

Each fact, document and turn speaks of the same warehouses, so that every one of them fits the request that is asked:
with ten of each every part of a prompt is full already, and whatever grows with their number shows. Of the tools ten
fit, among however many others: words that stand in nearly all tools find none of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime

from sqlalchemy import insert

from agentforge.database.store import Database
from agentforge.database.tables import SAID
from agentforge.gitstore.store import GitStore
from agentforge.memory import files
from agentforge.memory.documents.record import RECORD, TEXT, Record, folder_of, id_of, write_record
from agentforge.memory.entries import Entry, Kind
from agentforge.memory.episodes import Episodes
from agentforge.registry.manifest import Manifest
from agentforge.registry.states import Standing, read_states
from agentforge.registry.tool import Tool, to_files
from agentforge.settings import Settings
from agentforge.types import State

REQUEST = "When does the warehouse in the harbour close, and who has the keys of its gate?"
_DAY = date(2026, 1, 5)
_MOMENT = "2026-01-05T10:00:00.000000+00:00"
_TURNS_A_SESSION = 100
FITTING = 10
"""Tools that fit the request."""
_FIRST = 100_000
"""All numbers have as many digits, so that texts are as long whatever their number."""
_PREFERENCES = {
    "p0000001": "Opening times are wanted on the clock of twenty-four hours.",
    "p0000002": "People are called by their first names.",
    "p0000003": "Answers are one sentence long.",
}


def fill(settings: Settings, many: int) -> None:
    """A home with ``many`` of each; the registry is one commit."""
    contents = {"state.toml": b"", **_facts(many), **dict(_documents(many)), **tools(many)}
    GitStore.create(settings.registries / settings.org / f"{settings.user}.git", contents).close()
    _turns(settings, many)


def _numbers(many: int) -> range:
    return range(_FIRST, _FIRST + many)


def _facts(many: int) -> dict[str, bytes]:
    """Facts, and three preferences whatever their number: of these all stand in every prompt."""
    texts = {
        f"f{number:07d}": f"The warehouse in the harbour, gate {number}, closes at {number % 12 + 1}; Ada has the keys."
        for number in _numbers(many)
    }
    kinds: dict[str, Kind] = {"f": "fact", "p": "preference"}
    tables = {
        key: files.table_of(Entry(id=key, kind=kinds[key[0]], text=text, episodes=("e1",), created=_DAY))
        for key, text in {**texts, **_PREFERENCES}.items()
    }
    keys = sorted(tables)
    pages = range(0, len(keys), files.PAGE)
    return {
        files.page_path(start // files.PAGE + 1): files.write_tables(
            files.page_path(1), {key: tables[key] for key in keys[start : start + files.PAGE]}
        )
        or b""
        for start in pages
    }


def _documents(many: int) -> Iterator[tuple[str, bytes]]:
    """Documents that the user vouches for, a page each."""
    for number in _numbers(many):
        origin = f"/warehouses/{number}.md"
        text = f"# Warehouse {number}\n\n" + "\n\n".join(
            f"## Gate {gate}\n\nThe warehouse in the harbour closes at {number % 12 + 1} in winter and an hour later in"
            f" summer. Whoever has the keys of gate {gate} signs the book at the porter's lodge before the dogs are let"
            " out, and hands them back on the next morning."
            for gate in range(3)
        )
        day = datetime(2026, 1, 5, tzinfo=UTC)
        record = Record(
            title=f"Warehouse {number}",
            origin=origin,
            kind="markdown",
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            added=day,
            changed=day,
            untrusted=False,
        )
        folder = folder_of(id_of(origin))
        yield f"{folder}/{RECORD}", write_record(record)
        yield f"{folder}/{TEXT}", text.encode()


def tools(many: int) -> dict[str, bytes]:
    """The files of a registry with so many live tools, by path; the first :data:`FITTING` are for the request."""
    contents: dict[str, bytes] = {}
    standing: dict[str, Standing] = {}
    for number in _numbers(many):
        name = f"close_gate_{number}"
        place = "warehouse in the harbour" if number < _FIRST + FITTING else "windmill by the river"
        source = (
            f"def {name}(hour: int) -> bool:\n"
            f'    """Tell whether gate {number} of the {place} is closed at an hour.\n\n'
            "    Args:\n        hour: of the day, 0 to 23.\n\n"
            "    Returns:\n        True where it is closed.\n"
            f'    """\n    return hour >= {number % 12 + 1}\n'
        )
        manifest = Manifest(
            name=name,
            summary=f"Tell whether gate {number} of the {place} is closed at an hour.",
            signature="(hour: int) -> bool",
            requests=(f"Is gate {number} of the {place} closed at 7?",),
        )
        tests = f"from tool import {name}\n\n\ndef test_it():\n    assert {name}(23) is True\n"
        tool = Tool(manifest, source, tests)
        contents |= {f"tools/{name}/{file}": data for file, data in to_files(tool).items()}
        standing[name] = Standing(state=State.LIVE, version=tool.version)
    return {**contents, **read_states("format = 1\n").files(tools=standing)}


def _turns(settings: Settings, many: int) -> None:
    """Turns of earlier sessions, a hundred in each; only what is searched is written."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with Database.open(settings.database) as database:
        episodes = Episodes(database, org=settings.org, user=settings.user)
        for start in range(0, many, _TURNS_A_SESSION):
            session = episodes.start(f"Warehouses from {start}")
            own = {"org": settings.org, "user": settings.user, "session": session, "kind": "user"}
            rows = [
                {**own, "turn": number - start + 1, "created": _MOMENT, "text": _turn(_FIRST + number)}
                for number in range(start, min(start + _TURNS_A_SESSION, many))
            ]
            with database.write() as connection:
                connection.execute(insert(SAID), rows)


def _turn(number: int) -> str:
    closes = f"In the harbour the warehouse behind gate {number} now closes at {number % 12 + 1}."
    return f"{closes} The keys are with Ben since he moved to house {number}."
