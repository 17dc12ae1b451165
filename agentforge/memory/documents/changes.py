"""What became of passages between two commits, and which new one stands where an old one stood."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from agentforge.memory.documents.library import Documents, insist_on_history
from agentforge.memory.documents.passages import ID, Passage, plain
from agentforge.memory.documents.record import FOLDER

ALIKE = 0.3
"""Least part of their words that two passages share if one is the other's new form; a heading in common counts as
half as much again."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Changes:
    """The passages that went and that came between two commits, each in the order of its text."""

    gone: tuple[Passage, ...] = ()
    came: tuple[Passage, ...] = ()


def changed_passages(documents: Documents, old: str, new: str, document: str = "") -> Changes:
    """What went and came between two commits of the registry, in one document or in all.

    Raises:
        UsageError: one of them is no commit of this registry.
        RegistryError: it cannot be read.
    """
    for commit in (old, new):
        insist_on_history(documents, commit)
    before, after = (documents.store.entries(FOLDER, commit) for commit in (old, new))
    differing = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    ids = sorted({path.removeprefix(f"{FOLDER}/").partition("/")[0] for path in differing})
    gone, came = list[Passage](), list[Passage]()
    for one in ids:
        if document in ("", one):
            was, now = documents.passages(one, old), documents.passages(one, new)
            gone += _without(was, now)
            came += _without(now, was)
    return Changes(tuple(gone), tuple(came))


def standing(documents: Documents, ids: Iterable[str], rev: str = "main") -> frozenset[str]:
    """Those of ``ids`` that are passages of documents as they stand at a commit."""
    wanted = {one: found[1] for one in ids if (found := ID.fullmatch(one))}
    present = {passage.id for document in set(wanted.values()) for passage in documents.passages(document, rev)}
    return frozenset(wanted) & present


def side_by_side(documents: Documents, passage: str, rev: str = "main") -> tuple[Passage | None, Passage | None]:
    """A passage as it last stood, and at ``rev`` what stands in its place: the passage itself where it is there, else
    the one of those that came since that is most like it.

    The first is None where the history holds it no longer, the second where nothing is like it.
    """
    found = ID.fullmatch(passage)
    if not found:
        return None, None
    document = found[1]
    now = documents.passages(document, rev)
    for commit in [rev, *documents.held(document)]:
        then = now if commit == rev else documents.passages(document, commit)
        for one in then:
            if one.id == passage:
                return one, one if commit == rev else successor(one, _without(now, then))
    return None, None


def successor(passage: Passage, among: Collection[Passage]) -> Passage | None:
    """The passage that stands where an old one stood: under the same headings, in like words; None where none does."""
    words = _words(passage.text)

    def likeness(other: Passage) -> float:
        theirs = _words(other.text)
        shared = len(words & theirs) / max(len(words | theirs), 1)
        return shared * (1.5 if other.headings == passage.headings else 1.0)

    best = max(among, key=lambda one: (likeness(one), -one.first), default=None)
    return best if best is not None and likeness(best) >= ALIKE else None


def _without(passages: Sequence[Passage], others: Iterable[Passage]) -> list[Passage]:
    known = {one.id for one in others}
    found = {one.id: one for one in reversed(passages) if one.id not in known}
    return sorted(found.values(), key=lambda one: one.first)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(plain(text).casefold()))
