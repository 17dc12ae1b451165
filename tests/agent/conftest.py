"""A whole agent on real parts (database, registry, index); only model, box and forge are doubles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agentforge.agent.approving import Approving
from agentforge.agent.attachments import Attachment
from agentforge.agent.parts import AgentParts, Emit
from agentforge.agent.session import Session
from agentforge.boxes.protocol import Box, CallResult
from agentforge.database.store import Database
from agentforge.errors import AgentForgeError
from agentforge.events import Event
from agentforge.forge.parts import ForgeResult
from agentforge.memory.episodes import Episodes
from agentforge.memory.truths import Truths, Word
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import Message
from agentforge.registry.index import Index
from agentforge.registry.layers import BaseLayer, Layers, Registry
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import Tool
from agentforge.settings import AgentSettings, Settings
from agentforge.testing.box import FakeBox, Run, raised, returned
from agentforge.testing.scripted import ScriptedModel
from agentforge.types import Need, Role, State

ROMAN = '''
def roman_to_int(text: str) -> int:
    """Convert a Roman numeral to an integer.

    Raises:
        ValueError: it is no Roman numeral.
    """
    return {"IX": 9}[text]
'''

NUMERALS = {"IX": 9, "XIV": 14, "MCMXC": 1990, "XL": 40}


def make_tool(name: str, signature: str, summary: str, source: str, request: str = "") -> Tool:
    manifest = Manifest(
        name=name,
        summary=summary,
        signature=signature,
        requests=(request,) if request else (),
        provenance=Provenance(created=date(2026, 1, 2)),
    )
    tests = f"from tool import {name}\n\n\ndef test_it_is_there():\n    assert callable({name})\n"
    return Tool(manifest, source, tests)


def roman_tool() -> Tool:
    request = "What number is the Roman numeral XL?"
    return make_tool("roman_to_int", "(text: str) -> int", "Convert a Roman numeral to an integer.", ROMAN, request)


def roman_box(run: Run) -> CallResult:
    if run.entry == "roman_to_int":
        text = str(run.args["text"])
        return returned(NUMERALS[text]) if text in NUMERALS else raised("ValueError", f"{text} is no Roman numeral")
    return returned(None, stdout="42\n")


@dataclass
class Scene:
    """One agent; ``model`` and what the other doubles do are set by each test."""

    registry: Registry
    layers: Layers
    index: Index
    episodes: Episodes
    settings: Settings
    box: Any = field(default_factory=lambda: FakeBox(calls=roman_box))
    model: ScriptedModel = field(default_factory=lambda: ScriptedModel([]))
    forged_state: str = "live"
    refuted: bool = False
    forging_error: AgentForgeError | None = None
    needs: list[Need] = field(default_factory=list)
    on_box: Callable[[], None] = lambda: None
    words: list[tuple[Word, str, Any]] = field(default_factory=list)
    approving: Approving | None = None

    def script(self, *answers: Any, free: bool = False, context: int = 4096) -> ScriptedModel:
        features = FEATURES["claude"] if free else FEATURES["vllm"]
        self.model = ScriptedModel(list(answers), features=features, context=200_000 if free else context)
        return self.model

    def limit(self, **agent: Any) -> None:
        self.settings = self.settings.model_copy(update={"agent": AgentSettings(**agent)})

    def add(self, tool: Tool, *, unconfirmed: bool = False) -> None:
        self.registry.add(tool, state=State.LIVE, unconfirmed=unconfirmed)

    async def open_box(self) -> Box:
        self.on_box()
        return self.box

    async def forge(self, need: Need, emit: Emit) -> ForgeResult:
        self.needs.append(need)
        emit("forge_started", {"job": "job1", "name": need.name, "signature": need.signature})
        await self.model.complete(Role.GENERATE, [Message("user", "write it")], max_tokens=10)
        if self.forged_state == "live":
            source = ROMAN.replace("roman_to_int", need.name)
            self.add(make_tool(need.name, "(text: str) -> int", "Convert a Roman numeral to an integer.", source))
        state: Any = self.forged_state
        best: Any = {"best": "def f(): ..."}
        emit("forge_finished", {"job": "job1", "name": need.name, "state": state, "version": "v"})
        tried: Any = {"refuted": self.refuted, "artefacts": best, "error": self.forging_error}
        return ForgeResult("job1", need.name, state, "no candidate passed", **tried)

    async def learn(self, word: Word, call: str, expected: Any, tell: Callable[[str], None]) -> str:
        self.words.append((word, call, expected))
        return "Looked into."

    @property
    def truths(self) -> Truths:
        return Truths(self.episodes._database, org=self.episodes.org, user=self.episodes.user)

    @property
    def parts(self) -> AgentParts:
        return AgentParts(
            self.model,
            self.open_box,
            self.layers,
            self.index,
            self.episodes,
            self.settings,
            self.forge,
            truths=self.truths,
            learn=self.learn,
            approving=self.approving,
        )

    async def session(self, session: str | None = None) -> Session:
        return await Session.open(self.parts, session)

    async def run(self, text: str, session: Session | None = None, attachments: tuple[Attachment, ...] = ()) -> Told:
        session = session or await self.session()
        return Told(session.id, [event async for event in session.turn(text, attachments)])


@dataclass
class Told:
    """The events of a turn, with the questions tests ask of them."""

    session: str
    events: list[Event]

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def answer(self) -> Any:
        return self.last.data.get("answer")

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event.data for event in self.events if event.type == kind]

    def text(self) -> str:
        return json.dumps([event.to_json() for event in self.events], ensure_ascii=False)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    empty = tmp_path / "toolbox"
    empty.mkdir()
    with (
        Database.open(f"sqlite:///{tmp_path / 'state.db'}") as database,
        Registry.create(tmp_path / "ada.git") as registry,
    ):
        layers = Layers(registry, BaseLayer(empty))
        episodes = Episodes(database, org="personal", user="ada")
        yield Scene(registry, layers, Index(layers, tmp_path / "index.db"), episodes, Settings(home=tmp_path))


@pytest.fixture
def roman(scene: Scene) -> Scene:
    """The scene with one live tool, ``roman_to_int``."""
    scene.add(roman_tool())
    return scene
