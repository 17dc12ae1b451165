"""The processes of a box as the host's kernel sees them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

_PROC = Path("/proc")


def descendants(pid: int) -> set[int]:
    """The processes that stand under ``pid``, itself included; none where the kernel shows no such process.

    Whatever a process of the box does, it stays below the box's first process, which takes in what
    loses its parent. One that ended counts until it is reaped. Blocks for some milliseconds.
    """
    parents = _parents()
    if pid not in parents:
        return set()
    children: dict[int, list[int]] = defaultdict(list)
    for child, parent in parents.items():
        children[parent].append(child)
    found, todo = set[int](), [pid]
    while todo:
        found.add(todo[-1])
        todo += children[todo.pop()]
    return found


def _parents() -> dict[int, int]:
    """Process number → that of its parent (``/proc/PID/stat``, field 4), of all that are visible here."""
    found: dict[int, int] = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text("utf-8", "replace")
            found[int(folder.name)] = int(text.rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):  # it ended meanwhile
            continue
    return found
