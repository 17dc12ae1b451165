"""A run that waits for its own new tool goes on with it, from where it stood, and has nothing made once more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from agentforge.agent.approving import Approving, Going, Kept
from agentforge.approval import Allow, ApprovalRequest, Decision, Defer, Deny
from agentforge.forge.parts import ForgeResult
from agentforge.registry.tool import Tool
from agentforge.testing.box import FakeBox, returned
from agentforge.types import JSONObject

from .conftest import NUMERALS, ROMAN, Scene, Told, make_tool, roman_tool
from .test_free import asks
from .test_robust import LEARN, NEED

Kepts = list[tuple[ApprovalRequest, JSONObject]]


def deferring(kept: Kepts) -> Approving:
    async def keep(request: ApprovalRequest, loop: JSONObject, seconds: float) -> Kept:
        kept.append((request, loop))
        return Kept("approval:1", "2030-01-01T00:00:00+00:00")

    async def settle(request: ApprovalRequest, decision: Decision) -> None:
        raise AssertionError("nobody has decided")

    async def proposal(name: str) -> Tool:
        return roman_tool()

    return Approving(lambda _: Defer(), keep, settle, proposal)


async def gone_on(scene: Scene, paused: Told, kept: Kepts, decision: Allow | Deny) -> Told:
    """As another process would, from what was written down."""
    ((request, loop),) = kept
    state: Any = "live" if isinstance(decision, Allow) else "failed"
    forged = ForgeResult("", "read_roman", state, "it was denied")
    session = await scene.session(paused.session)
    going = Going("approval:1", request, decision, json.loads(json.dumps(loop)), forged)
    return Told(paused.session, [event async for event in session.go_on(going)])


def let_in(scene: Scene) -> None:
    source = ROMAN.replace("roman_to_int", "read_roman")
    scene.add(make_tool("read_roman", "(text: str) -> int", "Convert a Roman numeral to an integer.", source))


@pytest.fixture
def scene(scene: Scene) -> Scene:
    scene.forged_state = "proposed"
    scene.box = FakeBox(calls=lambda run: returned(NUMERALS[str(run.args["text"])]))
    return scene


WANTED = {**NEED, "purpose": "Read Roman numerals.", "examples": []}
PAUSES: dict[str, Callable[[Scene], object]] = {
    "free": lambda scene: scene.script(asks("forge_tool", **WANTED), "code", free=True),
    "robust": lambda scene: scene.script(NEED, "code"),
}
GOES_ON: dict[str, Callable[[Scene], object]] = {
    "free": lambda scene: scene.script(asks("read_roman", text="XL"), "It is 40.", free=True),
    "robust": lambda scene: scene.script({"text": "XL"}, "It is 40."),
}


@pytest.mark.parametrize("path", PAUSES)
async def test_a_tool_that_was_let_in_is_used(scene: Scene, path: str) -> None:
    kept: Kepts = []
    scene.approving = deferring(kept)
    PAUSES[path](scene)
    paused = await scene.run(LEARN)
    assert (paused.last.type, paused.last.data["approval"]) == ("waiting", "approval:1")
    let_in(scene)
    GOES_ON[path](scene)
    told = await gone_on(scene, paused, kept, Allow())
    assert told.answer == "It is 40."
    assert (told.last.data["tools_made"], told.last.data["tools_used"]) == (["read_roman"], ["read_roman"])
    assert len(scene.needs) == 1
    assert told.events[0].data["text"] == paused.events[0].data["text"]
    assert told.events[0].turn == paused.last.turn + 1


@pytest.mark.parametrize("path", PAUSES)
async def test_a_tool_that_was_denied_is_told_and_not_made_again(scene: Scene, path: str) -> None:
    kept: Kepts = []
    scene.approving = deferring(kept)
    PAUSES[path](scene)
    paused = await scene.run(LEARN)
    model = scene.script("I may not.", free=path == "free")
    told = await gone_on(scene, paused, kept, Deny("no"))
    assert len(scene.needs) == 1
    if path == "free":
        assert told.answer == "I may not."
        assert "No tool was made: it was denied" in model.requests[0].prompt
    else:
        assert (told.last.type, "it was denied" in told.last.data["message"]) == ("failed", True)
