"""What became of passages between two commits, and what stands where one stood."""

from __future__ import annotations

import pytest

from agentforge.errors import UsageError
from agentforge.memory.documents.changes import changed_passages, side_by_side, standing, successor
from agentforge.memory.documents.library import Documents

from .conftest import POLICY, keep


def test_of_a_change_the_passages_that_went_and_came_are_told(documents: Documents) -> None:
    before = keep(documents, POLICY)
    keep(documents, "# Other\n\nuntouched words", "/other.md")
    after = keep(documents, POLICY.replace("28 EUR", "30 EUR").replace("Valid for", "It holds for"))
    found = changed_passages(documents, before.commit, after.commit)
    assert [(one.headings, one.first) for one in found.gone] == [((), 1), (("Meals",), 5)]
    assert ["It holds for" in found.came[0].text, "30 EUR" in found.came[1].text] == [True, True]
    assert len(changed_passages(documents, before.before, after.commit).came) == 5
    assert changed_passages(documents, after.commit, after.commit) == changed_passages(
        documents, before.commit, after.commit, "d000000000000"
    )


def test_of_a_removal_all_are_gone_and_of_a_revert_all_are_back(documents: Documents) -> None:
    kept = keep(documents, POLICY)
    removed = documents.remove(kept.document.id)
    found = changed_passages(documents, removed.before, removed.commit)
    assert (len(found.gone), found.came) == (4, ())
    back = keep(documents, POLICY)
    assert {one.id for one in changed_passages(documents, removed.commit, back.commit).came} == {
        one.id for one in found.gone
    }


def test_what_is_no_commit_is_refused(documents: Documents) -> None:
    kept = keep(documents, POLICY)
    for commit in ("0" * 40, "HEAD~1", "--all"):
        with pytest.raises(UsageError, match="no commit of this registry"):
            changed_passages(documents, commit, kept.commit)


def test_an_old_passage_stands_beside_what_took_its_place(documents: Documents) -> None:
    before = keep(documents, POLICY)
    meals, france = (
        next(one for one in documents.passages(before.document.id) if one.headings[-1:] == (name,))
        for name in ("Meals", "France")
    )
    assert side_by_side(documents, meals.id) == (meals, meals)
    keep(documents, POLICY.replace("28 EUR", "30 EUR").replace("### France\n\nRooms", "### France\n\nAll rooms"))
    keep(documents, POLICY.replace("28 EUR", "33 EUR").replace("### France\n\nRooms", "### France\n\nAll rooms"))
    old, new = side_by_side(documents, meals.id)
    assert old == meals
    assert new is not None
    assert "33 EUR" in new.text
    old, new = side_by_side(documents, france.id)
    assert old == france
    assert new is not None
    assert new.headings == ("Hotel", "France"), (
        "not the words under Germany, which are more alike but were there before"
    )


def test_where_nothing_is_like_it_nothing_stands_beside_it(documents: Documents) -> None:
    kept = keep(documents, POLICY)
    meals = documents.passages(kept.document.id)[1]
    keep(documents, POLICY.replace(meals.text, "Everybody pays for food alone."))
    assert side_by_side(documents, meals.id) == (meals, None)
    documents.remove(kept.document.id)
    assert side_by_side(documents, meals.id) == (meals, None)
    assert side_by_side(documents, f"{kept.document.id}.{'0' * 16}") == (None, None)
    assert side_by_side(documents, "rubbish") == (None, None)


def test_of_like_passages_the_one_under_the_same_headings_follows(documents: Documents) -> None:
    kept = keep(documents, POLICY)
    _, _, germany, france = documents.passages(kept.document.id)
    assert successor(france, [germany, france]) == france
    assert successor(france, []) is None


def test_of_some_ids_those_that_stand_are_told(documents: Documents) -> None:
    kept = keep(documents, POLICY)
    known = [one.id for one in documents.passages(kept.document.id)]
    changed = keep(documents, POLICY.replace("28 EUR", "30 EUR"))
    assert standing(documents, [*known, "rubbish", "d000000000000." + "0" * 16]) == {*known} - {known[1]}
    assert standing(documents, known, changed.before) == {*known}
