"""What of memory comes from an episode or a source: revoking one takes it out of use, undoing that gives it back.

Nothing is moved or rewritten for that: what is revoked is told by the registry, and whoever reads memory leaves out
what comes from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from agentforge.memory.entries import Entry
from agentforge.memory.known import Known
from agentforge.memory.lines import Line
from agentforge.memory.persona import lines_of


@dataclass(frozen=True, slots=True)
class Affected:
    """Entries, those that wait included, and lines of the persona."""

    entries: tuple[Entry, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the entries, and ``persona`` where one of its lines is affected."""
        return (*(one.id for one in self.entries), *(["persona"] if self.lines else []))


def affected(known: Known, origin: str) -> Affected:
    """What is in use, or waits, only as long as ``origin`` (``episode:ID`` or ``source:ID``) is not revoked."""
    before, after = known.revoked - {origin}, known.revoked | {origin}
    entries = [one for one in _everything(known) if one.withdrawn(after) and not one.withdrawn(before)]
    lines = [one for one in lines_of(known) if one.withdrawn(after) and not one.withdrawn(before)]
    return Affected(tuple(entries), tuple(lines))


def origins(known: Known) -> frozenset[str]:
    """Every origin that something names, as ``episode:ID`` or ``source:ID``."""
    entries = _everything(known)
    return frozenset(
        [
            *(f"episode:{one}" for entry in entries for one in entry.episodes),
            *(f"source:{one}" for entry in entries for one in entry.sources),
            *(f"episode:{one}" for line in lines_of(known) for one in line.episodes),
        ]
    )


def _everything(known: Known) -> list[Entry]:
    entries = {**known.entries, **{key: one.entry for key, one in known.pending.items()}}
    return [entries[key] for key in sorted(entries)]
