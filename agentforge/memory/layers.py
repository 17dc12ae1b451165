"""What may be recalled: the user's own entries before the company's, which are read and never written here.

An entry of the company's on a topic of which the user's own says something is *shadowed*: as with tools, the first
layer that has it gives it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from agentforge.errors import UsageError
from agentforge.memory.entries import Entry, Standing
from agentforge.memory.keeping import Memory
from agentforge.memory.known import Known
from agentforge.memory.recall import Hit, Recall
from agentforge.memory.words import repeats
from agentforge.types import Layer


class MemoryLayers:
    """``own`` is what is written, in the layer ``layer``; ``company`` what stands behind it, where there is one.

    All of it works on git and so blocks; may be used from any thread. All of it raises RegistryError where a registry
    cannot be read.
    """

    def __init__(self, own: Memory, company: Memory | None = None, layer: Layer = Layer.USER) -> None:
        self.own = own
        self.company = company
        self.layer = layer
        self._recall = Recall()
        self._seen: tuple[Known, Known, tuple[Entry, ...]] | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Gives up what is held in memory; the repositories are their owner's to close."""
        self._recall.close()
        for memory in (self.own, self.company):
            if memory is not None:
                memory.close()

    def current(self) -> Sequence[Entry]:
        """What is used: the user's own by id, then the company's that is not shadowed."""
        own = self.own.known()
        if self.company is None:
            return own.current
        below = self.company.known()
        with self._lock:
            if self._seen is None or self._seen[0] is not own or self._seen[1] is not below:
                shown = (one for one in below.current if not _shadowed(one, own))
                self._seen = own, below, (*own.current, *shown)
            return self._seen[2]

    def every(self) -> Sequence[Entry]:
        """All entries but those that wait, also what is superseded, revoked or shadowed, in the same order."""
        own, *below = self._known()
        company = [known.entries[key] for known in below for key in sorted(known.entries) if key not in own.entries]
        return [*(own.entries[key] for key in sorted(own.entries)), *company]

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The ``k`` best current entries of all layers for any text, best first."""
        return self._recall.search(self.current(), query, k)

    def holding(self, key: str) -> Memory:
        """The memory that has an entry, also one of the user's own that waits (raises UsageError: none has)."""
        return self.own if self.company is None or self.layer_of(key) is self.layer else self.company

    def layer_of(self, key: str) -> Layer:
        """The layer that has an entry; that of the user's own where none has it."""
        own, *below = self._known()
        mine = key in own.entries or key in own.pending
        return Layer.COMPANY if not mine and any(key in known.entries for known in below) else self.layer

    def standing(self, key: str) -> Standing:
        """Where an entry stands (raises UsageError where there is none)."""
        memory = self.holding(key)
        known = memory.known()
        stands = known.standing(key)
        behind = memory is not self.own and stands == "current"
        return "shadowed" if behind and _shadowed(known.get(key), self.own.known()) else stands

    def insist_on_own(self, key: str) -> None:
        """Raises UsageError for an entry of the company's, which is not changed from here."""
        if self.layer_of(key) is not self.layer:
            raise UsageError(
                f"{key} is in the company's layer, which is read and never written here.",
                fix="What you say yourself on its topic takes its place; an administrator changes it with --company.",
            )

    def said_below(self, text: str, *, lesson: bool) -> Entry | None:
        """What the company's layer says already with these words; None where it does not."""
        ours = self.own.known().entries
        found = (one for one in self.current() if one.id not in ours and one.lesson is lesson)
        return next((one for one in found if repeats(text, one.text)), None)

    def _known(self) -> list[Known]:
        return [memory.known() for memory in (self.own, self.company) if memory is not None]


def _shadowed(entry: Entry, own: Known) -> bool:
    """Whether the user's own says something on the topic of an entry of the company's, or has its very id."""
    if entry.id in own.entries:
        return True
    return bool(entry.topic) and any(one.topic == entry.topic and one.lesson is entry.lesson for one in own.current)
