"""What waits under one name and what was decided there, on both sides. Numbers are never given twice: a proposal whose
number was given to another one on this side gets the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import REJECTED_KEPT, Rejection, Reviews, Waiting
from agentforge.registry.tool import contents_version


@dataclass(frozen=True, slots=True)
class Proposals:
    """``files`` are the contents of the proposals by number, ``entry`` what is said of them."""

    entry: Reviews = field(default_factory=Reviews)
    files: Mapping[int, Mapping[str, bytes]] = field(default_factory=lambda: {})

    @classmethod
    def of(cls, snapshot: Snapshot, name: str) -> Proposals:
        """Those of a name in a snapshot."""
        numbers = snapshot.proposals.get(name, ())
        return cls(snapshot.states.review_of(name), {number: snapshot.proposal(name, number) for number in numbers})

    @classmethod
    def merged(cls, base: Proposals | None, ours: Proposals | None, theirs: Proposals | None) -> Proposals:
        """Ours, with what they proposed and without what they decided since ``base``."""
        base, ours, theirs = base or cls(), ours or cls(), theirs or cls()
        if theirs == base:
            return ours
        if ours == base:
            return theirs
        entry = ours.entry.model_copy(
            update={
                "last": max(ours.entry.last, theirs.entry.last),
                "rejected": _rejected(base.entry, ours.entry, theirs.entry),
            }
        )
        found = replace(ours, entry=entry)
        for number, files in base.files.items():
            if number not in theirs.files and ours.files.get(number) == files:
                found = found.dropping(number)
        for number, files in theirs.files.items():
            if base.files.get(number) != files:
                record = theirs.entry.waiting.get(str(number)) or Waiting(version=contents_version(files))
                found = found.adding(files, record, number)
        return found

    def dropping(self, number: int) -> Proposals:
        """Without one of them."""
        return Proposals(self.entry.decided(number), {key: files for key, files in self.files.items() if key != number})

    def adding(self, files: Mapping[str, bytes], waiting: Waiting, number: int = 0) -> Proposals:
        """With one more, under its number where that is free; nothing is added that waits already."""
        if files in self.files.values():
            return self
        free = number and number not in self.files and str(number) not in self.entry.waiting
        given = number if free else max((self.entry.last, *self.files)) + 1
        return Proposals(self.entry.proposed(given, waiting), {**self.files, given: files})

    def without(self, version: str) -> Proposals:
        """Without those of a version that stands by now."""
        found = self
        for number, files in self.files.items():
            if contents_version(files) == version:
                found = found.dropping(number)
        return found


def _rejected(base: Reviews, ours: Reviews, theirs: Reviews) -> tuple[Rejection, ...]:
    if theirs.rejected == base.rejected:
        return ours.rejected
    if ours.rejected == base.rejected:
        return theirs.rejected
    both = dict.fromkeys([*ours.rejected, *theirs.rejected])
    return tuple(sorted(both, key=lambda one: (one.number, one.version)))[-REJECTED_KEPT:]
