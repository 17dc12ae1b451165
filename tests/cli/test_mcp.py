"""``agentforge mcp`` as another program starts it: stdout is the protocol's alone, and it ends in order."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.conftest import Program

COMMAND = [sys.executable, "-m", "agentforge", "mcp"]
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def started(*words: str, **environment: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    env = {**os.environ, **environment}
    return subprocess.Popen([*COMMAND, *words], env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def say(program: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert program.stdin is not None
    program.stdin.write(json.dumps(message) + "\n")
    program.stdin.flush()


def test_stdout_holds_the_protocol_and_a_closed_stdin_ends_it(home: Path) -> None:
    with started() as program:
        say(program, HELLO)
        assert program.stdout is not None
        first = program.stdout.readline()
        say(program, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        say(program, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
        second = program.stdout.readline()
        rest, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    assert "Traceback" not in err
    answers = [json.loads(line) for line in (first, second, *rest.splitlines())]
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    assert answers[0]["result"]["capabilities"]["tools"] == {"listChanged": True}
    assert "parse_duration" in [tool["name"] for tool in answers[1]["result"]["tools"]]


def test_nonsense_on_stdin_ends_nothing(home: Path) -> None:
    with started() as program:
        assert program.stdin is not None
        program.stdin.write("no JSON\n")
        say(program, HELLO)
        out, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    assert 1 in [json.loads(line).get("id") for line in out.splitlines()]


def test_ctrl_c_ends_it_and_is_no_failure(home: Path) -> None:
    with started() as program:
        say(program, HELLO)
        assert program.stdout is not None
        program.stdout.readline()
        program.send_signal(signal.SIGINT)
        try:
            program.wait(timeout=60)  # with its stdin open, as in a terminal
        finally:
            program.kill()
            _, err = program.communicate(timeout=30)
    assert program.returncode == 0, err
    assert "Traceback" not in err


def test_over_http_it_tells_address_and_token_once_and_ends_at_ctrl_c(home: Path) -> None:
    with started("--http", "--port", "0") as program:
        assert program.stderr is not None
        address, token = program.stderr.readline(), program.stderr.readline()
        assert re.search(r"at http://127\.0\.0\.1:\d+/mcp;", address)
        assert re.search(r"Bearer \S{20,}'", token)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
    assert program.returncode == 0, err
    assert out == ""
    assert "Traceback" not in err


def test_a_lasting_token_is_never_shown(home: Path) -> None:
    secret = "a-lasting-token-of-mine"
    with started("--http", "--port", "0", AGENTFORGE_MCP__TOKEN=secret) as program:
        assert program.stderr is not None
        first = program.stderr.readline()
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=30)
    assert "Serving" in first
    assert secret not in first + err


def test_2_a_wrong_option(program: Program) -> None:
    assert program("mcp", "--port", "many").code == 2


def test_3_a_token_that_is_too_short(program: Program) -> None:
    done = program("mcp", "--http", "--set", "mcp.token=short")
    assert done.code == 3
    assert "mcp.token" in done.err
    assert "short" not in done.err.replace("shorter", "")
