"""Rights by version: a call gets exactly what the version that stands at that moment declares, across
approvals and rollbacks, and never what an older or newer one may.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from agentforge.agent.calls import Caller
from agentforge.boxes.asks import Refused
from agentforge.boxes.protocol import Grant, Limits
from agentforge.registry import review
from agentforge.registry.tool import Tool, contents_of
from agentforge.testing.box import FakeBox, returned
from agentforge.types import Capabilities, State

from .conftest import Scene, make_tool
from .test_calls import Silent

ONE = {"positional": ["IX"], "named": {}}
FILES = Capabilities(files=("write out.csv",))
CLOCK = Capabilities(clock=True, files=("write out.csv",))
LESS = Capabilities()


def version(name: str, capabilities: Capabilities, parent: str = "", imports: str = "") -> Tool:
    head = f"from toolbox import {imports}\n" if imports else ""
    source = f'{head}def {name}(text: str) -> str:\n    """It."""\n    return text\n'
    made = make_tool(name, "(text: str) -> str", "It.", source)
    origin = made.manifest.provenance.model_copy(update={"parent": parent})
    changes = {"capabilities": capabilities, "provenance": origin, "depends": (imports,) if imports else ()}
    manifest = made.manifest.model_copy(update=changes)
    report = {"gates": [{"gate": "fuzz", "verdict": "passed"}], "contents": contents_of(made.source, made.tests)}
    return dataclasses.replace(made, manifest=manifest, report=report)


@pytest.fixture
def stage(scene: Scene) -> Scene:
    scene.box = FakeBox(calls=lambda run: returned(run.entry))
    return scene


async def granted(scene: Scene, tool: Tool | None = None, name: str = "writes") -> Grant:
    """What a call was granted: of the version that stands, or of one that was looked up before."""
    found, needs = scene.layers.pinned(name)
    caller = Caller(scene.box, scene.layers, {}, Limits(), Silent())
    await caller.call(tool or found, needs, {"text": "x"})
    return scene.box.runs[-1].grant


def rights(grant: Grant) -> tuple[bool, tuple[str, ...]]:
    return grant.clock, tuple(grant.outputs)


async def test_each_version_has_its_own_rights_and_no_other_ones(stage: Scene) -> None:
    first = stage.registry.add(version("writes", FILES), state=State.LIVE)
    assert rights(await granted(stage)) == (False, ("out.csv",))

    second = stage.registry.add(version("writes", CLOCK, first), state=State.LIVE)
    assert rights(await granted(stage)) == (False, ("out.csv",)), "one that wants more waits"
    review.approve(stage.registry, "writes", approver="ada")
    assert rights(await granted(stage)) == (True, ("out.csv",))

    stage.registry.add(version("writes", LESS, second), state=State.LIVE)
    assert rights(await granted(stage)) == (False, ())

    review.rollback(stage.registry, "writes", second, approver="ada")
    assert rights(await granted(stage)) == (True, ("out.csv",))
    review.rollback(stage.registry, "writes", first, approver="ada")
    assert rights(await granted(stage)) == (False, ("out.csv",))


async def test_a_version_that_was_looked_up_before_keeps_its_own_rights(stage: Scene) -> None:
    first = stage.registry.add(version("writes", CLOCK), state=State.LIVE)
    before = stage.layers.find("writes")
    stage.registry.add(version("writes", LESS, first), state=State.LIVE)
    assert rights(await granted(stage, before)) == (True, ("out.csv",))
    assert rights(await granted(stage)) == (False, ())


async def test_a_tool_that_asks_another_gets_it_in_the_version_that_stands_then(stage: Scene) -> None:
    first = stage.registry.add(version("writes", FILES), state=State.LIVE)
    stage.add(version("uses", LESS, imports="writes"))
    asks: Any = (await granted(stage, name="uses")).asks
    second = stage.registry.add(version("writes", CLOCK, first), state=State.PROPOSED)
    await asks["writes"](ONE)
    assert rights(stage.box.runs[-1].grant) == (False, ("out.csv",))
    review.approve(stage.registry, "writes", approver="ada", version=second)
    await asks["writes"](ONE)
    assert rights(stage.box.runs[-1].grant) == (True, ("out.csv",))
    review.put(stage.registry, "writes", State.RETIRED, approver="ada")
    with pytest.raises(Refused, match="no live tool named 'writes'"):
        await asks["writes"](ONE)
