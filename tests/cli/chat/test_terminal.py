"""``agentforge chat`` as a person sees it: in real terminals, narrow and wide, with colours and without (tmux)."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import pytest

from agentforge.testing import MessagesServer
from tests.cli.conftest import Program

PATIENCE = 300.0
"""Seconds that anything may take: the machine may be busy."""

COLOUR = re.compile(r"\x1b\[[0-9;]*(?<![0-9])(3[0-7]|4[0-7]|9[0-7]|38|48)(?![0-9])[0-9;]*m")

pytestmark = [
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux"),
    pytest.mark.timeout(900),
]


class Screen:
    """A program in a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str, width: int = 80, height: int = 40, **env: str) -> None:
        self._socket = str(folder / f"tmux{len([*folder.glob('tmux*')])}")
        given = {"NO_COLOR": "", "TERM": "screen-256color", **env}
        sets = [f"{name}={value}" for name, value in {**_ours(), **given}.items() if value]
        fresh = ("-u", "COLUMNS", "-u", "LINES")  # which outrank the terminal where somebody exported them
        command = shlex.join(["env", *fresh, *sets, sys.executable, "-m", "agentforge", *arguments])
        size = ("-x", str(width), "-y", str(height))
        shown = f"{command}; echo ended with $?; exec sleep 1000"
        self._tmux("-f", os.devnull, "new-session", "-d", *size, shown)

    def type(self, text: str) -> None:
        """Types some text and sends it."""
        self.press("-l", text)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Presses keys by their names."""
        self._tmux("send-keys", *keys)

    def until(self, pattern: str) -> str:
        """What stands on the screen as soon as ``pattern`` does."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, seen := self.text(), re.DOTALL):
            assert time.monotonic() < deadline, f"{pattern!r} never came:\n{seen}"
            time.sleep(0.3)
        return seen

    def text(self, *how: str) -> str:
        """What stands on the screen and above it; ``how`` is for ``capture-pane``."""
        lines = self._tmux("capture-pane", "-p", "-S", "-", *how).splitlines()
        return "\n".join(line.rstrip() for line in lines).rstrip()

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", self._socket, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server")


def _ours() -> dict[str, str]:
    """What a test's private environment is made of."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("AGENTFORGE_", "ANTHROPIC_", "PYTHON", "GIT_"))
    }


@pytest.mark.usefixtures("reaching")
def test_a_conversation_asks_is_stopped_and_is_taken_up_in_another_terminal(tmp_path: Path) -> None:
    with Screen(tmp_path, "chat", width=160) as screen:
        screen.until("›")
        screen.type("count the words")
        screen.until(r"may: fetch GET api\.example\.com.*\[o/s/a/n/l\]")
        screen.type("s")
        screen.until(r"There are two words\.\nused word_count · 2 model calls · [\d,]+ tokens · .*\n\n›")
        screen.type("answer slowly")
        screen.until("slow slow slow")
        screen.press("C-c")
        screen.until(r"slow slow.*Interrupted; go on with another line\..*›")
        screen.press("Up")
        screen.until("› answer slowly$")
        screen.press("C-c")
        screen.until(r"\(Ctrl-D leaves\)\n\n›")
        screen.press("C-d")
        ended = screen.until("ended with 0")
    assert "Traceback" not in ended
    kept = re.search(r"chat -r (\w+)", ended)
    assert kept
    with Screen(tmp_path, "chat", "-r") as screen:
        assert "count the words" in screen.until("Which\\? Number or id")
        screen.type("1")
        screen.until(f"session {kept[1]}.*›")
        screen.type("count again")
        seen = screen.until(r"There are two words\.")
    assert "wants to reach out" not in seen, "it was allowed for this session"


def test_a_narrow_screen_without_colours_holds_all_of_it(tmp_path: Path, server: MessagesServer) -> None:
    with Screen(tmp_path, "chat", width=40, NO_COLOR="1") as screen:
        first = screen.until("›")
        assert "AgentForge keeps what it had to work" in first, "the first time it explains itself"
        assert "/help" in first
        screen.type("/help")
        helped = screen.until(r"/quit +leaves, as.*›")
        assert "\nEnter sends; Alt-Enter, or a backslash\n" in helped, "lines break between words"
        screen.press("-l", "one")
        screen.press("M-Enter")
        screen.type("two")
        screen.until(r"› one\n· two\n+I see\.\n1 model call")
        coloured = screen.text("-e")
        screen.type("/quit")
        screen.until("ended with 0")
    assert "I see." in coloured
    assert COLOUR.findall(coloured) == []
    assert server.requests[-1].body["messages"][-1]["content"] in ("one\ntwo", [{"type": "text", "text": "one\ntwo"}])


def test_with_colours_there_are_some(tmp_path: Path, program: Program, server: MessagesServer) -> None:
    program("tools", "list")  # no first time any more
    with Screen(tmp_path, "chat", height=20) as screen:
        seen = screen.until("›")
        assert COLOUR.findall(screen.text("-e"))
    assert len(seen.strip().splitlines()) <= 3


def test_a_terminal_that_can_do_nothing_gets_plain_lines(tmp_path: Path, server: MessagesServer) -> None:
    with Screen(tmp_path, "chat", TERM="dumb") as screen:
        screen.until("›")
        screen.type("hello")
        screen.until(r"› hello\n+I see\.")
        plain = screen.text("-e")
        screen.press("C-d")
        screen.until("ended with 0")
    assert "\x1b[" not in plain
    assert "⠋" not in plain
