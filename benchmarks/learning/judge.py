"""Whether an answer is right, and fresh items of a family.

Each task names its scorer: ``exact_ws`` and ``float_equal`` compare texts here; ``reasoning_gym:NAME`` asks that
package, and several of its scorers evaluate the answer as Python. So it runs in a bubblewrap box of its own
(``inside``) that sees nothing but Python and its packages, and has no network and no way to write. What this does
not protect from is an answer that makes the scorer say that it is right.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agentforge.errors import SandboxUnavailable
from benchmarks.learning.setup import scorers
from benchmarks.learning.stream import Task
from benchmarks.peers.bubble import program

GYM = "reasoning_gym:"
ENOUGH = 0.99
"""A score from which on an answer counts as right, as the README of the data says."""
ANSWER_SECONDS, START_SECONDS = 20.0, 300.0
"""For one answer (an expression may take for ever), and for the box to come up and import the package."""
MOST_CHARACTERS = 20_000
_REPLY_BYTES, _HOME_BYTES = 64 << 20, 16 << 20
_HOME = "/home"
_INSIDE = Path(__file__).resolve().with_name("inside.py")


def exact_ws(said: str, task: Task) -> bool:
    """Equal but for case, white space and a full stop at the end."""
    plain, right = (" ".join(text.lower().split()).removesuffix(".") for text in (said, task.answer))
    return plain == right


def float_equal(said: str, task: Task) -> bool:
    """The same number; commas are no part of it."""
    try:
        return float(said.replace(",", "")) == float(task.answer.replace(",", ""))
    except ValueError:
        return False


SCORERS = {"exact_ws": exact_ws, "float_equal": float_equal}


def unknown(tasks: Iterable[Task]) -> list[str]:
    """The scorers that nobody here knows."""
    return sorted({one.scorer for one in tasks if one.scorer not in SCORERS and not one.scorer.startswith(GYM)})


class Judge:
    """Says what is right; owns the box of the package's scorers, which starts at its first need."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def right(self, task: Task, said: Sequence[str]) -> bool:
        """Whether one of the readings of an answer is right.

        Raises:
            SandboxUnavailable: the box of the scorers cannot be started.
        """
        for one in said:
            if await self.score(task, one[:MOST_CHARACTERS]) >= ENOUGH:
                return True
        return False

    async def fresh(self, scorer: str, count: int, seed: int) -> list[dict[str, Any]]:
        """So many new items of a family; none where its scorer is none of the package's (raises as :meth:`right`)."""
        if not scorer.startswith(GYM):
            return []
        asked = {"fresh": scorer.removeprefix(GYM), "count": count, "seed": seed}
        return (await self._ask(asked, START_SECONDS) or {}).get("items", [])

    async def score(self, task: Task, said: str) -> float:
        """The score of one reading, 0 to 1 (raises as :meth:`right`)."""
        if not task.scorer.startswith(GYM):
            return float(SCORERS[task.scorer](said, task))
        if said == task.answer:
            return 1.0
        told = await self._ask({"score": task.scorer.removeprefix(GYM), "answer": said, "entry": task.row})
        return float((told or {}).get("score", 0.0))

    async def _ask(self, question: dict[str, Any], seconds: float = ANSWER_SECONDS) -> dict[str, Any] | None:
        """What the box says, or None where it had to be stopped: an answer that nobody can score is wrong."""
        async with self._lock:
            process = self._process or await self._start()
            if process.stdin is None or process.stdout is None:
                raise AssertionError("both ends are pipes")
            try:
                process.stdin.write(json.dumps(question, default=str).encode() + b"\n")
                line = await asyncio.wait_for(process.stdout.readline(), seconds)
                told: Any = json.loads(line)
            except (TimeoutError, ValueError, OSError):
                await self._stop()
                return None
            return told if isinstance(told, dict) else None

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = process = await asyncio.create_subprocess_exec(
            *command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            limit=_REPLY_BYTES,
        )
        if process.stdout is None:
            raise AssertionError("it is a pipe")
        if await asyncio.wait_for(process.stdout.readline(), START_SECONDS) != b"ready\n":
            await self._stop()
            raise SandboxUnavailable(
                "The box of the scorers does not start.",
                fix="Install bubblewrap where namespaces are allowed; its Python has to be this one.",
            )
        return process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


def command() -> list[str]:
    """How the box is started: Python, the scorers' environment and ``inside``, all read-only, and nothing else.

    Raises:
        SandboxUnavailable: the scorers are not set up.
    """
    venv = scorers()
    user = [] if os.geteuid() == 0 else ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    shown = ["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", sys.base_prefix, str(venv), str(_INSIDE)]
    view = [word for path in shown for word in ("--ro-bind-try", path, path)]
    return [
        *(program(), "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *(*user, "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv"),
        *("--tmpfs", "/", "--dir", _HOME, "--proc", "/proc", "--dev", "/dev", *view, "--remount-ro", "/"),
        *("--size", str(_HOME_BYTES), "--tmpfs", _HOME, "--setenv", "HOME", _HOME),  # its plotting library wants one
        *("--setenv", "PYTHONHASHSEED", "0", "--setenv", "PYTHONDONTWRITEBYTECODE", "1"),
        *("--", str(venv / "bin" / "python"), "-P", "-X", "utf8", str(_INSIDE)),
    ]
