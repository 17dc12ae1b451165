"""The filter of system calls, tried from inside: every number that is not on the list is refused there."""

from __future__ import annotations

import json
import os
import platform
import runpy
from pathlib import Path
from typing import Any

import pytest

from agentforge import assets
from agentforge.boxes import hardening, image
from agentforge.boxes.protocol import Box
from tests.attacks.plain import UNFILTERED, plain_container

MACHINE = os.uname().machine
TABLE = runpy.run_path(str(assets.folder("sandbox") / "runner" / "syscalls.py"))
COLUMN = TABLE["ARCHITECTURES"].index(MACHINE) if MACHINE in TABLE["ARCHITECTURES"] else 0
NUMBERS: dict[str, int | None] = {
    name: both[COLUMN] for name, both in (TABLE["ALLOWED"] | TABLE["CONDITIONAL"]).items()
}
PASSED_BY_THE_KERNEL = {"x86_64": {335, 336}}.get(MACHINE, set[int]())
"""``uretprobe`` and ``uprobe``, which Linux 6.14 and later let pass every filter: they do something only for code
into which a tracer on the host put a probe; anybody else is killed by SIGILL or told ENXIO.
"""
REFUSED = sorted(set(range(512)) - {number for number in NUMBERS.values() if number is not None} - PASSED_BY_THE_KERNEL)
"""Every number up to beyond the newest call of Linux, but for those that are allowed, always or on conditions."""

EPERM, ENXIO, ENOTTY, ENOSYS = 1, 6, 25, 38
SIGCHLD = 17

PROBE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def tried(number, *arguments):
    ctypes.set_errno(0)
    got = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(one) for one in arguments))
    return ctypes.get_errno() if got == -1 else 0

def f(calls):
    return [tried(*call) for call in calls]
"""
"""``f(calls)``: the error number of each call, or 0. The arguments are such that no call could do harm."""

HARMLESS = (-1, -1, -1, -1, -1, -1)


async def tried(box: Box, calls: list[tuple[int, ...]]) -> list[int]:
    """The error numbers of ``calls``, all made in one run."""
    result = await box.call(PROBE, "f", {"calls": [list(call) for call in calls]})
    assert result.ok, result
    assert isinstance(result.value, list)
    return [number for number in result.value if isinstance(number, int)]


@pytest.mark.asyncio(loop_scope="module")
class TestMatrix:
    async def test_every_number_off_the_list_is_refused(self, warm_box: Box) -> None:
        found = await tried(warm_box, [(number, *HARMLESS) for number in REFUSED])
        assert len(found) == len(REFUSED) > 150
        assert {number: error for number, error in zip(REFUSED, found, strict=True) if error != EPERM} == {}

    async def test_numbers_beyond_all_calls_are_refused(self, warm_box: Box) -> None:
        numbers = [512, 1023, 0xFFFF, 0x3FFF_FFFF]
        assert set(await tried(warm_box, [(number, *HARMLESS) for number in numbers])) == {EPERM}

    @pytest.mark.parametrize("number", sorted(PASSED_BY_THE_KERNEL))
    async def test_what_the_kernel_lets_pass_does_nothing(self, warm_box: Box, number: int) -> None:
        result = await warm_box.call(PROBE, "f", {"calls": [[number, *HARMLESS]]})
        assert result.status == "died" or result.value in ([EPERM], [ENXIO]), result

    @pytest.mark.skipif(MACHINE != "x86_64", reason="only x86-64 has a second set of numbers")
    async def test_x32_numbers_are_refused_or_end_the_run(self, warm_box: Box) -> None:
        """Docker's own part of the outer profile kills for them; without it the inner filter refuses them."""
        calls = [{"calls": [[0x4000_0000 + number, *HARMLESS]]} for number in (0, 2, 39, 59, 165, 513, 520, 547)]
        for result in await warm_box.call_many(PROBE, "f", calls):
            assert result.status == "died" or result.value == [EPERM], result

    @pytest.mark.skipif(MACHINE != "x86_64", reason="only x86-64 runs the calls of another architecture")
    async def test_the_calls_of_32_bit_programs_end_the_run(self, warm_box: Box) -> None:
        source = """
import ctypes, mmap
def f(code):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
        getpid, through_the_old_gate = b"\xb8\x14\x00\x00\x00", b"\xcd\x80"
        result = await warm_box.call(source, "f", {"code": list(getpid + through_the_old_gate + b"\xc3")})
        assert result.status == "died", result
        harmless = await warm_box.call(source, "f", {"code": list(getpid + b"\xc3")})
        assert harmless.value == 0x14

    @pytest.mark.parametrize("flag", [0x8000, 0x0002_0000, *(1 << bit for bit in range(25, 31))])
    async def test_no_namespace_is_made_and_no_sibling(self, warm_box: Box, flag: int) -> None:
        """CLONE_PARENT, and the CLONE_NEW* flags: mount, cgroup, host name, IPC, user, process, network."""
        clone = NUMBERS["clone"]
        assert clone is not None
        assert await tried(warm_box, [(clone, flag | SIGCHLD, 0, 0, 0, 0)]) == [EPERM]

    async def test_calls_are_allowed_for_harmless_arguments_only(self, warm_box: Box) -> None:
        clone3, ioctl, prctl, prlimit, pair = (
            NUMBERS[name] or 0 for name in ("clone3", "ioctl", "prctl", "prlimit64", "socketpair")
        )
        assert await tried(warm_box, [(clone3, 0, 0)]) == [ENOSYS]
        questions = {0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451}
        requests = [n for n in (*range(0x5400, 0x5480), 0x8933, 0x127A) if n not in questions]
        assert set(await tried(warm_box, [(ioctl, 1, request, 0) for request in requests])) == {ENOTTY}
        options = [n for n in (*range(1, 80), 0x53564D41, 0x59616D61) if n not in (3, 15, 16)]
        assert set(await tried(warm_box, [(prctl, option, 0, 0, 0, 0) for option in options])) == {EPERM}
        assert set(await tried(warm_box, [(prlimit, pid, 7, 0, 0) for pid in (1, 2, -1, 4_000_000)])) == {EPERM}
        assert set(await tried(warm_box, [(pair, family, 1, 0, 0) for family in range(2, 46)])) == {EPERM}


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
class TestControls:
    def test_without_the_filter_most_numbers_reach_the_kernel(self, tmp_path: Path) -> None:
        image.build()
        calls = [[number, *HARMLESS] for number in REFUSED]
        with plain_container(tmp_path, **UNFILTERED) as unfiltered:
            found = unfiltered.call(PROBE, calls=calls)
        reached = [number for number, error in zip(REFUSED, found, strict=True) if error not in (EPERM, ENOSYS)]
        assert len(reached) > 80

    def test_the_outer_profile_alone_refuses_what_it_does_not_name(self, tmp_path: Path) -> None:
        """It binds the first process of the box too, before there is an inner filter."""
        image.build()
        profile = json.loads(hardening.profile())
        named = {name for rule in profile["syscalls"] for name in rule["names"]}
        numbers = [number for name, number in numbers_of_the_kernel().items() if name not in named]
        with plain_container(tmp_path) as container:
            found = container.call(PROBE, calls=[[number, *HARMLESS] for number in numbers])
        assert len(numbers) > 100
        assert {number: error for number, error in zip(numbers, found, strict=True) if error != EPERM} == {}


def numbers_of_the_kernel() -> dict[str, int]:
    """Name → number of all system calls that this machine's headers know."""
    import re

    places: dict[str, Any] = {
        "x86_64": f"/usr/include/{platform.machine()}-linux-gnu/asm/unistd_64.h",
        "aarch64": "/usr/include/asm-generic/unistd.h",
    }
    header = Path(places.get(MACHINE, "missing"))
    if not header.exists():
        pytest.skip(f"{header} is not installed (Debian: linux-libc-dev)")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", header.read_text("ascii"))
    return {name: int(number) for name, number in found}
