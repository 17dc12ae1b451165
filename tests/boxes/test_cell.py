"""A cell believes nothing that is odd: whatever its PID 1 says wrongly breaks it, and no request is sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentforge.boxes import cell as cells
from agentforge.boxes.cell import Cell, Kind
from agentforge.boxes.descriptors import PassedDescriptors
from agentforge.errors import SandboxBusy, SandboxError

HELLO = {"hello": 1, "tier": "call", "reason": "", "python": "3.11.2", "pytest": "", "at_once": 2}


class Shell:
    """Holds nothing, and remembers that it was removed."""

    removed = 0

    async def remove(self) -> None:
        self.removed += 1

    def obituary(self) -> str:
        return "it printed: no room"

    def processes(self) -> int | None:
        return 3


class Box:
    """The inner side of a cell's control socket: a PID 1 that says what a test wants."""

    def __init__(self, kind: Kind = "call", wait_seconds: float = 60.0) -> None:
        ours, self.control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.shell = Shell()
        self.cell = Cell(kind, PassedDescriptors(ours), self.shell, wait_seconds=wait_seconds)
        self.kept: list[int] = []

    def say(self, message: Any, descriptors: int = 0) -> None:
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        passed = [os.open(os.devnull, os.O_RDWR) for _ in range(descriptors)]
        socket.send_fds(self.control, [data], passed)
        for descriptor in passed:
            os.close(descriptor)

    def send_crew(self, said: bytes, printed: bytes = b"") -> list[socket.socket]:
        """A crew of one, whose process says ``said`` on its line and ``printed`` as an error."""
        line, inner = socket.socketpair()
        out, err = os.pipe(), os.pipe()
        inner.send(said)
        os.write(err[1], printed)
        socket.send_fds(self.control, [b'{"ready": 1}'], [line.fileno(), out[0], err[0]])
        line.close()
        for descriptor in (out[0], err[0], out[1]):
            os.close(descriptor)
        self.kept.append(err[1])
        return [inner]

    async def close(self) -> None:
        await self.cell.close()
        self.control.close()
        for descriptor in self.kept:
            os.close(descriptor)


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    made = Box()
    yield made
    await made.close()


@contextlib.contextmanager
def no_descriptor_leaks() -> Iterator[None]:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts, needs no paths
    yield
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above


async def heard(box: Box) -> None:
    """Lets the cell hear all that was said."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_sound_hello_is_believed_and_a_confined_worker_is_handed_out(box: Box) -> None:
    box.say(HELLO)
    assert (await box.cell.hello()).tier == "call"
    (inner,) = box.send_crew(b"+")
    crew = await box.cell.take()
    assert (crew.number, box.cell.broken) == (1, "")
    box.cell.release(crew)
    assert json.loads(box.control.recv(100)) == {"done": 1}
    inner.close()
    assert await box.cell.processes() == 3


@pytest.mark.parametrize(
    ("message", "descriptors", "why"),
    [
        (b"nonsense", 0, "nonsense"),
        (b"[1]", 0, ""),
        (b'"hello"', 0, ""),
        (b"\xff", 0, "nonsense"),
        ({"ready": "x"}, 3, "nonsense"),
        ({"ready": None}, 3, "nonsense"),
        ({"ready": 1}, 2, "2 descriptors"),
        ({"ready": 1}, 4, "4 descriptors"),
        ({"ready": 1}, 0, "0 descriptors"),
        ({"ready": 1}, 20, "too long"),  # more than are taken at once
        ({"ready": 1}, 3, "no socket"),
        (HELLO, 1, "about no crew"),
        ({}, 1, "about no crew"),
        ({"gone": 1}, 0, "nonsense"),
        ({"gone": 1, "clean": False}, 0, "could not be wiped"),
        ({"gone": 1, "clean": 1}, 0, "could not be wiped"),
        ({"broken": "cannot confine"}, 0, "cannot confine"),
        (b"{" + b" " * 9000 + b"}", 0, "too long"),
    ],
)
async def test_what_no_sound_keeper_says_breaks_the_cell(message: Any, descriptors: int, why: str) -> None:
    with no_descriptor_leaks():
        box = Box()
        box.say(HELLO)
        box.say(message, descriptors)
        await heard(box)
        broken = box.cell.broken
        if message in (b"[1]", b'"hello"'):
            assert broken == ""  # it names nothing that we know, and nothing is done
        else:
            assert why in broken
            with pytest.raises(SandboxError, match="The box failed"):
                await box.cell.take()
        await box.close()


@pytest.mark.parametrize(("said", "printed"), [(b"-", b""), (b"", b""), (b"\x00", b"cannot confine: EPERM")])
async def test_a_worker_that_is_not_confined_gets_no_request(box: Box, said: bytes, printed: bytes) -> None:
    box.say(HELLO)
    lines = box.send_crew(said, printed) if said else box.send_crew(b"")
    if not said:
        lines[0].close()  # it died
    with pytest.raises(SandboxError, match="could not be confined"):
        await box.cell.take()
    if printed:
        assert "cannot confine: EPERM" in box.cell.broken
    for line in lines:
        line.close()


async def test_a_crew_that_is_out_cannot_come_again(box: Box) -> None:
    (first,) = box.send_crew(b"+")
    (second,) = box.send_crew(b"+")
    await heard(box)
    assert "crew 1 twice" in box.cell.broken
    first.close()
    second.close()


async def test_a_keeper_that_hangs_up_is_mourned_with_what_is_known(box: Box) -> None:
    box.control.shutdown(socket.SHUT_RDWR)
    with pytest.raises(SandboxError, match="no room"):
        await box.cell.hello()


async def test_silence_is_bounded(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "_START_SECONDS", 0.05)
    monkeypatch.setattr(cells, "_WORKER_SECONDS", 0.05)
    with pytest.raises(SandboxError, match="not ready"):
        await box.cell.hello()
    box.say(HELLO)
    await heard(box)
    with pytest.raises(SandboxError, match="in time"):
        await box.cell.take()
    assert box.cell.broken


async def test_waiting_for_others_is_never_taken_for_a_dead_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "_WORKER_SECONDS", 0.05)
    box = Box(wait_seconds=0.2)
    try:
        box.say({**HELLO, "tier": "wiped", "at_once": 1})  # one crew at a time
        (inner,) = box.send_crew(b"+")
        crew = await box.cell.take()
        with inner, pytest.raises(SandboxBusy, match="kept this box busy"):
            await box.cell.take()
        assert not box.cell.broken
        box.cell.release(crew)
    finally:
        await box.close()


async def test_closing_removes_the_shell_and_crews_that_nobody_took() -> None:
    with no_descriptor_leaks():
        box = Box()
        box.say(HELLO)
        (inner,) = box.send_crew(b"+")
        await heard(box)
        await box.close()
        await box.cell.close()
        assert box.shell.removed == 2
        with inner, pytest.raises(ConnectionResetError):
            inner.recv(1)  # what it said was never read


MESSAGES = st.dictionaries(
    st.sampled_from(["hello", "ready", "gone", "clean", "broken", "tier", "x"]),
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
    max_size=4,
).map(lambda value: json.dumps(value).encode()) | st.binary(min_size=1, max_size=40)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(MESSAGES, st.integers(0, 4)), max_size=4))
async def test_whatever_a_keeper_says_raises_nothing_and_leaks_nothing(said: list[tuple[bytes, int]]) -> None:
    with no_descriptor_leaks():
        box = Box()
        for message, descriptors in said:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                box.say(message, descriptors)
        await heard(box)
        await box.close()
        assert box.cell.broken
