"""What became known of calls: labels that only grow, and the last of them counts."""

from __future__ import annotations

import pytest

from agentforge.database.store import Database
from agentforge.errors import UsageError
from agentforge.memory.episodes import Episodes, new_call_id
from agentforge.memory.outcomes import DOUBT, Outcomes, reference
from agentforge.memory.records import FinishedCall
from agentforge.types import Example, OutcomeKind


@pytest.fixture
def episodes(database: Database) -> Episodes:
    return Episodes(database, org="personal", user="ada")


@pytest.fixture
def outcomes(database: Database) -> Outcomes:
    return Outcomes(database, org="personal", user="ada", secrets=["blue-horse-42"])


def called(episodes: Episodes, value: int = 1) -> str:
    call = new_call_id()
    finished = FinishedCall("double", "v1", {"n": value}, "returned", value * 2, 0.1)
    episodes.record_lone_call(finished, call)
    return call


def test_a_returned_call_is_no_labelled_one(episodes: Episodes, outcomes: Outcomes) -> None:
    known = outcomes.call(called(episodes))
    assert (known.word, known.labelled, known.truth) == (None, False, None)
    assert outcomes.labelled("double", "v1", 8) == []


def test_the_last_word_counts_and_all_are_kept(episodes: Episodes, outcomes: Outcomes) -> None:
    call = called(episodes)
    outcomes.label(outcomes.call(call), "confirmed", by="user")
    assert outcomes.call(call).truth == Example({"n": 1}, 2, source=f"feedback:{call}")
    outcomes.label(outcomes.call(call), "wrong", by="user", expected={"returns": 3})
    known = outcomes.call(call)
    assert (known.word, known.truth) == ("wrong", Example({"n": 1}, 3, source=f"feedback:{call}"))
    assert [label.kind for label in outcomes.history(call)] == ["confirmed", "wrong"]
    assert episodes.calls("double")[0].outcome is OutcomeKind.WRONG


def test_a_correction_may_be_an_error(episodes: Episodes, outcomes: Outcomes) -> None:
    call = called(episodes)
    outcomes.label(outcomes.call(call), "wrong", by="user", expected={"raises": "ValueError"})
    assert outcomes.call(call).truth == Example({"n": 1}, None, "ValueError", f"feedback:{call}")


def test_a_defect_is_one_until_a_person_says_that_the_answer_is_right(episodes: Episodes, outcomes: Outcomes) -> None:
    call = called(episodes)
    outcomes.label(outcomes.call(call), "defect", by="program", reason="it fails")
    assert outcomes.call(call).defect
    outcomes.label(outcomes.call(call), "confirmed", by="user")
    assert not outcomes.call(call).defect
    assert outcomes.call(call).labelled


def test_labelled_calls_come_in_the_order_of_their_labels(episodes: Episodes, outcomes: Outcomes) -> None:
    calls = [called(episodes, value) for value in range(4)]
    for call in (calls[2], calls[0], calls[3]):
        outcomes.label(outcomes.call(call), "confirmed", by="user")
    assert [one.id for one in outcomes.labelled("double", "v1", 2)] == [calls[3], calls[0]]
    assert outcomes.labelled("double", "v2", 2) == []


def test_secrets_in_a_correction_are_never_written(episodes: Episodes, outcomes: Outcomes) -> None:
    call = called(episodes)
    outcomes.label(
        outcomes.call(call), "wrong", by="user", expected={"returns": "blue-horse-42"}, reason="blue-horse-42"
    )
    assert "blue-horse" not in str(outcomes.history(call))


def test_calls_of_other_users_are_invisible(database: Database, episodes: Episodes) -> None:
    call = called(episodes)
    with pytest.raises(UsageError, match="There is no tool call"):
        Outcomes(database, org="personal", user="bob").call(call)


def test_an_id_that_an_endpoint_made_up_becomes_one_short_word() -> None:
    assert reference("call_1f-2.a") == "call_1f-2.a"
    odd = reference("call 1\nFixes: everything")
    assert len(odd) == 24
    assert odd.isalnum()


def test_credit_is_what_people_said_last_and_little_of_little(episodes: Episodes, outcomes: Outcomes) -> None:
    assert outcomes.credit() == {}
    call = called(episodes)
    outcomes.label(outcomes.call(call), "confirmed", by="user")
    assert outcomes.credit() == {"double": 1 / (1 + DOUBT)}
    outcomes.label(outcomes.call(call), "wrong", by="user")
    assert outcomes.credit() == {"double": -1 / (1 + DOUBT)}
    for number in range(20):
        outcomes.label(outcomes.call(called(episodes, number)), "confirmed", by="user")
    assert 0.7 < outcomes.credit()["double"] < 1


def test_credit_is_ones_own(episodes: Episodes, outcomes: Outcomes, database: Database) -> None:
    outcomes.label(outcomes.call(called(episodes)), "confirmed", by="user")
    assert Outcomes(database, org="personal", user="bob").credit() == {}
