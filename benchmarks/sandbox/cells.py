"""The cells of this process's boxes, seen from the host: their memory, their processes, their zombies.

Memory of a container is what ``docker stats`` shows: what its control group is charged for, without
files that can be dropped (``inactive_file``); ``own_mb`` is the part that is no file at all. A
bubblewrap cell has no control group: the proportional set sizes of its processes, added up.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge.boxes.daemon import Daemon
from agentforge.boxes.descendants import descendants
from agentforge.boxes.docker import KIND_LABEL, OWNER_LABEL, USER_LABEL
from agentforge.boxes.owners import Owner
from agentforge.errors import SandboxError
from benchmarks.watch import processes

_MB = 1 << 20


@dataclass(frozen=True)
class CellSeen:
    """One cell; ``user`` is empty where the host cannot tell."""

    kind: str
    user: str
    memory_mb: float
    own_mb: float
    processes: int
    zombies: int


def cells() -> list[CellSeen]:
    """All that this process has now. Blocks for some tenths of a second.

    Raises:
        SandboxError: the daemon stopped answering.
    """
    return [*_containers(), *_bubblewraps()]


def containers_left(user: str) -> int:
    """How many containers of this process have a user whose name begins so; 0 where there is no daemon."""
    with contextlib.suppress(SandboxError), Daemon.connect() as daemon:
        return sum(one["Labels"].get(USER_LABEL, "").startswith(user) for one in _owned(daemon))
    return 0


def zombie_children() -> int:
    """Processes that this one has not reaped."""
    here = os.getpid()
    return sum(one.parent == here and _state(pid) == "Z" for pid, one in processes().items())


def _owned(daemon: Daemon) -> list[dict[str, Any]]:
    label = Owner.this_process().label()
    return [one for one in daemon.labelled(OWNER_LABEL) if one["Labels"].get(OWNER_LABEL) == label]


def _containers() -> Iterator[CellSeen]:
    try:
        daemon = Daemon.connect()
    except SandboxError:  # there is none, so none of our boxes is a container
        return
    with daemon:
        for one in _owned(daemon):
            if KIND_LABEL in one["Labels"]:
                used = daemon._client.api.stats(one["Id"], stream=False, one_shot=True)
                below = descendants(int(daemon.container(one["Id"])["State"]["Pid"]))
                memory, own = memory_of(used["memory_stats"])
                zombies = sum(_state(pid) == "Z" for pid in below)
                labels = one["Labels"]
                yield CellSeen(labels[KIND_LABEL], labels[USER_LABEL], memory, own, len(below), zombies)


def memory_of(stats: Mapping[str, Any]) -> tuple[float, float]:
    """Megabytes as ``docker stats`` shows them, and those that are no files; of either version of control groups."""
    details = stats["stats"]
    droppable = details.get("total_inactive_file", details.get("inactive_file", 0))
    own = details.get("total_rss", details.get("anon", 0))
    return (stats["usage"] - droppable) / _MB, own / _MB


def _bubblewraps() -> Iterator[CellSeen]:
    here = os.getpid()
    for pid, one in processes().items():
        words = _command(pid) if one.parent == here else []
        if "bwrap" in one.name and any(word.endswith("/start.py") for word in words):
            below = descendants(pid)
            kind = "suite" if "suite" in words else "call"
            memory = sum(_proportional_mb(each) for each in below)
            zombies = sum(_state(each) == "Z" for each in below)
            yield CellSeen(kind, "", memory, memory, len(below), zombies)


def _command(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    return []


def _state(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    return ""


def _proportional_mb(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii", "replace").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
