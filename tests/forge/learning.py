"""A home with one live tool, real git, a real database and a real box, for tests of learning from failures."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from agentforge import Forge
from agentforge.boxes.protocol import Box
from agentforge.forge.cases import render_suite
from agentforge.memory.episodes import new_call_id
from agentforge.memory.records import FinishedCall
from agentforge.registry.contract import read_signature
from agentforge.registry.manifest import Manifest
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.settings import Settings, load
from agentforge.testing import ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import JSON, Capabilities, Example, JSONObject, Role, State

HOURS = '''def to_minutes(text: str) -> int:
    """Read a time such as '2:30' as minutes.

    Hours and minutes are separated by a colon.

    Raises:
        ValueError: text is no such time.
    """
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
'''
"""A defect: '2' ends in a ValueError, which it declares, and '1:2:30' too; '-1:30' is wrong."""

EXAMPLES = (
    Example({"text": "2:30"}, 150, source="user"),
    Example({"text": "0:05"}, 5, source="user"),
    Example({"text": "10:00"}, 600, source="user", held_out=True),
)


def tool_of(
    source: str,
    examples: Sequence[Example] = EXAMPLES,
    name: str = "to_minutes",
    capabilities: Capabilities | None = None,
) -> Tool:
    signature = read_signature(source, name)
    shown = [one for one in examples if not one.held_out]
    return Tool(
        manifest=Manifest(
            name=name,
            summary=signature.summary or "Does something.",
            signature=signature.text,
            capabilities=capabilities or Capabilities(),
        ),
        source=source,
        tests=render_suite(name, shown),
        examples=tuple(examples),
    )


def code(source: str) -> str:
    return f"```python\n{source}```"


def models(*repairs: str, judge: Sequence[str | JSONObject] = (), independent: bool = False) -> ScriptedModel:
    script: dict[Role, Sequence[str | JSONObject]] = {Role.GENERATE: [code(one) for one in repairs], Role.JUDGE: judge}
    return ScriptedModel(script, models={Role.JUDGE: "judge"} if independent else {})


def repeating(answer: Callable[[Request], str], *, independent: bool = False) -> ScriptedModel:
    return ScriptedModel(answer, models={Role.JUDGE: "judge"} if independent else {})


def settings_at(home: Path, user: str = "ada", **forge: int) -> Settings:
    """Settings with a home of the test's own (``load`` takes it from the environment alone)."""
    options: dict[str, object] = {
        f"forge.{key}": value for key, value in ({"candidates": 1, "rounds": 1} | forge).items()
    }
    return load(environ={**os.environ, "AGENTFORGE_HOME": str(home)}, overrides={"user": user, **options})


def forge_at(home: Path, box: Box, model: ScriptedModel | None, tools: Sequence[Tool] = (), **forge: int) -> Forge:
    """A façade over ``box``, which stays the caller's, with ``tools`` live in the user's registry."""
    settings = settings_at(home, **forge)
    with Registry.open_or_create(settings.registries / settings.org / f"{settings.user}.git") as registry:
        for tool in tools:
            registry.add(tool, state=State.LIVE, unconfirmed=tool.unconfirmed)

    async def opened(_: object) -> Box:
        return Kept(box)

    return Forge(user=settings.user, settings=settings, models=model, open_box=opened)


class Kept:
    """A box that its façade does not close."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def __getattr__(self, name: str) -> object:
        return getattr(self._box, name)

    async def __aenter__(self) -> Kept:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


def head(forge: Forge) -> str:
    return registry_of(forge).head()


def registry_of(forge: Forge) -> Registry:
    return forge._opened().registry  # pyright: ignore[reportPrivateUsage] - the façade shows no registry


async def record(forge: Forge, tool: Tool, args: JSONObject, status: str, told: JSON, session: str = "") -> str:
    """A call's row as the program writes it, without the call."""
    episodes, call = await forge._opened().the_episodes(), new_call_id()  # pyright: ignore[reportPrivateUsage] - as above
    finished = FinishedCall(tool.name, tool.version, args, status, told, 0.1, repair=True)
    if session:
        return episodes.record_call(session, 1, finished, call)
    episodes.record_lone_call(finished, call)
    return call
