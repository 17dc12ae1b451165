"""Takes wheels from the index that the machine's pip knows. Nothing of a package is run.

pip is told to take wheels only, and :mod:`agentforge.boxes.packages.only_pip` keeps it from
starting any process, so that it could not build one either. Where this environment has no pip,
Python's own copy is put into a scratch environment first.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import venv
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from agentforge.boxes.packages.targets import Target
from agentforge.errors import ImageError, SandboxError, StorageError
from agentforge.settings import installer_environment

Progress: TypeAlias = Callable[[str], None]

SECONDS: Final = 600.0
"""How long one download may take; pip gives up a line that is silent for 15 seconds, twice."""

_OPTIONS: Final = ("--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")
_PATIENCE: Final = ("--retries", "1", "--timeout", "15")
_TOLD = ("Collecting ", "Downloading ")
_UNREACHABLE = re.compile(
    r"NewConnectionError|name resolution|ConnectTimeout|ReadTimeout|Network is unreachable|Connection refused|"
    r"ProxyError|SSLError|Connection (?:aborted|broken)"
)
_NOT_THERE = re.compile(r"No matching distribution found for (?P<what>\S+)")
_NO_HASH = re.compile(r"do not match the hashes|HashMismatch|HASHES", re.IGNORECASE)


def download(
    wanted: Sequence[str], target: Target, into: Path, *, most_bytes: int, on_progress: Progress
) -> list[Path]:
    """Downloads wheels for ``target`` into a folder; ``wanted`` are arguments of ``pip download``. Blocks.

    Raises:
        SandboxError: no index answers, it has no such wheel, or it took too long.
        StorageError: the disk is full.
    """
    with _python() as python:
        guard = Path(__file__).with_name("only_pip.py")
        start = [python, "-I", "-B", str(guard), str(most_bytes), "download", *_OPTIONS, *_PATIENCE]
        lines = _run([*start, *target.options(), "--dest", str(into), *wanted], target, on_progress)
    if lines is not None:
        raise _failure(lines, target)
    return sorted(into.glob("*.whl"))


@contextlib.contextmanager
def _python() -> Generator[str]:
    """A Python that has pip."""
    if importlib.util.find_spec("pip") is not None:
        yield sys.executable
        return
    with tempfile.TemporaryDirectory(prefix="agentforge-pip-") as folder:
        try:
            venv.create(folder, with_pip=True, symlinks=True)
        except (subprocess.CalledProcessError, OSError):
            raise SandboxError(
                "There is no pip, and Python's venv module cannot make one.",
                fix="Install pip, or on Debian the package python3-venv.",
            ) from None
        yield str(Path(folder, "bin", "python"))


def _run(command: Sequence[str], target: Target, on_progress: Progress) -> list[str] | None:
    """None where it went well, else what was printed. However it ends, nothing of it goes on."""
    on_progress(f"Looking for packages for {target.told} …")
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603  a fixed program, names that were checked
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=installer_environment() | {"NO_COLOR": "1"},
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        late = threading.Timer(SECONDS, _kill, [process])
        late.start()
        try:
            for line in process.stdout or ():
                lines = [*lines[-199:], line.strip()]
                if line.strip().startswith(_TOLD):
                    on_progress(" ".join(line.split()[:2]))
            code = process.wait()
        finally:
            overdue = not late.is_alive()
            late.cancel()
            _kill(process)
    if code != 0 and overdue:
        raise SandboxError(f"Taking packages took more than {SECONDS:.0f} seconds.", fix="Try again.")
    return lines if code != 0 else None


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def _failure(lines: Sequence[str], target: Target) -> SandboxError | StorageError:
    text = "\n".join(lines)
    if "No space left on device" in text:
        return StorageError("Packages cannot be taken: the disk is full.", fix="Free some space.")
    if "File too large" in text:
        return ImageError("A package is larger than allowed.", fix="Leave it out, or raise sandbox.packages_mb.")
    if "no process may be started" in text:
        return ImageError(
            "A package would have to be built, which would run its code on this machine.",
            fix="Choose a version that is published as a wheel, with all it needs.",
        )
    if _NO_HASH.search(text):
        return ImageError(
            f"The index has no file for {target.told} that packages.lock allows.",
            fix="Look into what changed; 'agentforge packages lock' takes what is there now.",
        )
    if _UNREACHABLE.search(text):
        return SandboxError(
            "The package index does not answer.", fix="Connect to the network, or tell pip of an index (PIP_INDEX_URL)."
        )
    if missing := _NOT_THERE.search(text):
        return ImageError(
            f"There is no wheel of {missing['what'][:100]} for {target.told}.", fix="Correct the name or the version."
        )
    told = [line for line in lines if line.startswith("ERROR:")] or [*lines, "it said nothing"][-1:]
    return ImageError(f"pip failed: {told[0].removeprefix('ERROR: ').rstrip('.')[:300]}.", fix="Correct what it names.")
