"""The places of one endpoint: so many requests are in flight at once, the others wait in order.

One process keeps its own: requests of several processes meet in the server's queue, which obeys the same
priorities where the server knows them.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field

from agentforge.models.protocol import Priority

HEAD_START = 120.0
"""Seconds by which each priority goes before the next one. A request that has waited for so much longer goes first
whatever its priority, so that none waits for ever."""

KEEPS_ONE_FROM = 4
"""With so many places or more, background work leaves one free: a server begins what is urgent first, but stops
nothing for it, so that a turn would wait for the end of some background answer."""


@dataclass(eq=False, slots=True)
class Ticket:
    """A request's place, or its wait for one; ``turn`` is what the waiting ones are ordered by."""

    priority: Priority
    turn: tuple[float, int]
    entered: asyncio.Event = field(default_factory=asyncio.Event)


class Queue:
    """Bound to one event loop. Whoever joins leaves again, whether it was let in or not.

    Let in is the request with the earliest *turn*, which is the time of its arrival plus
    :data:`HEAD_START` × priority: so equals keep the order of arrival.
    """

    def __init__(self, places: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = places
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[Ticket] = []
        self._inside: set[Ticket] = set()

    def join(self, priority: Priority) -> Ticket:
        """A ticket, let in at once where there is room; else its ``entered`` is set when its turn has come."""
        ticket = Ticket(priority, (self._clock() + HEAD_START * priority, next(self._numbers)))
        insort(self._waiting, ticket, key=lambda one: one.turn)
        self._let_in()
        return ticket

    def before(self, ticket: Ticket) -> int | None:
        """How many are let in before it; None when it is in (or has left)."""
        return self._waiting.index(ticket) if ticket in self._waiting else None

    def leave(self, ticket: Ticket) -> None:
        """Gives the place back, or gives up waiting for one; harmless when repeated."""
        self._inside.discard(ticket)
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        self._let_in()

    def _let_in(self) -> None:
        while ticket := next(filter(self._has_room, self._waiting), None):
            self._waiting.remove(ticket)
            self._inside.add(ticket)
            ticket.entered.set()

    def _has_room(self, ticket: Ticket) -> bool:
        inside = len(self._inside)
        if ticket.priority is not Priority.BACKGROUND or self._places < KEEPS_ONE_FROM:
            return inside < self._places
        quiet = sum(one.priority is Priority.BACKGROUND for one in self._inside)
        return inside < self._places and quiet < self._places - 1
