"""What came from an episode and stays when its record is erased: just what a revocation of it would take."""

from __future__ import annotations

from sample_tools import make_tool

from agentforge.registry.learned import learned_from
from agentforge.registry.references import Origin
from agentforge.registry.regressions import keep_regression
from agentforge.registry.revocation import revoke
from agentforge.types import Example, State


def fill(registry):
    """A tool and a proposal from e1, a repair of that tool from e2, an importer of it, and a test from e3."""
    first = registry.add(make_tool("first", episodes=("e1",)), state=State.LIVE)
    registry.add(make_tool("waits", episodes=("e1",)), state=State.PROPOSED)
    registry.add(make_tool("first", "return text.lower()", episodes=("e2",), parent=first), state=State.LIVE)
    registry.add(make_tool("second", imports=("first",)), state=State.LIVE)
    registry.add(make_tool("unrelated", episodes=("e9",)), state=State.LIVE)
    trailers = {"Tool": ["first"], "Source": ["feedback:c1"], "Episode": ["e3"]}
    keep_regression(registry, "first", Example({"text": "c1"}, "c1", source="feedback:c1"), trailers)


def test_it_names_tools_proposals_and_tests_by_episode(registry):
    fill(registry)
    assert learned_from(registry, ["e1", "e2", "e3", "e4"]) == {
        "e1": ("first", "second", "waits/1"),
        "e2": ("first", "second"),
        "e3": ("first/feedback:c1",),
    }


def test_a_revocation_takes_just_that_and_then_nothing_is_left_to_take(registry):
    fill(registry)
    for episode, names in learned_from(registry, ["e1", "e3"]).items():
        done = revoke(registry, Origin("episode", episode))
        assert sorted([*done.tools, *done.proposals, *done.regressions]) == sorted(names)
    assert "waits/1" not in learned_from(registry, ["e1"])["e1"]
    assert learned_from(registry, ["e3"]) == {}


def test_an_empty_registry_has_learned_nothing(registry):
    assert learned_from(registry, ["e1"]) == {}
