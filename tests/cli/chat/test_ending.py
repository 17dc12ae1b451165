"""When a session ends its code is looked at, and what was learned of it is told."""

from __future__ import annotations

import re

import pytest

from agentforge import Forge
from agentforge.agent.worth import Kept
from agentforge.testing import MessagesServer
from tests.cli.chat.conftest import PRICES, Talk

LEARNED = "Learned: halve answers such questions from now on."


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions whose code was looked at; each has taught a tool."""
    seen: list[str] = []

    async def end_session(forge: Forge, session: str) -> list[Kept]:
        seen.append(session)
        return [Kept("Halve 4", tool="halve"), Kept("Double 4", why="No candidate passed.")]

    monkeypatch.setattr(Forge, "end_session", end_session)
    return seen


def test_each_session_in_which_something_was_said_is_looked_at_once(
    talk: Talk, server: MessagesServer, looked_at: list[str]
) -> None:
    held = talk("/new", "hello there", "/new", "hello again", "/fork", "/new")
    first, second = looked_at
    assert first != second
    assert held.err.count(LEARNED) == 2
    assert "double" not in held.err.lower(), "what was not learned is no news"


def test_ctrl_c_leaves_it_to_another_time(talk: Talk, server: MessagesServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stopped(forge: Forge, session: str) -> list[Kept]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Forge, "end_session", stopped)
    held = talk("hello")
    assert held.code == 0
    assert re.search(r"Left as it is\.\nKept as session \w+: agentforge chat -r \w+\n$", held.err)


def test_a_budget_is_warned_of_and_then_kept(talk: Talk, server: MessagesServer) -> None:
    spent = talk("hello", "/cost", sets=PRICES)
    found = re.search(r"This conversation: [\d,]+ tokens, \$(0\.\d+)", spent.err)
    assert found
    usd = float(found[1])
    held = talk("hello", "again", "/cost 5", "and again", sets=PRICES, budget=usd * 1.2)
    assert re.search(r"! \$0\.\d+ of the budget of \$0\.\d+ are spent\.", held.err)
    assert held.out.count("I see.") == 2, "not the second one"
    assert "US dollars are spent" in held.err
    assert "of a budget of $5.00" in held.err
