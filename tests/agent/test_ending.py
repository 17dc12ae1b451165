"""Every ending that is no success names its error and what to do about it."""

from __future__ import annotations

import pytest

from agentforge.agent.ending import Ending, ending_of, limited, waiting
from agentforge.agent.turn import TurnLimit
from agentforge.errors import AgentForgeError, ApprovalNeeded, LimitReached, ModelTimeout
from agentforge.events import Event
from agentforge.result import result_of


def raised(ending: Ending) -> AgentForgeError:
    with pytest.raises(AgentForgeError) as found:
        result_of([Event(ending.type, ending.data)]).raise_for_status()
    return found.value


@pytest.mark.parametrize(
    "error",
    [
        LimitReached("The money is spent.", fix="Earn some."),
        ApprovalNeeded("Somebody has to agree.", fix="Ask them."),
        ModelTimeout("Too slow.", fix="Wait."),
    ],
)
def test_what_is_raised_for_a_status_is_what_ended_the_turn(error: AgentForgeError) -> None:
    found = raised(ending_of(error))
    assert type(found) is type(error)
    assert (found.message, found.fix, found.exit_code) == (error.message, error.fix, error.exit_code)


def test_a_limit_of_a_turn_says_which_setting_to_raise() -> None:
    ending = limited(TurnLimit("max_steps", "Too many steps."), "so far")
    assert (ending.data["limit"], ending.data["answer"]) == ("max_steps", "so far")
    found = raised(ending)
    assert (type(found), found.message, found.exit_code) == (LimitReached, "Too many steps.", 5)
    assert "Raise 'agent.max_steps'" in found.fix


def test_a_tool_that_waits_can_be_looked_at() -> None:
    found = raised(waiting("It waits.", ["read_roman"]))
    assert (type(found), found.exit_code) == (ApprovalNeeded, 6)
    assert found.fix == "Look at it with 'agentforge tools show read_roman'."


@pytest.mark.parametrize(("status", "kind"), [("limited", LimitReached), ("waiting", ApprovalNeeded)])
def test_an_ending_that_names_no_error_has_that_of_its_status(status: str, kind: type[AgentForgeError]) -> None:
    found = raised(Ending(status, {"message": "It ended."}))
    assert (type(found), found.exit_code) == (kind, kind.exit_code)
