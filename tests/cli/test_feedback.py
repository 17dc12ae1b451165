"""``agentforge feedback`` and ``tools repair``: which call is meant, what follows, and what makes no sense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentforge.database.store import Database
from agentforge.memory.episodes import Episodes
from agentforge.memory.records import FinishedCall
from agentforge.registry.layers import BaseLayer
from tests.cli.conftest import Program
from tests.conftest import insist_on_namespaces

BOX = ("--set", "sandbox.launcher=bubblewrap", "--user", "ada")


@pytest.fixture
def call(home: Path) -> str:
    """A recorded call of a starter tool."""
    tool = next(tool for tool in BaseLayer().tools() if tool.name == "days_between")
    args = {"start": "2024-03-01", "end": "2024-03-03"}
    with Database.open(f"sqlite:///{home / 'state.db'}") as database:
        episodes = Episodes(database, org="personal", user="ada")
        session = episodes.start("A question")
        return episodes.record_call(session, 1, FinishedCall(tool.name, tool.version, args, "returned", 2, 0.1))


def test_with_no_call_there_is_nothing_to_judge(program: Program) -> None:
    done = program("feedback", "good", "--user", "ada")
    assert (done.code, "No tool was called yet" in done.err) == (2, True)


def test_a_word_is_good_or_bad(program: Program) -> None:
    assert program("feedback", "fine").code == 2


def test_a_correction_that_is_no_json_is_named(program: Program, call: str) -> None:
    done = program("feedback", "bad", "--expected", "twelve", "--user", "ada")
    assert done.code == 2
    assert "is no JSON" in done.err
    assert "quotes" in done.err


def test_a_correction_of_the_wrong_type_is_named(program: Program, call: str) -> None:
    done = program("feedback", "bad", call, "--expected", '"two"', "--user", "ada")
    assert (done.code, "days_between returns int" in done.err) == (2, True)


def test_good_is_noted_and_says_which_call_is_meant(program: Program, call: str) -> None:
    done = program("feedback", "good", *BOX)  # no box is needed for it
    assert (done.code, done.out) == (0, "Noted as right.\n")
    assert f"Call {call}: days_between(" in done.err


def test_without_a_model_a_correction_waits_and_repair_says_so(program: Program, call: str) -> None:
    insist_on_namespaces()
    done = program("feedback", "bad", call, "--expected", "3", "--output-format", "json", *BOX)
    told = json.loads(done.out)
    assert (done.code, told["end"], told["kind"]) == (0, "kept", "defect")
    assert told["example"]["source"] == f"feedback:{call}"
    again = json.loads(program("tools", "repair", "days_between", "--output-format", "json", *BOX).out)
    assert [one["reason"] for one in again["repairs"]] == [told["reason"]]


def test_where_nothing_waits_repair_says_so(program: Program) -> None:
    assert program("tools", "repair", *BOX).out == "Nothing waits.\n"


def test_a_repair_of_what_nobody_knows_is_named_and_of_a_tool_without_failures_is_nothing(
    program: Program, call: str
) -> None:
    done = program("tools", "repair", "no_such_tool", "--user", "ada")
    assert (done.code, "There is no tool and no call 'no_such_tool'." in done.err) == (2, True)
    assert program("tools", "repair", "word_count", "--user", "ada").out == "Nothing waits.\n"
