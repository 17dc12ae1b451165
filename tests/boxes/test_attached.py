"""The host's side of the stdio transport against a box, or a daemon, that says anything at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import runpy
import socket
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge import assets
from agentforge.boxes import channels
from agentforge.boxes.attach import STDERR, STDOUT, Attachment, Demultiplexer
from agentforge.boxes.cell import Cell
from agentforge.boxes.channels import CREDIT, FIRST, HEADER, LAST, WINDOW
from agentforge.boxes.stdio import AttachedStreams
from agentforge.errors import SandboxError

MARK = struct.Struct(">BxxxI")
HELLO = {"hello": 1, "tier": "call", "reason": "", "python": "3.11", "at_once": 1, "state": {"Seccomp": "2"}}


def marked(output: int, data: bytes) -> bytes:
    return MARK.pack(output, len(data)) + data


def frame(channel: int, payload: bytes) -> bytes:
    return marked(STDOUT, HEADER.pack(channel, len(payload)) + payload)


def said(message: Any) -> bytes:
    return marked(STDERR, json.dumps(message).encode() + b"\n")


def crew(number: int) -> bytes:
    return struct.pack(">I", number)


class NoShell:
    removed = 0

    async def remove(self) -> None:
        self.removed += 1

    def obituary(self) -> str:
        return ""


class Daemon:
    """Plays Docker and all that is in the box, over one end of a socket pair."""

    def __init__(self) -> None:
        self.line, theirs = socket.socketpair()
        self.line.setblocking(False)
        self.cell = Cell("call", AttachedStreams(Attachment(theirs), 1), NoShell())

    async def says(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # hung up on
            await asyncio.get_running_loop().sock_sendall(self.line, data)
        await asyncio.sleep(0.02)

    async def hears(self) -> list[tuple[int, bytes]]:
        """The frames that the host has sent, until it sends no more."""
        data, frames = b"", []
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while more := await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.line, 1 << 20), 0.1):
                data += more
        while data:
            channel, length = HEADER.unpack_from(data)
            frames.append((channel, data[5 : 5 + length]))
            data = data[5 + length :]
        return frames

    async def brings_a_crew(self, number: int = 1) -> Any:
        await self.says(said({"ready": number}) + frame(FIRST, crew(number)) + frame(1, b"+"))
        return await self.cell.take()


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - compares, needs no paths
    daemon = Daemon()
    await daemon.says(said(HELLO))
    assert (await daemon.cell.hello()).state == {"Seccomp": "2"}
    yield daemon
    await daemon.cell.close()
    daemon.line.close()
    assert set(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208 - as above


def test_the_numbers_are_those_of_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(assets.folder("sandbox")))
    there = runpy.run_path(str(assets.folder("sandbox") / "runner" / "relay.py"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "runner"]:
        monkeypatch.delitem(sys.modules, name)
    assert all(there[name] == getattr(channels, name) for name in ("FIRST", "CREDIT", "LAST", "WINDOW"))
    assert there["_HEADER"].format == channels.HEADER.format


async def test_an_honest_crew_is_handed_over_and_let_go(daemon: Daemon) -> None:
    first = await daemon.brings_a_crew(1)
    daemon.cell.begin(first, 5)
    first.lines[0].send(b"request")
    assert await daemon.hears() == [(FIRST, b'{"start": 1, "seconds": 5}'), (1, b"request")]
    await daemon.says(frame(2, b"printed") + frame(1, b"answer") + frame(1, b""))
    assert os.read(first.out, 100) == b"printed"
    assert first.lines[0].recv(100) == b"answer"
    assert first.lines[0].recv(100) == b""
    daemon.cell.release(first)
    assert await daemon.hears() == [(LAST, b'{"done": 1}')]
    await daemon.says(frame(2, b"too late") + frame(LAST, crew(1)) + said({"gone": 1, "clean": True}))
    daemon.cell.release(await daemon.brings_a_crew(2))
    assert daemon.cell.broken == ""


@pytest.mark.parametrize("relay_first", [True, False])
async def test_relay_and_keeper_must_both_name_the_crew_in_either_order(daemon: Daemon, relay_first: bool) -> None:
    taking = asyncio.ensure_future(daemon.cell.take())
    words = [frame(FIRST, crew(7)) + frame(1, b"+"), said({"ready": 7})]
    for word in words if relay_first else reversed(words):
        assert not taking.done()
        await daemon.says(word)
    daemon.cell.release(await taking)


async def test_a_crew_that_only_the_relay_names_is_none(daemon: Daemon) -> None:
    taking = asyncio.ensure_future(daemon.cell.take())
    await daemon.says(frame(FIRST, crew(1)) + frame(1, b'{"ready": 1}\n') + said({"ready": 2}))
    assert not taking.done()
    taking.cancel()


HOSTILE = {
    "an unknown output": marked(9, b"x"),
    "the daemon's own error": marked(3, b"no such container"),
    "not Docker's form": b"HTTP/1.1 500 Oops\r\n\r\n",
    "a frame of no crew": frame(1, b"x"),
    "an end of no crew": frame(LAST, crew(1)),
    "a frame too long": marked(STDOUT, HEADER.pack(1, 1 << 30)),
    "two crews at once": frame(FIRST, crew(1)) + frame(FIRST, crew(2)),
    "an end nobody asked for": frame(FIRST, crew(1)) + frame(LAST, crew(1)),
    "a channel it does not have": frame(FIRST, crew(1)) + frame(4, b"x"),
    "more than a window": frame(FIRST, crew(1)) + frame(1, b"x" * 65536) * 12,
    "more after the end": frame(FIRST, crew(1)) + frame(2, b"") + frame(2, b"x"),
    "thanks for nothing": frame(FIRST, crew(1)) + frame(CREDIT, struct.pack(">BI", 1, 1)),
    "thanks for an output": frame(FIRST, crew(1)) + frame(CREDIT, struct.pack(">BI", 2, 1)),
    "malformed thanks": frame(FIRST, crew(1)) + frame(CREDIT, b"x"),
    "a message too long": marked(STDERR, b"x" * 9000),
    "a message that is not JSON": marked(STDERR, b"{\n"),
    "a message that is no object": marked(STDERR, b"[1]\n"),
    "a message nested too deep": marked(STDERR, b"[" * 8000 + b"\n"),
    "an unclear end": said({"gone": 1}),
    "a strange hello": said(HELLO | {"at_once": "many"}),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
async def test_nonsense_breaks_the_cell_and_closes_all(daemon: Daemon, data: bytes) -> None:
    await daemon.says(data)
    assert daemon.cell.broken
    await daemon.hears()
    assert daemon.line.recv(1) == b""  # hung up
    with pytest.raises(SandboxError, match="The box failed"):
        await daemon.cell.take()


async def test_the_end_of_the_stream_ends_the_run_that_goes_on(daemon: Daemon) -> None:
    running = await daemon.brings_a_crew()
    daemon.line.shutdown(socket.SHUT_RDWR)
    await asyncio.sleep(0.02)
    assert "container ended" in daemon.cell.broken
    assert running.lines[0].recv(1) == b""
    assert os.read(running.out, 1) == b""
    daemon.cell.release(running)


async def test_more_than_a_window_waits_for_thanks_and_the_last_order_does_not(daemon: Daemon) -> None:
    running = await daemon.brings_a_crew()
    sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(running.lines[0], b"x" * (1 << 20)))
    sent = await daemon.hears()
    assert sum(len(payload) for _, payload in sent) == WINDOW
    await daemon.says(frame(CREDIT, struct.pack(">BI", 1, 1000)))
    assert await daemon.hears() == [(1, b"x" * 1000)]
    sending.cancel()
    daemon.cell.release(running)
    assert [channel for channel, _ in await daemon.hears()] == [LAST]


async def test_thanks_are_said_when_half_a_window_was_taken(daemon: Daemon) -> None:
    running = await daemon.brings_a_crew()
    for _ in range(2):
        await daemon.says(frame(2, b"x" * 65536))
        while True:
            try:
                os.read(running.out, 1 << 20)
            except BlockingIOError:
                break
        await asyncio.sleep(0.02)
    assert await daemon.hears() == [(CREDIT, struct.pack(">BI", 2, 2 * 65536))]
    daemon.cell.release(running)


async def test_what_was_printed_is_there_before_what_was_said_after_it(daemon: Daemon) -> None:
    """Where nobody has read the output yet, the line waits for it."""
    running = await daemon.brings_a_crew()
    await daemon.says(frame(2, b"y" * 65535) * 4 + frame(1, b"answer"))
    with pytest.raises(BlockingIOError):
        running.lines[0].recv(10)
    read = 0
    while read < 4 * 65535:
        read += len(await asyncio.to_thread(_read_some, running.out))
    await asyncio.sleep(0.02)
    assert running.lines[0].recv(10) == b"answer"
    daemon.cell.release(running)


def _read_some(descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, 1 << 20)
        except BlockingIOError:
            continue


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=8), st.integers(1, 7))
def test_dockers_stream_is_taken_apart_however_it_is_cut(parts: list[tuple[int, bytes]], size: int) -> None:
    stream = b"".join(marked(*part) for part in parts)
    reader, found = Demultiplexer(), {1: b"", 2: b""}
    for start in range(0, len(stream), size):
        for output, data in reader.feed(stream[start : start + size]):
            found[output] += data
    assert found == {output: b"".join(data for where, data in parts if where == output) for output in (1, 2)}


def test_there_is_one_relay_program() -> None:
    """What the box may call there is a part of what any run may call."""
    table = runpy.run_path(str(Path(str(assets.folder("sandbox"))) / "runner" / "syscalls.py"))
    assert set(table["RELAYS"]) <= set(table["ALLOWED"])
    assert not {"fork", "clone", "open", "openat", "kill", "socketpair", "sendmsg", "recvmsg"} & set(table["RELAYS"])
