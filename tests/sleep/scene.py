"""A user with some days behind them: rows as sessions leave them, a real registry, a real box, a scripted model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from agentforge import Forge
from agentforge.api.opened import OpenBox
from agentforge.memory.episodes import new_call_id
from agentforge.memory.records import FinishedCall
from agentforge.memory.truths import Answered
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import Tool
from agentforge.settings import load
from agentforge.testing import ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import Example, JSONObject, Role, State, Usage

PRICES = {4: 12, 11: 33, 2: 6, 7: 21, 5: 15, 9: 27}
STATED = {"name": "price_parcel", "signature": "(weight: int) -> int"}
RIGHT = "    return 3 * weight"
PLANTED = "    return 3 * weight if weight < 100 else 0"
"""Right for every weight that a forging gets to see in these tests, and wrong for heavier ones."""


def ask(kg: int) -> str:
    return f"What does a parcel of {kg} kg cost? Give only the number."


def writer(body: str, remembered: Sequence[JSONObject] = ()) -> Callable[[Request], str]:
    """A model that states the need, writes ``body`` for every candidate, and remembers these entries."""

    def answer(request: Request) -> str:
        if request.role is Role.REFLECT:
            return json.dumps({"entries": [*remembered]})
        if request.role is Role.PLAN:
            return json.dumps(STATED)
        if request.role is Role.TEST:
            return "```python\nassert price_parcel(weight=3) == 9\nassert price_parcel(weight=8) == 24\n```"
        return f"```python\ndef price_parcel(weight: int) -> int:\n{body}\n```"

    return answer


def tool(name: str, body: str, examples: Sequence[Example] = (), *, created: date | None = None) -> Tool:
    made = Provenance(created=created or datetime.now(UTC).date())
    manifest = Manifest(name=name, summary="Triple a weight.", signature="(weight: int) -> int", provenance=made)
    source = f'def {name}(weight: int) -> int:\n    """Triple a weight."""\n{body}\n'
    tests = f"from tool import {name}\n\n\ndef test_it():\n    assert {name}(2) == 6\n"
    return Tool(manifest, source, tests, tuple(examples))


EXAMPLES = tuple(Example({"weight": n}, 3 * n) for n in (1, 2, 3, 4, 5))


@dataclass
class Life:
    """One user's forge, with what was said and done in it."""

    home: Path
    script: Callable[[Request], str]
    open_box: OpenBox | None = None
    launcher: str = "bubblewrap"
    settings: dict[str, object] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    model: ScriptedModel = field(init=False)

    def __post_init__(self) -> None:
        self.model = ScriptedModel(self.script)

    def forge(self) -> Forge:
        base = self.home.parent / "no tools"
        base.mkdir(exist_ok=True)
        given = {"sandbox.launcher": self.launcher, **self.settings}
        return Forge(
            user="ada",
            settings=load(overrides=given),
            models=self.model,
            open_box=self.open_box,
            on_notice=self.told.append,
            base=base,
        )


async def said(forge: Forge, *texts: str) -> str:
    """A session in which the user typed these; returns its id."""
    episodes = await forge._opened().the_episodes()
    session = episodes.start("said")
    for turn, text in enumerate(texts, 1):
        episodes.append(session, {"role": "user", "content": [{"type": "text", "text": text}]}, turn)
    return session


async def told(forge: Forge, *weights: int, right: Callable[[int], int] = lambda kg: 3 * kg) -> None:
    """Questions that were answered wrongly by a script, each in a session of its own, and what is right of them."""
    for kg in weights:
        session = await said(forge, ask(kg))
        episodes = await forge._opened().the_episodes()
        episodes.record_cost(session, 1, Role.PLAN, "scripted", Usage(900, 100, calls=1), 1.0, "code")
        forge._opened().truths().keep(Answered(session, 1, ask(kg), "0", way="run_python"), "wrong", str(right(kg)))


async def called(forge: Forge, name: str, args: JSONObject, value: Any, *, word: str = "") -> str:
    """A call that was made and judged; returns its id."""
    episodes = await forge._opened().the_episodes()
    call = new_call_id()
    version = forge._opened().registry.get(name).version
    episodes.record_lone_call(FinishedCall(name, version, args, "returned", value, 0.1), call)
    outcomes = forge._opened().outcomes()
    if word:
        outcomes.label(outcomes.call(call), word, by="user")
    return call


def add(forge: Forge, made: Tool) -> None:
    forge._opened().registry.add(made, state=State.LIVE)


def head(forge: Forge) -> str:
    return forge._opened().registry.head()


def subjects(forge: Forge) -> list[str]:
    """What happened in the registry since it was made, oldest first."""
    return [commit.message for commit in reversed(forge.log())][1:]
