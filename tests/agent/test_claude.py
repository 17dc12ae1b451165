"""The whole agent over real HTTP against a server as strict as Claude: streaming, tools, thinking."""

from __future__ import annotations

import pytest

from agentforge.agent.session import Session
from agentforge.models.client import Models
from agentforge.models.protocol import ToolCall
from agentforge.settings import Settings
from agentforge.testing.script import Fault, Reply
from agentforge.testing.server import MessagesServer

from .conftest import Scene, Told

CALL = Reply("Let me look.", (ToolCall("toolu_01", "roman_to_int", {"text": "XIV"}),), thinking="It is a numeral.")


async def turns(scene: Scene, server: MessagesServer, *texts: str) -> list[Told]:
    settings = Settings(home=scene.settings.home, endpoints={"claude": server.endpoint()})
    told: list[Told] = []
    async with Models(settings) as models:
        scene.model, scene.settings = models, settings  # type: ignore[assignment] # a real client for once
        session: Session = await scene.session()
        for text in texts:
            told.append(await scene.run(text, session))  # noqa: PERF401 - one turn after the other
    return told


async def test_tools_thinking_and_a_second_turn_pass_a_server_that_refuses_everything_wrong(roman: Scene) -> None:
    with MessagesServer([CALL, Reply("It is 14.", thinking="Done."), "You asked for XIV."]) as server:
        one, two = await turns(roman, server, "Roman numeral XIV?", "What did I ask for?")
    assert (one.answer, two.answer) == ("It is 14.", "You asked for XIV.")
    assert one.last.data["tools_used"] == ["roman_to_int"]
    assert len(one.of("model_delta")) > 2


async def test_a_session_is_continued_after_a_turn_that_broke_off_at_a_tool_call(roman: Scene) -> None:
    with MessagesServer([CALL, Fault(400, "invalid_request_error", "No."), "Once more then."]) as server:
        one, two = await turns(roman, server, "Roman numeral XIV?", "Go on.")
    assert (one.last.type, one.last.exit_code) == ("failed", 4)
    assert two.answer == "Once more then."


@pytest.mark.parametrize(
    ("status", "kind", "code"), [(401, "authentication_error", 3), (400, "invalid_request_error", 4)]
)
async def test_failures_of_the_endpoint_decide_the_exit_code(scene: Scene, status: int, kind: str, code: int) -> None:
    with MessagesServer([Fault(status, kind, "Not like this.")]) as server:
        (told,) = await turns(scene, server, "Hello!")
    assert (told.last.type, told.last.exit_code) == ("failed", code)
