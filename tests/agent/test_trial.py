"""A tool is tried on the request's own worked examples, where trying it does nothing but compute."""

from __future__ import annotations

import dataclasses

import pytest

from agentforge.agent import toolbox
from agentforge.agent.trial import contradiction
from agentforge.agent.turn import Turn
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock, Locked
from agentforge.boxes.protocol import Grant
from agentforge.registry.packages import commit_lock
from agentforge.testing.box import FakeBox, returned
from agentforge.types import Capabilities

from .conftest import Scene, make_tool, roman_tool

TEXT = '- "IX" is 9\n- "XIV" is 14\nWhat is XL?'
SIX = Lock((Locked("six", "1.0", ("a" * 64,)),))


async def tried(scene: Scene, capabilities: Capabilities, *, depends: tuple[str, ...] = ()) -> str:
    """What is found against a tool that answers everything wrong."""
    commit_lock(scene.registry.store, SIX, subject="Lock packages")
    tool = roman_tool()
    manifest = tool.manifest.model_copy(update={"capabilities": capabilities, "depends": depends})
    scene.add(dataclasses.replace(tool, manifest=manifest))
    scene.box = FakeBox(calls=lambda _: returned(7))
    return await _contradiction(scene)


async def _contradiction(scene: Scene) -> str:
    turn = Turn(scene.parts, scene.episodes.start("test"), 1, TEXT, (), False, lambda kind, data: None)
    return await contradiction(turn, await toolbox.find(scene.parts, "roman_to_int"))


@pytest.mark.parametrize("packages", [(), ("six",)])
async def test_a_tool_is_tried_with_the_packages_that_it_declares(scene: Scene, packages: tuple[str, ...]) -> None:
    assert "other results than 2 of the 2 examples" in await tried(scene, Capabilities(packages=packages))
    assert [run.grant for run in scene.box.runs] == [Grant(packages=SIX.digest if packages else "")] * 2


@pytest.mark.parametrize("reaching", [Capabilities(clock=True), Capabilities(clock=True, packages=("six",))])
async def test_a_tool_that_reaches_something_is_not_tried(scene: Scene, reaching: Capabilities) -> None:
    assert await tried(scene, reaching) == ""
    assert scene.box.runs == []


async def test_nor_is_one_that_calls_such_a_tool(scene: Scene) -> None:
    clock = make_tool("now", "() -> int", "The time.", 'def now() -> int:\n    """It."""\n    return 1\n')
    manifest = clock.manifest.model_copy(update={"capabilities": Capabilities(clock=True)})
    scene.add(dataclasses.replace(clock, manifest=manifest))
    assert await tried(scene, Capabilities(), depends=("now",)) == ""
    assert scene.box.runs == []


async def test_packages_that_are_locked_no_more_speak_against_a_tool(scene: Scene) -> None:
    await tried(scene, Capabilities(packages=("six",)))
    scene.box = FakeBox()
    commit_lock(scene.registry.store, NO_PACKAGES, subject="Lock nothing")
    assert "packages that its registry has not locked" in await _contradiction(scene)
