"""Forgetting for good: no object of the registry holds a word of it, and everything else is as it was."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentforge.errors import UsageError
from agentforge.gitstore.store import GitStore
from agentforge.memory import files
from agentforge.memory.entries import Candidate
from agentforge.memory.forgetting import erase
from agentforge.memory.keeping import Memory
from agentforge.memory.persona import Persona
from tests.memory.remembered import new_store, say, texts

NEEDLES = (b"Paris", b"Lyon", b"caf\xc3\xa9", b"caf\\u00e9")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GitStore]:
    with new_store(tmp_path / "r.git") as made:
        yield made


@pytest.fixture
def memory(store: GitStore) -> Memory:
    return Memory(store)


def objects(store: GitStore) -> bytes:
    """Every object that there is, reachable or not."""
    command = ["git", "-C", store.path, "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("kind", ["fact", "lesson"])
def test_no_object_holds_any_text_that_it_ever_had(memory: Memory, store: GitStore, kind: str) -> None:
    say(memory, "Owns a boat")
    entry = say(memory, "Lives in Paris", kind=kind, topic="home", episodes=("e1",)).entry
    assert entry
    memory.edit(entry.id, 'Lives in "Lyon", near a café')
    say(memory, "Owns a car", topic="car")
    Persona(memory, approver="ada").edit('- Lives in "Lyon", near a café\n- Short answers.\n')
    with pytest.raises(UsageError, match="still remembered"):
        erase(memory, [entry.id])
    memory.forget(entry.id)
    assert all(needle in objects(store) for needle in NEEDLES[:3])
    before = [(one.message, one.trailers) for one in store.log()]
    done = erase(memory, [entry.id])
    assert (done.left, [needle for needle in NEEDLES if needle in objects(store)]) == ((), [])
    assert done.commits > 0
    assert [(one.message, one.trailers) for one in store.log()] == before
    assert store.check() == []
    assert texts(memory) == {"Owns a boat", "Owns a car"}
    assert Persona(memory, approver="ada").text() == "- Short answers.\n"
    say(memory, "Owns a bike")
    assert erase(memory, [entry.id]).commits == 0


def test_what_waited_is_gone_too_with_its_tables_inside_tables(memory: Memory, store: GitStore) -> None:
    lesson = Candidate("Go to Paris", "lesson", outcomes={"call_1": "wrong"}, tainted=True)  # type: ignore[dict-item] -- a word that the model of an entry takes
    waits = memory.add(lesson).entry
    other = memory.add(Candidate("Owns a boat", tainted=True)).entry
    assert waits
    assert other
    memory.forget(waits.id)
    erase(memory, [waits.id])
    assert b"Paris" not in objects(store)
    assert b"call_1" not in objects(store)
    assert [*memory.known().pending] == [other.id]


def test_words_that_stand_elsewhere_are_told(memory: Memory, store: GitStore) -> None:
    entry = say(memory, "Lives in Paris").entry
    assert entry
    store.commit({"tools/x/tool.py": b"# Lives in Paris"}, subject="x", trailers={}, expected=store.head())
    memory.forget(entry.id)
    assert erase(memory, [entry.id]).left == ("tools/x/tool.py",)


def test_an_entry_that_quotes_the_words_stays_whole_and_is_told(memory: Memory, store: GitStore) -> None:
    gone, other = say(memory, "Likes tea.").entry, say(memory, "The sign says: Likes tea. And coffee at night.").entry
    assert gone
    assert other
    memory.forget(gone.id)
    assert erase(memory, [gone.id]).left == ("memory/facts.toml",)
    assert memory.known().entries == {other.id: other}


def test_an_earlier_entry_of_the_same_words_that_is_gone_goes_with_it(memory: Memory, store: GitStore) -> None:
    for _ in range(2):
        entry = say(memory, "Lives in Paris").entry
        assert entry
        memory.forget(entry.id)
    assert erase(memory, [entry.id]).left == ()
    assert b"Paris" not in objects(store)


def test_what_was_never_there_cannot_be_erased(memory: Memory, store: GitStore) -> None:
    head = store.head()
    with pytest.raises(UsageError, match="knows nothing of f0000000"):
        erase(memory, ["f0000000"])
    assert store.head() == head


def test_only_the_one_entry_is_taken_from_a_page(memory: Memory, store: GitStore) -> None:
    entries = [say(memory, f"Owns the number {number}").entry for number in range(5)]
    gone = entries[2]
    assert gone
    contents = files.read_tables("memory/facts.toml", store.read("memory/facts.toml") or b"")
    memory.forget(gone.id)
    erase(memory, [gone.id])
    now = files.read_tables("memory/facts.toml", store.read("memory/facts.toml") or b"")
    assert now == {key: table for key, table in contents.items() if key != gone.id}
    oldest = store.log()[-3].sha
    assert len(files.read_tables("memory/facts.toml", store.read("memory/facts.toml", oldest) or b"")) == 2


def test_a_line_of_the_persona_that_says_more_than_what_is_forgotten_stays_and_is_told(
    memory: Memory, store: GitStore
) -> None:
    entry = say(memory, "Lives in Paris").entry
    assert entry
    persona = Persona(memory, approver="ada")
    persona.edit("- Lives in Paris\n- Prices in euros, since everybody who Lives in Paris pays in them.\n")
    memory.forget(entry.id)
    done = erase(memory, [entry.id])
    assert done.left == (files.PERSONA,)
    assert persona.text() == "- Prices in euros, since everybody who Lives in Paris pays in them.\n"
    assert b"- Lives in Paris" not in objects(store)
