"""Where a tool stands after a merge: the table, line by line."""

from __future__ import annotations

import pytest

from agentforge.gitstore.threefold import threefold
from agentforge.registry.merging.standing import stands
from agentforge.registry.states import Standing
from agentforge.types import State


def at(version: str, state: State = State.LIVE, **facts: object) -> Standing:
    return Standing.model_validate({"state": state, "version": version * 64, **facts})


OLD, MINE, OTHER = at("0"), at("1"), at("2")
QUARANTINED, RETIRED, PINNED = at("0", State.QUARANTINED), at("0", State.RETIRED), at("0", pinned=True)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "standing", "side", "waits", "contested"),
    [
        (None, None, OTHER, OTHER, "theirs", False, False),
        (OLD, OLD, OTHER, OTHER, "theirs", False, False),
        (OLD, MINE, OLD, MINE, "ours", False, False),
        (OLD, OTHER, OTHER, OTHER, "ours", False, False),
        (OLD, OLD, None, OLD, "ours", False, False),
        (OLD, MINE, OTHER, MINE, "ours", False, True),
        (None, MINE, OTHER, MINE, "ours", False, True),
        (OLD, MINE, QUARANTINED, QUARANTINED, "theirs", True, False),
        (OLD, MINE, PINNED, PINNED, "theirs", True, False),
        (OLD, QUARANTINED, OTHER, QUARANTINED, "ours", True, False),
        (OLD, MINE, at("0", unconfirmed=True), MINE, "ours", False, False),
        (OLD, at("0", unconfirmed=True), OTHER, OTHER, "theirs", False, False),
        (OLD, RETIRED, QUARANTINED, QUARANTINED, "ours", False, False),
        (OLD, QUARANTINED, RETIRED, QUARANTINED, "ours", False, False),
        (OLD, MINE, at("2", State.QUARANTINED), at("2", State.QUARANTINED), "theirs", True, False),
    ],
)
def test_the_table(base, ours, theirs, standing, side, waits, contested) -> None:
    found = stands(base, ours, theirs)
    assert (found.standing, found.side, bool(found.waits), found.contested) == (standing, side, waits, contested)


def test_two_decisions_about_different_facts_of_one_version_both_hold() -> None:
    ours, theirs = at("0", pinned=True, stale=["doc:1"]), at("0", State.RETIRED, reason="Unused.", stale=["doc:2"])
    merged = stands(OLD, ours, theirs).standing
    assert merged == at("0", State.RETIRED, reason="Unused.", pinned=True, stale=["doc:1", "doc:2"])


def test_what_one_side_took_back_is_not_brought_back_by_the_other() -> None:
    held = at("0", State.QUARANTINED, reason="Wrong.")
    assert stands(held, OLD, held).standing == OLD
    assert stands(held, held, OLD).standing == OLD


def test_what_both_changed_in_the_same_way_is_no_dispute() -> None:
    assert threefold({"a": 1}, {"a": 2}, {"a": 2}) == ({"a": 2}, [])
    assert threefold({"a": 1}, {"a": 2}, {"a": 3}) == ({"a": 2}, ["a"])
    assert threefold({"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 1}, {"b": 2, "d": 1}) == ({"b": 2, "c": 1, "d": 1}, [])
    assert threefold({"a": 1}, {"a": 2}, {}) == ({"a": 2}, ["a"])
