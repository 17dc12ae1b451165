"""From settings to an answer: proposed, approved by a person, called in the box, and what came back taints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentforge.agent.servers import answer
from agentforge.api.servers import Connecting
from agentforge.boxes.asks import Refused
from agentforge.boxes.protocol import Box
from agentforge.errors import ApprovalNeeded
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.sections import ServerSettings
from agentforge.settings import SandboxSettings, load
from agentforge.testing import Reply, ScriptedModel
from agentforge.types import JSONObject, State
from tests.mcp_client.test_connection import PROGRAM

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRANTED = ("neighbour/greet",)
SERVERS = {"neighbour": ServerSettings(command=PROGRAM, seconds=60)}


def forge(box: Box, models: ScriptedModel | None = None) -> Connecting:
    sets: dict[str, Any] = {"servers.neighbour.command": [*PROGRAM], "servers.neighbour.seconds": 60}

    async def given(settings: SandboxSettings) -> Box:
        return box

    opener: Callable[[SandboxSettings], Awaitable[Box]] = given
    return Connecting(user="ada", settings=load(overrides=sets), models=models, open_box=opener)


async def test_it_waits_for_a_person_and_then_answers_from_the_box(bubblewrap_box: Box) -> None:
    use = Reply(calls=(ToolCall("c1", "neighbour_greet", {"name": "Ada", "loud": True}),))
    model = ScriptedModel([use, "She was greeted."], features=FEATURES["claude"])
    async with forge(bubblewrap_box, model) as mine:
        (done,) = await mine.propose("neighbour", ["greet"])
        assert done.name == "neighbour_greet"
        assert [tool.name for tool in mine.tools(State.PROPOSED)] == ["neighbour_greet"]
        with pytest.raises(ApprovalNeeded, match="its report holds no gate"):
            mine.review.approve("neighbour_greet")  # a person has to look, and say at what
        mine.review.approve("neighbour_greet", version=done.version)
        result = await mine.call("neighbour_greet", {"name": "Ada"})
        assert (result.status, result.value) == ("returned", "Hello Ada"), result
        said = await mine.run("Greet Ada loudly.")
        assert said.tools_used == ("neighbour_greet",)
        returned = [event.data for event in said.events if event.type == "tool_returned"]
        assert [data["value"] for data in returned] == ["HELLO ADA"]
        assert mine._opened().outcomes().tainted(said.session)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"positional": ["neighbour", "slow", {}], "named": {}}, "does not declare 'neighbour/slow'"),
        ({"positional": ["other", "greet", {}], "named": {}}, "does not declare 'other/greet'"),
        ({"positional": ["neighbour", "greet"], "named": {}}, "is asked by ask_server"),
        ({"positional": ["neighbour", "greet", {}], "named": {"x": 1}}, "is asked by ask_server"),
        ({"positional": "neighbour"}, "is asked by ask_server"),
    ],
)
async def test_a_run_that_asks_for_more_is_refused(stated: JSONObject, why: str) -> None:
    with pytest.raises(Refused, match=why):
        await answer(GRANTED, SERVERS, stated)


async def test_a_server_that_the_settings_no_longer_name_is_told() -> None:
    with pytest.raises(Refused, match="The settings name no MCP server 'neighbour'"):
        await answer(GRANTED, {}, {"positional": ["neighbour", "greet", {}], "named": {}})
