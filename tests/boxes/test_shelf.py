"""Few processes are kept, each for one function of one session, and the one unused for longest makes room."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator

import pytest

from agentforge.boxes.bounds import MOST_KEPT
from agentforge.boxes.conversation import Crew
from agentforge.boxes.protocol import Limits
from agentforge.boxes.shelf import Key, Shelf

ADA, BOB = object(), object()
NAMES = [f"tool_{number}" for number in range(MOST_KEPT)]


def key(name: str, session: object = ADA) -> Key:
    return Key.of(session, f"def {name}(): ...", name, {}, Limits())


class Cell:
    """Makes crews and remembers which of them it was told to end."""

    def __init__(self) -> None:
        self.shelf = Shelf(self)
        self.made = 0
        self.ended: list[int] = []
        self._far_ends: list[int] = []

    def put(self, one: Key) -> bool:
        self.made += 1
        near, far = socket.socketpair()
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        self._far_ends += [far.detach(), out_end, err_end]
        crew = Crew.of(self.made, [near.detach(), out, err])
        done = self.shelf.put(one, crew, 1000)
        if not done:
            crew.close()
        return done

    def begin(self, crew: Crew, seconds: float) -> None:
        """Nothing has to be woken."""

    def keep(self, crew: Crew) -> None:
        """Nothing has to rest."""

    def end_kept(self, crew: Crew) -> None:
        self.ended.append(crew.number)
        crew.close()

    def close(self) -> None:
        self.shelf.close()
        for end in self._far_ends:
            os.close(end)


@pytest.fixture
async def cell() -> AsyncIterator[Cell]:
    made = Cell()
    yield made
    made.close()


async def test_it_serves_its_own_key_only(cell: Cell) -> None:
    mine = Key.of(ADA, "source", "f", {"a": "1"}, Limits())
    assert cell.put(mine)
    for other in (
        Key.of(BOB, "source", "f", {"a": "1"}, Limits()),
        Key.of(ADA, "source ", "f", {"a": "1"}, Limits()),
        Key.of(ADA, "source", "g", {"a": "1"}, Limits()),
        Key.of(ADA, "source", "f", {"a": "2"}, Limits()),
        Key.of(ADA, "source", "f", {"a": "1", "b": "1"}, Limits()),
        Key.of(ADA, "source", "f", {"a": "1"}, Limits(result_bytes=5000)),
    ):
        assert cell.shelf.take(other) is None
    assert cell.shelf.take(Key.of(ADA, "source", "f", {"a": "1"}, Limits(seconds=1))) is not None


async def test_it_makes_one_call_at_a_time(cell: Cell) -> None:
    cell.put(key("f"))
    taken = cell.shelf.take(key("f"))
    assert taken is not None
    assert cell.shelf.take(key("f")) is None
    assert not cell.put(key("f"))  # what served the second call is not kept beside it
    taken.reserved = False
    assert cell.shelf.take(key("f")) is taken


async def test_the_one_unused_for_longest_makes_room(cell: Cell) -> None:
    for name in NAMES:
        assert cell.put(key(name))
    first = cell.shelf.take(key(NAMES[0]))
    assert first is not None
    first.reserved = False
    assert cell.put(key("another"))
    assert cell.ended == [2]
    assert cell.shelf.take(key(NAMES[1])) is None
    assert cell.shelf.take(key(NAMES[0])) is not None


async def test_one_that_is_in_use_never_makes_room(cell: Cell) -> None:
    for name in NAMES:
        cell.put(key(name))
        assert cell.shelf.take(key(name)) is not None
    assert not cell.put(key("another"))
    assert cell.ended == []


async def test_what_is_over_makes_room_first_and_serves_nobody(cell: Cell) -> None:
    for name in NAMES:
        cell.put(key(name))
    taken = cell.shelf.take(key(NAMES[-1]))
    assert taken is not None
    taken.end()
    taken.reserved = False
    assert cell.shelf.take(key(NAMES[-1])) is None
    assert cell.put(key("another"))
    assert cell.ended == [MOST_KEPT]


async def test_the_end_of_a_session_ends_what_was_kept_for_it(cell: Cell) -> None:
    cell.put(key("f"))
    cell.put(key("f", BOB))
    cell.shelf.forget(ADA)
    assert cell.ended == [1]
    assert cell.shelf.take(key("f", BOB)) is not None
    cell.shelf.close()
    assert cell.ended == [1, 2]


async def test_it_tells_how_many_rest(cell: Cell) -> None:
    cell.put(key("f"))
    cell.put(key("g"))
    assert cell.shelf.resting == 0
    cell.shelf.rested(2)
    cell.shelf.rested(99)  # one that was let go of meanwhile
    assert cell.shelf.resting == 1
