"""How fast the sandbox is, against a bare subprocess and against other sandboxes.

Every round runs a trivial tool once in each way, in turns: in a warm box, in a bare ``python`` process
that reads the tool's source, calls it and prints JSON (the baseline), in such a process under bubblewrap,
by ``docker exec`` and ``docker run``, and in a warm smolagents (DockerExecutor) and a warm llm-sandbox where
they are set up (``python -m benchmarks.sandbox.peers.setup``). *Paced* means 20 ms before each, so that the
next worker is ready; *back to back* means none. The five-test suite is timed against a bare
``python -m pytest`` of the same tests.

Ratios are medians over the baseline's median in the same rounds; throughput is four callers of four
users for some seconds, in turns with four concurrent bare processes; against peers, how many times the
box is faster. Box, launcher, tier and transport are those of the settings unless named here.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from docker.errors import DockerException
from requests import RequestException

from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box
from agentforge.errors import AgentForgeError, SandboxError
from agentforge.settings import SandboxSettings
from benchmarks.conditions import commit_of, machine_load
from benchmarks.form import cannot_run, parser, progress, show
from benchmarks.sandbox import facade, limits
from benchmarks.sandbox.bare import Bare, bare, python_like, version_of
from benchmarks.sandbox.cells import cells
from benchmarks.sandbox.latency import BARE, OURS, REUSE, Opponents, latencies
from benchmarks.sandbox.options import add_options, settings_by
from benchmarks.sandbox.ours import USER, boxes_of, call_of, enter_reuse, python_of, suite_of
from benchmarks.sandbox.plan import FULL, QUICK, Plan
from benchmarks.sandbox.throughput import CALLERS, alternating, by_tasks, by_threads
from benchmarks.sandbox.work import WrongAnswerError

_REST_SECONDS = 2.0


async def measure(settings: SandboxSettings, plan: Plan, python: str) -> dict[str, Any]:
    """All figures."""
    began, load_before = time.monotonic(), machine_load()
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(await open_box(settings, user=USER, on_notice=progress))
        in_box = await python_of(box)
        python = python or python_like(in_box)
        plain = stack.enter_context(bare(python))
        info = box.info
        figures: dict[str, Any] = {
            "benchmark": "sandbox",
            "launcher": info.launcher,
            "tier": info.tier,
            "transport": info.transport,
            "python": in_box,
            "baseline": f"{python} ({version_of(python)})",
        }
        progress(f"{info.launcher}, tier {info.tier}, {info.transport}; baseline {figures['baseline']}")
        figures |= await _one_at_a_time(box, plain, settings, plan)
        figures |= await idle_memory()
    figures |= await limits.starts(settings, plan.starts)
    with bare(python) as plain:
        figures |= await rates(plain, settings, plan)
    return figures | {
        "load": [load_before, machine_load()],
        "commit": commit_of(),
        "seconds": round(time.monotonic() - began, 1),
    }


async def _one_at_a_time(box: Box, plain: Bare, settings: SandboxSettings, plan: Plan) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        reuse = await enter_reuse(stack, settings)
        opponents = await Opponents.enter(stack, plain, settings, plan)
        taken = await latencies(box, reuse, opponents, plan)
    figures = taken.figures() | {"missing": opponents.missing, "milliseconds": taken.milliseconds()}
    figures |= await facade.overhead(box, plan.facade_rounds)
    figures |= limits.summed_up("timeout_overshoot_ms", await limits.overshoots(box, plan.limits))
    figures |= limits.summed_up("recycle_after_fork_bomb_ms", await limits.recycled(box, plan.limits))
    return figures


async def idle_memory() -> dict[str, Any]:
    """Megabytes of a cell for calls and of one for suites that have been used and rest now."""
    await asyncio.sleep(_REST_SECONDS)
    found = [one for one in await asyncio.to_thread(cells) if one.user in ("", USER)]
    return {
        "idle_memory_mb": {one.kind: round(one.memory_mb, 1) for one in found},
        "idle_own_memory_mb": {one.kind: round(one.own_mb, 1) for one in found},
    }


async def rates(plain: Bare, settings: SandboxSettings, plan: Plan) -> dict[str, Any]:
    """Calls and suites in a second, of four callers at once."""
    async with AsyncExitStack() as stack:
        boxes = await stack.enter_async_context(boxes_of(CALLERS, settings))
        reuse = await enter_reuse(stack, settings)
        by_calls = {
            BARE: by_threads(CALLERS, plain.call),
            OURS: by_tasks([call_of(box) for box in boxes]),
            "one box": by_tasks([call_of(boxes[0])] * CALLERS),
            **({REUSE: by_tasks([call_of(reuse)] * CALLERS)} if reuse else {}),
        }
        by_suites = {BARE: by_threads(CALLERS, plain.suite), OURS: by_tasks([suite_of(box) for box in boxes])}
        calls = await alternating("calls", by_calls, plan.slices, plan.slice_seconds)
        suites = await alternating("suites", by_suites, plan.slices, plan.slice_seconds)
    return {
        "calls_per_s_ratio": round(calls[OURS] / calls[BARE], 2),
        "calls_per_s_of_one_box_ratio": round(calls["one box"] / calls[BARE], 2),
        "suites_per_s_ratio": round(suites[OURS] / suites[BARE], 2),
        "calls_per_s": {name: round(rate, 1) for name, rate in calls.items()},
        "suites_per_s": {name: round(rate, 1) for name, rate in suites.items()},
    }


def table(figures: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is shown to people: who took how long, then the single figures."""
    rows: dict[str, dict[str, Any]] = {}
    for kind, taken in figures["milliseconds"].items():
        for who, times in taken.items():
            share = round(times["p50_ms"] / taken[BARE]["p50_ms"], 4)
            rows[f"{kind}: {who}"] = {"p50 ms": times["p50_ms"], "p95 ms": times["p95_ms"], "÷ bare": share}
    for name, value in figures.items():
        if isinstance(value, int | float | str):
            rows[name] = {"p50 ms": value}
    return rows


def run(options: Any) -> int:
    """The whole of it."""
    plan = QUICK if options.quick else FULL
    figures = asyncio.run(measure(settings_by(options), plan, options.python))
    figures["quick"] = options.quick
    show(figures, table(figures), as_json=options.json)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    add_options(options)
    options.add_argument("--python", default="", help="the baseline's interpreter (default: one of the box's version)")
    try:
        return run(options.parse_args(arguments))
    except WrongAnswerError as error:
        return cannot_run(f"Nothing is told, since {error}.", 1)
    except (DockerException, RequestException) as error:
        return cannot_run(f"The Docker daemon stopped answering: {error}", SandboxError.exit_code)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    except subprocess.TimeoutExpired as error:
        return cannot_run(f"A bare process did not end within {error.timeout:.0f} seconds.", 1)


if __name__ == "__main__":
    sys.exit(main())
