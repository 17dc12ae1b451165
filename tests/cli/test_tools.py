"""``tools list|show|log`` on a real registry."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from agentforge.boxes import reach
from agentforge.boxes.network.broker import Broker
from agentforge.boxes.network.recordings import read_recordings
from agentforge.errors import ToolInvalid
from agentforge.registry.layers import BaseLayer, Registry
from agentforge.registry.tool import Tool
from agentforge.types import State
from tests.boxes.network.sites import Names, Site, on_loopback
from tests.cli.conftest import Program


@pytest.fixture
def learned(home: Path) -> Tool:
    """A registry in which one learned tool is live, unconfirmed, and another waits."""
    one, other = (tool for tool in BaseLayer().tools() if tool.name in ("crc32_hex", "word_count"))
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.add(one, state=State.LIVE, unconfirmed=True, trailers={"Job": ["job-77"]})
        registry.add(other, state=State.PROPOSED)
    return one


def test_the_starter_tools_are_there_from_the_first_moment(program: Program) -> None:
    done = program("tools", "list")
    assert done.code == 0
    assert "parse_duration" in done.out
    assert done.err == ""


def test_a_learned_tool_stands_before_the_starter_tool_of_its_name(program: Program, learned: Tool) -> None:
    tools = {
        tool["name"]: tool for tool in json.loads(program("tools", "list", "--output-format", "json").out)["tools"]
    }
    assert (tools["crc32_hex"]["layer"], tools["crc32_hex"]["unconfirmed"]) == ("user", True)
    assert tools["word_count"]["layer"] == "base", "a proposal is not live"


def test_states_are_listed_apart_and_together(program: Program, learned: Tool) -> None:
    waiting = program("tools", "list", "--state", "proposed")
    assert "word_count" in waiting.out
    assert "crc32_hex" not in waiting.out
    assert "unconfirmed" in program("tools", "list", "--state", "all").out
    nothing = program("tools", "list", "--state", "retired")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "No tool is retired.\n")


def test_show_has_all_that_is_needed_to_judge_a_tool(program: Program, learned: Tool) -> None:
    done = program("tools", "show", "crc32_hex")
    assert done.code == 0
    for words in (
        learned.manifest.summary,
        "live, unconfirmed",
        learned.version[:12],
        "reaches nothing",
        "def crc32_hex(",
    ):
        assert words in done.out
    told = json.loads(program("tools", "show", "crc32_hex", "--output-format", "json").out)["tool"]
    assert (told["source"], told["tests"]) == (learned.source, learned.tests)
    assert program("tools", "show", "word_count", "--user", "me").code == 0


def test_log_tells_when_and_from_which_job(program: Program, learned: Tool) -> None:
    assert "job-77" in program("tools", "log", "crc32_hex").out
    commits = json.loads(program("tools", "log", "--output-format", "json").out)["commits"]
    assert len(commits) == 3
    assert [commit["message"] for commit in commits][1:] == ["Add crc32_hex", "Create the registry"]


def test_a_starter_tool_has_no_history_and_that_is_said(program: Program) -> None:
    done = program("tools", "log", "parse_duration")
    told = "parse_duration is a tool of the base layer: it has no history in your registry.\n"
    assert (done.code, done.out, done.err) == (0, "", told)
    assert json.loads(program("tools", "log", "parse_duration", "--output-format", "json").out)["commits"] == []


def test_a_state_that_is_none_is_told_in_plain_words(program: Program) -> None:
    done = program("tools", "list", "--state", "bogus")
    assert done.code == 2
    assert "Invalid value for '--state': 'bogus' is not one of 'live'" in done.err


def test_another_user_sees_none_of_it(program: Program, learned: Tool) -> None:
    assert "user" not in {
        tool["layer"]
        for tool in json.loads(program("tools", "list", "--user", "eve", "--output-format", "json").out)["tools"]
    }


@pytest.fixture
def broken(home: Path) -> Path:
    """A registry whose owner's hand slipped in a manifest."""
    path = home / "registries" / "personal" / "me.git"
    state = f'format = 1\n[tools.broken]\nstate = "live"\nversion = "{"0" * 64}"\n'
    with Registry.open_or_create(path) as registry:
        registry.store.commit(
            {"tools/broken/tool.toml": b"name = [", "state.toml": state.encode()},
            subject="Edit by hand", trailers={"Tool": ["broken"]}, expected=registry.head(),
        )  # fmt: skip
    return path


def test_a_broken_tool_is_told_wherever_tools_are(program: Program, broken: Path) -> None:
    listed = program("tools", "list")
    assert listed.code == 0
    assert "parse_duration" in listed.out
    assert "! broken: " in listed.err
    assert "tool.toml" in listed.err
    assert f"in a clone of {broken} and push, or revert the commit" in listed.err
    assert json.loads(program("tools", "list", "--output-format", "json").out)["problems"]

    shown = program("tools", "show", "broken")
    assert shown.code == ToolInvalid.exit_code
    assert "'broken' is not valid" in shown.err
    assert "tool.toml" in shown.err
    assert "revert the commit" in shown.err
    assert "Edit by hand" in program("tools", "log", "broken").out


@pytest.mark.parametrize("command", ["show", "log"])
@pytest.mark.parametrize("name", ["../x", "", "Odd-Name", "x" * 64])
def test_2_a_name_that_no_tool_can_have(program: Program, command: str, name: str) -> None:
    done = program("tools", command, name)
    assert done.code == 2
    assert f"No tool can be named {name!r}" in done.err
    assert "lower-case letters" in done.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["rates"], "either URLs, or --args"),
        (["rates", "https://rates.test/", "--args", "{}"], "either URLs, or --args"),
        (["Rates!", "https://rates.test/"], "is no tool name"),
        (["rates", "ftp://rates.test/"], "was not recorded"),
        (["rates", "--args", "[1]"], "must be a JSON object"),
        (["rates", "--args", "{"], "--args is no JSON"),
        (["word_count", "--args", "{}"], "word_count fetches nothing"),
    ],
)
def test_what_cannot_be_recorded_is_a_usage_error(program: Program, arguments: list[str], complaint: str) -> None:
    done = program("tools", "record", *arguments)
    assert done.code == 2
    assert complaint in done.err


def test_pages_are_recorded_into_the_home(program: Program, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "Broker", partial(Broker, resolve=Names(), allow=on_loopback))
    with Site() as site:
        urls = [f"http://site.test:{site.port}/{page}" for page in "ab"]
        done = program("tools", "record", "rates", *urls, "--output-format", "json")
    file = home / "recordings" / "personal" / "me" / "rates.jsonl"
    assert done.code == 0
    assert json.loads(done.out)["recorded"] == len(read_recordings(file)) == 2
    assert json.loads(done.out)["file"] == str(file)


def test_tools_are_searched_in_any_words(program: Program, learned: Tool) -> None:
    told = json.loads(program("tools", "search", "how", "long", "is", "a", "duration", "--json").out)
    assert told["tools"][0]["name"] == "parse_duration"
    assert len(json.loads(program("tools", "search", "text", "-k", "2", "--json").out)["tools"]) == 2
    done = program("tools", "search", "parse a duration")
    assert (done.code, "parse_duration" in done.out) == (0, True)


def test_a_search_says_when_nothing_fits(program: Program) -> None:
    words_alone = ("--set", "agent.embeddings=false")
    done = program("tools", "search", "zebra giraffe", *words_alone)
    assert (done.code, done.out, done.err) == (0, "", "No tool fits.\n")
    told = json.loads(program("tools", "search", "zebra", "--json", *words_alone).out)
    assert (told["fits"], told["tools"]) == (False, [])
