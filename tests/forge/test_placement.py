"""Where a tool goes that passed every gate: what makes it wait, and that no rule can be bought off by another."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.forge.placement import FEWEST_CASES, Facts, place
from agentforge.policy import Policy
from agentforge.registry.rights import Reach
from agentforge.sections import ReviewSettings
from agentforge.types import Capabilities, State

CLOCK = Capabilities(clock=True)
USING = Reach(through={"clock_of": CLOCK})
PLAIN = Facts(tainted=False, reach=Reach(), truths=3, cases=0, unconfirmed=False, tester_is_generator=True)
AUTO, ALL = Policy(), Policy(ReviewSettings(policy="review-all"))
ALLOWING = Policy(ReviewSettings(allow=("clock",)))

CAPABILITIES = st.builds(
    Capabilities,
    hosts=st.sampled_from([(), ("api.example.com",)]),
    files=st.sampled_from([(), ("read a.csv",)]),
    secrets=st.sampled_from([(), ("k@api.example.com",)]),
    packages=st.sampled_from([(), ("six",)]),
    clock=st.booleans(),
    randomness=st.booleans(),
)
REACHES = st.builds(Reach, CAPABILITIES, st.dictionaries(st.sampled_from(["rates", "clock_of"]), CAPABILITIES))
KINDS = ("hosts", "files", "secrets", "packages", "clock", "randomness")
POLICIES = st.builds(
    Policy,
    st.builds(
        ReviewSettings,
        policy=st.sampled_from(["auto-low", "review-all"]),
        allow=st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
    ),
    st.sampled_from(["", "It is malformed."]),
)
FACTS = st.builds(
    Facts,
    tainted=st.booleans(),
    reach=REACHES,
    truths=st.integers(0, 4),
    cases=st.integers(0, 6),
    unconfirmed=st.booleans(),
    tester_is_generator=st.booleans(),
    live=st.none() | REACHES,
    pinned=st.booleans(),
    alone=st.booleans(),
    guessed=st.booleans(),
)


def test_a_tool_that_reaches_nothing_from_a_trusted_source_is_live_at_once():
    assert place(PLAIN, AUTO) == (State.LIVE, "All gates passed.")
    unconfirmed = dataclasses.replace(PLAIN, unconfirmed=True)
    assert place(unconfirmed, AUTO) == (State.LIVE, "All gates passed. Unconfirmed: no example was held out.")


@pytest.mark.parametrize(
    ("facts", "policy", "words"),
    [
        ({"tainted": True}, ALLOWING, "untrusted text"),
        ({"pinned": True}, AUTO, "is pinned"),
        ({"reach": Reach(CLOCK)}, AUTO, "asks for capabilities"),
        ({"reach": Reach(Capabilities(clock=True, randomness=True))}, ALLOWING, "asks for capabilities"),
        (
            {"reach": Reach(CLOCK), "live": Reach(Capabilities())},
            ALLOWING,
            "wants more than the version that stands (clock)",
        ),
        ({"reach": USING, "live": Reach()}, ALLOWING, "more than the version that stands (clock through clock_of)"),
        ({"reach": USING}, AUTO, "It needs clock_of, which has capabilities"),
        ({"truths": 0}, AUTO, "the same model wrote code and tests"),
        ({"truths": 0, "tester_is_generator": False, "cases": FEWEST_CASES - 1}, AUTO, "only 3 generated tests"),
        ({"alone": True, "unconfirmed": True}, AUTO, "No other candidate behaves like it"),
        ({"alone": True, "unconfirmed": True, "tester_is_generator": False, "cases": 3}, AUTO, "No other candidate"),
        ({"guessed": True}, AUTO, "Held-out examples had refuted others before it"),
        ({}, ALL, "lets no tool go live without a person"),
        ({}, Policy(problem="The file is malformed."), "The file is malformed. Until it is corrected every tool waits"),
    ],
)
def test_what_waits_says_why(facts, policy, words):
    state, why = place(dataclasses.replace(PLAIN, **facts), policy)
    assert state is State.PROPOSED
    assert words in why


@pytest.mark.parametrize(
    ("facts", "policy"),
    [
        ({"reach": Reach(CLOCK)}, ALLOWING),
        ({"reach": Reach(CLOCK), "live": Reach(CLOCK)}, ALLOWING),
        ({"live": Reach(CLOCK)}, AUTO),
        ({"reach": USING}, ALLOWING),
        ({"reach": USING, "live": Reach(CLOCK)}, ALLOWING),
        ({"truths": 0, "tester_is_generator": False, "cases": FEWEST_CASES}, AUTO),
        ({"alone": True}, AUTO),  # a held-out example speaks for it
        ({"alone": True, "unconfirmed": True, "tester_is_generator": False, "cases": FEWEST_CASES}, AUTO),
    ],
)
def test_what_need_not_wait(facts, policy):
    assert place(dataclasses.replace(PLAIN, **facts), policy)[0] is State.LIVE


@given(FACTS, POLICIES)
def test_nothing_untrusted_and_nothing_that_wants_more_is_ever_live_whatever_the_policy(facts, policy):
    state, why = place(facts, policy)
    assert why
    if facts.tainted or facts.pinned or policy.problem or policy.rules.policy == "review-all":
        assert state is State.PROPOSED
    if facts.live is not None and facts.reach.all - facts.live.all:
        assert state is State.PROPOSED
    if state is State.LIVE:
        for given_to in (facts.reach.own, *facts.reach.through.values()):
            assert {kind for kind in KINDS if getattr(given_to, kind)} <= {*policy.rules.allow}


@given(FACTS, POLICIES, st.sampled_from(["tainted", "pinned", "tester_is_generator", "alone", "guessed"]))
def test_a_fact_against_a_tool_never_lets_it_in(facts, policy, fact):
    against, for_it = (dataclasses.replace(facts, **{fact: value}) for value in (True, False))
    if place(for_it, policy)[0] is State.PROPOSED:
        assert place(against, policy)[0] is State.PROPOSED
