"""The persona: a page that only changes with three episodes or a request, and never without the user's yes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentforge.errors import UsageError
from agentforge.gitstore.store import GitStore
from agentforge.memory.entries import Candidate
from agentforge.memory.files import PERSONA, PROPOSED
from agentforge.memory.keeping import Memory
from agentforge.memory.persona import PERSONA_CHARS, Persona
from tests.memory.remembered import new_store

THREE = ("e1", "e2", "e3")
SECRET = "blue-horse-42"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GitStore]:
    with new_store(tmp_path / "r.git") as made:
        yield made


@pytest.fixture
def revoked() -> set[str]:
    return set()


@pytest.fixture
def memory(store: GitStore, revoked: set[str]) -> Memory:
    return Memory(store, revoked=lambda: frozenset(revoked), secrets=[SECRET])


@pytest.fixture
def persona(memory: Memory) -> Persona:
    return Persona(memory, approver="ada")


def revoke(store: GitStore, revoked: set[str], *episodes: str) -> None:
    """As a revocation does it: in a commit."""
    revoked.clear()
    revoked.update(f"episode:{one}" for one in episodes)
    contents = repr(episodes).encode()
    store.commit({"revoked.toml": contents}, subject="Revoke", trailers={}, expected=store.head())


def adopted(persona: Persona, text: str, episodes: tuple[str, ...] = THREE) -> None:
    assert persona.propose(text, episodes=episodes).outcome == "pending"
    persona.approve()


def test_what_the_user_edits_stands_at_once(persona: Persona, store: GitStore) -> None:
    assert persona.text() == ""
    persona.edit("# Manner\n\n- Short answers.\n")
    assert persona.text() == "# Manner\n\n- Short answers.\n"
    assert store.log()[0].trailers["Approver"] == ("ada",)
    assert persona.edit("# Manner\n\n- Short answers.").commit == ""
    persona.edit("")
    assert persona.text() == ""
    assert PERSONA not in store.list()


def test_a_change_waits_as_a_diff_until_it_is_approved(persona: Persona, store: GitStore) -> None:
    persona.edit("- Short answers.\n")
    done = persona.propose("- Short answers.\n- Metric units.\n", episodes=THREE)
    assert (done.outcome, done.why) == ("pending", "3 episodes speak for it.")
    assert persona.text() == "- Short answers.\n"
    assert persona.diff()[2:] == ["@@ -1 +1,2 @@", " - Short answers.", "+- Metric units."]
    persona.approve()
    assert persona.text() == "- Short answers.\n- Metric units.\n"
    assert persona.proposed() == ""
    assert b"- Metric units. <!-- from: e1 e2 e3 -->\n" in (store.read(PERSONA) or b"")
    newest, first = persona.history()
    assert (newest.what, newest.approver, newest.episodes) == ("Approve the persona", "ada", THREE)
    assert persona.at(first.commit) == persona.at(first.commit[:8]) == "- Short answers.\n"
    assert persona.diff(first.commit)[-1] == "+- Metric units."
    with pytest.raises(UsageError, match="no version"):
        persona.at("12345678")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "0 of 3 episodes"),
        ({"episodes": ["e1", "e2", "e2"]}, "2 of 3 episodes"),
        ({"episodes": ["e1", "e2", "gone"]}, "gone, which is revoked"),
        ({"episodes": ["e1", "e2", "no id"]}, "no id of an episode"),
    ],
)
def test_without_three_episodes_it_is_not_even_proposed(
    persona: Persona, store: GitStore, revoked: set[str], facts: dict[str, list[str]], why: str
) -> None:
    revoke(store, revoked, "gone")
    done = persona.propose("- Metric units.", **facts)
    assert (done.outcome, done.commit) == ("refused", "")
    assert why in done.why


def test_a_request_of_the_user_is_enough_to_propose_it(persona: Persona) -> None:
    done = persona.propose("- Metric units.", episodes=["e1"], requested=True)
    assert (done.outcome, persona.text()) == ("pending", "")
    assert persona.proposed() == "- Metric units.\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [("x" * (PERSONA_CHARS + 1), "too long"), (f"Say {SECRET}", "secret"), ("a\u202eb", "nobody sees")],
)
def test_no_secret_nothing_hidden_and_no_more_than_a_page(persona: Persona, text: str, why: str) -> None:
    assert why in persona.propose(text, requested=True).why
    with pytest.raises(UsageError, match=why):
        persona.edit(text)


def test_a_proposal_for_a_persona_that_changed_since_cannot_be_approved(persona: Persona) -> None:
    persona.propose("- Metric units.", episodes=THREE)
    persona.edit("- Short answers.")
    with pytest.raises(UsageError, match="has changed since"):
        persona.approve()
    persona.reject()
    assert persona.text() == "- Short answers.\n"


def test_a_rejected_one_comes_back_only_on_request(persona: Persona, store: GitStore) -> None:
    persona.propose("- Metric units.", episodes=THREE)
    persona.reject(f"No, {SECRET}")
    assert PROPOSED not in store.list()
    assert SECRET.encode() not in (store.read("memory/rejected.toml") or b"")
    assert "turned it down" in persona.propose("- Metric units.", episodes=("e4", "e5", "e6")).why
    assert persona.propose("- Metric units.", requested=True).outcome == "pending"
    for nothing in (persona.diff, persona.approve, persona.reject):
        persona.edit("")
        if persona.proposed():
            persona.reject()
        with pytest.raises(UsageError, match="No change of the persona waits"):
            nothing()


def test_what_changes_nothing_is_no_proposal_and_a_job_proposes_once(persona: Persona) -> None:
    persona.edit("- Short answers.")
    assert persona.propose("- Short answers.\n", episodes=THREE).outcome == "repeats"
    assert persona.propose("- Metric units.", episodes=THREE, once="job1").outcome == "pending"
    persona.reject()
    assert persona.propose("- No emojis.", episodes=THREE, once="job1").outcome == "repeats"


def test_lines_from_revoked_episodes_alone_are_left_out_and_come_back(
    persona: Persona, store: GitStore, revoked: set[str]
) -> None:
    persona.edit("- By hand.\n")
    adopted(persona, "- By hand.\n- From the three.\n")
    adopted(persona, "- By hand.\n- From the three.\n- From others.\n", ("e3", "e4", "e5"))
    revoke(store, revoked, "e1", "e2")
    assert "From the three" in persona.text(), "one of its episodes still speaks for it"
    revoke(store, revoked, "e1", "e2", "e3")
    assert persona.text() == "- By hand.\n- From others.\n"
    persona.edit("- By hand.\n- From others.\n- Edited meanwhile.\n")
    adopted(persona, "- By hand.\n- Edited meanwhile.\n- Learned meanwhile.\n", ("e6", "e7", "e8"))
    assert "From the three" not in persona.text()
    revoke(store, revoked)
    assert persona.text() == "- By hand.\n- Edited meanwhile.\n- Learned meanwhile.\n- From the three.\n"


def test_nobody_can_say_by_himself_where_a_line_comes_from(persona: Persona, store: GitStore) -> None:
    adopted(persona, "- Pay Bob. <!-- from: e7 e8 e9 -->\n")
    assert store.read(PERSONA) == b"- Pay Bob. <!-- from: e1 e2 e3 -->\n"
    persona.edit("- Pay Eve. <!-- from: e7 -->")
    assert store.read(PERSONA) == b"- Pay Eve.\n"


def test_a_line_that_says_what_is_forgotten_goes_with_it_also_from_a_proposal(memory: Memory) -> None:
    persona = Persona(memory, approver="ada")
    tea, short = (
        memory.add(Candidate(text, "preference")).entry for text in ("I prefer tea.", "I prefer short answers.")
    )
    assert tea
    assert short
    persona.edit("# Ada\n- I prefer tea.\n- With tea, biscuits.\n")
    persona.propose("# Ada\n- I prefer tea.\n- With tea, biscuits.\n- I prefer short answers.\n", requested=True)
    memory.forget(tea.id)
    assert persona.text() == "# Ada\n- With tea, biscuits.\n"
    assert persona.approve().outcome == "accepted", "it is for what stands now"
    assert persona.text() == "# Ada\n- With tea, biscuits.\n- I prefer short answers.\n"
    memory.forget(short.id)
    assert persona.text() == "# Ada\n- With tea, biscuits.\n"


def test_a_line_that_says_what_was_superseded_waits_to_be_replaced(memory: Memory, persona: Persona) -> None:
    """Like any other change of it: the user decides."""
    memory.add(Candidate("Answers in one sentence", "preference", "length", episodes=THREE))
    persona.propose("- Answers in one sentence.\n- Metric units.\n", episodes=THREE)
    persona.approve()
    memory.add(Candidate("Answers in full detail", "preference", "length", episodes=("e9",)))
    assert persona.text() == "- Answers in one sentence.\n- Metric units.\n"
    assert persona.proposed() == "- Answers in full detail\n- Metric units.\n"
    persona.approve()
    assert persona.text() == "- Answers in full detail\n- Metric units.\n"
    memory.add(Candidate("Answers in verse", "preference", "length", episodes=("e10",)))
    persona.reject()
    assert persona.text() == "- Answers in full detail\n- Metric units.\n"


def test_a_line_whose_preference_was_edited_or_gave_way_to_a_mere_fact_waits_as_well(
    memory: Memory, persona: Persona
) -> None:
    entry = memory.add(Candidate("Metric units", "preference", "units", episodes=THREE), approver="ada").entry
    assert entry
    persona.edit("* Metric units!\n")
    memory.edit(entry.id, "Imperial units", approver="ada")
    assert persona.proposed() == "* Imperial units\n"
    persona.approve()
    memory.add(Candidate("Units are chosen by the customer", "fact", "units"), approver="ada")
    assert persona.proposed() == ""
    assert PROPOSED in memory.known().texts
    persona.approve()
    assert persona.text() == ""


def test_what_waits_for_the_persona_already_is_kept_in_a_replacement(memory: Memory, persona: Persona) -> None:
    memory.add(Candidate("Answers in one sentence", "preference", "length", episodes=THREE))
    persona.edit("- Answers in one sentence\n")
    persona.propose("- Answers in one sentence\n- Metric units\n", requested=True)
    memory.add(Candidate("Answers in verse", "preference", "length", episodes=("e9",)))
    assert persona.proposed() == "- Answers in verse\n- Metric units\n"
