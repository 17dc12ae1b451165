"""Facts, preferences and lessons in a registry: what comes in, what is superseded, and what anybody can read there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from agentforge.errors import RegistryError, UsageError
from agentforge.gitstore.store import GitStore
from agentforge.memory import files
from agentforge.memory.entries import Candidate
from agentforge.memory.gates import MOST_WAITING
from agentforge.memory.keeping import Memory
from agentforge.memory.reasons import reasons
from agentforge.memory.remembering import recall, remember
from agentforge.memory.undoing import undo
from agentforge.types import OutcomeKind
from tests.memory.remembered import DAY, Clock, new_store, say, texts

SECRET = "blue-horse-42"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GitStore]:
    with new_store(tmp_path / "r.git") as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(store: GitStore, clock: Clock) -> Memory:
    return Memory(store, secrets=[SECRET], today=clock)


def commits(store: GitStore) -> int:
    return len(store.log())


def write(store: GitStore, path: str, contents: bytes | None) -> None:
    store.commit({path: contents}, subject="By hand", trailers={}, expected=store.head())


def test_a_fact_is_a_table_in_a_readable_file_and_its_commit_holds_ids_only(memory: Memory, store: GitStore) -> None:
    done = say(memory, "Lives in Paris.", topic="home", episodes=("e1",))
    assert done.entry
    table = tomllib.loads((store.read("memory/facts.toml") or b"").decode())
    assert table == {
        "format": 1,
        done.entry.id: {
            "kind": "fact", "text": "Lives in Paris.", "topic": "home", "episodes": ["e1"], "created": DAY,
        },
    }  # fmt: skip
    newest = store.log()[0]
    assert (newest.sha, newest.message) == (done.commit, f"Remember {done.entry.id}")
    assert newest.trailers == {"Episode": ("e1",), "Memory": (done.entry.id,)}


def test_a_lesson_has_a_file_of_its_own_with_its_evidence(memory: Memory, store: GitStore) -> None:
    done = say(
        memory, "Check the header row first.", kind="lesson", when="summing a CSV column", episodes=("e1",),
        outcomes={"call_1": OutcomeKind.WRONG},
    )  # fmt: skip
    assert done.entry
    table = tomllib.loads((store.read(f"lessons/{done.entry.id}.toml") or b"").decode())
    assert table["outcomes"] == {"call_1": "wrong"}
    assert table["when"] == "summing a CSV column"
    assert Memory(store).known().get(done.entry.id) == done.entry
    assert store.list("memory") == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "says nothing"),
        ("  ?! ", "says nothing"),
        ("Hello!", "greeting"),
        ("Thank you very much", "greeting"),
        ("Where does Bob live?", "question"),
        ("Can you help me", "question"),
        ("x" * 301, "too long"),
        ("Likes\u202egnirts", "nobody sees"),
        ("This file has three columns.", "task at hand"),
        ("The user asked to convert 5 miles.", "task at hand"),
        ("The deadline is tomorrow.", "say the date"),
        (f"The door code is {SECRET}.", "secret"),
        ("My password: hunter22", "secret"),
        ("The key is sk-ant-abcdefghijklmnop0123", "secret"),
    ],
)
def test_the_gates_refuse_and_say_why_and_nothing_is_written(
    memory: Memory, store: GitStore, text: str, why: str
) -> None:
    before = commits(store)
    done = memory.add(Candidate(text))
    assert (done.outcome, done.entry, done.commit) == ("refused", None, "")
    assert why in done.why
    assert commits(store) == before


def test_all_reasons_are_told_at_once(memory: Memory) -> None:
    why = memory.add(Candidate(f"Is this file {SECRET}?", topic="No Topic", episodes=("two words",))).why
    assert [part in why for part in ("no topic", "no id", "question", "task at hand", "secret")] == [True] * 5


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_gates_hold_for_the_user_in_person_too(memory: Memory, by_hand: bool) -> None:
    done = memory.add(Candidate(f"The code is {SECRET}"), approver="ada" if by_hand else "")
    assert done.outcome == "refused"


def test_what_is_known_is_confirmed_and_not_said_twice(memory: Memory, store: GitStore, clock: Clock) -> None:
    first = say(memory, "I prefer metric units", kind="preference", episodes=("e1",)).entry
    assert first
    clock.day = date(2026, 4, 1)
    again = memory.add(Candidate("The user prefers metric units.", "preference", episodes=("e2",)))
    assert (again.outcome, again.entry and again.entry.id) == ("repeats", first.id)
    assert again.entry
    assert (again.entry.confirmed, again.entry.episodes) == (clock.day, ("e1", "e2"))
    before = commits(store)
    assert memory.add(Candidate("Prefers metric units", episodes=("e2",))).commit == ""
    assert commits(store) == before
    memory.add(Candidate("Prefers metric units", episodes=("evil",), tainted=True))
    assert memory.known().get(first.id).episodes == ("e1", "e2"), "untrusted text confirms nothing"


def test_a_newer_fact_on_the_same_topic_supersedes_with_dates(memory: Memory, store: GitStore, clock: Clock) -> None:
    old = say(memory, "Lives in Paris", topic="home").entry
    clock.day = date(2026, 5, 1)
    new = say(memory, "Lives in Lyon", kind="preference", topic="home")
    assert old
    assert new.entry
    assert new.superseded == (old.id,)
    known = memory.known()
    assert texts(memory) == {"Lives in Lyon"}
    kept = known.get(old.id)
    assert (kept.superseded_by, kept.superseded, known.standing(old.id)) == (new.entry.id, clock.day, "superseded")
    why = reasons(memory, new.entry.id)
    assert [one.text for one in why.before] == ["Lives in Paris"]
    assert [one.text for one in reasons(memory, old.id).after] == ["Lives in Lyon"]
    assert set(store.log()[0].trailers["Memory"]) == {old.id, new.entry.id}


def test_the_caller_may_say_what_is_contradicted(memory: Memory) -> None:
    old = say(memory, "Works at Acme").entry
    assert old
    new = say(memory, "Left Acme for Initech", supersedes=(old.id,))
    assert new.superseded == (old.id,)
    assert texts(memory) == {"Left Acme for Initech"}
    with pytest.raises(UsageError, match="superseded by"):
        memory.add(Candidate("Works from home", supersedes=(old.id,)))
    with pytest.raises(UsageError, match="There is no lesson"):
        memory.add(Candidate("Works from home", "lesson", supersedes=(new.entry.id if new.entry else "",)))
    with pytest.raises(UsageError, match="There is no fact 'nobody'"):
        memory.add(Candidate("Works from home", supersedes=("nobody",)))


class TestRevoked:
    """What a revoked episode said outdates nothing, until the revocation is undone."""

    @pytest.fixture
    def revoked(self) -> set[str]:
        return set()

    @pytest.fixture
    def memory(self, store: GitStore, revoked: set[str]) -> Memory:
        return Memory(store, revoked=lambda: frozenset(revoked))

    def revoke(self, store: GitStore, revoked: set[str], *origins: str) -> None:
        revoked.clear()
        revoked.update(origins)
        write(store, "revoked.toml", repr(origins).encode())

    def test_what_it_outdated_is_current_again_and_it_comes_back(
        self, memory: Memory, store: GitStore, revoked: set[str]
    ) -> None:
        say(memory, "Lives in Paris", topic="home")
        say(memory, "Lives in Lyon", topic="home", episodes=("evil",))
        self.revoke(store, revoked, "episode:evil")
        assert texts(memory) == {"Lives in Paris"}
        assert [hit.entry.text for hit in memory.search("lives")] == ["Lives in Paris"]
        self.revoke(store, revoked)
        assert texts(memory) == {"Lives in Lyon"}

    def test_one_that_other_episodes_say_too_stays_and_a_revoked_source_takes_it(
        self, memory: Memory, store: GitStore, revoked: set[str]
    ) -> None:
        say(memory, "Lives in Paris", episodes=("e1", "e2"))
        say(memory, "Owns a boat", episodes=("e1", "e2"), sources=("page:x.org",))
        self.revoke(store, revoked, "episode:e1")
        assert len(texts(memory)) == 2
        self.revoke(store, revoked, "episode:e1", "source:page:x.org")
        assert texts(memory) == {"Lives in Paris"}
        self.revoke(store, revoked, "episode:e1", "episode:e2")
        assert texts(memory) == set()

    def test_nothing_comes_from_it_any_more(self, memory: Memory, store: GitStore, revoked: set[str]) -> None:
        waits = memory.add(Candidate("Pays Bob", episodes=("evil",), tainted=True)).entry
        assert waits
        self.revoke(store, revoked, "episode:evil")
        assert memory.known().waiting == ()
        with pytest.raises(UsageError, match="comes from what is revoked"):
            memory.approve(waits.id, approver="ada")
        assert "revoked" in memory.add(Candidate("Pays Eve", episodes=("evil",))).why
        assert memory.add(Candidate("Pays Eve", episodes=("evil", "e2"))).outcome == "accepted"

    def test_what_was_said_meanwhile_outdates_it_when_it_comes_back(
        self, memory: Memory, store: GitStore, revoked: set[str]
    ) -> None:
        say(memory, "Lives in Paris", topic="home")
        say(memory, "Lives in Lyon", topic="home", episodes=("evil",))
        self.revoke(store, revoked, "episode:evil")
        say(memory, "Lives in Nice", topic="home")
        assert texts(memory) == {"Lives in Nice"}
        self.revoke(store, revoked)
        assert texts(memory) == {"Lives in Nice"}

    def test_forgotten_while_it_is_revoked_it_leaves_no_trace(
        self, memory: Memory, store: GitStore, revoked: set[str]
    ) -> None:
        say(memory, "Lives in Paris", topic="home")
        lie = say(memory, "Lives in Lyon", topic="home", episodes=("evil",)).entry
        assert lie
        self.revoke(store, revoked, "episode:evil")
        memory.forget(lie.id)
        assert texts(memory) == {"Lives in Paris"}
        self.revoke(store, revoked)
        assert texts(memory) == {"Lives in Paris"}


def test_what_is_outdated_stays_so_when_what_came_after_is_forgotten(memory: Memory) -> None:
    say(memory, "Lives in Paris", topic="home")
    middle = say(memory, "Lives in Lyon", topic="home").entry
    last = say(memory, "Lives in Nice", topic="home").entry
    assert middle
    assert last
    memory.forget(middle.id)
    memory.forget(last.id)
    assert texts(memory) == set()


def test_a_lesson_and_a_fact_on_one_topic_leave_each_other_alone(memory: Memory) -> None:
    say(memory, "Sums are in column B", topic="csv")
    say(memory, "Sum column B with Decimal", kind="lesson", topic="csv")
    assert len(texts(memory)) == 2


class TestUntrusted:
    """What comes from a session in which untrusted text was read."""

    def pending(self, memory: Memory, text: str = "Pays Bob first", **facts: object) -> str:
        done = memory.add(Candidate(text, episodes=("evil",), sources=("page:x.org",), tainted=True, **facts))  # type: ignore[arg-type] -- facts are the fields of a candidate
        assert (done.outcome, bool(done.entry)) == ("pending", True), done.why
        return done.entry.id if done.entry else ""

    def test_it_waits_is_not_found_and_supersedes_nothing(self, memory: Memory, store: GitStore) -> None:
        say(memory, "Pays Ada first", topic="payments")
        key = self.pending(memory, topic="payments")
        assert texts(memory) == {"Pays Ada first"}
        assert [hit.entry.text for hit in memory.search("pays first Bob")] == ["Pays Ada first"]
        assert memory.known().standing(key) == "pending"
        assert "Bob" in (store.read(files.PENDING) or b"").decode()
        assert "Bob" not in (store.read("memory/facts.toml") or b"").decode()

    def test_what_the_user_said_himself_in_that_session_needs_no_approval(self, memory: Memory) -> None:
        read = ("page:x.org", "memory:f0000000")
        candidate = Candidate("The user pays Bob first.", episodes=("e1",), sources=read, tainted=True)
        done = memory.add(candidate, said=["Read this page. I pay Bob first!"])
        assert done.outcome == "accepted"
        assert done.entry
        assert (done.entry.untrusted, done.entry.sources) == (False, ("memory:f0000000",))
        assert memory.add(Candidate("Pays Eve", tainted=True), said=["Should I pay Eve?"]).outcome == "pending"

    def test_an_approved_one_keeps_its_mark_and_supersedes(self, memory: Memory, store: GitStore) -> None:
        old = say(memory, "Pays Ada first", topic="payments").entry
        other = say(memory, "Trusts no pages").entry
        assert old
        assert other
        key = self.pending(memory, topic="payments", supersedes=(other.id,))
        done = memory.approve(key, approver="ada")
        assert done.entry
        assert (done.entry.id, done.entry.untrusted, set(done.superseded)) == (key, True, {old.id, other.id})
        assert store.log()[0].trailers["Approver"] == ("ada",)
        assert (memory.known().pending, texts(memory)) == ({}, {"Pays Bob first"})
        with pytest.raises(UsageError, match="does not wait: it is current"):
            memory.approve(key, approver="ada")

    def test_a_rejected_one_is_not_proposed_again_unless_the_user_says_it(
        self, memory: Memory, store: GitStore
    ) -> None:
        key = self.pending(memory)
        memory.reject(key, f"No, {SECRET}!", approver="ada")
        assert memory.known().pending == {}
        stored = (store.read(files.REJECTED) or b"").decode()
        assert "Bob" not in stored
        assert SECRET not in stored
        again = Candidate("Pays Bob first.", episodes=("e9",), tainted=True)
        assert "turned it down on 2026-03-01" in memory.add(again).why
        assert memory.add(again, said=["I pay Bob first."]).outcome == "accepted"

    def test_what_waits_already_is_not_doubled_and_a_flood_ends(self, memory: Memory) -> None:
        key = self.pending(memory)
        again = memory.add(Candidate("Pays Bob first!", tainted=True))
        assert (again.outcome, again.entry and again.entry.id, again.commit) == ("repeats", key, "")
        for number in range(MOST_WAITING - 1):
            self.pending(memory, f"Pays Bob {number} euros")
        assert "wait for the user already" in memory.add(Candidate("Pays Eve", tainted=True)).why

    def test_said_later_by_the_user_it_waits_no_longer(self, memory: Memory) -> None:
        self.pending(memory)
        say(memory, "I pay Bob first", episodes=("e2",))
        assert memory.known().pending == {}

    def test_its_text_can_be_edited_before_it_is_approved(self, memory: Memory) -> None:
        key = self.pending(memory)
        memory.edit(key, "Pays Bob on Fridays", approver="ada")
        memory.approve(key, approver="ada")
        assert texts(memory) == {"Pays Bob on Fridays"}


def test_an_edit_stays_in_place_and_why_shows_what_it_replaced(memory: Memory, store: GitStore) -> None:
    entry = say(memory, "Lives in Paris", topic="home", episodes=("e1",)).entry
    assert entry
    memory.edit(entry.id, "Lives in  Lyon", approver="ada")
    found = reasons(memory, entry.id)
    assert (found.entry.text, found.entry.topic, found.standing) == ("Lives in Lyon", "home", "current")
    told = [(one.what, one.text, one.approver, one.episodes) for one in found.happenings]
    assert told == [
        (f"Edit {entry.id}", "Lives in Lyon", "ada", ()),
        (f"Remember {entry.id}", "Lives in Paris", "", ("e1",)),
    ]
    for text, why in [(f"The code is {SECRET}", "secret"), ("Where is it?", "question")]:
        with pytest.raises(UsageError, match=why):
            memory.edit(entry.id, text)
    other = say(memory, "Works at Acme").entry
    assert other
    with pytest.raises(UsageError, match="repeats"):
        memory.edit(other.id, "lives in Lyon")
    assert memory.edit(entry.id, "Lives in Lyon").commit == ""


def test_forgetting_leaves_nothing_of_it_in_the_files_or_the_index(memory: Memory, store: GitStore) -> None:
    old = say(memory, "Lives in Paris", topic="home").entry
    new = say(memory, "Lives in Lyon", topic="home").entry
    assert old
    assert new
    memory.search("Lyon")
    gone = memory.forget(new.id, approver="ada")
    assert [one.text for one in gone.entries] == ["Lives in Lyon"]
    assert memory.search("Lyon") == []
    assert "Lyon" not in (store.read("memory/facts.toml") or b"").decode()
    assert memory.known().standing(old.id) == "superseded", "what is outdated does not come back by that"
    with pytest.raises(UsageError, match="was forgotten"):
        reasons(memory, new.id)
    with pytest.raises(UsageError, match="Nothing is remembered under 'nobody'"):
        memory.forget("nobody")


def test_what_came_from_it_alone_goes_with_it(memory: Memory) -> None:
    root = say(memory, "Earns 50000 euros").entry
    assert root
    one = say(memory, "Pays 30 percent tax", sources=(f"memory:{root.id}",)).entry
    assert one
    two = say(memory, "Keeps 35000 euros", sources=(f"memory:{one.id}", f"memory:{root.id}")).entry
    say(memory, "Saves money", sources=(f"memory:{root.id}", "page:x.org"))
    say(memory, "Likes money", sources=(f"memory:{root.id}",), episodes=("e1",))
    gone = memory.forget(root.id)
    assert {each.id for each in gone.entries} == {root.id, one.id, two.id if two else ""}
    assert texts(memory) == {"Saves money", "Likes money"}


def test_a_commit_can_be_undone_whole_or_not_at_all(memory: Memory) -> None:
    old = say(memory, "Lives in Paris", topic="home").entry
    new = say(memory, "Lives in Lyon", topic="home")
    assert old
    assert new.entry
    back = undo(memory, new.commit[:10], approver="ada")
    assert texts(memory) == {"Lives in Paris"}
    undo(memory, back.commit)
    assert texts(memory) == {"Lives in Lyon"}
    memory.edit(new.entry.id, "Lives in Nice")
    with pytest.raises(UsageError, match="changed since"):
        undo(memory, new.commit)
    gone = memory.forget(new.entry.id)
    say(memory, "Lives in Metz", topic="home")
    with pytest.raises(UsageError, match="is known on the topic 'home' by now"):
        undo(memory, gone.commit)
    assert texts(memory) == {"Lives in Metz"}
    with pytest.raises(UsageError, match="No commit of memory"):
        undo(memory, "1234567")


def test_the_effect_of_a_job_happens_once(memory: Memory, store: GitStore) -> None:
    first = memory.add(Candidate("Lives in Paris"), once="job1/1")
    assert first.entry
    memory.edit(first.entry.id, "Lives in Lyon")
    again = memory.add(Candidate("Lives in Paris"), once="job1/1")
    assert (again.outcome, again.entry and again.entry.id, again.commit) == ("repeats", first.entry.id, "")
    assert memory.add(Candidate("Works at Acme"), once="job1/2").outcome == "accepted"


def test_pages_stay_small_and_an_entry_stays_in_its_page(memory: Memory, store: GitStore, monkeypatch) -> None:
    monkeypatch.setattr(files, "PAGE", 3)
    made = [say(memory, f"Owns the number {number}").entry for number in range(7)]
    assert store.list("memory") == ["memory/facts-2.toml", "memory/facts-3.toml", "memory/facts.toml"]
    first = made[0]
    assert first
    before = {path: store.read(path) for path in store.list("memory")}
    memory.edit(first.id, "Owns the number 99")
    assert [path for path, contents in before.items() if store.read(path) != contents] == ["memory/facts.toml"]
    memory.forget(made[6].id if made[6] else "")
    assert store.list("memory") == ["memory/facts-2.toml", "memory/facts.toml"]
    assert len(Memory(store).known().entries) == 6


def test_what_a_person_wrote_by_hand_counts_and_what_is_malformed_is_told(memory: Memory, store: GitStore) -> None:
    good = b'format = 1\n[fhandmad]\nkind = "fact"\ntext = "Owns a boat"\ncreated = 2026-01-01\n'
    bad = b'[fbroken9]\nkind = "fact"\ntext = ""\ncreated = 2026-01-01\nodd = 1\n'
    write(store, "memory/facts.toml", good + bad)
    known = memory.known()
    assert texts(memory) == {"Owns a boat"}
    assert len(known.problems) == 1
    assert known.problems[0].startswith("memory/facts.toml: fbroken9: ")
    say(memory, "Owns a car")
    assert b"fbroken9" in (store.read("memory/facts.toml") or b""), "nothing of a person's is lost"
    write(store, "memory/facts.toml", b"no toml at all [")
    assert texts(memory) == set()
    assert "memory/facts.toml is malformed" in memory.known().problems[0]
    say(memory, "Owns a bike")
    assert store.list("memory") == ["memory/facts-2.toml", "memory/facts.toml"]
    write(store, "memory/pending.toml", b"format = 7")
    with pytest.raises(RegistryError, match="malformed, so nothing is written to it"):
        memory.add(Candidate("Owns a plane", tainted=True))


def test_circles_that_a_hand_wrote_hurt_nobody(memory: Memory, store: GitStore) -> None:
    table = '[{}]\nkind = "fact"\ntext = "{}"\ncreated = 2026-01-01\nsuperseded_by = "{}"\n'
    text = "format = 1\n" + table.format("faaaaaaa", "One", "fbbbbbbb") + table.format("fbbbbbbb", "Two", "faaaaaaa")
    write(store, "memory/facts.toml", text.encode())
    assert texts(memory) == set()
    assert [one.text for one in reasons(memory, "faaaaaaa").after] == ["Two"]
    assert {one.text for one in reasons(memory, "faaaaaaa").before} == {"One", "Two"}


def test_a_commit_of_something_else_makes_nothing_be_read_again(memory: Memory, store: GitStore) -> None:
    say(memory, "Owns a boat")
    current = memory.known().current
    entries = memory.known().entries
    write(store, "tools/x", b"")
    assert memory.known().head == store.head()
    assert memory.known().entries is entries
    assert memory.known().current == current


def test_of_two_writers_none_loses_anything(memory: Memory, store: GitStore, monkeypatch) -> None:
    honest = GitStore.commit

    def beaten(self, *args, **kwargs):
        monkeypatch.setattr(GitStore, "commit", honest)
        with GitStore.open(store.path) as other:
            say(Memory(other), "Lives in Paris", topic="home")
        return honest(self, *args, **kwargs)

    monkeypatch.setattr(GitStore, "commit", beaten)
    done = say(memory, "Lives in Lyon", topic="home")
    assert len(done.superseded) == 1
    assert texts(memory) == {"Lives in Lyon"}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Which units does he like?", "Prefers metric units"),
        ("metrics", "Prefers metric units"),
        ("summing", "Check the header row"),
        ("the CSV header", "Check the header row"),
        ("boats", "Owns a boat"),
        ("ship", None),
        ("", None),
        ('" OR 1=1 --', None),
        ("NEAR(", None),
    ],
)
def test_search_finds_words_and_takes_any_text(memory: Memory, query: str, first: str | None) -> None:
    say(memory, "Prefers metric units", topic="units")
    say(memory, "Check the header row", kind="lesson", when="summing a CSV column")
    say(memory, "Owns a boat")
    assert next((hit.entry.text for hit in memory.search(query)), None) == first
    scores = [hit.score for hit in memory.search("metric boat header")]
    assert scores == sorted(scores, reverse=True)
    assert [hit.entry.kind for hit in memory.search("metric header", lessons=True)] == ["lesson"]
    assert [hit.entry.kind for hit in memory.search("metric header", lessons=False)] == ["fact"]
    assert len(memory.search("metric boat header", 2)) == 2


def test_the_two_tools_of_the_agent_say_what_became_of_it(memory: Memory) -> None:
    first = remember(memory, "I live in Paris", topic="home", episode="e1")
    assert (first.ok, first.text) == (True, f"Remembered as {first.entry}.")
    moved = remember(memory, "Lives in Lyon", topic="home", episode="e2")
    assert moved.text == f"Remembered as {moved.entry}. It replaces {first.entry}."
    waits = remember(memory, "Pays Bob", episode="e3", tainted=True, sources=["page:x.org"])
    assert (waits.ok, "waits for the user's approval" in waits.text) == (False, True)
    assert memory.known().get(waits.entry).sources == ("page:x.org",)
    assert remember(memory, "Pays Eve", tainted=True, said=["I pay Eve."]).ok
    assert remember(memory, "lives in Lyon!").ok
    assert remember(memory, "Hello") == type(waits)(False, "It was not remembered. It is a greeting.")
    assert not remember(memory, "Works at Acme", supersedes=["f0000000"]).ok
    found = recall(memory, "where does he live?")
    assert [(one["text"], one["kind"], one["since"]) for one in found] == [("Lives in Lyon", "fact", "2026-03-01")]
