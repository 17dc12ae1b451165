"""The files of memory in a registry, as tables of plain values: readable, sorted, easy to merge.

``memory/facts.toml`` holds facts and preferences, a table for each under its id; once it holds :data:`PAGE` of them,
``memory/facts-2.toml`` is begun, and so on: a commit writes one page, however much is known. ``lessons/ID.toml`` is a
lesson. ``memory/pending.toml`` is what waits for the user, ``memory/rejected.toml`` what they turned down (hashes, no
words). ``memory/persona.md`` and ``memory/persona.proposed.md`` are told in :mod:`agentforge.memory.persona`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, TypeAlias

import tomli_w
from pydantic import ValidationError

from agentforge.memory.entries import Entry, Rejected, Waiting

FORMAT = 1
PAGE = 100
"""Facts in a page: so many are written anew where one of them changes, some 25 kilobytes."""

MEMORY = "memory"
LESSONS = "lessons"
PENDING = "memory/pending.toml"
REJECTED = "memory/rejected.toml"
PERSONA = "memory/persona.md"
PROPOSED = "memory/persona.proposed.md"
TEXTS = (PERSONA, PROPOSED)
"""The files that hold no tables."""

_PAGE = re.compile(r"memory/facts(?:-([2-9]|[1-9][0-9]+))?\.toml")
_LESSON = re.compile(r"lessons/(l[0-9a-z]{7})\.toml")

Table: TypeAlias = "dict[str, Any]"
Tables: TypeAlias = Mapping[str, Table]
"""What a file holds, by id."""


def page_path(number: int) -> str:
    """The path of a page; the first one is 1."""
    return "memory/facts.toml" if number == 1 else f"memory/facts-{number}.toml"


def page_number(path: str) -> int:
    """The number of the page at a path; 0 where it is none."""
    found = _PAGE.fullmatch(path)
    return int(found[1] or 1) if found else 0


def lesson_path(entry: str) -> str:
    """Where a lesson stands."""
    return f"lessons/{entry}.toml"


def lesson_id(path: str) -> str:
    """The id of the lesson at a path; empty where it is none."""
    found = _LESSON.fullmatch(path)
    return found[1] if found else ""


def is_ours(path: str) -> bool:
    """Whether a path is one of these files."""
    return bool(page_number(path) or lesson_id(path)) or path in (PENDING, REJECTED, *TEXTS)


def read_tables(path: str, contents: bytes) -> Tables:
    """The tables of a file.

    Raises:
        ValueError: it is no TOML, of another format, or holds something else than tables.
    """
    table = tomllib.loads(contents.decode())
    if table.pop("format", None) != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    if lesson := lesson_id(path):
        return {lesson: table}
    if strange := [key for key, value in table.items() if not isinstance(value, dict)]:
        raise ValueError(f"{strange[0]!r} is no table")
    return table


def write_tables(path: str, tables: Tables) -> bytes | None:
    """The contents of a file with these tables, in the order of their ids; None where there are none."""
    if not tables:
        return None
    lesson = lesson_id(path)
    body: Tables = tables[lesson] if lesson else {key: tables[key] for key in sorted(tables)}
    return tomli_w.dumps({"format": FORMAT, **body}).encode()


def entry_of(key: str, table: Table, *, lesson: bool) -> Entry:
    """An entry from its table (raises ValueError, one sentence)."""
    try:
        entry = Entry.model_validate({"id": key, **({"kind": "lesson"} if lesson else {}), **table})
    except ValidationError as error:
        raise ValueError(_first(error)) from None
    if entry.lesson is not lesson:
        raise ValueError(f"{entry.kind} does not belong there")
    return entry


def table_of(entry: Entry) -> Table:
    """The table of an entry, without what is at its default."""
    without = {"id", "kind"} if entry.lesson else {"id"}
    return _plain(entry.model_dump(exclude_defaults=True, exclude_none=True, exclude=without))


def waiting_of(key: str, table: Table) -> Waiting:
    """What waits, from its table (raises ValueError, one sentence)."""
    facts = dict(table)
    more = {name: facts.pop(name) for name in ("supersedes", "why") if name in facts}
    try:
        return Waiting.model_validate({"entry": {"id": key, **facts}, **more})
    except ValidationError as error:
        raise ValueError(_first(error)) from None


def waiting_table(waiting: Waiting) -> Table:
    """The table of what waits."""
    told = _plain(waiting.model_dump(exclude_defaults=True, exclude={"entry"}))
    return {"kind": waiting.entry.kind, **table_of(waiting.entry), **told}


def rejected_of(table: Table) -> Rejected:
    """What was turned down, from its table (raises ValueError, one sentence)."""
    try:
        return Rejected.model_validate(table)
    except ValidationError as error:
        raise ValueError(_first(error)) from None


def rejected_table(rejected: Rejected) -> Table:
    """The table of what was turned down."""
    return rejected.model_dump(exclude_defaults=True)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _plain(dumped: Table) -> Table:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in dumped.items()}  # pyright: ignore[reportUnknownArgumentType] -- a dump holds anything
