"""How long a request may take, by what the endpoint finished before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.models.pace import ENOUGH, FACTOR, FLOOR, LEAST_WORK, READING, RECENT, Pace
from agentforge.types import Usage

CEILING = 600.0
answers = st.tuples(st.integers(0, 4000), st.integers(1, 1000), st.floats(0.001, 2.0))


def measured(*finished: tuple[int, int, float]) -> Pace:
    """A pace after answers of (prompt tokens, written tokens, seconds for a unit of work)."""
    pace = Pace()
    for prompt, written, each in finished:
        pace.finished(Usage(prompt, written), each * (written + prompt / READING))
    return pace


def test_a_short_answer_of_a_quick_endpoint_is_given_up_long_before_the_ceiling() -> None:
    pace = measured(*[(800, 100, 0.1)] * ENOUGH)
    assert pace.limit(800, 20, CEILING) == pytest.approx(FLOOR + FACTOR * 0.1 * 120)
    assert pace.limit(800, 20, CEILING) < CEILING / 5


def test_before_enough_is_known_the_ceiling_stands_alone() -> None:
    assert measured(*[(0, 100, 0.1)] * (ENOUGH - 1)).limit(0, 20, CEILING) == CEILING


def test_what_was_too_small_to_measure_the_model_counts_for_nothing() -> None:
    assert measured(*[(0, LEAST_WORK - 1, 0.1)] * 20).limit(0, 20, CEILING) == CEILING


def test_what_the_cache_spared_was_no_work() -> None:
    cached, read = Pace(), Pace()
    for _ in range(ENOUGH):
        cached.finished(Usage(800, 100, cached_tokens=800), 10.0)
        read.finished(Usage(800, 100), 10.0)
    assert cached.limit(0, 100, CEILING) > read.limit(0, 100, CEILING)


def test_the_slowest_of_late_decides_and_what_is_long_ago_does_not() -> None:
    slow = (0, 100, 1.0)
    quick = [(0, 100, 0.01)] * RECENT
    assert measured(slow, *quick[1:]).limit(0, 100, CEILING) == FLOOR + FACTOR * 100
    assert measured(slow, *quick).limit(0, 100, CEILING) == FLOOR + FACTOR


def test_after_a_request_that_took_too_long_the_next_one_has_the_whole_ceiling() -> None:
    pace = measured(*[(0, 100, 0.1)] * ENOUGH)
    pace.forget()
    assert pace.limit(0, 20, CEILING) == CEILING


@given(st.lists(answers, max_size=40), st.integers(0, 4000), st.integers(1, 4000), st.floats(1, 1000))
def test_the_limit_lies_between_floor_and_ceiling_and_what_was_just_done_can_be_done_again(
    finished: list[tuple[int, int, float]], prompt: int, most: int, ceiling: float
) -> None:
    pace = measured(*finished)
    limit = pace.limit(prompt, most, ceiling)
    assert min(FLOOR, ceiling) <= limit <= ceiling
    assert limit <= pace.limit(prompt, most + 1, ceiling)
    assert limit <= pace.limit(prompt + 1, most, ceiling)
    for read, written, each in finished[-RECENT:]:
        took = each * (written + read / READING)
        assert pace.limit(read, written, ceiling) >= min(ceiling, FACTOR * took * 0.999)
