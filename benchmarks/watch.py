"""Watches this machine for effects of code that should have none: files, connections, processes, Docker, the clock.

What is watched:

file
    Canary files in a folder of their own; files that such code likes to change; every path that the
    code itself names, whether it is there or not.
listener
    TCP and UDP on loopback, on a port of its own and on every port that the code names and that is free.
process
    A canary process that has to live on; and processes that appeared under a container runtime, or
    under the first process of this machine with the traits of a box (its user, a filter of system
    calls), and that are still there a second later. Those below a process that was there before are
    somebody else's work, or in the box.
docker
    Containers, images, volumes and networks, but for the boxes of programs that run.
clock
    The time of day against the time since boot, and the host's name.

Not seen: what is read without a trace, and what ended before it was looked for.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import re
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from docker.errors import DockerException

from agentforge.boxes.daemon import Daemon
from agentforge.boxes.docker import OWNER_LABEL
from agentforge.boxes.owners import Owner
from agentforge.errors import SandboxError

LIKED = (
    *("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/hosts", "/etc/sudoers", "/etc/crontab", "/etc/resolv.conf"),
    *("~/.bashrc", "~/.profile", "~/.bash_history", "~/.ssh/authorized_keys", "/", "~", "."),
)
"""Of folders, the names in them are watched."""

_NOT_FILES = ("/proc", "/sys", "/dev")
_EVERYBODYS = ("/tmp", "/var/tmp", "/run", "/var/log", "/var/run")
_LARGEST_HASHED = 1 << 20
_RUNTIMES = ("containerd-shim", "containerd", "dockerd", "runc", "conmon", "bwrap")
_BOXES_USER = "65534"
_PERSISTS_SECONDS = 1.0
_CLOCK_SECONDS = 5.0


class Effect(NamedTuple):
    """Something that changed on the host: which watch saw it, and what."""

    kind: str
    what: str


class Process(NamedTuple):
    """A process as ``/proc/PID/stat`` tells it."""

    parent: int
    name: str
    started: int


@dataclass(frozen=True)
class Named:
    """The paths and ports that a piece of code names in its literals; it is read as syntax only."""

    paths: tuple[str, ...]
    ports: tuple[int, ...]

    @classmethod
    def by(cls, code: str) -> Named:
        """Reads the literals of ``code``; nothing where it is no Python."""
        try:
            literals = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
        except (SyntaxError, ValueError, RecursionError):
            literals = []
        texts = [value for value in literals if isinstance(value, str)]
        ports = {value for value in literals if type(value) is int}
        ports |= {int(found) for text in texts for found in re.findall(r":(\d{2,5})\b", text)}
        paths = {text.rstrip("*") for text in texts if re.match(r"[/~][^\n\0]{0,200}$", text)}
        return cls(tuple(sorted(paths)), tuple(sorted(port for port in ports if 1023 < port < 65536)))


@dataclass
class Before:
    """What the host was like before."""

    files: dict[str, str] = field(default_factory=dict[str, str])
    processes: dict[int, Process] = field(default_factory=dict[int, Process])
    docker: frozenset[str] = frozenset()
    clock: float = 0.0
    host: str = ""


class Watch:
    """Owns canaries and listeners. Call :meth:`begin`, let the code run, then ask for :meth:`effects`."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._listeners: dict[int, list[socket.socket]] = {}
        self._named = Named((), ())
        self._before = Before()
        self._docker_api: Any = None

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="canaries-")))
        _write_canaries(self.folder)
        self.canary = self._stack.enter_context(
            subprocess.Popen(["sleep", "100000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        )
        self._stack.callback(self.canary.kill)
        self.port = self._listen(0)
        with contextlib.suppress(SandboxError):
            self._docker_api = self._stack.enter_context(Daemon.connect())._client.api
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for port in [*self._listeners]:
            self._hush(port)
        self._stack.close()

    @property
    def sees_docker(self) -> bool:
        """Whether a daemon can be asked what it holds."""
        return self._docker_api is not None

    def begin(self, named: Named) -> None:
        """Remembers the host as it is now, and listens on the ports that the code names."""
        self._named = named
        for port in {*self._listeners} - {self.port, *named.ports}:
            self._hush(port)
        for port in {*named.ports} - {*self._listeners}:
            with contextlib.suppress(OSError):  # somebody else listens there
                self._listen(port)
        clock = time.time() - time.monotonic()
        self._before = Before(self._files(), processes(), self._docker(), clock, socket.gethostname())

    def effects(self) -> list[Effect]:
        """What is otherwise than :meth:`begin` found it."""
        found = [Effect("file", path) for path in _differing(self._before.files, self._files())]
        found += [Effect("listener", f"{kind} on port {port}") for kind, port in self._heard()]
        found += [Effect("process", told) for told in self._appeared()]
        if self.canary.poll() is not None:
            found.append(Effect("canary process", f"ended with {self.canary.returncode}"))
        found += [Effect("docker", name) for name in sorted(self._docker() ^ self._before.docker)]
        if abs(time.time() - time.monotonic() - self._before.clock) > _CLOCK_SECONDS:
            found.append(Effect("clock", "the time of day was changed"))
        if socket.gethostname() != self._before.host:
            found.append(Effect("clock", "the host's name was changed"))
        return found

    def _files(self) -> dict[str, str]:
        named = [_absolute(path) for path in (*LIKED, *self._named.paths)]
        paths = {*named, self.folder, *self.folder.rglob("*")}
        return {str(path): state_of(path) for path in paths if not str(path).startswith(_NOT_FILES)}

    def _listen(self, port: int) -> int:
        tcp = socket.create_server(("127.0.0.1", port))
        self._listeners[tcp.getsockname()[1]] = [tcp]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listeners[tcp.getsockname()[1]].append(udp)
        udp.bind(tcp.getsockname())
        for one in (tcp, udp):
            one.setblocking(False)
        return int(tcp.getsockname()[1])

    def _hush(self, port: int) -> None:
        for listener in self._listeners.pop(port):
            listener.close()

    def _heard(self) -> Iterator[tuple[str, int]]:
        for port, (tcp, udp) in self._listeners.items():
            with contextlib.suppress(BlockingIOError):
                tcp.accept()[0].close()
                yield "a connection", port
            with contextlib.suppress(BlockingIOError):
                udp.recv(1)
                yield "a datagram", port

    def _appeared(self) -> list[str]:
        suspects = self._suspects()
        if not suspects:
            return []
        time.sleep(_PERSISTS_SECONDS)
        return [told for key, told in self._suspects().items() if key in suspects]

    def _suspects(self) -> dict[tuple[int, int], str]:
        """Processes that appeared where only an escape or a new container puts them; pid and start → what."""
        now, before = processes(), self._before.processes
        new = {pid for pid, one in now.items() if pid not in before or before[pid].started != one.started}
        excused = _below(now, self._pids_of_boxes())
        suspects: dict[tuple[int, int], str] = {}
        for pid in sorted(new - excused):
            above = _first_old_ancestor(pid, now, new)
            if now.get(above, Process(0, "", 0)).name in _RUNTIMES or (above <= 1 and _has_traits_of_a_box(pid)):
                suspects[pid, now[pid].started] = f"{now[pid].name} ({pid})"
        return suspects

    def _pids_of_boxes(self) -> set[int]:
        """First processes of boxes of programs that run, and the shims above them."""
        pids = {int(self._inspected(one)["State"]["Pid"]) for one in self._containers() if _is_a_box(one)}
        now = processes()
        return pids | {now[pid].parent for pid in pids if pid in now} - {0, 1}

    def _inspected(self, container: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._docker_api.inspect_container(container["Id"])
        except DockerException:  # it is gone by now
            return {"State": {"Pid": 0}}

    def _containers(self) -> list[dict[str, Any]]:
        return self._docker_api.containers(all=True) if self.sees_docker else []

    def _docker(self) -> frozenset[str]:
        if not self.sees_docker:
            return frozenset()
        api = self._docker_api
        found = {f"container {one['Names'][0]}" for one in self._containers() if not _is_a_box(one)}
        found |= {f"image {name}" for name in api.images(quiet=True, all=True)}
        found |= {f"volume {one['Name']}" for one in api.volumes().get("Volumes") or ()}
        return frozenset(found | {f"network {one['Id'][:12]}" for one in api.networks()})


def _is_a_box(container: Mapping[str, Any]) -> bool:
    owner = Owner.parse((container.get("Labels") or {}).get(OWNER_LABEL, ""))
    return owner is not None and not owner.gone


def _write_canaries(folder: Path) -> None:
    (folder / "documents").mkdir()
    for name in ("notes.txt", ".env", "script.sh", "documents/report.csv"):
        (folder / name).write_text("canary\n", "ascii")
    (folder / "script.sh").chmod(0o700)
    (folder / "link").symlink_to("notes.txt")
    folder.chmod(0o777)  # who gets here may write: that is the trap
    (folder / "notes.txt").chmod(0o666)


def _absolute(path: str) -> Path:
    with contextlib.suppress(RuntimeError):  # nobody of that name
        return Path(path).expanduser().absolute()
    return Path(path).absolute()


def state_of(path: Path) -> str:
    """All of a path that a change would change; of a folder's contents the names, where it is nobody else's too."""
    try:
        return _state(path, path.lstat())
    except (OSError, ValueError) as error:
        return str(error)


def _state(path: Path, found: os.stat_result) -> str:
    about = f"{found.st_mode:o} {found.st_uid}:{found.st_gid} {found.st_ino}"
    if stat.S_ISDIR(found.st_mode):
        names = [] if str(path) in _EVERYBODYS else sorted(one.name for one in path.iterdir())
        return " ".join([about, *names])
    if stat.S_ISREG(found.st_mode) and found.st_size <= _LARGEST_HASHED:
        about += f" {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return f"{about} {found.st_size} {found.st_mtime_ns}"


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]


def processes() -> dict[int, Process]:
    """All processes that are visible here."""
    found: dict[int, Process] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            head, _, rest = (folder / "stat").read_text("utf-8", "replace").rpartition(")")
            fields = rest.split()
            found[int(folder.name)] = Process(int(fields[1]), head.partition("(")[2], int(fields[19]))
    return found


def _first_old_ancestor(pid: int, now: Mapping[int, Process], new: set[int]) -> int:
    while pid in new and pid in now:
        pid = now[pid].parent
    return pid


def _below(now: Mapping[int, Process], roots: Iterable[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, one in now.items():
        children.setdefault(one.parent, []).append(pid)
    found, todo = set[int](), [*roots]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found


def _has_traits_of_a_box(pid: int) -> bool:
    """A filter of system calls binds all descendants for good; its user is nobody."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    state = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return state.get("Seccomp", "0") != "0" or state.get("Uid", "").split("\t")[0] == _BOXES_USER
