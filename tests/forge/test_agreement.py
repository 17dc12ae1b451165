"""Candidates that behave alike support one another; copies and repairs of one do not."""

import pytest

from agentforge.forge.agreement import grouped
from agentforge.forge.author import Draft
from agentforge.forge.evidence import Candidate
from agentforge.types import Usage


def candidate(lineage, behaviour, cases=(), source="x"):
    """``behaviour`` has a letter for each input: what was returned, or ``!`` and ``?`` for two errors."""
    told = {"!": "raises ValueError", "?": "timed_out"}
    behaviour = [told.get(letter, f"returns {letter}") for letter in behaviour]
    draft = Draft(source, "rules", lineage, "", False, Usage(), 0.0)
    return Candidate(draft, source, 0, cases=tuple(cases), behaviour=tuple(behaviour))


def test_the_larger_group_wins():
    groups = grouped([candidate(1, "aba"), candidate(2, "cdc"), candidate(3, "aba")])
    assert [len(group.members) for group in groups] == [2, 1]


def test_generated_tests_weigh_as_in_codet():
    lone = candidate(1, "aba", [True, True, True])
    pair = [candidate(2, "cdc", [False, False, False]), candidate(3, "cdc", [False, False, False])]
    assert grouped([*pair, lone])[0].members == (lone,)


def test_repairs_of_one_candidate_count_once():
    group = grouped([candidate(1, "aba"), candidate(1, "aba"), candidate(2, "aba")])[0]
    assert (len(group.members), group.independent) == (3, 2)


def test_a_single_odd_probe_does_not_part_two_candidates():
    assert len(grouped([candidate(1, "a" * 40), candidate(2, "a" * 39 + "b")])) == 1
    assert len(grouped([candidate(1, "a" * 40), candidate(2, "a" * 30 + "b" * 10)])) == 2


def test_a_member_that_the_others_outvote_is_not_taken_however_short():
    right, also = candidate(1, "a" * 40, source="long one"), candidate(2, "a" * 40, source="long too")
    odd = candidate(3, "a" * 39 + "b", source="x")
    (group,) = grouped([odd, right, also])
    assert group.best is right


def test_repairs_of_one_candidate_add_nothing_to_a_score():
    assert grouped([candidate(1, "aba"), candidate(1, "aba")])[0].score == 1


def test_the_shortest_member_is_taken():
    assert grouped([candidate(1, "aaa", source="xxx"), candidate(2, "aaa", source="x")])[0].best.source == "x"


@pytest.mark.parametrize("behaviour", ["!!!!!!!!", "????????", "aa!!!!!!", ""])
def test_failing_alike_is_no_agreement(behaviour):
    assert len(grouped([candidate(1, behaviour), candidate(2, behaviour)])) == 2


def test_an_error_where_the_other_returns_something_is_a_difference():
    assert len(grouped([candidate(1, "aaaa"), candidate(2, "aaa!")])) == 2
