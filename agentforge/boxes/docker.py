"""The standard launcher: a cell is a hardened Docker container.

Not protected from: bugs of the kernel and of the container runtime (gVisor is for that), and
whoever else may use this Docker daemon, who is root on this machine anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from agentforge.boxes import bounds, dial, hardening, owners
from agentforge.boxes.cell import Cell, CellSpec, Hello, Kind
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.descendants import descendants
from agentforge.boxes.image import ImageInfo
from agentforge.boxes.protocol import BoxInfo
from agentforge.errors import SandboxError, SandboxUnavailable
from agentforge.settings import SandboxSettings

OWNER_LABEL: Final = "agentforge.owner"
USER_LABEL: Final = "agentforge.user"
KIND_LABEL: Final = "agentforge.kind"

_DIAL_SECONDS = 30.0
_P = ParamSpec("_P")
_T = TypeVar("_T")


class DockerLauncher:
    """Starts containers from one image. Owns the connections to the daemon."""

    def __init__(self, daemon: Daemon, image: ImageInfo, settings: SandboxSettings) -> None:
        self._daemon = daemon
        self._image = image
        self._settings = settings

    async def start(self, spec: CellSpec) -> tuple[Cell, Hello]:
        """A container that has every flag and said hello.

        Raises:
            SandboxUnavailable: a hardening flag is missing, or the daemon is.
            SandboxError: the container did not start; nothing remains of it.
        """
        container = Container(self._daemon, f"agentforge-{spec.kind}-{secrets.token_hex(6)}")
        cell: Cell | None = None
        try:
            with dial.Doorbell() as doorbell:
                await container.start(self._request(spec, doorbell), self._image.digest)
                connection, pid = await doorbell.answer(_DIAL_SECONDS)
            await container.prove(hardening.flags(self._settings, self._image.digest), pid, connection.close)
            cell = Cell(spec.kind, connection, container, wait_seconds=self._settings.wait_seconds)
            return cell, await cell.hello()
        except BaseException:
            await _unstoppable(cell.close() if cell else container.remove())
            raise

    def info(self, hello: Hello) -> BoxInfo:
        """Which isolation a cell that said this gives."""
        return BoxInfo("docker", hello.tier, "descriptors", self._image.digest, hello.notes)

    def close(self) -> None:
        """Hangs up on the daemon."""
        self._daemon.close()

    def _request(self, spec: CellSpec, doorbell: dial.Doorbell) -> dict[str, Any]:
        address = f"{hardening.CONTROL_FOLDER}/{dial.SOCKET}"
        return {
            "command": _command(address, spec.kind, self._settings),
            "environment": {"PYTHONHASHSEED": str(spec.hash_seed)},
            "labels": {
                OWNER_LABEL: owners.Owner.this_process().label(),
                USER_LABEL: spec.user,
                KIND_LABEL: spec.kind,
            },
            **hardening.request(self._settings, doorbell.folder),
        }


def _command(address: str, kind: Kind, settings: SandboxSettings) -> list[str]:
    return ["python3", "-s", "-P", "-B", "/opt/agentforge/start.py", address, kind, bounds.for_runner(settings)]


class Container:
    """Owns one container by a name that is known before it exists, so that it can always be removed."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        self._daemon = daemon
        self.name = name
        self._pid = 0

    async def start(self, request: dict[str, Any], image: str) -> None:
        """Creates and starts it (raises SandboxError)."""
        await _in_thread(self._daemon.run, self.name, image, request)

    async def prove(self, flags: tuple[hardening.Flag, ...], pid: int, hang_up: Callable[[], None]) -> None:
        """Reads every flag back from the running container and from the kernel.

        ``pid`` is the process that dialled: it must be this container's first one.

        Raises:
            SandboxUnavailable: anything is missing. The connection was hung up then.
        """
        try:
            found = await _in_thread(self._daemon.container, self.name)
            _insist(found, flags, pid)
            self._pid = pid
        except BaseException:
            hang_up()
            raise

    async def remove(self) -> None:
        """Kills and removes it; harmless when repeated, and when it is gone already."""
        await _in_thread(self._daemon.remove, self.name)

    def obituary(self) -> str:
        """Nothing is known: the container removes itself when it ends."""
        return ""

    def processes(self) -> int | None:
        """How many processes stand in it; None before it was proved. Blocks."""
        return descendants(self._pid) if self._pid else None


def _insist(found: dict[str, Any], flags: tuple[hardening.Flag, ...], pid: int) -> None:
    problems = hardening.missing(found, flags) + hardening.missing_in_kernel(pid)
    if found["State"]["Pid"] != pid:
        problems.append(f"the container's first process on the line (found process {pid})")
    if problems:
        raise SandboxUnavailable(
            f"The container lacks hardening: {', '.join(problems)}.",
            fix="Update Docker and the kernel; see 'agentforge sandbox check'.",
        )


async def _in_thread(ask: Callable[_P, _T], *positional: _P.args, **named: _P.kwargs) -> _T:
    """Asks the daemon in a thread; when cancelled, waits for its answer first, so that nothing is
    started behind the back of who cleans up.
    """
    asking = asyncio.ensure_future(asyncio.to_thread(ask, *positional, **named))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        await asyncio.wait({asking})
        raise


async def _unstoppable(cleaning: Any) -> None:
    """Finishes what removes a box, even when the task is cancelled meanwhile."""
    task = asyncio.ensure_future(cleaning)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError, SandboxError):
            await asyncio.shield(task)


def sweep(daemon: Daemon) -> list[str]:
    """Removes the containers of processes that run no more; returns their names. Blocks."""
    removed: list[str] = []
    for entry in daemon.labelled(OWNER_LABEL):
        owner = owners.Owner.parse(entry["Labels"].get(OWNER_LABEL, ""))
        if owner is not None and owner.gone:
            daemon.remove(entry["Id"])
            removed.append(str(entry["Names"][0]).lstrip("/"))
    return removed


def preflight(daemon: Daemon) -> list[str]:
    """Warnings about the daemon's age. Blocks.

    Raises:
        SandboxUnavailable: the daemon cannot give a box at all.
    """
    _refuse_unfit(daemon.info())
    runc = daemon.versions().get("runc", "")
    version = _version(runc)
    if version and (version < (1, 2, 8) or (1, 3, 0) <= version < (1, 3, 3)):
        return [f"runc {runc} is open to container escapes (CVE-2025-31133, 52565, 52881); 1.2.8 and 1.3.3 are not."]
    return []


def _refuse_unfit(info: dict[str, Any]) -> None:
    if info.get("OSType") != "linux" or info.get("KernelVersion") != os.uname().release:
        raise SandboxUnavailable(
            "The Docker daemon runs on another kernel (Docker Desktop or a remote machine).",
            fix="Use a Docker daemon of this Linux machine.",
        )
    if not any("seccomp" in option for option in info.get("SecurityOptions") or ()):
        raise SandboxUnavailable("The Docker daemon has no seccomp.", fix="Use a kernel and a Docker that have it.")
    lacking = [name for name in ("MemoryLimit", "SwapLimit", "PidsLimit", "CpuCfsQuota") if not info.get(name)]
    if lacking:
        raise SandboxUnavailable(
            f"The kernel does not let Docker enforce: {', '.join(lacking)}.",
            fix="Switch to cgroup v2, or boot with 'cgroup_enable=memory swapaccount=1'.",
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.split(r"[+~-]", text)[0].split(".") if number.isdigit())
