"""What is remembered of one user, through the library: kept apart, taken back with what it came from, and forgotten."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentforge.api import Forge
from agentforge.database.store import Database
from agentforge.errors import UsageError
from agentforge.jobs.protocol import Holder, NewJob
from agentforge.memory.entries import Candidate
from agentforge.memory.jobs import JobRows
from agentforge.memory.keeping import Memory
from agentforge.registry.layers import BaseLayer, Registry
from agentforge.registry.manifest import Provenance
from agentforge.registry.tool import Tool
from agentforge.settings import load
from agentforge.types import State

THREE = ("evil", "evil2", "evil3")


@pytest.fixture
async def forge() -> AsyncIterator[Forge]:
    async with Forge(user="ada") as opened:
        yield opened


def learned(forge: Forge) -> Memory:
    """The memory itself, through which sessions and sleep write."""
    return forge._opened().memory()


def made_from(name: str, source: str) -> Tool:
    """A starter tool with an origin of its own."""
    found = next(tool for tool in BaseLayer().tools() if tool.name == name)
    manifest = found.manifest.model_copy(update={"provenance": Provenance(sources=(source,))})
    return Tool(manifest, found.source, found.tests, found.examples, found.report)


def git(home: Path, *args: str) -> str:
    place = home / "registries" / "personal" / "ada.git"
    return subprocess.run(["git", "-C", place, *args], capture_output=True, text=True, check=True).stdout


OWNERS = [("acme", "ada"), ("acme", "bob"), ("initech", "ada")]


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(OWNERS), st.sampled_from(["add", "edit", "forget", "manner"])), max_size=8))
async def test_what_one_user_says_is_never_seen_by_another(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[tuple[str, str], str]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    given = load().model_copy(update={"home": home})
    forges = {owner: Forge(user=owner[1], org=owner[0], settings=given) for owner in OWNERS}
    for forge in forges.values():
        await forge.open()
    try:
        for number, (owner, step) in enumerate(steps):
            memory, word = forges[owner].memory, "".join(owner)
            if step == "manner":
                memory.persona.edit(f"- {word} {number}")
            elif step == "add" or not memory.list():
                memory.add(f"Owns {word} {number}", topic="things" if number % 2 else "")
            elif step == "edit":
                memory.edit(memory.list()[0].id, f"Sold {word} {number}")
            else:
                memory.forget(memory.list()[0].id)
        for owner, forge in forges.items():
            others = ["".join(other) for other in OWNERS if other != owner]
            said = [one.text for one in forge.memory.list(everything=True)] + [forge.memory.persona.text()]
            said += [hit.entry.text for hit in forge.memory.search(" ".join(["Owns", "Sold", *others]), 100)]
            assert not [text for text in said for other in others if other in text]
            assert len([text for text in said if "".join(owner) in text]) >= len(forge.memory.list())
    finally:
        for forge in forges.values():
            await forge.aclose()


async def test_commits_name_the_user_who_asked_for_it(forge: Forge) -> None:
    done = forge.memory.add("I live in Paris", topic="home")
    assert done.entry
    moved = forge.memory.add("I live in Lyon", topic="home")
    assert [commit.trailers["Approver"] for commit in forge.log()[:2]] == [("ada",), ("ada",)]
    assert [one.text for one in forge.memory.list()] == ["I live in Lyon"]
    assert len(forge.memory.list(everything=True)) == 2
    forge.memory.undo(moved.commit)
    assert [one.text for one in forge.memory.list()] == ["I live in Paris"]
    with pytest.raises(UsageError, match="It is a greeting"):
        forge.memory.add("Hello")


async def test_no_secret_of_the_settings_is_remembered(home: Path) -> None:
    chosen = load(overrides={"secrets.weather.value": "blue-horse-42", "secrets.weather.host": "api.example.com"})
    async with Forge(user="ada", settings=chosen) as forge:
        with pytest.raises(UsageError, match="secret"):
            forge.memory.add("The code is blue-horse-42")


class TestRevoked:
    """``forge.lineage`` takes what is remembered along, and gives it back."""

    def teach(self, forge: Forge) -> None:
        memory = learned(forge)
        memory.add(Candidate("Lives in Paris", topic="home"))
        memory.add(Candidate("Lives in Lyon", topic="home", episodes=("evil",)))
        memory.add(Candidate("Count the rows twice", "lesson", episodes=("evil",)))
        memory.add(Candidate("Owns a boat", episodes=("evil", "good")))
        memory.add(Candidate("Pays Bob", episodes=("evil",), tainted=True))
        forge.memory.persona.propose("- Short answers.\n", episodes=THREE)
        forge.memory.persona.approve()

    def used(self, forge: Forge) -> set[str]:
        return {one.text for one in forge.memory.list()}

    async def test_an_episode_takes_what_names_only_it_and_undo_brings_it_back(self, forge: Forge) -> None:
        self.teach(forge)
        before = self.used(forge)
        family = forge.lineage.tree("evil")
        assert {one.text for one in forge.lineage.remembered(str(family.origin)).entries} == {
            "Lives in Lyon", "Count the rows twice", "Pays Bob",
        }  # fmt: skip
        done = forge.lineage.revoke("evil")
        assert len(done.memory) == 3
        assert self.used(forge) == {"Lives in Paris", "Owns a boat"}
        assert forge.memory.pending() == []
        assert forge.lineage.revoke("evil").memory == (), "a second time takes nothing more"
        back = forge.lineage.undo(done.id)
        assert set(back.memory) == set(done.memory)
        assert self.used(forge) == before
        assert [one.entry.text for one in forge.memory.pending()] == ["Pays Bob"]
        assert forge.lineage.undo(done.id).memory == ()

    async def test_lines_of_the_persona_go_with_the_last_of_their_episodes(self, forge: Forge) -> None:
        self.teach(forge)
        done = [forge.lineage.revoke(f"episode:{one}") for one in THREE]
        assert ["persona" in one.memory for one in done] == [False, False, True]
        assert forge.memory.persona.text() == ""
        forge.lineage.undo(done[0].id)
        assert forge.memory.persona.text() == "- Short answers.\n"

    async def test_a_source_that_only_memory_names_can_be_revoked_by_its_name(self, forge: Forge) -> None:
        learned(forge).add(Candidate("Owns a boat", episodes=("good",), sources=("page:x.example.com",)))
        done = forge.lineage.revoke("x.example.com")
        assert str(done.origin) == "source:page:x.example.com"
        assert (len(done.memory), self.used(forge)) == (1, set())
        assert "revoked" in learned(forge).add(Candidate("Owns a car", sources=("page:x.example.com",))).why
        with pytest.raises(UsageError, match="Nothing is known here"):
            forge.lineage.revoke("y.example.com")


class TestForgotten:
    """``forge.memory.forget`` and what it says is left."""

    async def test_undoing_it_lets_be_found_again_what_was_said(self, forge: Forge) -> None:
        episodes = await forge._opened().the_episodes()
        session = episodes.start("sister")
        said = {"role": "user", "content": [{"type": "text", "text": "My sister lives in Oslo. She sails."}]}
        episodes.append(session, said, 1)
        entry = learned(forge).add(Candidate("The user's sister lives in Oslo", episodes=(session,))).entry
        assert entry
        gone = forge.memory.forget(entry.id)
        assert await forge.sessions.search("Oslo") == []
        forge.memory.undo(gone.commit)
        assert [one.id for one in forge.memory.list()] == [entry.id]
        assert [one.session for one in await forge.sessions.search("Oslo")] == [session]

    async def test_tools_that_were_made_from_it_leave_use(self, forge: Forge, home: Path) -> None:
        entry = learned(forge).add(Candidate("Earns 50000 euros", episodes=("e1",))).entry
        other = learned(forge).add(Candidate("Owns a boat")).entry
        assert entry
        assert other
        with Registry.open(home / "registries" / "personal" / "ada.git") as registry:
            registry.add(made_from("crc32_hex", f"memory:{entry.id}"), state=State.LIVE)
            registry.add(made_from("sha256_hex", f"memory:{other.id}"), state=State.LIVE)
        gone = forge.memory.forget(entry.id)
        assert (gone.ids, gone.tools) == ((entry.id,), ("crc32_hex",))
        assert [tool.name for tool in forge.tools(State.QUARANTINED)] == ["crc32_hex"]
        told = " ".join(gone.remarks)
        assert [word in told for word in ("crc32_hex", "e1", f"memory forget {entry.id} --rewrite")] == [True] * 3

    async def test_the_history_is_rewritten_at_once_or_later(self, forge: Forge, home: Path) -> None:
        first = forge.memory.add("I live in Paris").entry
        second = forge.memory.add("I live in Lyon").entry
        assert first
        assert second
        forge.memory.forget(first.id)
        assert "Paris" in git(home, "log", "-p", "--all")
        later = forge.memory.forget(first.id, rewrite=True)
        assert (later.ids, later.commit) == ((first.id,), "")
        assert later.erased
        assert (later.erased.left, later.erased.commits > 0) == ((), True)
        assert "Lyon" in git(home, "log", "-p", "--all")
        at_once = forge.memory.forget(second.id, rewrite=True)
        assert at_once.commit
        assert "Lyon" not in git(home, "log", "-p", "--all")
        assert "Clones and remotes still hold the old ones" in " ".join(at_once.remarks)
        assert forge.tools(State.LIVE), "the registry is as usable as before"
        forge.memory.add("I live in Nice")
        with pytest.raises(UsageError, match="Nothing was ever remembered under 'f0000000'"):
            forge.memory.forget("f0000000", rewrite=True)

    async def test_not_while_a_job_runs(self, forge: Forge, home: Path) -> None:
        entry = forge.memory.add("I live in Paris").entry
        assert entry
        with Database.open(f"sqlite:///{home / 'state.db'}") as database:
            rows = JobRows(database, org="personal", user="ada")
            rows.create(NewJob("job1", "forging", "crc32_hex", {}))
            taken = rows.take("job1", Holder("somebody", lambda _: False))
            assert taken
            with pytest.raises(UsageError, match="while a job runs: the forging of crc32_hex"):
                forge.memory.forget(entry.id, rewrite=True)
            assert [one.id for one in forge.memory.list()] == [entry.id]
            rows.cancel("job1")
        assert forge.memory.forget(entry.id, rewrite=True).erased


async def test_erasing_a_session_tells_what_is_remembered_because_of_it(forge: Forge) -> None:
    session = (await forge._opened().the_episodes()).start("Hello")
    entry = learned(forge).add(Candidate("Owns a boat", episodes=(session,))).entry
    assert entry
    assert (await forge.sessions.foreseen(session)).learned == {session: (entry.id,)}
