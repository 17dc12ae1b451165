"""Keys and pipes: what is one line, what is thrown away, and what is the end."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Iterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input

from agentforge.cli.chat.lines import Piped, Typed
from agentforge.cli.output import Output


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        ("hello\r", ["hello"]),
        ("typed before the prompt was there\n", ["typed before the prompt was there"]),
        ("one\x1b\rtwo\\\rthree\r", ["one\ntwo\nthree"]),
        ("\x1b[200~pasted\nin one piece\x1b[201~\r", ["pasted\nin one piece"]),
        ("never mind\x03again\r", ["", "again"]),
        ("first\rsecond\r\x1b[A\x1b[A\r", ["first", "second", "first"]),
        ("\x04", [None]),
    ],
)
def test_keys_are_lines(runner: asyncio.Runner, keys: str, lines: list[str | None]) -> None:
    with create_pipe_input() as typed, create_app_session(input=typed):
        made = Typed(Output(), InMemoryHistory(), lambda _: [])
        typed.send_text(keys)
        assert [made.read(runner) for _ in lines] == lines


def test_words_are_offered_where_the_line_ends(runner: asyncio.Runner) -> None:
    words = [("/pending", ""), ("/persona", "")]
    with create_pipe_input() as typed, create_app_session(input=typed):
        made = Typed(Output(), InMemoryHistory(), lambda _: words)
        typed.send_text("/pend\t\r\r")  # Tab, Enter to take it, Enter to send it
        assert made.read(runner) == "/pending"


@pytest.mark.parametrize(
    ("piped", "lines"),
    [
        (b"hello\nagain\n", ["hello", "again", None]),
        (b"one\\\ntwo\nthree", ["one\ntwo", "three", None]),
        (b"\xff\xfe\nfine\n", ["fine", None]),
    ],
)
def test_lines_of_a_pipe(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, piped: bytes, lines: list[str | None]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped), encoding="utf-8"))
    made = Piped(Output())
    assert [made.read(runner) for _ in lines] == lines
