"""The small examples run as they stand, from the folder of the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from agentforge.testing import MessagesServer

ROOT = Path(__file__).resolve().parents[2]


def run(server: MessagesServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ANTHROPIC_API_KEY": server.key or "", "ANTHROPIC_BASE_URL": server.url}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_hello_world_has_four_lines_and_prints_the_answer() -> None:
    lines = (ROOT / "examples" / "hello.py").read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.strip() and not line.startswith(('"""', "#"))]
    assert len(code) <= 4
    with MessagesServer(["9900 seconds."]) as server:
        done = run(server, "examples/hello.py")
    assert (done.returncode, done.stdout) == (0, "9900 seconds.\n"), done.stderr


def test_hello_world_without_a_model_says_what_is_missing_and_fails() -> None:
    done = subprocess.run(
        [sys.executable, "examples/hello.py"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "ConfigurationError: No model endpoint is set up. Run 'agentforge model up'" in done.stderr.splitlines()[-1]


def test_events_are_followed_and_the_session_goes_on() -> None:
    with MessagesServer(["9900 seconds.", "By calling a tool."]) as server:
        done = run(server, "-m", "examples.stream_events", "How many?")
        assert "How many?" in str(server.requests[1].body)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["completed: 9900 seconds.", "By calling a tool."]
