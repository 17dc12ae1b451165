"""A registry that is read bit by bit, with what was read before taken over, is the registry that stands there."""

import dataclasses
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sample_tools import make_tool

from agentforge.gitstore.objects import Objects
from agentforge.registry import states
from agentforge.registry.changes import Seen, pinning, rejection
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import to_files
from agentforge.types import State

NAMES = st.sampled_from(["a", "b", "c", "d"])
STATES = st.sampled_from([State.LIVE, State.QUARANTINED, State.RETIRED])
WHOLE = 2
"""So few names that pages are begun on the way."""


def told(snapshot: Snapshot) -> object:
    """All that a registry says of its tools."""
    standing = sorted(snapshot.states.tools)
    return (
        dict(snapshot.states.tools),
        dict(snapshot.states.reviews),
        [(str(one), getattr(one, "state", None), getattr(one, "version", None)) for one in snapshot.standing(standing)],
        {name: (tool.version if (tool := snapshot.live(name)) else None) for name in standing},
        dict(snapshot.proposals),
        snapshot.regressions,
        snapshot.problems(),
    )


class Registries(RuleBasedStateMachine):
    """One registry through all changes, beside others that are opened anew after each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(states, "WHOLE", WHOLE)
        self.folder = Path(tempfile.mkdtemp())
        self.registry = Registry.create(self.folder / "r.git")
        (self.folder / "base").mkdir()
        self.layers = Layers(self.registry, BaseLayer(self.folder / "base"))
        self.count = 0

    def teardown(self) -> None:
        self.registry.close()
        self.patch.undo()
        shutil.rmtree(self.folder)

    def standing(self, name):
        return self.registry.snapshot().states.tools.get(name)

    def made(self, name):
        self.count += 1
        stands = self.standing(name)
        parent = {"parent": stands.version} if stands is not None else {}
        return make_tool(name, f"return text.strip().lower() + '{self.count}'", **parent)

    @rule(name=NAMES, state=st.sampled_from([State.LIVE, State.PROPOSED]))
    def add(self, name, state):
        self.registry.add(self.made(name), state=state)

    @rule(name=NAMES, state=STATES)
    def move(self, name, state):
        if self.standing(name) is not None:
            self.registry.set_state(name, state)

    @rule(name=NAMES, pinned=st.booleans())
    def pin(self, name, pinned):
        if self.standing(name) is not None:
            self.registry.apply(lambda snapshot: pinning(snapshot, name, pinned=pinned), {})

    @rule(name=NAMES)
    def mark(self, name):
        if self.standing(name) is not None:
            marked = self.standing(name).model_copy(update={"stale": ("p0123456789ab",)})
            self.by_hand(self.registry.snapshot().states.files(tools={name: marked}))

    @precondition(lambda self: self.registry.snapshot().proposals)
    @rule(data=st.data())
    def reject(self, data):
        snapshot = self.registry.snapshot()
        name = data.draw(st.sampled_from(sorted(snapshot.proposals)))
        number = snapshot.proposals[name][0]
        seen = Seen(name, number, snapshot.proposal_version(name, number))
        self.registry.apply(lambda newest: rejection(newest, seen, "no"), {})

    @rule(name=NAMES)
    def break_a_tool(self, name):
        self.by_hand({f"tools/{name}/tool.py": f"# {self.count}\n".encode()})
        self.count += 1

    @rule(name=NAMES)
    def mend_a_tool(self, name):
        tool = self.registry.snapshot().sound(name) if self.standing(name) is not None else None
        if tool is not None:
            self.by_hand({f"tools/{name}/{file}": contents for file, contents in to_files(tool).items()})

    @rule(name=st.sampled_from(["memory/facts.toml", "regressions/a.jsonl", "README.md"]))
    def write_beside(self, name):
        self.count += 1
        self.by_hand({name: b"" if "regressions" in name else f"# {self.count}\n".encode()})

    def by_hand(self, files):
        store = self.registry.store
        store.commit(files, subject="By hand", trailers={}, expected=store.head())

    @invariant()
    def is_what_stands_there(self):
        with Registry.open(self.registry.path) as anew:
            expected = told(anew.snapshot())
            layers = Layers(anew, self.layers.base)
            live = [(tool.name, tool.version) for tool in anew.tools()]
            assert [tool.name for tool in layers.live() if tool.stale] == self.layers.stale() == layers.stale()
        assert told(self.registry.snapshot()) == expected
        found = {name: self.layers.in_place_of(name) for name in self.layers.names()}
        assert [(name, tool.version) for name, tool in found.items() if tool is not None] == live
        assert [(tool.name, tool.version) for tool in self.layers.live()] == live


TestRegistries = Registries.TestCase
TestRegistries.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def asked(monkeypatch):
    """What git is asked for, by name."""
    names = []
    read = Objects.read
    monkeypatch.setattr(Objects, "read", lambda self, some: names.extend(some) or read(self, some))
    return names


def filled(registry, many):
    tools = [make_tool(f"tool_{number:03d}") for number in range(many)]
    files = {f"tools/{tool.name}/{file}": data for tool in tools for file, data in to_files(tool).items()}
    standing = {tool.name: states.Standing(state=State.LIVE, version=tool.version) for tool in tools}
    files |= registry.snapshot().states.files(tools=standing)
    registry.store.commit(files, subject="Fill", trailers={}, expected=registry.head())
    return tools


def test_one_tool_among_many_is_read_alone_and_once(registry, tmp_path, asked):
    filled(registry, 150)
    (tmp_path / "base").mkdir()
    layers = Layers(registry, BaseLayer(tmp_path / "base"))
    asked.clear()
    assert layers.find("tool_007").name == "tool_007"
    assert len(asked) < 180, "the pages, and one tool"
    asked.clear()
    registry.add(make_tool("another"), state=State.LIVE)
    layers.fingerprint()
    asked.clear()
    assert layers.find("tool_007").name == "tool_007"
    assert len(asked) <= 2, "where it stands, and its page where that has changed"
    asked.clear()
    assert layers.find("another").name == "another"
    assert not [name for name in asked if "tool_" in name]


def test_after_a_commit_only_what_changed_is_read_again(registry, asked):
    tools = filled(registry, 150)
    assert len(registry.tools()) == 150
    changed = dataclasses.replace(make_tool("tool_007", "return text.lower()", parent=tools[7].version))
    registry.add(changed, state=State.LIVE)
    asked.clear()
    assert next(tool for tool in registry.tools() if tool.name == "tool_007").source == changed.source
    files = [name for name in asked if name.endswith(("/tool.py", ":tool.py"))]
    assert len(files) == 1
