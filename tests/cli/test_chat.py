"""``chat`` at a real terminal: lines, turns, Ctrl-C and Ctrl-D."""

from __future__ import annotations

import codecs
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from types import TracebackType

import pytest

from agentforge.testing import MessagesServer, Reply
from agentforge.testing.server import Received
from tests.cli.conftest import KEY, Program

INTERRUPT, END = "\x03", "\x04"
PATIENCE = 100.0
"""Seconds that anything may take: the machine may be busy."""


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, *arguments: str, env: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "agentforge", *arguments]
        full = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "100", "LINES": "30", **env}
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=full, start_new_session=True,
            preexec_fn=_take_terminal, close_fds=True,
        )  # fmt: skip
        os.close(theirs)
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end inside a character
        self.screen = ""

    def until(self, pattern: str, *, after: int = 0, seconds: float = PATIENCE) -> None:
        """Reads until ``pattern`` is on the screen (counted from character ``after``)."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.screen[after:]):
            assert time.monotonic() < deadline, f"{pattern!r} never came:\n{self.screen}"
            if select.select([self._ours], [], [], 0.2)[0]:
                try:
                    self.screen += self._decoder.decode(os.read(self._ours, 65536))
                except OSError:
                    break
        assert re.search(pattern, self.screen[after:]), self.screen

    def type(self, text: str) -> int:
        """Types; returns where the screen ended before."""
        before = len(self.screen)
        os.write(self._ours, text.encode())
        return before

    def ended(self) -> int:
        """The exit code."""
        deadline = time.monotonic() + 20
        while self._process.poll() is None and time.monotonic() < deadline:
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    self.screen += self._decoder.decode(os.read(self._ours, 65536))
                except OSError:
                    break
        return self._process.wait(20)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
        os.close(self._ours)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    """Answers quickly, except where it is told to be slow."""

    def answer(request: Received) -> Reply:
        # An unanswered turn is sent again in front of the next one: only the end counts.
        asked = json.dumps(request.body["messages"][-1]).rstrip('"}] ')
        return Reply("slow " * 200, pause=0.2) if asked.endswith("slowly") else Reply("I see.")

    with MessagesServer(answer) as running:
        yield running


def environment(server: MessagesServer) -> dict[str, str]:
    key = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
    return {**key, "AGENTFORGE_AGENT__EMBEDDINGS": "false"}


def test_a_conversation_with_an_interrupted_turn_goes_on_and_is_kept(server: MessagesServer, program: Program) -> None:
    with Terminal("chat", env=environment(server)) as terminal:
        terminal.until("›")
        at = terminal.type("hello there\r")
        terminal.until(r"(?s)I see\..*›", after=at)
        at = terminal.type("answer slowly\r")
        terminal.until("slow slow", after=at)
        at = terminal.type(INTERRUPT)
        terminal.until("(?s)Interrupted.*›", after=at)
        at = terminal.type("once more\r")
        terminal.until(r"(?s)I see\..*›", after=at)
        terminal.type(END)
        assert terminal.ended() == 0
        assert "Traceback" not in terminal.screen
    kept = re.search(r"chat -r (\w+)", terminal.screen)
    assert kept
    again = program("run", "-r", kept[1], "-p", "Are you there?", env=environment(server))
    assert again.code == 0
    assert "hello there" in str(server.requests[-1].body)


def test_ctrl_c_at_the_prompt_only_throws_the_line_away(server: MessagesServer) -> None:
    with Terminal("chat", env=environment(server)) as terminal:
        terminal.until("›")
        time.sleep(0.5)  # a signal in the moment before readline waits is only noticed at the next key
        at = terminal.type("never mind" + INTERRUPT)
        terminal.until("(?s)Ctrl-D leaves.*›", after=at)
        at = terminal.type("/nonsense\r")
        terminal.until("(?s)There is no /nonsense.*›", after=at)
        at = terminal.type("/tools\r")
        terminal.until("(?s)parse_duration.*›", after=at)
        terminal.type("/quit\r")
        assert terminal.ended() == 0
    assert server.requests == []


def test_a_failed_turn_does_not_end_the_conversation() -> None:
    with Terminal("chat", env={"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}) as terminal:
        terminal.until("›")
        at = terminal.type("hello\r")
        terminal.until("(?s)Nothing answers.*›", after=at)
        terminal.type(END)
        assert terminal.ended() == 0


def test_lines_from_a_pipe_are_answered_in_order(server: MessagesServer, process: Program) -> None:
    done = process("chat", stdin=b"hello\nagain\n", env=environment(server))
    assert (done.code, done.out) == (0, "I see.\nI see.\n")


def test_lines_from_a_pipe_end_with_the_code_of_the_first_turn_that_failed(program: Program) -> None:
    quickly = {"AGENTFORGE_AGENT__EMBEDDINGS": "false"}
    done = program("chat", stdin=b"hello\n/nonsense\nagain\n", env=quickly)
    assert done.code == 3
    assert done.err.count("No model endpoint is set up.") == 2
    assert program("chat", stdin=b"/nonsense\n").code == 2
    assert program("chat", stdin=b"").code == 0
