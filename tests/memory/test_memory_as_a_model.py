"""Whatever is done to memory in whatever order: it is what a few lines of plain Python say that it is."""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agentforge.memory import files
from agentforge.memory.entries import Candidate
from agentforge.memory.keeping import Memory
from agentforge.memory.undoing import undo
from tests.memory.remembered import new_store

pytestmark = pytest.mark.timeout(900)
"""Each of some 500 steps is a commit, and the machine may be busy."""

TOPICS = st.sampled_from(["home", "home", ""])
EPISODES = st.sampled_from(["e1", ""])
"""So few that they meet often."""


@dataclass
class Item:
    """One entry, in the order in which it came into use. A ``ghost`` was forgotten, and outdates what was before."""

    key: str
    text: str
    topic: str
    episode: str
    ghost: bool = False


@dataclass
class Model:
    """What memory should be."""

    used: list[Item] = field(default_factory=list)
    waiting: list[Item] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)

    def withdrawn(self, item: Item) -> bool:
        return item.episode in self.revoked

    def current(self) -> dict[str, str]:
        return {
            item.key: item.text
            for at, item in enumerate(self.used)
            if not item.ghost and not self.withdrawn(item) and not self.outdated(item, at)
        }

    def outdated(self, item: Item, at: int) -> bool:
        later = [one for one in self.used[at + 1 :] if item.topic and one.topic == item.topic]
        return any(one.ghost or not self.withdrawn(one) for one in later)

    def editable(self) -> list[Item]:
        """What nothing came after on its topic, not even something that is revoked by now."""
        newest = {one.topic: one for one in self.used if one.topic}
        return [one for one in self.used if not one.ghost and (not one.topic or newest[one.topic] is one)]


class MemoryMachine(RuleBasedStateMachine):
    """Adds, edits, forgets, approves, rejects, revokes and undoes."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.page, files.PAGE = files.PAGE, 3
        self.store = new_store(self.folder / "r.git")
        self.model, self.before, self.last, self.number = Model(), Model(), "", 0
        self.memory = self.opened()

    def opened(self) -> Memory:
        return Memory(self.store, revoked=lambda: frozenset(f"episode:{one}" for one in self.model.revoked))

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            assert self.opened().known() == self.memory.known(), "whoever reads it anew reads the same"
            files.PAGE = self.page
            self.store.close()
            shutil.rmtree(self.folder)

    def text(self) -> str:
        self.number += 1
        return f"Owns the number {self.number}"

    def did(self, commit: str, before: Model) -> None:
        assert commit
        self.last, self.before = commit, before

    @rule(topic=TOPICS, episode=EPISODES, tainted=st.sampled_from([False, False, True]))
    def add(self, topic: str, episode: str, tainted: bool) -> None:
        text, before = self.text(), copy.deepcopy(self.model)
        episodes = (episode,) if episode else ()
        done = self.memory.add(Candidate(text, topic=topic, episodes=episodes, tainted=tainted))
        if episode in self.model.revoked:
            assert done.outcome == "refused"
            return
        assert done.entry
        item = Item(done.entry.id, text, topic, episode)
        (self.model.waiting if tainted else self.model.used).append(item)
        self.did(done.commit, before)

    @precondition(lambda self: self.model.editable())
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        before = copy.deepcopy(self.model)
        item = data.draw(st.sampled_from(self.model.editable()), label="edit")
        item.text = self.text()
        self.did(self.memory.edit(item.key, item.text).commit, before)

    @precondition(lambda self: any(not one.ghost for one in self.model.used))
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        before = copy.deepcopy(self.model)
        item = data.draw(st.sampled_from([one for one in self.model.used if not one.ghost]), label="forget")
        if self.model.withdrawn(item) or not item.topic:
            self.model.used.remove(item)
        else:
            item.ghost = True
        self.did(self.memory.forget(item.key).commit, before)

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data(), yes=st.booleans())
    def decide(self, data: st.DataObject, yes: bool) -> None:
        before = copy.deepcopy(self.model)
        item = data.draw(st.sampled_from(self.model.waiting), label="decide")
        if yes and self.model.withdrawn(item):
            return
        self.model.waiting.remove(item)
        if yes:
            self.model.used.append(item)
        decide = self.memory.approve if yes else self.memory.reject
        self.did(decide(item.key, approver="ada").commit, before)

    @rule()
    def revoke_or_give_back(self) -> None:
        self.model.revoked ^= {"e1"}
        contents = repr(sorted(self.model.revoked)).encode()
        self.store.commit({"revoked.toml": contents}, subject="Revoke", trailers={}, expected=self.store.head())

    @precondition(lambda self: self.last)
    @rule()
    def undo(self) -> None:
        self.before.revoked = self.model.revoked
        before, now = self.before, self.model
        self.model = before
        self.did(undo(self.memory, self.last).commit, now)

    @invariant()
    def it_is_what_the_model_says(self) -> None:
        if not hasattr(self, "folder"):
            return
        known = self.memory.known()
        assert {one.id: one.text for one in known.current} == self.model.current()
        assert {one.entry.id for one in known.waiting} == {
            one.key for one in self.model.waiting if not self.model.withdrawn(one)
        }
        assert known.problems == ()

    @invariant()
    def chains_never_go_in_circles_and_a_topic_has_one_end(self) -> None:
        if not hasattr(self, "folder"):
            return
        entries = self.memory.known().entries
        for entry in entries.values():
            seen = {entry.id}
            while entry.superseded_by in entries:
                entry = entries[entry.superseded_by]
                assert entry.id not in seen
                seen.add(entry.id)
        ends = [one.topic for one in entries.values() if one.topic and not one.superseded_by]
        assert len(ends) == len(set(ends))

    @invariant()
    def search_finds_what_is_current(self) -> None:
        if not hasattr(self, "folder"):
            return
        found = {hit.entry.id for hit in self.memory.search("Owns the number", 100)}
        assert found == set(self.model.current())


MemoryMachine.TestCase.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestMemory = MemoryMachine.TestCase
