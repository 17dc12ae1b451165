"""What the host saw one run reach: counted, bounded, and the same after it was kept as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.observed import LONGEST_HOST, MOST_KINDS, Log, Observed, Request


def log(*asked: tuple[str, str, Any]) -> Log:
    made = Log()
    for one in asked:
        made.asked(*one)
    return made


def test_requests_are_counted_by_method_host_and_what_came_of_them() -> None:
    seen = Observed.of(log(*[("GET", "a.test", 200)] * 3, ("GET", "a.test", 404), ("POST", "a.test", 200)), {}, {})
    assert seen.requests == {
        Request("GET", "a.test", "200"): 3,
        Request("GET", "a.test", "404"): 1,
        Request("POST", "a.test", "200"): 1,
    }


def test_files_are_told_by_name_and_size_and_never_by_what_they_hold() -> None:
    seen = Observed.of(Log(), {"in.csv": b"private"}, {"out.csv": b""})
    assert (seen.given, seen.left) == ({"in.csv": 7}, {"out.csv": 0})
    assert "private" not in json.dumps(seen.to_json())


def test_kinds_beyond_the_bound_are_counted_and_refusals_crowd_nothing_out() -> None:
    """A run could otherwise hide what it reached behind many refusals."""
    many = [("GET", f"h{number}.test", "refused") for number in range(MOST_KINDS + 5) for _ in range(2)]
    seen = Observed.of(log(*many, ("GET", "reached.test", 200)), {}, {})
    assert len(seen.requests) == MOST_KINDS
    assert next(iter(seen.requests)) == Request("GET", "reached.test", "200")
    assert seen.more == 2 * 6


def test_it_stays_small_whatever_a_run_asks_for() -> None:
    made = log(*(("OPTIONS", f"{number}" + "h" * 4000, "refused") for number in range(1000)))
    kept = json.dumps(Observed.of(made, {}, {}).to_json())
    assert len(kept) < MOST_KINDS * (LONGEST_HOST + 60)


def test_only_what_was_granted_is_kept_in_full_length() -> None:
    """Of that there is only what its tool declared: it is bounded by its manifest."""
    host = "h" * (LONGEST_HOST + 29)
    seen = Observed.of(log(("GET", host, 200), ("GET", host, "failed"), ("GET", host, "refused")), {}, {})
    assert [request.host for request in seen.requests] == [host, host, host[:LONGEST_HOST]]


def test_every_secret_that_was_carried_is_told() -> None:
    made = Log()
    for number in range(MOST_KINDS + 5):
        made.filled(f"s{number}@a.test")
    assert len(Observed.of(made, {}, {}).secrets) == MOST_KINDS + 5


def test_a_run_that_reached_nothing_is_kept_as_nothing() -> None:
    assert Observed.of(Log(), {}, {}).to_json() == {}


names = st.text(max_size=10)
counts = st.integers(1, 9)


@given(
    st.builds(
        Observed,
        st.dictionaries(st.builds(Request, names, names, names), counts, max_size=4),
        st.lists(names, max_size=3).map(tuple),
        st.dictionaries(names, counts, max_size=3),
        st.dictionaries(names, counts, max_size=3),
        counts,
    )
)
def test_what_was_kept_comes_back(seen: Observed) -> None:
    assert Observed.from_json(json.loads(json.dumps(seen.to_json()))) == seen


@pytest.mark.parametrize(
    "odd", [None, [], "x", {"requests": 1}, {"requests": [["GET", "a"], None]}, {"given": ["x"], "more": "many"}]
)
def test_what_has_another_form_counts_as_not_there(odd: Any) -> None:
    assert Observed.from_json(odd) == Observed()
