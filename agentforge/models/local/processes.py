"""Processes: who one is, which ones belong to a group, running a command to its end.

A pid alone names nobody, since it is used again. :func:`identity` adds when the process began (and
on Linux the boot), so that a recycled pid is never taken for ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentforge.secrecy import SECRET_VARIABLE
from agentforge.settings import installer_environment

END_SECONDS = 5.0  # between asking a command to stop and killing it
_PROC = Path("/proc")
_SERVER = re.compile(
    r"^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|XDG_\w+|LD_\w+|DYLD_\w+|CUDA_\w+|NVIDIA_\w+|NCCL_\w+|GLOO_\w+"
    r"|CC|CXX|OMP_\w+|KMP_\w+|MKL_\w+|VLLM_\w+|TORCH\w*|TRITON_\w+|HF_HOME)$"
)


def inherited() -> Mapping[str, str]:
    """The environment to hand on. Settings never come from here (``settings.load`` reads those)."""
    return os.environ


def install_environment() -> dict[str, str]:
    """For pip and the hub's downloader (:func:`agentforge.settings.installer_environment`)."""
    return installer_environment(inherited())


def server_environment() -> dict[str, str]:
    """For the model server: a list of what it may see, so that no secret of the caller is among it."""
    return {n: v for n, v in inherited().items() if _SERVER.match(n) and not SECRET_VARIABLE.search(n)}


@dataclass(frozen=True, slots=True)
class Process:
    """A living process (no zombie); ``began`` is comparable only on this machine and boot."""

    pid: int
    group: int
    began: str


def identity(pid: int) -> str | None:
    """Tells the process from every other that had or will have its pid; None when it is dead."""
    process = _look(pid)
    return f"{_boot()}{process.pid}:{process.began}" if process else None


def same_boot(known: str) -> bool:
    """Whether an identity was taken since this machine was started (where that can be told)."""
    return known.startswith(_boot())


def group_members(group: int) -> list[Process]:
    """The living processes of a process group."""
    return [process for process in _all() if process.group == group]


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip() + ":"
    except OSError:
        return ""


def _look(pid: int) -> Process | None:
    _reap(pid)
    if sys.platform == "linux":
        return _read_stat(_PROC / str(pid) / "stat")
    return next((process for process in _listed("-p", str(pid)) if process.pid == pid), None)


def _all() -> list[Process]:
    if sys.platform == "linux":
        found = (_read_stat(path) for path in _PROC.glob("[0-9]*/stat"))
        return [process for process in found if process]
    return _listed("-ax")


def _reap(pid: int) -> None:
    """A child of this very process stays a zombie until somebody asks for its exit status."""
    with contextlib.suppress(OSError):
        os.waitpid(pid, os.WNOHANG)


def _read_stat(path: Path) -> Process | None:
    """Fields 3 (state), 5 (group) and 22 (start in ticks since boot) of proc(5); the name in field 2
    may hold anything, so counting begins after its closing bracket.
    """
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in "ZX":
        return None
    return Process(pid=int(path.parent.name), group=int(fields[2]), began=fields[19])


def _listed(*selection: str) -> list[Process]:
    """The same from ps(1), for systems without /proc."""
    command = ["/bin/ps", *selection, "-o", "pid=,pgid=,stat=,lstart="]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603 (fixed arguments)
    rows = (line.split(None, 3) for line in shown.splitlines())
    return [Process(int(r[0]), int(r[1]), r[3].strip()) for r in rows if len(r) == 4 and not r[2].startswith("Z")]


async def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    log: Path,
    seconds: float,
    on_line: Callable[[str], None] = lambda _: None,
) -> int:
    """Runs a command in a group of its own, appends its output to ``log``, returns its exit status.

    Cancelled or out of time, the whole group is asked to stop (as by Ctrl-C, so that pip clears
    its temporary files) and killed after :data:`END_SECONDS`.

    Raises:
        TimeoutError: it ran for more than ``seconds``.
        OSError: it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            await _copy(process, log, on_line)
            return await process.wait()
    finally:
        await _end(process)


async def _copy(process: asyncio.subprocess.Process, log: Path, on_line: Callable[[str], None]) -> None:
    if process.stdout is None:  # cannot be: asked for above
        return
    rest = ""
    with log.open("ab", buffering=0) as file:
        while piece := await process.stdout.read(1 << 14):
            file.write(piece)
            *lines, rest = re.split(r"[\r\n]+", rest + piece.decode("utf-8", "replace"))
            for line in lines:
                if line.strip():
                    on_line(line.strip())
    if rest.strip():
        on_line(rest.strip())


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    for number, seconds in ((signal.SIGINT, END_SECONDS), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                # Reading on to the end keeps a command that still writes from blocking.
                if process.stdout is not None:
                    await process.stdout.read()
                await process.wait()
                return
