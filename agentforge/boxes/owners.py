"""Who owns a container or a folder: a process of this machine, so that orphans can be told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from others that had or will have its number.

    ``machine`` is the boot and the process namespace in which ``pid`` means anything, ``started``
    the process's start in clock ticks since boot (``/proc/PID/stat``, field 22).
    """

    machine: str
    pid: int
    started: int

    @classmethod
    def this_process(cls) -> Owner:
        """The process that asks."""
        pid = os.getpid()
        return cls(_machine(), pid, _started(pid))

    @property
    def gone(self) -> bool:
        """Whether it certainly runs no more; owners on other machines are never judged."""
        return self.machine == _machine() and _started(self.pid) != self.started

    def label(self) -> str:
        """As one word; :meth:`parse` reads it."""
        return f"{self.machine}/{self.pid}/{self.started}"

    @classmethod
    def parse(cls, label: str) -> Owner | None:
        """The owner that a label names, or None where it is not one of ours."""
        machine, _, rest = label.partition("/")
        pid, _, started = rest.partition("/")
        if not (machine and pid.isdigit() and started.isdigit()):
            return None
        return cls(machine, int(pid), int(started))


def _machine() -> str:
    try:
        namespace = Path("/proc/self/ns/pid").stat().st_ino
        return f"{_BOOT_ID.read_text('ascii').strip()}.{namespace}"
    except OSError:
        return "unknown"


def _started(pid: int) -> int:
    """0 where no such process runs, or it only waits to be reaped."""
    try:
        state, *others = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return 0 if state in "ZX" else int(others[18])
    except (OSError, ValueError, IndexError):
        return 0
