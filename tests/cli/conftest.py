"""The command line as a real program, and settings that lead to a server of the test's own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli_w

from agentforge.cli.app import main
from agentforge.testing import MessagesServer

KEY = "sk-test-0123456789"


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    code: int
    out: str
    err: str


Program = Callable[..., Done]


@pytest.fixture
def program(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """Runs ``agentforge`` inside this process, which saves the start of another one."""

    def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Done:
        with monkeypatch.context() as changed:
            for name, value in (env or {}).items():
                changed.setenv(name, value)
            changed.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            capfd.readouterr()
            code = main(arguments)
            out, err = capfd.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture
def process() -> Program:
    """Runs ``agentforge`` in a process of its own."""

    def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "agentforge", *arguments],
            input=stdin,
            capture_output=True,
            env={**os.environ, **(env or {})},
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def claude() -> Iterator[MessagesServer]:
    """A server as strict as Claude that answers every request with one sentence."""
    with MessagesServer(lambda _: "It is done.") as server:
        yield server


@pytest.fixture
def to_claude(claude: MessagesServer, monkeypatch: pytest.MonkeyPatch) -> MessagesServer:
    """The environment of somebody who has a key for it."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", claude.url)
    return claude


def write_settings(home: Path, settings: dict[str, object]) -> None:
    """The user's own settings file."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "settings.toml").write_text(tomli_w.dumps(settings), encoding="utf-8")
