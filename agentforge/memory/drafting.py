"""A commit of memory in the making: entries that come, change, wait and go, as files that will be written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from agentforge.errors import RegistryError, UsageError
from agentforge.gitstore.changing import Change
from agentforge.memory import files
from agentforge.memory.entries import Entry, Rejected, Waiting
from agentforge.memory.files import Table, Tables
from agentforge.memory.known import Known
from agentforge.memory.lines import Line, instead

REJECTED_KEPT = 200
"""Hashes of what was turned down that are kept, the newest ones."""


class Draft:
    """Changes to what is known. Links between entries only ever lead from one that stood before to one that comes
    now, so that no chain of them goes in a circle.
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self.entries = dict(known.entries)
        self.superseded: list[str] = []
        self._tables: dict[str, Tables] = {}
        self._texts: dict[str, bytes | None] = {}

    def put(self, entry: Entry) -> None:
        """Writes an entry, a new one or one that changes (raises RegistryError: its file is malformed)."""
        self._set(self._place(entry), entry.id, files.table_of(entry))
        self.entries[entry.id] = entry

    def enter(self, entry: Entry, supersedes: Sequence[str], today: date) -> None:
        """Writes an entry that is used from now on; what stands on its topic, and ``supersedes``, is superseded. Where
        the persona says what was superseded, a change of it waits for the user.

        Raises:
            UsageError: as :meth:`check`.
        """
        self.check(entry.lesson, supersedes)
        said = [self.entries[key].text for key in dict.fromkeys([*supersedes, *self.on_topic(entry)])]
        self.reword(said, entry)
        for key in dict.fromkeys([*supersedes, *self.on_topic(entry)]):
            old = self.entries[key]
            self.put(old.model_copy(update={"superseded_by": entry.id, "superseded": today}))
            self.superseded.append(key)
        self.put(entry)

    def check(self, lesson: bool, supersedes: Sequence[str]) -> None:
        """Raises UsageError where one of ``supersedes`` is not there, of another kind, or superseded already."""
        for key in supersedes:
            old = self.entries.get(key)
            if old is None or old.lesson is not lesson:
                raise UsageError(f"There is no {'lesson' if lesson else 'fact'} {key[:40]!r} to supersede.")
            if old.superseded_by:
                raise UsageError(f"{key} is superseded by {old.superseded_by} already.")

    def drop(self, key: str) -> None:
        """Takes an entry away, whether it is used or waits. What it superseded stays so, unless it was revoked."""
        if key in self.known.pending:
            self._set(files.PENDING, key, None)
            return
        gone = self.entries.pop(key)
        keeps = gone.superseded_by if gone.withdrawn(self.known.revoked) else key
        for entry in [*self.entries.values()]:
            if entry.superseded_by == key:
                since = entry.superseded if keeps else None
                self.put(entry.model_copy(update={"superseded_by": keeps, "superseded": since}))
        self._set(self.known.where[key], key, None)

    def wait(self, waiting: Waiting) -> None:
        """Lets an entry wait for the user."""
        self._set(files.PENDING, waiting.entry.id, files.waiting_table(waiting))

    def turn_down(self, key: str, rejected: Rejected) -> None:
        """Takes an entry out of the queue for good."""
        self._set(files.PENDING, key, None)
        self.refuse(key, rejected)

    def refuse(self, key: str, rejected: Rejected) -> None:
        """Notes that something was turned down."""
        old = sorted(self.known.rejected, key=lambda each: (self.known.rejected[each].date, each))
        for each in old[: max(0, len(old) + 1 - REJECTED_KEPT)]:
            self._set(files.REJECTED, each, None)
        self._set(files.REJECTED, key, files.rejected_table(rejected))

    def restore(self, path: str, key: str, table: Table | None) -> None:
        """Puts a table back as it was; None where it was not there."""
        self._set(path, key, table)
        if path in (files.PENDING, files.REJECTED):
            return
        self.entries.pop(key, None)
        if table is not None:
            self.entries[key] = files.entry_of(key, table, lesson=bool(files.lesson_id(path)))

    def reword(self, said: Sequence[str], entry: Entry) -> None:
        """Lets a persona wait whose lines that say one of these sentences say what an entry does, where it is a
        preference that the user may be held to; else they are gone.
        """
        new = Line(entry.text, entry.episodes) if entry.kind == "preference" and not entry.untrusted else None
        for path, text in instead(self.known.texts, said, new).items():
            self.write(path, text)

    def write(self, path: str, text: str | None) -> None:
        """Writes the persona, or its proposal; None takes it away."""
        self._texts[path] = None if text is None else text.encode()

    def change(self, subject: str, keys: Sequence[str] = ()) -> Change | None:
        """The commit, which names ``keys`` and what was superseded; None where nothing changes."""
        made = {path: files.write_tables(path, tables) for path, tables in self._tables.items()}
        before = {path: files.write_tables(path, tables) for path, tables in self.known.tables.items() if path in made}
        made |= self._texts
        before |= {path: text.encode() for path, text in self.known.texts.items()}
        changed = {path: contents for path, contents in made.items() if contents != before.get(path)}
        if not changed:
            return None
        return Change(subject, changed, {"Memory": list(dict.fromkeys([*keys, *self.superseded]))})

    def on_topic(self, entry: Entry) -> list[str]:
        """What else stands on the topic of an entry, what is revoked included: it must not come back beside it."""
        if not entry.topic:
            return []
        same = (old for old in self.entries.values() if old.topic == entry.topic and old.lesson is entry.lesson)
        return sorted(old.id for old in same if not old.superseded_by and old.id != entry.id)

    def _place(self, entry: Entry) -> str:
        if entry.id in self.known.where:
            return self.known.where[entry.id]
        if entry.lesson:
            return files.lesson_path(entry.id)
        pages = {files.page_number(path): path for path in {*self.known.tables, *self._tables, *self.known.malformed}}
        last = max(pages, default=0)
        if last and pages[last] not in self.known.malformed and len(self._now(pages[last])) < files.PAGE:
            return pages[last]
        return files.page_path(last + 1)

    def _now(self, path: str) -> Tables:
        return self._tables.get(path, self.known.tables.get(path, {}))

    def _set(self, path: str, key: str, table: Table | None) -> None:
        if path in self.known.malformed:
            raise RegistryError(
                f"{path} in the registry is malformed, so nothing is written to it.",
                fix="Correct it in a clone and push, or revert the commit that broke it.",
            )
        tables = {each: facts for each, facts in self._now(path).items() if each != key}
        self._tables[path] = tables if table is None else {**tables, key: table}
