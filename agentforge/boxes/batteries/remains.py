"""What a run left behind in a box: files, processes, words in memory, and whether the next answer is right.

Not seen: what a run may have done outside the box. ``benchmarks/containment.py`` watches that.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, cast

from agentforge.boxes.batteries.lookouts import LOOK
from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.errors import SandboxError
from agentforge.types import JSONObject

CANARY = ("CANARY", "-7f3a")
"""The secret of an earlier call, in halves, so that who looks for it does not bring it along."""

SETTLE_SECONDS = 2.0
"""So long the box may take to kill and reap what a run started; a fork bomb took at most 0.34 s."""

_STEADY_SECONDS = 0.3
_MOST_STEADY_SECONDS = 3.0
_LOOKS_OF_REST = 50
"""How many times as long as a look a box must rest: on a busy machine the next crew is forked later, too."""

_PAUSE_SECONDS = 0.02
_LOOK_SECONDS = 5.0
_OWN_TRACES = 1
"""How often a needle may stand in the memory of who looks for it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one call saw in the box, after what time (seconds, waiting for the box included)."""

    right: bool
    files: frozenset[str]
    residue: int
    seconds: float
    problem: str = ""


async def look(box: Box) -> Look:
    """Asks the box for an answer that only a sound one gives, and what stands in it, in a fresh process in every tier.

    Raises:
        SandboxError: the box failed.
    """
    nonce, began = secrets.randbelow(10**9), time.monotonic()
    args: JSONObject = {"nonce": nonce, "left": CANARY[0], "right": CANARY[1]}
    (result,) = await box.call_many(LOOK, "look", [args], limits=Limits(_LOOK_SECONDS))
    seconds = time.monotonic() - began
    match result.value:
        case {"answer": answer, "files": [*files], "residue": int(residue)} if result.ok:
            right = answer == [1, 2, 3, nonce * 2 + 1]
            return Look(right, frozenset(map(str, files)), residue, seconds, "" if right else "its answer is wrong")
        case _:
            return Look(False, frozenset(), 0, seconds, _ending(result))


def _ending(result: CallResult) -> str:
    return f"it {result.status.replace('_', ' ')} {result.error} {result.message}".strip()[:200]


async def plant_canary(box: Box) -> None:
    """A call that holds the secret many times and returns nothing.

    Raises:
        SandboxError: the box failed.
    """
    source = "def f(secret):\n    return [secret] * 50 and None\n"
    await box.call(source, "f", {"secret": "".join(CANARY) * 200})


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left behind. ``processes`` is None where it cannot be known.

    ``problem`` tells what was wrong with an answer, ``seconds`` is how long the slowest one took.
    """

    files: tuple[str, ...] = ()
    processes: int | None = None
    residue: int = 0
    problem: str = ""
    seconds: float = 0.0

    def told(self) -> list[str]:
        """Each thing that may not be left, as a few words."""
        words: list[str] = []
        if self.files:
            words.append(f"files left or changed: {', '.join(self.files[:3])}")
        if self.processes:
            words.append(f"{self.processes} processes left")
        if self.residue > _OWN_TRACES:
            words.append("words of an earlier call in the memory of a later one")
        if self.problem:
            words.append(f"the call after it: {self.problem}")
        return words


@dataclass(frozen=True, slots=True)
class Calm:
    """What a box was like before anything was tried; what differs later was left behind."""

    box: Box
    files: frozenset[str] = field(default_factory=lambda: cast("frozenset[str]", frozenset()))
    processes: int | None = None

    @classmethod
    async def of(cls, box: Box) -> Calm:
        """Looks at a box that nothing was tried on yet.

        Raises:
            SandboxError: the box failed, or does not let anybody look.
        """
        first = await look(box)
        if first.problem:
            raise SandboxError(f"A look around in the untouched box failed: {first.problem}.")
        again = await look(box)  # its start is over now
        rest = min(_MOST_STEADY_SECONDS, max(_STEADY_SECONDS, _LOOKS_OF_REST * again.seconds))
        return cls(box, first.files, await steady_processes(box, rest))

    async def remains(self, *looks: Look) -> Remains:
        """What is left now, seen by those who looked before and by one who looks after processes had time to end.

        Raises:
            SandboxError: the box failed.
        """
        processes = await processes_beyond(self.box, self.processes)
        seen = [*looks, await look(self.box)]
        problem = next((one.problem for one in seen if one.problem), "")
        changed = sorted(set[str]().union(*(one.files ^ self.files for one in seen if not one.problem)))
        slowest = max(one.seconds for one in seen)
        return Remains(tuple(changed), processes, max(one.residue for one in seen), problem, slowest)


async def steady_processes(box: Box, rest: float = _STEADY_SECONDS) -> int | None:
    """How many processes a box has when it rests: the number that stays for ``rest`` seconds."""
    end, since, count = time.monotonic() + SETTLE_SECONDS + 2 * rest, time.monotonic(), await box.processes()
    while count is not None and time.monotonic() < min(end, since + rest):
        await asyncio.sleep(_PAUSE_SECONDS)
        now: Any = await box.processes()
        if now != count:
            since, count = time.monotonic(), now
    return count


async def processes_beyond(box: Box, before: int | None) -> int | None:
    """How many processes more than ``before`` remain after :data:`SETTLE_SECONDS`; None where unknown."""
    end = time.monotonic() + SETTLE_SECONDS
    while (count := await box.processes()) is not None and before is not None:
        if count <= before or time.monotonic() > end:
            return max(0, count - before)
        await asyncio.sleep(_PAUSE_SECONDS)
    return None
