"""A forging whose models are scripted and whose box runs nothing; its registry and its database are real.

As a program (``python -m tests.jobs.scene ACTION LOG [DEATH]``) it plays one process of such a story: each
answer that a model finished is a line of LOG, and DEATH says where the process is killed (``call 4``, ``before the
end``) or a model falls asleep (``asleep at 4``).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from agentforge import Forge
from agentforge.boxes.protocol import Box, CallResult, SuiteResult
from agentforge.memory.jobs import JobRows
from agentforge.registry.repository import Registry
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, Reply, ScriptedModel
from agentforge.testing.box import Run, raised, returned, suite
from agentforge.testing.scripted import Request
from agentforge.types import Example, Need, Role

NEED = Need(
    "double",
    "(n: int) -> int",
    "Double n. ValueError if n is negative.",
    (*(Example({"n": n}, returns=2 * n) for n in (2, 3, 10)), Example({"n": -1}, raises="ValueError")),
)
ANSWERS = 7
"""What this need takes: tests, two wrong candidates, two more in another form, two right repairs."""


def code(behaviour: str) -> str:
    return f"```python\ndef double(n: int) -> int:\n    # {behaviour}\n    return n\n```"


def answer(request: Request) -> str:
    """A generator that is wrong at first and right when it is shown what was wrong."""
    if request.role is Role.TEST:
        return "```python\nassert double(n=5) == 10\nassert double(n=6) == 12\n```"
    return code("RIGHT" if "# ADDS" in request.prompt else "ADDS")


def behaves(run: Run) -> CallResult:
    if run.kind == "run":  # many calls in one process, which a fake box has not
        return raised("OSError")
    n = run.args["n"]
    assert isinstance(n, int)
    if n < 0:
        return raised("ValueError")
    return returned(n + 2 if "# ADDS" in run.source else n * 2)


def judged(run: Run) -> SuiteResult:
    return suite(test_example_1="# RIGHT" in run.source)


async def open_box(settings: SandboxSettings) -> Box:
    return FakeBox(behaves, judged)


def forge_with(models: ScriptedModel, user: str = "ada", box: Callable[..., Awaitable[Box]] = open_box) -> Forge:
    settings = load(overrides={"forge.candidates": 2, "forge.rounds": 1})
    return Forge(user=user, settings=settings, models=models, open_box=box, on_notice=say)


def commits(home: Path, job: str, user: str = "ada") -> int:
    """How often a job has had its effect."""
    with Registry.open(home / "registries" / "personal" / f"{user}.git") as registry:
        return sum(job in commit.trailers.get("Job", ()) for commit in registry.store.log())


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Waits for something that no event tells of."""
    for _ in range(1500):
        if await happened():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def play(action: str, log: Path, death: str) -> None:
    asked = 0

    def told(request: Request) -> str | Reply:
        nonlocal asked
        asked += 1
        if death == f"call {asked}":
            time.sleep(0.5)  # what finished before is written meanwhile, in another thread
            die()
        if death.startswith("asleep at ") and asked >= int(death.removeprefix("asleep at ")):
            return Reply("", pause=60)
        with log.open("a") as lines:
            lines.write(f"{request.role}\n")
        return answer(request)

    if death == "before the end":
        JobRows.finish = lambda *_: die()  # type: ignore[method-assign,assignment]  # the process ends right there
    if action == "worker":
        await work(ScriptedModel(told))
        return
    async with forge_with(ScriptedModel(told)) as forge:
        jobs = await forge.jobs()
        if action == "forge":
            made = await jobs.forge(NEED, forge._opened().new_models(), lambda kind, data: None)
            say(f"{made.state} {made.job}")
        else:
            for record in await jobs.resume():
                say(f"{record.status} {record.state} {record.id}")


async def work(models: ScriptedModel) -> None:
    """A worker that ends when it is asked to (``worker.stop_seconds`` is nothing here) or has nothing to do."""
    from agentforge.api.worker import Worker

    settings = load(overrides={"forge.candidates": 2, "forge.rounds": 1, "worker.stop_seconds": 0})
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Worker(settings, say, models=models, open_box=open_box).run(stop, once=True)


if __name__ == "__main__":
    asyncio.run(play(sys.argv[1], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
