"""Failing calls are made small: still failing, never larger, the same every time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from agentforge.forge.shrinking import shrink, size
from agentforge.types import JSON, JSONObject

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
ARGS = st.dictionaries(st.sampled_from(["a", "b"]), VALUES, min_size=1, max_size=2)


def shrunk(
    args: JSONObject, fails: Callable[[JSONObject], bool], most_runs: int = 200
) -> tuple[JSONObject, list[JSONObject]]:
    asked: list[JSONObject] = []

    async def asking(some: JSONObject) -> bool:
        asked.append(some)
        return fails(some)

    return asyncio.run(shrink(args, asking, most_runs=most_runs)), asked


def test_only_what_makes_it_fail_is_left() -> None:
    args: JSONObject = {
        "text": "a long text, with an ! in the middle of it",
        "numbers": [3, 1, -7, 12],
        "deep": {"x": 1},
    }
    small, _ = shrunk(args, lambda some: "!" in str(some["text"]) and -7 in some["numbers"])  # type: ignore[operator] - a list
    assert small == {"text": "!", "numbers": [-7], "deep": {}}


def test_numbers_and_letters_become_plainer() -> None:
    small, _ = shrunk({"n": 123456, "t": "Zürich 42"}, lambda some: some["n"] >= 1000 and len(some["t"]) >= 3)  # type: ignore[operator,arg-type] - a number, a text
    assert small["t"] in {"000", "aaa", "a 0", "aa "} or len(str(small["t"])) == 3
    assert 1000 <= small["n"] < 2000  # type: ignore[operator] - a number


def test_a_call_that_cannot_be_smaller_stays() -> None:
    args: JSONObject = {"text": "exactly this"}
    assert shrunk(args, lambda some: some == args)[0] == args


@given(ARGS)
def test_it_still_fails_is_never_larger_and_keeps_its_parameters(args: JSONObject) -> None:
    def fails(some: JSONObject) -> bool:
        return any(isinstance(value, str | list | int) for value in some.values())

    small, asked = shrunk(args, fails)
    assert small == args or (fails(small) and size(small) < size(args))
    assert small.keys() == args.keys()
    assert len(asked) == len({repr(some) for some in asked}) <= 200
    assert all(size(some) < size(args) for some in asked)


@given(ARGS, st.integers(0, 20))
def test_it_does_the_same_every_time_and_keeps_to_its_budget(args: JSONObject, most: int) -> None:
    def fails(some: JSONObject) -> bool:
        return len(repr(some)) % 3 != 0

    one, asked = shrunk(args, fails, most)
    assert one == shrunk(args, fails, most)[0]
    assert len(asked) <= most


@given(VALUES)
def test_sizes_compare(value: JSON) -> None:
    assert size(value) >= (1, 0)
