"""Who is let in next where an endpoint's places are taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.models.protocol import Priority
from agentforge.models.queue import HEAD_START, Queue, Ticket

BACKGROUND, AWAITED, INTERACTIVE = Priority.BACKGROUND, Priority.AWAITED, Priority.INTERACTIVE


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def served(queue: Queue, tickets: list[Ticket]) -> list[Ticket]:
    """The order in which they are let in when each leaves before the next one comes in."""
    order: list[Ticket] = []
    while left := [ticket for ticket in tickets if ticket not in order]:
        (inside,) = [ticket for ticket in left if ticket.entered.is_set()]
        order.append(inside)
        queue.leave(inside)
    return order


def test_whoever_comes_while_there_is_room_is_in_at_once() -> None:
    queue = Queue(2)
    first, second, third = (queue.join(INTERACTIVE) for _ in range(3))
    assert [ticket.entered.is_set() for ticket in (first, second, third)] == [True, True, False]
    assert [queue.before(ticket) for ticket in (first, third)] == [None, 0]


def test_by_priority_and_among_equals_by_arrival() -> None:
    queue = Queue(1)
    came = [queue.join(one) for one in (INTERACTIVE, BACKGROUND, AWAITED, BACKGROUND, INTERACTIVE, AWAITED)]
    assert [queue.before(ticket) for ticket in came] == [None, 3, 1, 4, 0, 2]
    assert [came.index(ticket) for ticket in served(queue, came)] == [0, 4, 2, 5, 1, 3]


def test_what_has_waited_long_enough_goes_before_what_is_more_urgent() -> None:
    clock = Clock()
    queue = Queue(1, clock)
    busy, patient = queue.join(INTERACTIVE), queue.join(BACKGROUND)
    clock.now = 2 * HEAD_START - 1
    urgent = queue.join(INTERACTIVE)
    clock.now = 2 * HEAD_START + 1
    late = queue.join(INTERACTIVE)
    assert served(queue, [busy, patient, urgent, late]) == [busy, urgent, patient, late]


@pytest.mark.parametrize("priority", [AWAITED, BACKGROUND])
def test_nobody_waits_for_ever_however_many_urgent_ones_come(priority: Priority) -> None:
    clock = Clock()
    queue = Queue(1, clock)
    inside, patient = queue.join(INTERACTIVE), queue.join(priority)
    while not patient.entered.is_set() and clock.now < 10 * HEAD_START:
        clock.now += 1
        comes = queue.join(INTERACTIVE)
        queue.leave(inside)
        inside = comes
    assert clock.now == pytest.approx(priority * HEAD_START, abs=2)


def test_who_gives_up_waiting_is_waited_for_by_nobody() -> None:
    queue = Queue(1)
    inside, gone, next_one = (queue.join(INTERACTIVE) for _ in range(3))
    queue.leave(gone)
    assert queue.before(next_one) == 0
    queue.leave(inside)
    assert next_one.entered.is_set()
    assert not gone.entered.is_set()


def test_who_leaves_twice_gives_one_place_back() -> None:
    queue = Queue(1)
    first, second, third = (queue.join(INTERACTIVE) for _ in range(3))
    for _ in range(2):
        queue.leave(first)
    assert second.entered.is_set()
    assert not third.entered.is_set()


def test_background_work_leaves_one_of_several_places_free() -> None:
    queue = Queue(4)
    quiet = [queue.join(BACKGROUND) for _ in range(6)]
    assert sum(ticket.entered.is_set() for ticket in quiet) == 3
    assert queue.join(AWAITED).entered.is_set()
    assert not queue.join(AWAITED).entered.is_set()
    queue.leave(quiet[0])
    assert sum(ticket.entered.is_set() for ticket in quiet) == 3  # the awaited one came in, not the fourth of these


def test_of_few_places_background_work_may_have_all() -> None:
    queue = Queue(3)
    assert all(queue.join(BACKGROUND).entered.is_set() for _ in range(3))


@given(st.integers(1, 5), st.lists(st.tuples(st.sampled_from(Priority), st.booleans()), max_size=40))
def test_never_more_inside_than_places_and_never_fewer_than_there_could_be(
    places: int, steps: list[tuple[Priority, bool]]
) -> None:
    queue, there = Queue(places), list[Ticket]()
    for priority, leaves in steps:
        if leaves and there:
            queue.leave(there.pop(len(there) // 2))
        else:
            there.append(queue.join(priority))
        inside = [ticket for ticket in there if ticket.entered.is_set()]
        waiting = [ticket for ticket in there if not ticket.entered.is_set()]
        assert len(inside) <= places
        if any(ticket.priority is not BACKGROUND for ticket in waiting):
            assert len(inside) == places
        elif waiting:
            assert len(inside) >= (places - 1 if places >= 4 else places)
