"""Whether a box stays as it was through thousands of calls, some of them hostile.

Callers at once share the boxes of four users, two callers each by default. One call in fifty is hostile, in
turns: it never ends, it takes all memory, it is a fork bomb, it floods its output, it crashes, it answers
with a malformed frame. All others are honest and each has an answer of its own: ``wrong`` counts the
answers that were not exactly that.

Growth is what this process and its boxes have at the end, at rest, beyond what they had after the first
calls of the same mix: file descriptors and resident memory of this process (``rss_growth_mb``), memory and
processes of the boxes. ``containers_left`` is counted after the boxes were closed, ``zombies`` before (in
the boxes) and after (below this process). There is no baseline: the aim is no growth.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import DockerException
from requests import RequestException

from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.errors import AgentForgeError, SandboxError
from agentforge.settings import SandboxSettings
from agentforge.types import JSONObject
from benchmarks.conditions import commit_of, machine_load
from benchmarks.form import cannot_run, parser, progress, show
from benchmarks.sandbox.cells import cells, containers_left, zombie_children
from benchmarks.sandbox.limits import BOMB, BUSY
from benchmarks.sandbox.options import add_options, settings_by
from benchmarks.sandbox.ours import USER, boxes_of

CALLS, QUICK_CALLS, CALLERS, USERS = 10_000, 600, 8, 4
ONE_IN = 50
SOMETHING_LEFT = 1
"""The exit code of a soak that ended with what it must not."""
MOST_GROWTH_MB = 24.0
"""Memory that may be more at the end: that of two boxes, which may have been started anew (10,000 calls add 0.02)."""
HOSTILE = {
    "time-out": f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{BUSY}",
    "memory hog": "def f():\n    kept = []\n    while True:\n        kept.append(bytearray(1 << 24))\n",
    "fork bomb": BOMB,
    "output flood": "import os\ndef f():\n    while True:\n        os.write(1, b'A' * 65536)\n",
    "crash": "import os\ndef f():\n    os.kill(os.getpid(), 11)\n    os._exit(0)\n",
    "bad frame": """\
import os, stat
def f():
    for descriptor in range(64):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"\\0\\0\\0\\x05{bad}XXXX")
        except OSError:
            pass
    os._exit(0)
""",
}
HONEST = "def f(number, text):\n    return {'number': number * 7 + 1, 'text': text[::-1]}\n"
HONEST_LIMITS, HOSTILE_LIMITS = Limits(seconds=20.0), Limits(seconds=0.5)
_MOST_TOLD = 10
_STEADY_SECONDS, _LONGEST_REST_SECONDS = 0.5, 15.0


@dataclass(frozen=True)
class Seen:
    """What this process and its boxes have at one moment."""

    descriptors: int
    rss_mb: float
    box_memory_mb: float
    box_processes: int
    box_zombies: int

    @classmethod
    def now(cls) -> Seen:
        """Blocks for some tenths of a second."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        found = cells()
        return cls(
            _descriptors(),
            pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
            sum(one.memory_mb for one in found),
            sum(one.processes for one in found),
            sum(one.zombies for one in found),
        )


@dataclass
class Tally:
    """What the calls gave."""

    calls: int = 0
    wrong: list[str] = field(default_factory=list[str])
    endings: Counter[str] = field(default_factory=Counter[str])

    def add_honest(self, number: int, given: str) -> None:
        """``given`` is empty where the answer was right, else what was wrong."""
        self.calls += 1
        if given:
            self.wrong.append(f"call {number}: {given}")
            progress(self.wrong[-1])

    def add_hostile(self, kind: str, ending: str) -> None:
        """How a hostile call ended."""
        self.calls += 1
        self.endings[f"{kind}: {ending}"] += 1


async def one_call(box: Box, number: int, tally: Tally) -> None:
    """The call of this number: which kind it is depends on nothing else."""
    if number % ONE_IN == ONE_IN - 1:
        kind = [*HOSTILE][number // ONE_IN % len(HOSTILE)]
        try:
            result = await box.call(HOSTILE[kind], "f", {}, limits=HOSTILE_LIMITS)
        except SandboxError as error:
            tally.add_hostile(kind, f"the box failed: {error.message[:80]}")
        else:
            tally.add_hostile(kind, f"{result.status} {result.error}".strip()[:80])
        return
    args: JSONObject = {"number": number, "text": f"call {number} of the soak"}
    try:
        result = await box.call(HONEST, "f", args, limits=HONEST_LIMITS)
    except SandboxError as error:
        tally.add_honest(number, f"the box failed: {error}")
    else:
        tally.add_honest(number, problem_of(result, args))


def problem_of(result: CallResult, args: JSONObject) -> str:
    """What is wrong with an honest call's result, or ``""``."""
    wanted = {"number": int(str(args["number"])) * 7 + 1, "text": str(args["text"])[::-1]}
    if result.ok and result.value == wanted:
        return ""
    return f"{result.status} {result.error} {result.message[:200]} {str(result.value)[:100]}"


async def run_calls(boxes: Sequence[Box], numbers: Iterator[int], callers: int, tally: Tally) -> None:
    """Each caller takes the next number until none is left."""

    async def caller(box: Box) -> None:
        for number in numbers:
            await one_call(box, number, tally)

    async with asyncio.TaskGroup() as group:
        for number in range(callers):
            group.create_task(caller(boxes[number % len(boxes)]))


async def at_rest() -> Seen:
    """What there is once the number of descriptors stays, which is when every box has its workers again."""
    end, since, count = time.monotonic() + _LONGEST_REST_SECONDS, time.monotonic(), _descriptors()
    while time.monotonic() < min(end, since + _STEADY_SECONDS):
        await asyncio.sleep(0.05)
        if _descriptors() != count:
            since, count = time.monotonic(), _descriptors()
    return await asyncio.to_thread(Seen.now)


async def soak(settings: SandboxSettings, calls: int, callers: int) -> dict[str, Any]:
    """All calls, and what they left."""
    began, load_before, tally = time.monotonic(), machine_load(), Tally()
    first = max(callers, min(calls // 5, 6 * ONE_IN))
    parts = [first, *_tenths(calls - first)]
    numbers = itertools.count()
    async with boxes_of(USERS, settings) as boxes:
        info, before = boxes[0].info, None
        for part in parts:
            await run_calls(boxes, itertools.islice(numbers, part), callers, tally)
            before = before or await at_rest()
            progress(f"{tally.calls} of {calls} calls, {len(tally.wrong)} wrong")
        after = await at_rest()
    figures = {
        "benchmark": "soak",
        "calls": tally.calls,
        "callers": callers,
        "hostile": tally.endings.total(),
        "wrong": len(tally.wrong),
        "wrong_ones": tally.wrong[:_MOST_TOLD],
        "hostile_endings": dict(sorted(tally.endings.items())),
        **growth(before or after, after),
        "containers_left": containers_left(USER),
        "zombies": after.box_zombies + zombie_children(),
        "launcher": info.launcher,
        "tier": info.tier,
        "transport": info.transport,
        "load": [load_before, machine_load()],
        "commit": commit_of(),
        "seconds": round(time.monotonic() - began, 1),
    }
    return figures | {"failures": failures_of(figures)}


def growth(before: Seen, after: Seen) -> dict[str, float]:
    """As keys of the result."""
    return {
        "descriptor_growth": after.descriptors - before.descriptors,
        "rss_growth_mb": round(after.rss_mb - before.rss_mb, 2),
        "box_memory_growth_mb": round(after.box_memory_mb - before.box_memory_mb, 2),
        "box_process_growth": after.box_processes - before.box_processes,
    }


def _tenths(calls: int) -> list[int]:
    return [part for part in (calls * n // 10 - calls * (n - 1) // 10 for n in range(1, 11)) if part]


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1  # one is that of the folder itself


def run(options: Any) -> int:
    """The whole of it."""
    calls = options.calls or (QUICK_CALLS if options.quick else CALLS)
    figures = asyncio.run(soak(settings_by(options), calls, options.callers)) | {"quick": options.quick}
    shown = {name: {"": value} for name, value in figures.items() if isinstance(value, int | float | str)}
    shown |= {f"hostile, {kind}": {"": count} for kind, count in figures["hostile_endings"].items()}
    show(figures, shown, as_json=options.json)
    for failure in figures["failures"]:
        progress(failure)
    return SOMETHING_LEFT if figures["failures"] else 0


def failures_of(figures: Mapping[str, Any]) -> list[str]:
    """What a soak must not end with, a sentence each; memory may move a little."""
    bounds = {
        "wrong": 0,
        "containers_left": 0,
        "zombies": 0,
        "descriptor_growth": 0,
        "box_process_growth": 0,
        "rss_growth_mb": MOST_GROWTH_MB,
        "box_memory_growth_mb": MOST_GROWTH_MB,
    }
    found = [
        f"{name} is {figures[name]}, at most {most} is allowed."
        for name, most in bounds.items()
        if figures[name] > most
    ]
    bad = [
        ending
        for ending in figures["hostile_endings"]
        if ending.partition(": ")[2].startswith(("returned", "the box failed"))
    ]
    return found + [f"A hostile call did not end as a call that was stopped ({ending})." for ending in bad]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    options.add_argument("--calls", type=positive, help=f"default: {CALLS:,}, or {QUICK_CALLS:,} with --quick")
    options.add_argument("--callers", type=positive, default=CALLERS, help=f"at once (default: {CALLERS})")
    add_options(options)
    try:
        return run(options.parse_args(arguments))
    except (DockerException, RequestException) as error:
        return cannot_run(f"The Docker daemon stopped answering: {error}", SandboxError.exit_code)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)


def positive(text: str) -> int:
    """A number of the command line that is at least one."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
