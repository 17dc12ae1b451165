"""``agentforge tools connect``: what a server offers is listed, and what is asked for waits for a person."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Program
from tests.mcp_client.test_connection import PROGRAM

SERVER = ("--set", f"servers.neighbour.command={json.dumps([*PROGRAM])}", "--set", "servers.neighbour.seconds=60")


def test_it_lists_then_proposes_and_tells_how_to_approve(home: Path, program: Program) -> None:
    listed = program("tools", "connect", "neighbour", *SERVER)
    assert listed.code == 0, listed.err
    assert "greet" in listed.out
    done = program("tools", "connect", "neighbour", "greet", *SERVER, "--output-format", "json")
    assert done.code == 0, done.err
    (told,) = json.loads(done.out.splitlines()[-1])["proposed"]
    assert told["name"] == "neighbour_greet"
    shown = program("tools", "show", "neighbour_greet", *SERVER)
    assert "neighbour/greet" in shown.out
    approved = program("tools", "approve", "neighbour_greet", "--version", told["version"][:12], *SERVER)
    assert approved.code == 0, approved.err


def test_2_a_server_that_the_settings_do_not_name(program: Program) -> None:
    done = program("tools", "connect", "nobody")
    assert done.code == 2
    assert "The settings name no MCP server 'nobody'" in done.err


def test_2_a_tool_that_it_does_not_offer(program: Program) -> None:
    done = program("tools", "connect", "neighbour", "dance", *SERVER)
    assert done.code == 2
    assert "offers no tool 'dance'" in done.err


def test_1_a_server_that_cannot_be_started(program: Program) -> None:
    done = program("tools", "connect", "gone", "--set", 'servers.gone.command=["/nowhere/at/all"]')
    assert done.code == 1
    assert "The MCP server gone could not be started" in done.err
