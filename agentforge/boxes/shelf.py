"""The kept processes of one cell: few, and the one that was unused for longest makes room."""

from __future__ import annotations

from dataclasses import dataclass

from agentforge.boxes.bounds import MOST_KEPT
from agentforge.boxes.conversation import Crew
from agentforge.boxes.kept import KeptCrew, Orders
from agentforge.boxes.protocol import Limits, Toolbox


@dataclass(frozen=True, slots=True)
class Key:
    """What a kept process serves: one function of one source, for one session (told by identity)."""

    session: object
    source: str
    entry: str
    toolbox: tuple[tuple[str, str], ...]
    result_bytes: int

    @classmethod
    def of(cls, session: object, source: str, entry: str, toolbox: Toolbox, limits: Limits) -> Key:
        """The key of a call; equal keys mean that one process may serve both."""
        return cls(session, source, entry, tuple(sorted(toolbox.items())), limits.result_bytes)


class Shelf:
    """Holds at most :data:`~agentforge.boxes.bounds.MOST_KEPT` kept crews and ends what it lets go of."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._kept: dict[Key, KeptCrew] = {}  # in the order of their last use

    @property
    def resting(self) -> int:
        """How many stand still; each is one process."""
        return sum(kept.state == "resting" for kept in self._kept.values())

    def take(self, key: Key) -> KeptCrew | None:
        """The process that serves ``key``, reserved for one call; None where there is none or it serves one now."""
        kept = self._kept.get(key)
        if kept is None or kept.reserved:
            return None
        if kept.state == "over":
            del self._kept[key]
            return None
        self._kept[key] = self._kept.pop(key)
        kept.reserved = True
        return kept

    def put(self, key: Key, crew: Crew, frame_bytes: int) -> bool:
        """Keeps a crew that has made its first call; False where it cannot, and the crew stays the caller's."""
        self._clear()
        if key in self._kept or (len(self._kept) >= MOST_KEPT and not self._make_room()):
            return False
        self._kept[key] = KeptCrew(crew, self._orders, frame_bytes)
        return True

    def rested(self, number: int) -> None:
        """PID 1 says that the crew ``number`` stands still; it may have been let go of meanwhile."""
        for kept in self._kept.values():
            if kept.number == number:
                kept.rested()

    def forget(self, session: object) -> None:
        """Ends what is kept for a session that is over."""
        for key in [key for key in self._kept if key.session is session]:
            self._kept.pop(key).end()

    def close(self) -> None:
        """Ends all."""
        while self._kept:
            self._kept.popitem()[1].end()

    def _clear(self) -> None:
        for key in [key for key, kept in self._kept.items() if kept.state == "over"]:
            del self._kept[key]

    def _make_room(self) -> bool:
        unused = next((key for key, kept in self._kept.items() if not kept.reserved), None)
        if unused is not None:
            self._kept.pop(unused).end()
        return unused is not None
