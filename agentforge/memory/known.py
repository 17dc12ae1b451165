"""What is remembered in one registry at one commit: read once, never changed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from agentforge.errors import UsageError
from agentforge.gitstore.store import GitStore
from agentforge.memory import files
from agentforge.memory.entries import Entry, Rejected, Standing, Waiting
from agentforge.memory.files import Table, Tables

T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """All of it at the commit ``head``.

    ``tables`` are the files by path; what is malformed in them is told in ``problems`` and not used, ``malformed`` are
    the files of which nothing could be read. ``texts`` are the persona and its proposal by path, ``where`` the file of
    each entry. ``revoked`` are the origins that are revoked, as ``episode:ID`` and ``source:ID``.
    """

    head: str
    tables: Mapping[str, Tables] = field(default_factory=lambda: {})
    texts: Mapping[str, str] = field(default_factory=lambda: {})
    revoked: frozenset[str] = frozenset()
    entries: Mapping[str, Entry] = field(default_factory=lambda: {})
    pending: Mapping[str, Waiting] = field(default_factory=lambda: {})
    rejected: Mapping[str, Rejected] = field(default_factory=lambda: {})
    where: Mapping[str, str] = field(default_factory=lambda: {})
    problems: tuple[str, ...] = ()
    malformed: frozenset[str] = frozenset()

    @cached_property
    def current(self) -> tuple[Entry, ...]:
        """What is used, by id."""
        return tuple(self.entries[key] for key in sorted(self.entries) if self.standing(key) == "current")

    @cached_property
    def waiting(self) -> tuple[Waiting, ...]:
        """What waits for the user, by id; what came from something that is revoked does not."""
        return tuple(self.pending[key] for key in sorted(self.pending) if self.standing(key) == "pending")

    def get(self, key: str) -> Entry:
        """An entry, also one that waits (raises UsageError where there is none)."""
        if key in self.entries:
            return self.entries[key]
        if key in self.pending:
            return self.pending[key].entry
        raise unknown(key)

    def standing(self, key: str) -> Standing:
        """Where an entry stands (raises UsageError where there is none).

        One that superseded it counts only while it is not revoked itself; one that was forgotten counts for ever.
        """
        entry = self.get(key)
        if entry.withdrawn(self.revoked):
            return "revoked"
        if key in self.pending:
            return "pending"
        later = self._later(entry)
        return "current" if all(one is not None and one.withdrawn(self.revoked) for one in later) else "superseded"

    def seen(self, key: str) -> str:
        """By what a decision names an entry as it was looked at (raises UsageError where there is none)."""
        waits = self.pending[key].model_dump_json() if key in self.pending else ""
        told = f"{self.standing(key)} {self.get(key).model_dump_json()} {waits}"
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def insist(self, key: str, saw: str) -> None:
        """Raises UsageError where an entry is not, or no longer, as it was ``saw``; empty: it was not looked at."""
        if saw and (key not in self.taken() or saw != self.seen(key)):
            raise UsageError(f"{key[:40]} has changed since you looked at it.", fix="Look at it again.")

    def successors(self, key: str) -> list[Entry]:
        """What superseded an entry, one after the other, as far as it is still there."""
        return [one for one in self._later(self.get(key)) if one is not None]

    def predecessors(self, key: str) -> list[Entry]:
        """What an entry superseded, directly or through others, by id."""
        found: dict[str, Entry] = {}
        wanted = [key]
        while wanted:
            made = [self.entries[each] for each in self._superseded_by.get(wanted.pop(), ()) if each not in found]
            found |= {one.id: one for one in made}
            wanted += [one.id for one in made]
        return [found[each] for each in sorted(found)]

    def taken(self) -> set[str]:
        """Every id that is in use or was turned down."""
        return {*self.entries, *self.pending, *self.rejected}

    @cached_property
    def _superseded_by(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for entry in self.entries.values():
            if entry.superseded_by:
                found.setdefault(entry.superseded_by, []).append(entry.id)
        return found

    def _later(self, entry: Entry) -> Iterator[Entry | None]:
        """The chain after an entry; None at its end where that one was forgotten. It stops where it goes in circles,
        which only a hand can have written.
        """
        seen = {entry.id}
        while (key := entry.superseded_by) and key not in seen:
            seen.add(key)
            found = self.entries.get(key)
            yield found
            if found is None:
                return
            entry = found


class Reader:
    """Reads what is remembered in a repository; what has not changed since is not read or parsed again.

    May be used from any thread.
    """

    def __init__(self, store: GitStore, revoked: Callable[[], frozenset[str]]) -> None:
        self._store = store
        self._revoked = revoked
        self._seen: Known | None = None
        self._folders: Mapping[str, str] = {}
        self._files: Mapping[str, _File] = {}
        self._lock = threading.Lock()

    def newest(self) -> Known:
        """What is remembered now.

        Raises:
            RegistryError: the registry is damaged, or what is revoked in it cannot be told.
        """
        with self._lock:
            return self._newest()

    def _newest(self) -> Known:
        head = self._store.head() or ""
        if self._seen is not None and self._seen.head == head:
            return self._seen
        folders = self._folders_at(head)
        revoked = self._revoked()
        if self._seen is not None and folders == self._folders:
            self._seen = replace(self._seen, head=head, revoked=revoked)
        else:
            self._files = self._read(head, folders)
            self._seen = _known(head, self._files, revoked)
        self._folders = folders
        return self._seen

    def at(self, rev: str) -> Known:
        """What was remembered at a commit; nothing counts as revoked there."""
        return _known(rev, self._read(rev, self._folders_at(rev)), frozenset())

    def _folders_at(self, rev: str) -> dict[str, str]:
        roots = self._store.roots(rev)
        return {folder: roots[folder] for folder in (files.MEMORY, files.LESSONS) if folder in roots}

    def _read(self, rev: str, folders: Iterable[str]) -> dict[str, _File]:
        found = {path: blob for folder in folders for path, blob in self._store.entries(folder, rev).items()}
        ours = {path: blob for path, blob in found.items() if files.is_ours(path)}
        old = {path: self._files[path] for path, blob in ours.items() if self._same(path, blob)}
        contents = self._store.read_many([path for path in ours if path not in old], rev)
        new = {path: _file_of(path, ours[path], data) for path, data in contents.items()}
        return {path: old.get(path) or new[path] for path in ours if path in old or path in new}

    def _same(self, path: str, blob: str) -> bool:
        return path in self._files and self._files[path].blob == blob


@dataclass(frozen=True, slots=True)
class _File:
    """One file as it was read, ``blob`` is the id of its contents; ``tables`` is None where it is malformed as a whole,
    or holds a ``text``.
    """

    blob: str
    text: str = ""
    tables: Tables | None = None
    entries: Mapping[str, Entry] = field(default_factory=lambda: {})
    pending: Mapping[str, Waiting] = field(default_factory=lambda: {})
    rejected: Mapping[str, Rejected] = field(default_factory=lambda: {})
    problems: tuple[str, ...] = ()


def _file_of(path: str, blob: str, contents: bytes) -> _File:
    if path in files.TEXTS:
        return _File(blob, contents.decode("utf-8", "replace"))
    try:
        tables = files.read_tables(path, contents)
    except (ValueError, RecursionError) as error:
        return _File(blob, problems=(f"{path} is malformed: {error}",))
    problems: list[str] = []
    entries: Mapping[str, Entry] = {}
    pending: Mapping[str, Waiting] = {}
    rejected: Mapping[str, Rejected] = {}
    if path == files.PENDING:
        pending = _sound(path, tables, files.waiting_of, problems)
    elif path == files.REJECTED:
        rejected = _sound(path, tables, lambda _, table: files.rejected_of(table), problems)
    else:
        lesson = bool(files.lesson_id(path))
        entries = _sound(path, tables, lambda key, table: files.entry_of(key, table, lesson=lesson), problems)
    return _File(blob, "", tables, entries, pending, rejected, tuple(problems))


def _sound(path: str, tables: Tables, read: Callable[[str, Table], T], problems: list[str]) -> dict[str, T]:
    found: dict[str, T] = {}
    for key, table in tables.items():
        try:
            found[key] = read(key, table)
        except ValueError as error:
            problems.append(f"{path}: {key}: {error}")
    return found


def _known(head: str, read: Mapping[str, _File], revoked: frozenset[str]) -> Known:
    return Known(
        head,
        tables={path: file.tables for path, file in read.items() if file.tables is not None},
        texts={path: read[path].text for path in files.TEXTS if path in read},
        revoked=revoked,
        entries={key: entry for file in read.values() for key, entry in file.entries.items()},
        pending={key: one for file in read.values() for key, one in file.pending.items()},
        rejected={key: one for file in read.values() for key, one in file.rejected.items()},
        where={key: path for path, file in read.items() for key in file.entries},
        problems=tuple(problem for file in read.values() for problem in file.problems),
        malformed=frozenset(path for path, file in read.items() if file.tables is None and path not in files.TEXTS),
    )


def unknown(key: str) -> UsageError:
    """The exception for an id that nothing has."""
    return UsageError(f"Nothing is remembered under {key[:40]!r}.", fix="`agentforge memory list --all` shows all ids.")
