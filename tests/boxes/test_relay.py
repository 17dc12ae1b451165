"""What a relay carries while a run goes on, and what becomes of a box whose relay is attacked."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agentforge.boxes import hardening, requests, wire
from agentforge.boxes.cell import Cell, CellSpec
from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import NOTHING, Limits
from agentforge.boxes.warm import WarmBox
from agentforge.settings import SandboxSettings
from agentforge.types import JSONObject
from tests.boxes.watching import eventually, names

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker")]

SETTINGS = SandboxSettings(launcher="docker", transport="stdio")
SOURCE = "def f():\n    return 1\n"
SLEEP = "import time\ndef f():\n    time.sleep(60)\n"


async def opened(user: str) -> WarmBox:
    box = await open_box(SETTINGS, user=user)
    assert isinstance(box, WarmBox)
    assert box.info.transport == "stdio"
    return box


ECHO = """
import os
def f():
    seen = 0
    while True:
        data = os.read(0, 100_000)
        seen += len(data)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(0, rest):]
        if data.endswith(b"end"):
            return seen
"""


@pytest.fixture
async def cell() -> AsyncIterator[Cell]:
    async with await opened("relay-cell") as box:
        running = box._pool._places[CellSpec("relay-cell", "call")].cell
        assert running is not None
        yield running


def request_of(source: str) -> bytes:
    what: JSONObject = {"kind": "call", "source": source, "entry": "f", "args": {}}
    return requests.work(what, {}, Limits(seconds=20.0), NOTHING)


class TestTraffic:
    async def test_both_ways_at_once_while_a_run_goes_on(self, cell: Cell) -> None:
        loop = asyncio.get_running_loop()
        crew = await cell.take()
        cell.begin(crew, 20)
        await loop.sock_sendall(crew.lines[0], request_of(ECHO))
        sent = os.urandom(3 << 20) + b"end"
        sending = asyncio.ensure_future(loop.sock_sendall(crew.lines[0], sent))
        heard = await _receive(crew.lines[0], len(sent))
        await sending
        assert heard == sent
        (length,) = wire.HEADER.unpack(await _receive(crew.lines[0], wire.HEADER.size))
        assert json.loads(await _receive(crew.lines[0], length))["value"] == len(sent)
        cell.release(crew)

    async def test_a_worker_that_reads_nothing_stops_nothing(self, cell: Cell) -> None:
        loop = asyncio.get_running_loop()
        crew = await cell.take()
        cell.begin(crew, 20)
        flood = request_of(SLEEP) + b"x" * (8 << 20)
        sending = asyncio.ensure_future(loop.sock_sendall(crew.lines[0], flood))
        await asyncio.sleep(0.5)
        assert not sending.done()  # nobody holds the eight megabytes for it
        sending.cancel()
        cell.release(crew)
        async with asyncio.timeout(5):
            cell.release(await cell.take())

    async def test_a_host_that_reads_nothing_is_sent_little(self, cell: Cell) -> None:
        crew = await cell.take()
        cell.begin(crew, 20)
        source = "import os\ndef f():\n    while True:\n        os.write(1, b'x' * 65536)\n"
        crew.lines[0].sendall(request_of(source))
        await asyncio.sleep(1)
        assert sum(len(channel._backlog) for channel in _channels(cell)) <= 256 << 10
        cell.release(crew)
        async with asyncio.timeout(5):
            cell.release(await cell.take())

    async def test_the_clock_inside_ends_a_run_that_the_host_forgets(self, cell: Cell) -> None:
        loop = asyncio.get_running_loop()
        crew = await cell.take()
        cell.begin(crew, 0.5)
        crew.lines[0].sendall(request_of(SLEEP))
        began = time.monotonic()
        assert await loop.sock_recv(crew.lines[0], 1) == b""
        assert 2 < time.monotonic() - began < 8
        cell.release(crew)
        async with asyncio.timeout(5):
            cell.release(await cell.take())


async def _receive(line: socket.socket, count: int) -> bytes:
    heard = bytearray()
    while len(heard) < count:
        data = await asyncio.get_running_loop().sock_recv(line, count - len(heard))
        assert data, f"the line ended after {len(heard)} bytes"
        heard += data
    return bytes(heard)


def _channels(cell: Cell) -> list[Any]:
    control: Any = cell._control
    return control._crew._all


KILL_OTHERS = """
import os, signal
def f(number):
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            os.kill(int(name), number)
    while True:
        pass
"""


class TestRelayUnderAttack:
    """In tier ``wiped`` a run can see the relay: it may end it, and gains nothing by that."""

    @pytest.fixture
    async def wiped(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WarmBox]:
        profile = json.loads(hardening.profile())
        profile["syscalls"][0]["names"].remove("mount")
        monkeypatch.setattr(hardening, "profile", lambda: json.dumps(profile, separators=(",", ":")))
        async with await opened("relay-wiped") as box:
            assert box.info.tier == "wiped"
            yield box

    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGKILL, "died"), (signal.SIGTERM, "died"), (signal.SIGSTOP, "timed_out")]
    )
    async def test_ending_or_stopping_it_costs_the_run_its_box(
        self, wiped: WarmBox, number: signal.Signals, status: str
    ) -> None:
        first = names("relay-wiped")
        result = await wiped.call(KILL_OTHERS, "f", {"number": number.value}, limits=Limits(seconds=1.0))
        assert result.status == status
        assert (await wiped.call(SOURCE, "f", {})).value == 1
        await eventually(lambda: len(names("relay-wiped")) == 1)
        assert names("relay-wiped") != first

    async def test_its_descriptors_and_its_memory_are_closed(self, wiped: WarmBox) -> None:
        source = """
import os
def f():
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            for part in ("mem", "maps", "environ", "fd", "fd/0", "fd/1", "fd/2", "fd/10", "fd/11", "fd/12"):
                path = f"/proc/{name}/{part}"
                try:
                    os.listdir(path) if part == "fd" else os.close(os.open(path, os.O_RDWR))
                    found.append(path)
                except OSError:
                    pass
    return found, len([n for n in os.listdir("/proc") if n.isdigit()])
"""
        result = await wiped.call(source, "f", {})
        assert result.ok, result
        assert isinstance(result.value, list)
        assert result.value[0] == []
        assert result.value[1] == 3  # PID 1, the relay, and the run
