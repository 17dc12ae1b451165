"""The file of the search: what it holds of the tools, and how it follows them.

It is a cache of git and nothing else. It says at which commit of each layer it was made; brought up, it asks git what
differs since then, and reads those tools alone. Where git cannot tell (that commit is gone, or another layer or version
of this program has come), all tools are read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol, cast

from agentforge.registry.asking import parted
from agentforge.registry.contract import docstring_of
from agentforge.registry.tool import Tool
from agentforge.types import JSON

FORMAT = 3

DAMAGED = (sqlite3.Error, ValueError, TypeError, LookupError)
"""What comes of reading a file that is no database, or one with other bytes in it than were written."""

BUSY_SECONDS = 10.0
"""How long another process that brings the file up is waited for."""

_CREATE = """
CREATE TABLE about (fingerprint TEXT NOT NULL, places TEXT NOT NULL);
INSERT INTO about VALUES ('', '{}');
CREATE TABLE known (title TEXT PRIMARY KEY, contents TEXT NOT NULL, row INTEGER NOT NULL, summary TEXT NOT NULL,
    signature TEXT NOT NULL, meaning TEXT NOT NULL);
CREATE INDEX known_row ON known (row);
CREATE TABLE meanings (contents TEXT PRIMARY KEY, vector BLOB NOT NULL);
CREATE VIRTUAL TABLE tools USING fts5(
    name, summary, requests, docstring, signature, tokenize = "porter unicode61"
);
"""


class Toolset(Protocol):
    """What is searched: the live tools, a word that changes whenever these may have, and what differs since."""

    def fingerprint(self) -> str:
        """Another one whenever the tools may be others."""
        ...

    def places(self) -> Mapping[str, str]:
        """Where each part of them stands, for :meth:`moved_since`."""
        ...

    def moved_since(self, places: Mapping[str, str]) -> Mapping[str, Tool | None] | None:
        """The names under which another tool may be live than at these places, with the one that is, if any; None
        where that cannot be told.
        """
        ...

    def live(self) -> Iterable[Tool]:
        """All of the tools."""
        ...


def bring_up(cache: sqlite3.Connection, fingerprint: str, tools: Toolset) -> None:
    """Makes a cache, or an empty database, the one of ``tools`` (raises sqlite3.Error: it cannot be)."""
    cache.execute("PRAGMA synchronous = OFF")  # what a power failure damages is built again
    if cache.execute("SELECT count(*) FROM sqlite_master WHERE name = 'about'").fetchone() == (0,):
        cache.executescript(_CREATE)
    with cache:
        cache.execute("BEGIN IMMEDIATE")
        known, made_at = cache.execute("SELECT fingerprint, places FROM about").fetchone()
        if known == fingerprint:
            return  # another process was faster
        places = tools.places()  # first: what comes meanwhile is looked at once more
        moved = tools.moved_since(_places(made_at))
        if moved is None:
            titles = (title for (title,) in cache.execute("SELECT title FROM known").fetchall())
            moved = {**dict.fromkeys(titles), **{tool.name: tool for tool in tools.live()}}
        for name, tool in moved.items():
            _follow(cache, name, tool)
        cache.execute("UPDATE about SET fingerprint = ?, places = ?", (fingerprint, json.dumps(places)))


def forget(path: Path, names: Iterable[str], layer: str, commit: str) -> None:
    """Takes tools that a layer no longer has live, since ``commit``, out of a file with all their words. The next
    search looks at these names again; a file that cannot be written so is removed.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as cache, cache:
            cache.execute("PRAGMA secure_delete = ON")
            cache.execute("BEGIN IMMEDIATE")
            places = _places(cache.execute("SELECT places FROM about").fetchone()[0])
            if places.get(layer) == commit:  # brought up already: whatever it has by now under a name is wanted
                places = {}
            for name in names:
                _follow(cache, name, None)
            cache.execute("INSERT INTO tools (tools) VALUES ('optimize')")  # until then words are only marked as gone
            cache.execute("UPDATE about SET fingerprint = '', places = ?", (json.dumps(places),))
    except DAMAGED:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _places(written: str) -> dict[str, str]:
    told = cast("JSON", json.loads(written))
    return {layer: str(place) for layer, place in told.items()} if isinstance(told, dict) else {}


def _follow(cache: sqlite3.Connection, name: str, tool: Tool | None) -> None:
    """Lets what is known under a name be that tool; what is known as it is stays untouched."""
    before, row = cache.execute("SELECT contents, row FROM known WHERE title = ?", (name,)).fetchone() or ("", 0)
    contents = _contents_of(tool) if tool is not None else ""
    if before == contents:
        return
    if row:
        cache.execute("DELETE FROM tools WHERE rowid = ?", (row,))
        cache.execute("DELETE FROM known WHERE title = ?", (name,))
    if tool is not None:
        _learn(cache, tool, contents)


def _contents_of(tool: Tool) -> str:
    manifest = tool.manifest
    read = (manifest.summary, manifest.signature, *manifest.requests, tool.source)
    return hashlib.sha256("\0".join(read).encode(errors="replace")).hexdigest()


def _learn(cache: sqlite3.Connection, tool: Tool, contents: str) -> None:
    manifest = tool.manifest
    texts = (tool.name, manifest.summary, "\n".join(manifest.requests), docstring_of(tool.source, tool.name))
    told = [parted(text) for text in (*texts, manifest.signature)]
    row = cache.execute(
        "INSERT INTO tools (name, summary, requests, docstring, signature) VALUES (?, ?, ?, ?, ?)", told
    ).lastrowid
    meaning = ". ".join([f"{parted(tool.name).strip()}: {manifest.summary}", *manifest.requests])
    cache.execute(
        "INSERT INTO known VALUES (?, ?, ?, ?, ?, ?)",
        (tool.name, contents, row, manifest.summary, manifest.signature, meaning),
    )
