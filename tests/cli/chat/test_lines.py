"""Keys and pipes: what is one line, what is thrown away, and what is the end."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import PipeInput, create_pipe_input

from agentforge.cli.chat.lines import Piped, Typed
from agentforge.cli.output import Output


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


def type_slowly(typed: PipeInput, *pieces: str) -> Callable[[], Coroutine[Any, Any, asyncio.Task[None]]]:
    """Begins to send keys as a person does, who sees what each of them did."""

    async def type_them() -> None:
        for piece in pieces:
            await asyncio.sleep(0.5)
            typed.send_text(piece)

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(type_them())

    return begin


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        (["hello\r"], ["hello"]),
        (["typed before the prompt was there\n"], ["typed before the prompt was there"]),
        (["one\x1b\rtwo\\\rthree\r"], ["one\ntwo\nthree"]),
        (["\x1b[200~pasted\nin one piece\x1b[201~\r"], ["pasted\nin one piece"]),
        (["never mind\x03again\r"], ["", "again"]),
        (["first\r", "second\r", "\x1b[A", "\x1b[A", "\r"], ["first", "second", "first"]),
        (["\x04"], [None]),
    ],
)
def test_keys_are_lines(runner: asyncio.Runner, keys: list[str], lines: list[str | None]) -> None:
    with create_pipe_input() as typed, create_app_session(input=typed):
        made = Typed(Output(), InMemoryHistory(), lambda _: [])
        task = runner.run(type_slowly(typed, *keys)())
        assert [made.read(runner) for _ in lines] == lines
        assert task.done()


def test_words_are_offered_where_the_line_ends(runner: asyncio.Runner) -> None:
    words = [("/pending", ""), ("/persona", "")]
    with create_pipe_input() as typed, create_app_session(input=typed):
        made = Typed(Output(), InMemoryHistory(), lambda _: words)
        task = runner.run(type_slowly(typed, "/pe", "\t", "\r", " x\r")())
        assert made.read(runner) == "/pending x", "the first Enter took what was offered"
        assert task.done()


def test_news_come_while_somebody_types_and_cost_no_letter(
    runner: asyncio.Runner, capfd: pytest.CaptureFixture[str]
) -> None:
    with create_pipe_input() as typed, create_app_session(input=typed):
        output = Output()
        made = Typed(output, InMemoryHistory(), lambda _: [])

        async def learn() -> None:
            await asyncio.sleep(0.7)
            output.note("Learned: halve")

        async def begin() -> asyncio.Task[None]:
            return asyncio.create_task(learn())

        learning, typing = runner.run(begin()), runner.run(type_slowly(typed, "hel", "", "lo\r")())
        assert made.read(runner) == "hello"
        assert learning.done()
        assert typing.done()
    assert "Learned: halve\n" in "".join(capfd.readouterr())


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
