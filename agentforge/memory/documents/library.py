"""The documents of one user, in the registry: ``memory/documents/<id>/document.toml`` and ``text.md``.

Everything that is changed is one commit. Documents know nothing of tools: they stand beside them in one repository,
and a commit of either expects the other as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from agentforge import clock
from agentforge.errors import RegistryError, UsageError
from agentforge.gitstore.outlast import outlast
from agentforge.gitstore.store import GitStore
from agentforge.memory.documents.conversion import Converted
from agentforge.memory.documents.passages import Passage, passages_of
from agentforge.memory.documents.record import (
    FOLDER,
    ID_CHARS,
    RECORD,
    TEXT,
    Document,
    Kind,
    Original,
    Record,
    folder_of,
    id_of,
    read_record,
    seconds,
    write_record,
)
from agentforge.secrecy import redact

MOST_PASSAGES = 20_000
"""Of one document; a text that has more is no text that anybody wrote."""

MOST_BYTES = 16 << 20
"""Longest text that is read of a registry, which others may push to."""

_ID = re.compile(rf"d[0-9a-f]{{{ID_CHARS}}}")
_BEGINNING = re.compile(rf"d[0-9a-f]{{3,{ID_CHARS}}}")

_ORIGINALS: Mapping[Kind, Original] = {"html": "original.html", "pdf": "original.pdf"}

What: TypeAlias = Literal["added", "changed", "unchanged", "removed"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done with a document: ``before`` and ``commit`` are the commits between which it happened, equal where
    nothing did. ``redacted`` counts what looked like secrets and was not kept; ``no_longer_trusted``: the user had
    vouched for what it held before, and not for this.
    """

    document: Document
    what: What
    before: str
    commit: str
    redacted: int = 0
    no_longer_trusted: bool = False


def is_id(word: str) -> bool:
    """Whether a document can have this id."""
    return _ID.fullmatch(word) is not None


class Documents:
    """The documents in one repository. ``secrets`` are texts that must never be written, exactly."""

    def __init__(self, store: GitStore, *, secrets: Collection[str] = ()) -> None:
        self._store = store
        self._secrets = tuple(secrets)

    @property
    def store(self) -> GitStore:
        """The repository."""
        return self._store

    def head(self) -> str:
        """The commit that the registry stands at; empty before the first one."""
        return self._store.head() or ""

    def all(self, rev: str = "main") -> list[Document]:
        """The sound documents at a commit, by title; :meth:`problems` tells of the others."""
        found = [one for one in self._read(rev).values() if isinstance(one, Document)]
        return sorted(found, key=lambda one: (one.title.casefold(), one.id))

    def problems(self) -> list[str]:
        """What is wrong with documents in the registry; those that are named are not used, all others work."""
        return [f"{key}: {one}" for key, one in self._read("main").items() if isinstance(one, str)]

    def get(self, reference: str) -> Document:
        """The document that a word means: its id or the beginning of it, its origin, or its title.

        Raises:
            UsageError: it means none, or several.
        """
        everything = self.all()
        exact = [one for one in everything if reference in (one.id, one.record.origin)]
        begins = [one for one in everything if _BEGINNING.fullmatch(reference) and one.id.startswith(reference)]
        named = [one for one in everything if one.title.casefold() == reference.casefold()]
        found = exact or begins or named
        if len(found) == 1:
            return found[0]
        shown = reference if len(reference) <= 80 else reference[:79] + "…"
        if found:
            raise UsageError(f"{shown!r} may mean {len(found)} documents.", fix=f"Give an id: {_ids(found)}.")
        raise UsageError(f"There is no document {shown!r}.", fix="`agentforge docs list` shows all.")

    def folders(self, rev: str) -> dict[str, str]:
        """The documents at a commit, sound or not, each with the id of its contents: equal ids, equal contents."""
        return self._store.folders(FOLDER, rev)

    def read(self, folders: Mapping[str, str]) -> list[tuple[Document, str]]:
        """The sound ones of such documents, each with its text."""
        found: list[tuple[Document, str]] = []
        for key, files in self._store.read_folders(folders, (RECORD, TEXT)).items():
            paths = {f"{folder_of(key)}/{name}": contents for name, contents in files.items()}
            if isinstance(document := _document(key, paths, paths), Document):
                found.append((document, _decoded(files[TEXT])))
        return found

    def text(self, document: str, rev: str = "main") -> str:
        """The text of a document at a commit; empty where it had none there, or one that cannot be read."""
        return _decoded(self._store.read(f"{folder_of(document)}/{TEXT}", rev) or b"")

    def passages(self, document: str, rev: str = "main") -> list[Passage]:
        """The passages of a document at a commit, in order; none where it was not there."""
        text = self.text(document, rev)
        return passages_of(text, document) if text else []

    def record(self, document: str) -> Record | None:
        """What is known of a document; None where it is not there, or malformed."""
        return self._record(document, "main")

    def keep(
        self,
        origin: str,
        digest: str,
        found: Converted,
        *,
        trusted: bool | None = None,
        title: str = "",
        original: bytes | None = None,
        default_title: str = "Document",
    ) -> Kept:
        """Commits what was found at ``origin`` (its bytes have the SHA-256 ``digest``) as the newest version of the
        document that comes from there. Where nothing is new, nothing is committed. New contents are trusted only where
        ``trusted`` says so; None leaves the same contents as they were.

        Raises:
            UsageError: its text falls into too many passages.
            RegistryError, StorageError: it cannot be written; nothing was changed.
        """
        document, now = id_of(origin), seconds(clock.now())
        text, redacted = self._discreet(found.text)
        if len(passages_of(text, document)) > MOST_PASSAGES:
            raise UsageError(f"{origin} falls into more than {MOST_PASSAGES} passages: it is no text to be read.")
        name: Original = _ORIGINALS.get(found.kind, "") if original and not redacted else ""
        files = {TEXT: text.encode(), **({name: original} if name and original else {})}

        def made(old: Record | None) -> Record:
            if old is not None and old.sha256 == digest:
                return self._said(old, trusted=trusted, title=title)
            own = title or (old.title if old is not None and old.named else "")
            return Record(
                title=self._discreet(own or found.title or default_title)[0],
                origin=origin,
                kind=found.kind,
                sha256=digest,
                added=old.added if old is not None else now,
                changed=now,
                untrusted=not trusted,
                named=bool(own),
                encoding=found.encoding,
                original=name,
            )

        kept = self._change(document, made, files)
        return replace(kept, redacted=redacted)

    def say(self, document: Document, *, trusted: bool | None = None, title: str = "") -> Kept:
        """Changes what is said of a document whose contents are the same; ``trusted`` None leaves that as it is.

        Raises:
            RegistryError, StorageError: as :meth:`keep`.
        """
        return self._change(
            document.id, lambda old: self._said(old or document.record, trusted=trusted, title=title), {}
        )

    def remove(self, reference: str) -> Kept:
        """Takes a document out of the registry; the history still holds it (:meth:`held`).

        Raises:
            UsageError: as :meth:`get`.
            RegistryError, StorageError: as :meth:`keep`.
        """
        document = self.get(reference)

        def attempt(lock: int | None) -> Kept:
            head = self.head()
            if not self._store.list(document.folder, head):
                return Kept(document, "unchanged", head, head)
            commit = self._commit(head, document.id, "Remove", {document.folder: None}, lock)
            return Kept(document, "removed", head, commit)

        return outlast(self._store.path, attempt)

    def held(self, document: str) -> list[str]:
        """The commits of the history that hold some version of a document, newest first."""
        commits = self._store.log([folder_of(document)])
        return [one.sha for one in commits if self._store.entries(folder_of(document), one.sha)]

    def _change(self, document: str, made: Callable[[Record | None], Record], files: Mapping[str, bytes]) -> Kept:
        def attempt(lock: int | None) -> Kept:
            head = self.head()
            old = self._record(document, head)
            record = made(old)
            now = Document(document, record)
            if record == old:
                return Kept(now, "unchanged", head, head)
            changes: dict[str, bytes | None] = {RECORD: write_record(record), **files}
            if old is not None and files and old.original not in ("", record.original):
                changes[old.original] = None
            told = {f"{now.folder}/{name}": contents for name, contents in changes.items()}
            commit = self._commit(head, document, "Change" if old else "Add", told, lock)
            lost = old is not None and not old.untrusted and record.untrusted
            return Kept(now, "changed" if old else "added", head, commit, no_longer_trusted=lost)

        return outlast(self._store.path, attempt)

    def _commit(self, head: str, document: str, did: str, changes: Mapping[str, bytes | None], lock: int | None) -> str:
        subject, trailers = f"{did} document {document}", {"Document": [document]}
        return self._store.commit(changes, subject=subject, trailers=trailers, expected=head or None, lock=lock)

    def _record(self, document: str, rev: str) -> Record | None:
        text = self._store.read(f"{folder_of(document)}/{RECORD}", rev)
        try:
            return read_record(text) if text is not None else None
        except ValueError:
            return None

    def _read(self, rev: str) -> dict[str, Document | str]:
        """Every document at a commit, or in one sentence what is wrong with it."""
        if rev == "main" and not self.head():
            return {}
        paths = self._store.entries(FOLDER, rev)
        ids = sorted({path.removeprefix(f"{FOLDER}/").partition("/")[0] for path in paths})
        records = self._store.read_many([path for path in paths if path.endswith(f"/{RECORD}")], rev)
        return {key: _document(key, paths, records) for key in ids}

    def _said(self, record: Record, *, trusted: bool | None, title: str) -> Record:
        named = {"title": self._discreet(title)[0], "named": True} if title else {}
        return record.model_copy(update={**named, "untrusted": record.untrusted if trusted is None else not trusted})

    def _discreet(self, text: str) -> tuple[str, int]:
        """A text without secrets, and how many were taken out: what is committed stays in the history."""
        clean = redact(text, self._secrets)
        return clean, max(clean.count("[redacted:") - text.count("[redacted:"), int(clean != text))


def _document(key: str, paths: Collection[str], records: Mapping[str, bytes]) -> Document | str:
    text = records.get(f"{folder_of(key)}/{RECORD}")
    if not _ID.fullmatch(key) or text is None:
        return f"{folder_of(key)[:120]} is no document"
    if f"{folder_of(key)}/{TEXT}" not in paths:
        return f"{TEXT} is missing"
    try:
        return Document(key, read_record(text))
    except ValueError as error:
        return str(error)


def _decoded(contents: bytes) -> str:
    return contents[:MOST_BYTES].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _ids(found: Collection[Document]) -> str:
    return ", ".join(f"{one.id} ({one.title[:40]})" for one in found)


def insist_on_history(documents: Documents, commit: str) -> None:
    """Raises UsageError where ``commit`` is no commit of this registry."""
    try:
        documents.store.entries(FOLDER, commit)
    except (RegistryError, ValueError):
        raise UsageError(f"{commit[:80]!r} is no commit of this registry.") from None
