"""The admission steps of two peers, given tools that are there already: no model takes part.

What of a peer's way can be done without a model is done by its own code, in its box (``bubble``); the
README tells what is left out. The driver says all verdicts of a batch in one line.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers import bubble
from benchmarks.peers.setup import venv_of
from benchmarks.planted.folders import Folder

PEER_ARMS = ("arise", "autotool")


@dataclass(frozen=True)
class Verdict:
    """Whether a peer would put the tool into use, and what it says."""

    adopted: bool
    reason: str


async def judged_by(peer: str, folders: Sequence[Folder]) -> list[Verdict]:
    """The verdict of ``peer`` on each folder.

    Raises:
        SandboxUnavailable: the peer is not set up, or its box cannot be started.
    """
    tools = [_asked(folder) for folder in folders]
    with tempfile.NamedTemporaryFile() as no_model:
        task = {"need": {"tools": tools}, "model": ""}
        told = await bubble.run(f"{peer}_admission", venv_of(peer), task, Path(no_model.name))
    try:
        verdicts: list[Any] = json.loads(told.source or "[]")
    except ValueError:
        verdicts = []
    known = [Verdict(bool(one["adopted"]), str(one["reason"])[:500]) for one in verdicts]
    return known + [Verdict(False, f"no verdict: {told.reason}"[:500])] * (len(folders) - len(known))


def _asked(folder: Folder) -> dict[str, Any]:
    """A tool as a peer gets it: source, suite, and the arguments of the first example that returns something."""
    calls = [row["args"] for row in folder.truths if "returns" in row and isinstance(row.get("args"), dict)]
    return {
        "name": folder.name,
        "source": folder.files["tool.py"],
        "tests": folder.files["test_tool.py"],
        "args": calls[0] if calls else None,
    }
