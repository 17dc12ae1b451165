"""The limits that the runner puts on every process it forks, as numbers for its command line."""

from __future__ import annotations

import json

from agentforge.settings import SandboxSettings

WIDTH = 2
"""Crews that a cell of tier ``call`` keeps ready: one works while the next one is made."""

MOST_KEPT = 4
"""Kept processes of a cell at the most, in tier ``reuse``."""

_PROCESSES_OF_OURS = 8
_TMP_BYTES = 16 << 20
_FILE_BYTES = 8 << 20
_TMP_FILES = 1024


def for_runner(settings: SandboxSettings) -> str:
    """``BOUNDS`` of ``start.py``.

    A process may address less memory than the container has, so that it fails with MemoryError
    before the kernel has to kill; the process limit divides what the container has among crews.
    """
    crews = WIDTH + (MOST_KEPT if settings.tier == "reuse" else 0)
    return json.dumps(
        {
            "width": WIDTH,
            "memory_bytes": (settings.memory_mb << 20) * 3 // 4,
            "file_bytes": _FILE_BYTES,
            "tmp_bytes": _TMP_BYTES,
            "tmp_files": _TMP_FILES,
            "processes": max(4, (settings.pids - _PROCESSES_OF_OURS) // crews),
        }
    )
