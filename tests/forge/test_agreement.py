"""Candidates that behave alike support one another; copies and repairs of one do not."""

from agentforge.forge.agreement import grouped
from agentforge.forge.author import Draft
from agentforge.forge.evidence import Candidate
from agentforge.types import Usage


def candidate(lineage, behaviour, cases=(), source="x"):
    draft = Draft(source, "rules", lineage, "", False, Usage(), 0.0)
    return Candidate(draft, source, 0, cases=tuple(cases), behaviour=tuple(behaviour))


def test_the_larger_group_wins():
    groups = grouped([candidate(1, "ab"), candidate(2, "cd"), candidate(3, "ab")])
    assert [len(group.members) for group in groups] == [2, 1]


def test_generated_tests_weigh_as_in_codet():
    lone = candidate(1, "ab", [True, True, True])
    pair = [candidate(2, "cd", [False, False, False]), candidate(3, "cd", [False, False, False])]
    assert grouped([*pair, lone])[0].members == (lone,)


def test_repairs_of_one_candidate_count_once():
    group = grouped([candidate(1, "ab"), candidate(1, "ab"), candidate(2, "ab")])[0]
    assert (len(group.members), group.independent) == (3, 2)


def test_a_single_odd_probe_does_not_part_two_candidates():
    assert len(grouped([candidate(1, "a" * 40), candidate(2, "a" * 39 + "b")])) == 1
    assert len(grouped([candidate(1, "a" * 40), candidate(2, "a" * 30 + "b" * 10)])) == 2


def test_the_shortest_member_is_taken():
    assert grouped([candidate(1, "a", source="xxx"), candidate(2, "a", source="x")])[0].best.source == "x"
