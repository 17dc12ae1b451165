"""Nothing of a call stays in a process of the box that lives on: memory is read from the host.

Needs root on the kernel on which the box runs, else the tests are skipped.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box
from agentforge.boxes.warm import WarmBox
from agentforge.settings import SandboxSettings
from tests.boxes.watching import containers_of, eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.usefixtures("docker"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may read the memory of others"),
]

SETTINGS = SandboxSettings(launcher="docker", transport="stdio")
GOES_IN, COMES_OUT, PRINTED = b"CANARY-goes-in-91c3", b"CANARY-comes-out-5d07", b"CANARY-printed-8e2b"
CANARIES = (GOES_IN, COMES_OUT, PRINTED)

CALL = """
import sys, time
def f(secret, wait):
    word = "".join(["CAN", "ARY-"])
    print((word + "printed-8e2b ") * 300, flush=True)
    sys.stderr.flush()
    time.sleep(wait)
    return (word + "comes-out-5d07 ") * 300
"""


@dataclass(frozen=True)
class Process:
    pid: int
    namespaces: str

    @property
    def alive(self) -> bool:
        return Path(f"/proc/{self.pid}").exists()

    def holds(self) -> set[bytes]:
        """Which canaries stand in its memory."""
        found: set[bytes] = set()
        maps = Path(f"/proc/{self.pid}/maps").read_text("utf-8").splitlines()
        with Path(f"/proc/{self.pid}/mem").open("rb", 0) as memory:
            for line in maps:
                start, end = (int(number, 16) for number in line.split()[0].split("-"))
                if " rw" not in line or "[v" in line:
                    continue
                try:
                    memory.seek(start)
                    content = memory.read(end - start)
                except OSError:
                    continue
                found.update(canary for canary in CANARIES if canary in content)
        return found


def processes(user: str) -> tuple[Process, list[Process], list[Process]]:
    """PID 1, its relays (in its own namespaces), and the processes of crews."""
    (container,) = containers_of(user)
    first = container["State"]["Pid"]
    children = re.findall(r"\d+", Path(f"/proc/{first}/task/{first}/children").read_text("ascii"))
    keeper, *others = (
        Process(pid, str(Path(f"/proc/{pid}/ns/user").readlink())) for pid in [first, *map(int, children)]
    )
    relays = [other for other in others if other.namespaces == keeper.namespaces]
    return keeper, relays, [other for other in others if other not in relays]


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with await open_box(SETTINGS, user="residue") as box:
        assert isinstance(box, WarmBox)
        assert box.info.tier == "call"
        await box.call("def f():\n    return 1\n", "f", {})
        await asyncio.sleep(0.5)  # until the next crews and their relays are there
        yield box


async def test_only_the_relay_of_a_call_holds_what_passes_and_it_ends_with_the_call(box: Box) -> None:
    secret = (GOES_IN.decode() + " ") * 300
    calling = asyncio.ensure_future(box.call(CALL, "f", {"secret": secret, "wait": 2.0}))
    await asyncio.sleep(1.0)
    keeper, relays, crews = await asyncio.to_thread(processes, "residue")
    holders = [relay for relay in relays if relay.holds()]
    assert len(relays) == len(crews) == 2  # of this call, and of the next one
    assert len(holders) == 1
    assert PRINTED in holders[0].holds()  # else the search finds nothing at all; what went in may be overwritten
    holders += [worker for worker in crews if worker.holds()]
    assert len(holders) == 2
    assert keeper.holds() == set()

    assert (await calling).value == (COMES_OUT.decode() + " ") * 300
    await eventually(lambda: not any(holder.alive for holder in holders))
    await asyncio.sleep(0.5)  # until the next crew is there
    keeper, relays, crews = await asyncio.to_thread(processes, "residue")
    assert len(relays) == len(crews) == 2
    for process in (keeper, *relays, *crews):
        assert process.holds() == set()


async def test_nothing_is_left_after_suites_either() -> None:
    tool = f"def f(x):\n    print({PRINTED.decode()!r} * 100)\n    return {COMES_OUT.decode()!r} * 100\n"
    tests = f"from tool import f\ndef test_it():\n    assert f({GOES_IN.decode()!r} * 100)\n"
    async with await open_box(SETTINGS, user="residue-suite") as box:
        await box.call("def f():\n    return 1\n", "f", {})
        before = {container["Id"] for container in containers_of("residue-suite")}
        assert (await box.suite(tool, tests)).passed
        (suites,) = (one for one in containers_of("residue-suite") if one["Id"] not in before)
        first = suites["State"]["Pid"]
        await asyncio.sleep(1)
        children = re.findall(r"\d+", Path(f"/proc/{first}/task/{first}/children").read_text("ascii"))
        assert len(children) == 6  # two crews of two, and their relays
        for pid in (first, *map(int, children)):
            assert Process(pid, "").holds() == set()


async def test_a_relay_is_confined(box: Box) -> None:
    """As the kernel says: no capability, a filter of its own, and it can start nothing."""
    keeper, relays, _ = await asyncio.to_thread(processes, "residue")
    before = _filters(keeper.pid)
    for relay in relays:
        status = Path(f"/proc/{relay.pid}/status").read_text("ascii")
        for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
            assert line in status
        assert "Uid:\t65534" in status
        limits = Path(f"/proc/{relay.pid}/limits").read_text("ascii")
        assert re.search(r"Max processes +0 +0 ", limits)
        assert re.search(r"Max file size +0 +0 ", limits)
        assert _filters(relay.pid) == before + 1
        assert len(list(Path(f"/proc/{relay.pid}/fd").iterdir())) == 7  # stdin, stdout, turn, orders, line, two outputs
    assert box.info.transport == "stdio"


def _filters(pid: int) -> int:
    found = re.search(r"Seccomp_filters:\t(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    if found is None:
        pytest.skip("this kernel does not count filters")
    return int(found[1])
