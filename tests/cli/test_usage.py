"""``run --usage-file``: what a run took stands there however it ended; every line of a stream holds to its schema."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agentforge.payloads import schema
from agentforge.testing import MessagesServer, Reply
from tests.cli.conftest import KEY, Program

PRICES = [word for kind in ("input", "output") for word in ("--set", f"endpoints.claude.{kind}_price=5")]


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No search by meaning, which takes its time in a new home."""
    monkeypatch.setenv("AGENTFORGE_AGENT__EMBEDDINGS", "false")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "usage.json"


def test_a_run_that_is_done_tells_its_tokens_and_its_price(
    program: Program, to_claude: MessagesServer, file: Path
) -> None:
    done = program("run", "-p", "x", "--output", "json", "--usage-file", str(file), *PRICES)
    told, result = json.loads(file.read_text()), json.loads(done.out)
    assert (told["status"], told["exit_code"]) == ("completed", 0)
    assert told["usage"]["total"]["calls"] == 1
    total = told["usage"]["total"]
    assert told["usd"] == pytest.approx((total["input_tokens"] + total["output_tokens"]) * 5 / 1e6)
    assert {key: result[key] for key in ("session", "usage", "usd")} == {
        key: told[key] for key in ("session", "usage", "usd")
    }
    assert "$0.0" in done.err


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ([], 3, "No model endpoint"),
        (["--set", "forge.candidates=0"], 3, "forge.candidates"),
        (["-c"], 2, "no session"),
        (["--max-usd", "1"], 3, "No model endpoint"),
    ],
)
def test_a_run_that_fails_before_it_begins_says_why(
    program: Program, file: Path, more: list[str], code: int, words: str
) -> None:
    file.write_text('{"status": "completed", "exit_code": 0}')
    done = program("run", "-p", "x", "--output", "stream-json", "--usage-file", str(file), *more)
    told = json.loads(file.read_text())
    assert (done.code, told["exit_code"], told["status"]) == (code, code, "failed")
    assert words in told["message"]
    for line in done.out.splitlines():
        jsonschema.validate(json.loads(line), schema())
    assert json.loads(done.out.splitlines()[-1])["exit_code"] == code


@pytest.mark.timeout(900)
def test_a_run_that_is_stopped_or_killed_leaves_no_figures_of_another(file: Path) -> None:
    with MessagesServer(lambda _: Reply("slow " * 400, pause=0.2)) as server:
        env = {**os.environ, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
        told: list[dict[str, Any]] = []
        for sent in (signal.SIGINT, signal.SIGKILL):
            file.write_text('{"status": "completed", "exit_code": 0}')
            before = len(server.requests)
            command = [sys.executable, "-m", "agentforge", "run", "-q", "-p", "x", "--usage-file", str(file)]
            with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
                deadline = time.monotonic() + 100
                while len(server.requests) == before and time.monotonic() < deadline:
                    time.sleep(0.05)
                time.sleep(0.5)
                running.send_signal(sent)
                running.wait(250)
            told.append(json.loads(file.read_text()))
    assert [(one["status"], one["exit_code"]) for one in told] == [("interrupted", 130), ("running", None)]
    assert told[0]["session"]


def test_a_file_that_cannot_be_written_is_told_before_anything_is_spent(
    program: Program, to_claude: MessagesServer, tmp_path: Path
) -> None:
    done = program("run", "-p", "x", "--usage-file", str(tmp_path / "none" / "usage.json"))
    assert done.code == 2
    assert "cannot be written: No such file" in done.err
    assert to_claude.requests == []
