"""Documents of one user, and the tools that were made from them, from a program: ``forge.documents``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, insist_on_quiet, secrets_of
from agentforge.errors import AgentForgeError, ConfigurationError, UsageError
from agentforge.settings import COMPANY, Settings
from agentforge.types import Layer

if TYPE_CHECKING:
    from agentforge.memory.documents.changes import Changes
    from agentforge.memory.documents.index import Hit, PassageIndex
    from agentforge.memory.documents.library import Documents, Kept
    from agentforge.memory.documents.passages import Passage
    from agentforge.memory.documents.record import Document
    from agentforge.memory.forgetting import Erased


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage that a tool cites: its id, its document's title, how it read, and what stands in its place now; that
    is the same unless it is ``gone``. ``old`` is None where the history holds it no longer, ``new`` where nothing is
    like it.
    """

    id: str
    title: str
    old: Passage | None
    new: Passage | None
    gone: bool

    @property
    def citation(self) -> str:
        """Where it stands, or stood: title, headings, lines."""
        return ", ".join(filter(None, [self.title, self.old.place if self.old else f"passage {self.id}"]))


@dataclass(frozen=True, slots=True)
class Stale:
    """A live tool that was made from passages of which some are gone."""

    name: str
    version: str
    passages: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of documents: ``kept`` as each of them was added, changed, found unchanged or removed; ``failed``
    (file, why) those that could not be read; ``left_out`` counts files of a folder that are no documents by name.
    ``stale`` are the live tools that cite passages of these documents that are gone.
    """

    kept: tuple[Kept, ...] = ()
    failed: tuple[tuple[str, AgentForgeError], ...] = ()
    stale: tuple[Stale, ...] = ()
    left_out: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was committed."""
        return any(one.what != "unchanged" for one in self.kept)


@dataclass(frozen=True, slots=True)
class Removed:
    """A document that was taken out: ``commits`` of the history still hold it, newest first; ``erased`` is what
    rewriting the history did, where that was asked for. ``done`` is empty where it had been taken out before.
    """

    done: Done
    commits: tuple[str, ...] = field(default=())
    erased: Erased | None = None


class UserDocuments:
    """The documents of one user. Made by ``Forge.documents``. Those of the company are read behind them (:meth:`list`,
    :meth:`get`, :meth:`search`) and never changed from here; one that comes from where a document of the user's own
    comes from is hidden by it.

    A ``reference`` is a document's id (or the beginning of it), its origin or its title. All of it works on files
    and git and so blocks: call it in a thread where an event loop must go on. ``RegistryError`` and ``StorageError``
    are raised where the registry cannot be read or written.
    """

    def __init__(self, opened: Opened, settings: Settings) -> None:
        from agentforge.memory.documents.here import ReadHere
        from agentforge.memory.documents.library import Documents

        self._opened = opened
        self._settings = settings
        self._documents = Documents(opened.registry.store, secrets=secrets_of(settings))
        self._below = None if opened.company is None else Documents(opened.company.store)
        self._read_here = ReadHere(settings.home / "documents" / settings.org / f"{opened.owner}.ids")

    @property
    def library(self) -> Documents:
        """The documents as they are kept: their text and passages at any commit."""
        return self._documents

    def add(self, path: str | Path, *, trusted: bool | None = None, title: str = "") -> Done:
        """Reads a file, or all documents in a folder, and keeps each as the newest version of what comes from there.

        ``trusted``: the user vouches for these words; None leaves contents that are known as they were, and new ones
        untrusted. Of a folder those that cannot be read are in ``failed``; all others are kept.

        Raises:
            UsageError: there is no such file, or its one file cannot be read; says why.
            ConfigurationError: the library for its kind is not installed.
        """
        from agentforge.memory.documents.reading import files_at
        from agentforge.memory.documents.record import one_line

        found = files_at(path, self._settings.documents)
        if title and found.folder:
            raise UsageError("A title is for one file, not for a folder.")
        done = self._taken(found.files, trusted=trusted, title=one_line(title))
        if done.failed and not found.folder:
            raise done.failed[0][1]
        return replace(done, left_out=found.left_out)

    def keep(self, text: str, *, origin: str, title: str = "", trusted: bool = False) -> Done:
        """Keeps a text that is at hand, such as a page or a message that was read; ``origin`` is its address.

        Raises:
            UsageError: there is no text, too much of it, or the origin is no line.
        """
        from agentforge.memory.documents.conversion import convert, digest_of
        from agentforge.memory.documents.record import ORIGIN_CHARS, one_line

        if not origin.strip() or not origin.isprintable() or len(origin) > ORIGIN_CHARS:
            raise UsageError(f"The origin of a document is one line of at most {ORIGIN_CHARS} characters.")
        data = text.encode("utf-8", "replace")
        found = convert(data, "text.md", self._settings.documents)
        kept = self._documents.keep(
            origin,
            digest_of(data),
            found,
            trusted=trusted or None,
            title=one_line(title),
            default_title=one_line(origin),
        )
        return Done((kept,), stale=self._settled([kept]))

    def refresh(self, references: Collection[str] = (), *, trusted: bool | None = None) -> Done:
        """Reads the files again that documents come from, by default all that were added on this machine: a path in a
        registry that others push to is a claim, and may be another file here.

        ``trusted`` as for :meth:`add`: a changed file is untrusted until the user vouches for it again.

        Raises:
            UsageError: a reference means no document, several, or one that was not read from a file here.
        """
        here = self._read_here.ids()
        wanted = [self._documents.get(one) for one in references]
        if strangers := [one.title for one in wanted if one.id not in here]:
            raise UsageError(
                f"{', '.join(strangers)[:200]}: not read from a file on this machine.", fix="Add its file here once."
            )
        again = wanted or [one for one in self.list() if one.id in here]
        return self._taken([Path(one.record.origin) for one in again], trusted=trusted)

    def list(self) -> list[Document]:
        """All documents, the user's own before the company's, by title; :meth:`problems` tells of those that cannot be
        used.
        """
        return [*self._documents.all(), *self.of_company()]

    def of_company(self) -> list[Document]:
        """Those of the company that no document of the user's own hides, by title."""
        below = [] if self._below is None else self._below.all()
        return [one for one in below if self._documents.record(one.id) is None]

    def problems(self) -> list[str]:
        """What is wrong with documents in the registry."""
        return self._documents.problems()

    def get(self, reference: str) -> Document:
        """One document.

        Raises:
            UsageError: the reference means none, or several.
        """
        return self._meant(reference)[1]

    def text(self, reference: str) -> str:
        """The text of a document (raises as :meth:`get`)."""
        library, found = self._meant(reference)
        return library.text(found.id)

    def passages(self, reference: str) -> list[Passage]:
        """The passages of a document, in order (raises as :meth:`get`)."""
        library, found = self._meant(reference)
        return library.passages(found.id)

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The ``k`` passages of each layer that fit any text best, the user's own first, each layer's best first, with
        where they stand and whether they are trusted.
        """
        own = self._index(self._documents, self._opened.owner).search(query, k)
        if self._below is None:
            return own
        below = self._index(self._below, COMPANY).search(query, k)
        hidden = {one for one in {hit.passage.document for hit in below} if self._documents.record(one) is not None}
        return [*own, *(replace(hit, company=True) for hit in below if hit.passage.document not in hidden)]

    def remove(self, reference: str, *, rewrite: bool = False) -> Removed:
        """Takes a document out of the registry, its passages out of every search and the file behind it, and tells what
        still holds it.

        With ``rewrite`` the registry's history is rewritten without it, also of one that was removed before, by its id;
        every clone of the registry has to be made anew then.

        Raises:
            UsageError: as :meth:`get`; or the history is to be rewritten, and a job runs.
            StorageError: the file of the search cannot be taken away.
        """
        from agentforge.memory.documents.erasing import erase

        if rewrite:
            insist_on_quiet(self._opened)
        if rewrite and self._is_removed(reference):
            return Removed(Done(), erased=erase(self._documents, reference))
        kept = self._documents.remove(reference)
        self._index(self._documents, self._opened.owner).drop()
        done = Done((kept,), stale=self._settled([kept]))
        erased = erase(self._documents, kept.document.id) if rewrite else None
        return Removed(done, tuple(self._documents.held(kept.document.id)), erased)

    def _is_removed(self, reference: str) -> bool:
        """Whether only the history knows a document of this id."""
        from agentforge.memory.documents.library import is_id

        try:
            self._documents.get(reference)
        except UsageError:
            return is_id(reference) and bool(self._documents.held(reference))
        return False

    def _index(self, documents: Documents, owner: str) -> PassageIndex:
        from agentforge.memory.documents.index import PassageIndex

        return PassageIndex(documents, self._settings.home / "caches" / self._settings.org / f"{owner}.documents.db")

    def changed(self, old: str, new: str = "") -> Changes:
        """The passages that went and that came between two commits of the registry (by default until now).

        Raises:
            UsageError: one of them is no commit of this registry.
        """
        from agentforge.memory.documents.changes import changed_passages

        return changed_passages(self._documents, old, new or self._documents.head())

    def stale(self, changes: Changes | None = None) -> list[Stale]:
        """The live tools of which cited passages are gone, each passage beside what stands in its place, by name;
        of one change those that it made stale.
        """
        from agentforge.registry.stale import citing
        from agentforge.types import State

        snapshot = self._opened.registry.snapshot()
        citations, live = citing(snapshot), set(snapshot.names(State.LIVE))
        there = self._present({one for passages in citations.values() for one in passages}, snapshot.head)
        of_it = {one.id for one in changes.gone} if changes is not None else None
        found: list[Stale] = []
        for name in sorted(live & set(citations)):
            gone = [one for one in citations[name] if one not in there]
            if gone and (of_it is None or of_it & set(gone)):
                cited = tuple(_cited(self._documents, one, snapshot.head, there) for one in gone)
                found.append(Stale(name, snapshot.states.tools[name].version, cited))
        return found

    def cited(self, name: str) -> tuple[Cited, ...]:
        """The passages that a tool of this user was made from, as it names them; none for a tool that cites none."""
        from agentforge.registry.stale import cited

        snapshot = self._opened.registry.snapshot()
        tool = snapshot.sound(name)
        passages = cited(tool) if tool is not None else ()
        there = self._present(passages, snapshot.head)
        return tuple(_cited(self._documents, one, snapshot.head, there) for one in passages)

    def passage(self, passage: str, layer: Layer | None = None) -> Cited:
        """A passage by its id, as it last stood, beside what stands in its place; of the company's documents, where the
        tool that cites it is of that ``layer``, else of the user's own.
        """
        below = self._below is not None and layer is Layer.COMPANY
        library = self._below if self._below is not None and below else self._documents
        return _cited(library, passage, library.head(), _present(library, [passage], library.head()))

    def settle(self) -> tuple[str, ...]:
        """Marks the tools whose passages are gone in the registry, and takes the mark off where they are back; returns
        the names of all that are stale, of which the live ones are to be made anew. Done after every change of a
        document; harmless when repeated.
        """
        from agentforge.api.knowledge import queue_renewals
        from agentforge.registry.stale import settle

        stale = settle(self._opened.registry, self._present)
        if stale:
            queue_renewals(self._opened, self)
        return stale

    def _taken(self, files: Iterable[Path], *, trusted: bool | None, title: str = "") -> Done:
        kept, failed = list["Kept"](), list[tuple[str, AgentForgeError]]()
        for file in files:
            try:
                kept.append(self._take(file, trusted, title))
            except (UsageError, ConfigurationError) as error:
                failed.append((str(file), error))
        self._read_here.note(one.document.id for one in kept)
        return Done(tuple(kept), tuple(failed), self._settled(kept))

    def _take(self, file: Path, trusted: bool | None, title: str) -> Kept:
        """Reads one file; what it held before is not converted again."""
        from agentforge.memory.documents.conversion import convert, digest_of
        from agentforge.memory.documents.reading import bytes_of
        from agentforge.memory.documents.record import Document, id_of, one_line

        limits, origin = self._settings.documents, str(file)
        try:
            origin.encode()
        except UnicodeEncodeError:
            raise UsageError(f"The name of {origin!r} is no text.", fix="Give the file another name.") from None
        data = bytes_of(file, limits)
        digest, known = digest_of(data), self._documents.record(id_of(origin))
        if known is not None and known.sha256 == digest:
            return self._documents.say(Document(id_of(origin), known), trusted=trusted, title=title)
        small = len(data) <= limits.original_kb << 10
        return self._documents.keep(
            origin,
            digest,
            convert(data, origin, limits),
            trusted=trusted,
            title=title,
            original=data if small else None,
            default_title=one_line(file.stem) or "Document",
        )

    def _settled(self, kept: Iterable[Kept]) -> tuple[Stale, ...]:
        """The live tools that a change of documents made stale, once they are marked."""
        moved = {one.document.id for one in kept if one.what in ("changed", "removed", "added")}
        if not moved or not self.settle():
            return ()
        return tuple(one for one in self.stale() if any(each.id.partition(".")[0] in moved for each in one.passages))

    def _present(self, passages: Collection[str], rev: str) -> Collection[str]:
        return _present(self._documents, passages, rev)

    def _meant(self, reference: str) -> tuple[Documents, Document]:
        """The document that a word means, with where it is kept: where the user's own has none, the company's."""
        try:
            return self._documents, self._documents.get(reference)
        except UsageError as error:
            if self._below is None:
                raise
            try:
                return self._below, self._below.get(reference)
            except UsageError:
                raise error from None


def _present(library: Documents, passages: Collection[str], rev: str) -> Collection[str]:
    from agentforge.memory.documents.changes import standing

    return standing(library, passages, rev)


def _cited(library: Documents, passage: str, rev: str, there: Collection[str]) -> Cited:
    from agentforge.memory.documents.changes import side_by_side

    record = library.record(passage.partition(".")[0])
    return Cited(passage, record.title if record else "", *side_by_side(library, passage, rev), passage not in there)
