"""What a git command may take that reads what somebody else sent, and how such a command is ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

MOST_SAID = 1 << 20
"""Bytes of standard error that are kept; a remote may say as much as it likes."""
_CHUNK = 1 << 16
_LOOK_SECONDS = 0.2
"""How often it is asked whether anybody still waits."""
_KEEPING_WITHIN = """\
trap '' XFSZ  # what writes too much is told so, instead of ended without a word
ulimit -t "$1"
ulimit -f "$2"
ulimit -v "$3" 2>/dev/null  # which macOS does not know
shift 3
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """``seconds`` of wall clock (and of processor time), ``file_bytes`` for the largest file that is written, such as a
    pack, ``out_bytes`` of standard output, ``memory_bytes`` of addresses. ``environment`` is all that it sees. Whoever
    sets ``stop`` ends what runs within them.
    """

    seconds: float = 60.0
    file_bytes: int = 256 << 20
    out_bytes: int = 64 << 20
    memory_bytes: int = 4 << 30
    environment: Mapping[str, str] = field(default_factory=lambda: {})
    stop: threading.Event = field(default_factory=threading.Event)

    def words(self) -> tuple[str, ...]:
        """The words before a command that keep it, and whatever it starts, within these bounds."""
        blocks, kilobytes = self.file_bytes // 512 + 1, self.memory_bytes // 1024  # as POSIX counts them
        return ("sh", "-c", _KEEPING_WITHIN, "sh", str(int(self.seconds) + 1), str(blocks), str(kilobytes))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status, what it wrote, and whether it was ended for its time or its output."""

    code: int
    out: bytes
    said: str
    late: bool = False
    flood: bool = False


def ended(process: subprocess.Popen[bytes], bounds: Bounds) -> Ended:
    """Waits for a command that began a session of its own; at its bounds, and when the caller is interrupted, it is
    killed with all that it started.
    """
    flood = threading.Event()
    out, err = bytearray(), bytearray()

    def too_much() -> None:
        flood.set()
        _kill(process)

    readers = [
        threading.Thread(target=_drain, args=(process.stdout, out, bounds.out_bytes, too_much), daemon=True),
        threading.Thread(target=_drain, args=(process.stderr, err, MOST_SAID, lambda: None), daemon=True),
    ]
    if process.stdin is not None:
        process.stdin.close()
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + bounds.seconds
    try:
        while process.poll() is None and time.monotonic() < deadline and not bounds.stop.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
        late = process.poll() is None
    finally:
        _kill(process)
        process.wait()
    for reader, pipe in zip(readers, (process.stdout, process.stderr), strict=True):
        reader.join(5)
        if pipe is not None and not reader.is_alive():  # what left its session may hold the other end, and its reader
            pipe.close()
    return Ended(process.returncode, bytes(out), bytes(err).decode("utf-8", "replace"), late, flood.is_set())


def _drain(pipe: IO[bytes] | None, into: bytearray, most: int, too_much: Callable[[], None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while pipe is not None and (some := os.read(pipe.fileno(), _CHUNK)):
            into += some[: max(most - len(into), 0)]
            if len(into) >= most:
                too_much()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kills the whole session: git leaves the programs that it started to themselves."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
