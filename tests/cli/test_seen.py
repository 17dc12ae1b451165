"""``agentforge tools why`` and ``diff``: what calls were seen to reach stands beside what is granted, as advice."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.observed import Observed, Request
from agentforge.database.store import Database
from agentforge.memory.episodes import Episodes, new_call_id
from agentforge.memory.records import FinishedCall
from agentforge.registry.repository import Registry
from agentforge.types import Capabilities, State

from .conftest import Program
from .test_review import base

HOST = Capabilities(hosts=("api.example.org",), files=("write out.csv",))
SEEN = "Seen in 12 calls of version {} (advice, no proof): api.example.org GET ×12; 12 refused to {}"
UNUSED = "Granted but never used in these calls: write out.csv"


@pytest.fixture
def registry(home: Path) -> Iterator[Registry]:
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as opened:
        yield opened


@pytest.fixture
def version(home: Path, registry: Registry) -> str:
    """``crc32_hex`` is live and was called twelve times; a new version of it waits."""
    tool = base("crc32_hex", capabilities=HOST)
    version = registry.add(tool, state=State.LIVE)
    asked = (("api.example.org", "200"), ("other.\u202eexample", "refused"))
    seen = Observed({Request("GET", host, came): 1 for host, came in asked})
    with Database.open(f"sqlite:///{home / 'state.db'}") as database:
        episodes = Episodes(database, org="personal", user="me")
        for _ in range(12):
            episodes.record_lone_call(
                FinishedCall("crc32_hex", version, {}, "returned", "", 0.1, observed=seen), new_call_id()
            )
    more = dataclasses.replace(HOST, hosts=(*HOST.hosts, "new.example.org"))
    parent = tool.manifest.provenance.model_copy(update={"parent": version})
    registry.add(base("crc32_hex", capabilities=more, provenance=parent), state=State.PROPOSED)
    return version


@pytest.mark.parametrize("command", ["why", "diff"])
def test_it_is_told_in_two_lines_without_anything_that_a_terminal_obeys(
    program: Program, version: str, command: str
) -> None:
    out = program("tools", command, "crc32_hex").out
    (seen,) = [line for line in out.splitlines() if line.startswith("Seen in")]
    assert seen.startswith(SEEN.format(version[:12], "other."))
    assert UNUSED in out.splitlines()
    assert "\u202e" not in out


@pytest.mark.parametrize("command", ["why", "diff"])
def test_a_program_is_told_all_of_it(program: Program, version: str, command: str) -> None:
    told: Any = json.loads(program("tools", command, "crc32_hex", "--json").out)[command]["seen"]
    assert (told["version"], told["calls"], told["unused"]) == (version, 12, ["write out.csv"])
    assert (told["hidden"], told["unsure"]) == ([], [])
    assert {"method": "GET", "host": "api.example.org", "came": "200", "count": 12} in told["requests"]
    assert told["other_versions"]["calls"] == 0


def test_nothing_is_added_where_no_call_was_seen(program: Program) -> None:
    assert "Seen" not in program("tools", "why", "parse_duration").out


def test_a_database_that_fails_costs_nobody_the_rest(program: Program, home: Path, version: str) -> None:
    for file in home.glob("state.db*"):
        file.unlink()
    (home / "state.db").write_bytes(b"this is not a database, " * 500)
    for command in ("why", "diff"):
        done = program("tools", command, "crc32_hex")
        assert (done.code, "crc32_hex" in done.out, "Seen in" in done.out) == (0, True, False)
        assert "What its calls reached cannot be told: " in done.err
    assert json.loads(program("tools", "why", "crc32_hex", "--json").out.splitlines()[-1])["why"]["seen"] is None
