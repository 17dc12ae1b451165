"""Words that begin with a slash: what they do, and that they never end a conversation but for /quit."""

from __future__ import annotations

import json
import re

import pytest

from agentforge.cli.chat.commands import COMMANDS, complete
from agentforge.testing import MessagesServer
from tests.cli.chat.conftest import PRICES, Talk
from tests.cli.conftest import Program

ASKED_FOR = [
    *("/help", "/tools", "/pending", "/approve", "/memory", "/why", "/context", "/cost", "/sleep", "/undo"),
    *("/resume", "/model", "/quit"),
]


def test_every_word_is_explained(talk: Talk, server: MessagesServer) -> None:
    assert [name for name in ASKED_FOR if name not in COMMANDS] == []
    shown = talk("/help").err
    assert [name for name in COMMANDS if f"\n{name} " not in shown] == []
    assert server.requests == [], "no model was asked"


def test_what_is_unknown_is_told_and_a_path_is_no_command(talk: Talk, server: MessagesServer) -> None:
    held = talk("/nonsense", "/etc/hosts holds what?")
    assert "There is no /nonsense." in held.err
    assert "/help shows what there is." in held.err
    assert held.out == "I see.\n"


def test_they_are_the_commands_of_the_command_line(talk: Talk, program: Program, server: MessagesServer) -> None:
    assert talk("/tools").out == program("tools", "list").out
    assert talk("/tools a duration in seconds").out == program("tools", "search", "a duration in seconds").out
    assert talk("/why word_count").out == program("tools", "why", "word_count").out
    failed = talk("/why no_such_tool", "hello")
    assert "no_such_tool" in failed.err
    assert failed.out == "I see.\n"


def test_what_is_remembered_is_told_and_the_last_change_is_taken_back(talk: Talk, server: MessagesServer) -> None:
    held = talk("/memory add 'The office is in Bern.'", "/memory", "/memory office", "/undo", "/memory", answers=["y"])
    assert held.out.count("The office is in Bern.") >= 2
    assert held.asked == ["Take it back? [y/n]"]
    assert "Undone" in held.err
    assert "The office" not in talk("/memory").out
    assert "Nothing was learned or decided" in talk("/undo").err


@pytest.mark.usefixtures("proposed")
def test_a_proposal_is_approved_and_that_is_undone(talk: Talk, program: Program) -> None:
    held = talk("/pending", "/approve word_count", "/undo", answers=["y"])
    assert "word_count approved: live" in held.out
    assert held.asked == ["Take it back? [y/n]"]
    stands = json.loads(program("tools", "show", "word_count", "--json").out)["tool"]
    assert (stands["layer"], stands["state"]) == ("base", "live")


def test_context_cost_and_session_are_those_of_this_conversation(talk: Talk, server: MessagesServer) -> None:
    held = talk("/context", "hello", "/context", "/session", "/cost", sets=PRICES)
    assert "Nothing was said yet." in held.err
    assert re.search(r"Turn 1, [\d,]+ tokens", held.out)
    assert held.session in held.out
    assert re.search(r"plan +claude-opus-5-5: 1 call, [\d,]+ tokens sent, \d+ generated, \$0\.\d{4}\n", held.out)
    assert re.search(r"This conversation: [\d,]+ tokens, \$0\.\d{4}\.", held.err)


def test_where_a_price_is_unknown_that_is_said(talk: Talk, server: MessagesServer) -> None:
    held = talk("hello", "/cost")
    assert "price unknown" in held.err
    assert "$" not in held.err


def test_a_session_is_chosen_forked_and_left_for_a_new_one(talk: Talk, server: MessagesServer) -> None:
    first = talk("the heron")
    held = talk("/resume", "go on", "/fork", "/session", "/new", "/session", answers=["1"])
    assert "the heron" in str(server.requests[-1].body)
    lines = held.out.splitlines()
    assert lines[0] == "I see."
    assert lines[1] != first.session
    assert lines[2].startswith("none yet")
    assert talk("go on", resume=first.session[:6]).session == first.session


def test_another_model_answers_from_then_on(talk: Talk, server: MessagesServer) -> None:
    with MessagesServer(lambda _: "The other one.") as other:
        sets = [f"endpoints.other.{key}={value}" for key, value in (
            ("kind", "claude"), ("url", other.url), ("model", other.model), ("key", other.key)
        )]  # fmt: skip
        held = talk("hello", "/model other", "hello", "/model nobody", "/cost", sets=sets)
    assert held.out.startswith("I see.\n")
    assert "The other one.\n" in held.out
    assert "roles.plan names the endpoint 'nobody'" in held.err
    assert re.search(r"plan +claude-opus-5-5: 2 calls, ", held.out), "what was spent before counts too"


def test_the_end_is_the_end(talk: Talk, server: MessagesServer) -> None:
    assert talk("/quit", "hello").out == ""
    assert talk("/q", "hello").out == ""


def test_words_are_completed() -> None:
    assert ("/help", "this") in complete("/he", [], [])
    assert [*complete("/why wo", ["word_count"], [])] == [("word_count", "")]
    assert ("plan=local", "") in complete("/model ", [], ["local"])
    assert [*complete("what is /help", [], [])] == []
