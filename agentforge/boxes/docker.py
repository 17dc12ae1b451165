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
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, ParamSpec, TypeAlias, TypeVar

from agentforge.boxes import bounds, dial, gvisor, hardening, owners, tiers
from agentforge.boxes.attach import Attachment, hang_up
from agentforge.boxes.cell import LINES, Cell, CellSpec, Hello, Kind
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.descendants import descendants
from agentforge.boxes.descriptors import PassedDescriptors
from agentforge.boxes.image import ImageInfo
from agentforge.boxes.packages.layer import need_layer
from agentforge.boxes.protocol import BoxInfo
from agentforge.boxes.stdio import AttachedStreams
from agentforge.errors import SandboxError, SandboxUnavailable
from agentforge.settings import SandboxSettings

OWNER_LABEL: Final = "agentforge.owner"
USER_LABEL: Final = "agentforge.user"
KIND_LABEL: Final = "agentforge.kind"

STDIO_NOTES: Final = (
    "Transport by stdio: one run of a box at a time, and the kernel's state of the box's first process "
    "is what that process says of itself.",
)
ELSEWHERE_NOTES: Final = ("The Docker daemon runs on another kernel or machine than this program.",)

Transport: TypeAlias = Literal["descriptors", "stdio"]

_DIAL_SECONDS = 30.0
_P = ParamSpec("_P")
_T = TypeVar("_T")


class DockerLauncher:
    """Starts containers from one image, with or without a layer of packages. Owns the connections to the daemon."""

    def __init__(self, daemon: Daemon, image: ImageInfo, settings: SandboxSettings) -> None:
        self._daemon = daemon
        self._image = image
        self._settings = settings
        self._transport: Transport | None = None  # chosen at the first start
        self._near = False
        self._runtime = ""  # "" is the daemon's own; chosen with the transport
        self._notes: tuple[str, ...] = ()

    async def start(self, spec: CellSpec) -> tuple[Cell, Hello]:
        """A container that has every flag and said hello.

        Raises:
            SandboxUnavailable: a hardening flag is missing, the daemon is, or it cannot give the
                transport that the settings ask for.
            ImageError: the packages of ``spec`` have not been built.
            SandboxError: the container did not start; nothing remains of it.
        """
        transport = self._transport or await self._choose_transport()
        image = await self._image_of(spec)
        container = Container(self._daemon, f"agentforge-{spec.kind}-{secrets.token_hex(6)}")
        cell: Cell | None = None
        try:
            begin = self._begin_dialled if transport == "descriptors" else self._begin_attached
            cell = await begin(spec, container, image)
            return cell, await self._greet(cell)
        except BaseException:
            await _unstoppable(cell.close() if cell else container.remove())
            raise

    def info(self, hello: Hello) -> BoxInfo:
        """Which isolation a cell that said this gives."""
        transport = self._transport or "descriptors"
        tier, notes = tiers.given(self._settings.tier, hello, transport)
        return BoxInfo("docker", tier, transport, self._image.digest, self._notes + notes)

    def close(self) -> None:
        """Hangs up on the daemon."""
        self._daemon.close()

    async def _image_of(self, spec: CellSpec) -> str:
        """The content id of the image for a cell."""
        if not spec.packages:
            return self._image.digest
        return (await in_thread(need_layer, self._daemon, self._image, spec.packages)).digest

    async def _greet(self, cell: Cell) -> Hello:
        hello = await cell.hello()
        if self._transport == "stdio":
            _insist(gvisor.missing_in_state(hello.state) if self._runtime else hardening.missing_in_state(hello.state))
        return hello

    async def _choose_transport(self) -> Transport:
        info = await in_thread(self._daemon.info)
        here, by_file = same_machine(info), self._daemon.by_file
        self._runtime = gvisor.choose(self._settings, info)
        wanted = "stdio" if self._runtime else self._settings.transport
        chosen = choose_transport(wanted, here=here, by_file=by_file)
        self._near = here and by_file and not self._runtime
        if chosen == "stdio":
            self._notes = STDIO_NOTES if here else ELSEWHERE_NOTES + STDIO_NOTES
        self._notes += gvisor.notes(self._settings, self._runtime)
        self._transport = chosen
        return chosen

    async def _begin_dialled(self, spec: CellSpec, container: Container, image: str) -> Cell:
        with dial.Doorbell() as doorbell:
            address = f"{hardening.CONTROL_FOLDER}/{dial.SOCKET}"
            request = self._request(spec, address, hardening.request(self._settings, doorbell.folder))
            await container.start(request, image)
            connection, pid = await doorbell.answer(_DIAL_SECONDS)
        cell = Cell(spec.kind, PassedDescriptors(connection), container, wait_seconds=self._settings.wait_seconds)
        try:
            await self._prove(cell, container, pid, image)
        except BaseException:
            await _unstoppable(cell.close())
            raise
        return cell

    async def _prove(self, cell: Cell, container: Container, pid: int, image: str) -> None:
        """Every flag as Docker reports it, and the state of the process that dialled as the kernel does."""
        try:
            found = await container.inspect()
        except SandboxError:
            await cell.hello()  # where it ended by itself, what it said before is the reason
            raise
        problems = hardening.missing(found, hardening.flags(self._settings, image))
        _insist(problems + hardening.missing_in_kernel(pid) + _not_first(found, pid))
        container.pid = pid

    async def _begin_attached(self, spec: CellSpec, container: Container, image: str) -> Cell:
        limits = gvisor.around(self._settings) if self._runtime else self._settings
        request = self._request(spec, "stdio", hardening.request(limits, None))
        attachment = Attachment(await container.start_attached(request, image))
        streams = AttachedStreams(attachment, LINES[spec.kind])
        cell = Cell(spec.kind, streams, container, wait_seconds=self._settings.wait_seconds)
        try:
            found = await container.inspect()
            flags = hardening.flags(limits, image, attached=True)
            _insist(hardening.missing(found, flags + gvisor.flags(self._runtime)))
            container.pid = found["State"]["Pid"] if self._near else 0
        except BaseException:
            await _unstoppable(cell.close())
            raise
        return cell

    def _request(self, spec: CellSpec, address: str, hardened: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "command": _command(address, spec.kind, self._settings),
            "environment": {"PYTHONHASHSEED": str(spec.hash_seed)},
            "labels": {
                OWNER_LABEL: owners.Owner.this_process().label(),
                USER_LABEL: spec.user,
                KIND_LABEL: spec.kind,
            },
            **({"runtime": self._runtime} if self._runtime else {}),
            **hardened,
        }


def same_machine(info: Mapping[str, Any]) -> bool:
    """Whether the daemon's containers run on this process's kernel and see its files.

    ``info`` is what ``docker info`` says. A socket forwarded from another machine with the same
    kernel, and a program in a container of its own, are told by the machine's name.
    """
    here = os.uname()
    same = info.get("KernelVersion") == here.release and info.get("Name") == here.nodename
    return same and here.sysname == "Linux"


def choose_transport(wanted: Literal["auto", "descriptors", "stdio"], *, here: bool, by_file: bool) -> Transport:
    """The transport to a daemon ``here`` or elsewhere, reached ``by_file`` (a socket's) or not.

    Raises:
        SandboxUnavailable: descriptors are wanted where they cannot be passed.
    """
    if wanted == "descriptors" and not here:
        raise SandboxUnavailable(
            "The Docker daemon runs on another kernel or machine (Docker Desktop or a remote one), "
            "to which no descriptors can be passed.",
            fix="Set sandbox.transport to auto or stdio.",
        )
    if wanted == "auto":
        return "descriptors" if here and by_file else "stdio"
    return wanted


def _command(address: str, kind: Kind, settings: SandboxSettings) -> list[str]:
    return ["python3", "-s", "-P", "-B", "/opt/agentforge/start.py", address, kind, bounds.for_runner(settings)]


class Container:
    """Owns one container by a name that is known before it exists, so that it can always be removed."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        self._daemon = daemon
        self.name = name
        self.pid = 0
        self._line: socket.socket | None = None

    async def start(self, request: dict[str, Any], image: str) -> None:
        """Creates and starts it (raises SandboxError)."""
        await in_thread(self._daemon.run, self.name, image, request)

    async def start_attached(self, request: dict[str, Any], image: str) -> socket.socket:
        """As :meth:`start`; returns a connection to its three streams, which is the caller's to close."""
        await in_thread(self._attach_and_start, request, image)
        line, self._line = self._line, None
        if line is None:
            raise SandboxError("The container was not attached.")
        return line

    def _attach_and_start(self, request: dict[str, Any], image: str) -> None:
        self._daemon.create(self.name, image, request)
        self._line = self._daemon.attach(self.name)
        self._daemon.start(self.name)

    async def inspect(self) -> dict[str, Any]:
        """What ``docker inspect`` says of it."""
        return await in_thread(self._daemon.container, self.name)

    async def remove(self) -> None:
        """Kills and removes it; harmless when repeated, and when it is gone already."""
        if self._line is not None:
            hang_up(self._line)
        await in_thread(self._daemon.remove, self.name)

    def obituary(self) -> str:
        """Nothing is known: the container removes itself when it ends."""
        return ""

    def processes(self) -> int | None:
        """How many processes stand in it; None before it was proved. Blocks."""
        return len(descendants(self.pid)) if self.pid else None


def _not_first(found: Mapping[str, Any], pid: int) -> list[str]:
    """The process that dialled must be the container's first one."""
    if found["State"]["Pid"] == pid:
        return []
    return [f"the container's first process on the line (found process {pid})"]


def _insist(problems: list[str]) -> None:
    if problems:
        raise SandboxUnavailable(
            f"The container lacks hardening: {', '.join(problems)}.",
            fix="Update Docker and the kernel; see 'agentforge sandbox check'.",
        )


async def in_thread(ask: Callable[_P, _T], *positional: _P.args, **named: _P.kwargs) -> _T:
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
    if info.get("OSType") != "linux":
        raise SandboxUnavailable("The Docker daemon runs Windows containers.", fix="Switch it to Linux containers.")
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
