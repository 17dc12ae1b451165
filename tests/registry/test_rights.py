"""Capabilities taken apart: what one version wants beyond another is told right by right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_tools import make_tool

from agentforge.registry.rights import Reach, reach_of, rights, wanted
from agentforge.types import Capabilities

CAPABILITIES = st.builds(
    Capabilities,
    hosts=st.lists(st.sampled_from(["a.example.com", "POST a.example.com", "*.odd"]), unique=True).map(tuple),
    files=st.lists(st.sampled_from(["read a.csv", "write a.csv"]), unique=True).map(tuple),
    packages=st.lists(st.sampled_from(["six", "attrs"]), unique=True).map(tuple),
    clock=st.booleans(),
)


@pytest.mark.parametrize(
    ("new", "old", "more"),
    [
        (Capabilities(hosts=("api.example.com",)), Capabilities(), ["fetch GET api.example.com"]),
        (Capabilities(hosts=("API.example.com:443",)), Capabilities(hosts=("api.example.com",)), []),
        (Capabilities(hosts=("GET,POST a.example.com",)), Capabilities(hosts=("POST,GET a.example.com",)), []),
        (Capabilities(hosts=("a.example.com",)), Capabilities(hosts=("POST,GET a.example.com",)), []),
        (
            Capabilities(hosts=("POST,GET a.example.com",)),
            Capabilities(hosts=("a.example.com",)),
            ["fetch POST a.example.com"],
        ),
        (
            Capabilities(hosts=("http://a.example.com",)),
            Capabilities(hosts=("a.example.com",)),
            ["fetch GET http://a.example.com"],
        ),
        (Capabilities(files=("a.csv",)), Capabilities(files=("read a.csv",)), []),
        (Capabilities(files=("write a.csv",)), Capabilities(files=("read a.csv",)), ["write a.csv"]),
        (Capabilities(clock=True, randomness=True), Capabilities(clock=True), ["randomness"]),
        (Capabilities(secrets=("k@a.example.com",)), Capabilities(), ["secret k@a.example.com"]),
    ],
)
def test_what_one_wants_beyond_the_other(new, old, more):
    assert wanted(new, old) == more


@given(CAPABILITIES, CAPABILITIES)
def test_nothing_more_is_wanted_only_where_every_right_is_had(new, old):
    assert (not wanted(new, old)) == (rights(new) <= rights(old))
    assert wanted(new, new) == []
    assert bool(wanted(new)) == (not new.none)


CLOCK, HOST = Capabilities(clock=True), Capabilities(hosts=("a.example.com",))


def test_what_the_tools_that_it_needs_reach_is_told_with_their_names_through_pure_ones_and_in_circles():
    standing = {
        "rates": make_tool("rates", capabilities=HOST, imports=["now"]),
        "now": make_tool("now", capabilities=CLOCK, imports=["plain"]),
        "plain": make_tool("plain", imports=["rates"]),
    }
    reach = reach_of(CLOCK, ["plain", "gone"], standing.get)
    assert reach.told == ["clock", "clock through now", "fetch GET a.example.com through rates"]
    assert reach_of(Capabilities(), ["gone"], standing.get).told == []


@pytest.mark.parametrize(
    ("new", "old", "more"),
    [
        (Reach(through={"now": CLOCK}), Reach(), ["clock through now"]),
        (Reach(through={"now": CLOCK}), Reach(through={"today": CLOCK}), []),
        (Reach(through={"now": CLOCK}), Reach(CLOCK), []),
        (Reach(CLOCK), Reach(through={"now": CLOCK}), ["clock"]),
    ],
)
def test_having_a_right_is_more_than_having_it_used(new, old, more):
    assert new.beyond(old) == more


@given(CAPABILITIES, CAPABILITIES, CAPABILITIES, CAPABILITIES)
def test_nothing_that_is_reached_for_the_first_time_goes_untold(new, used, old, was_used):
    later, before = Reach(new, {"one": used}), Reach(old, {"other": was_used})
    assert bool(later.beyond(before)) >= bool(later.all - before.all)
    assert later.beyond(later) == []
