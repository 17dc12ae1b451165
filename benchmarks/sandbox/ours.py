"""Our own boxes, as what is measured needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from agentforge.boxes.open import open_box, open_pool
from agentforge.boxes.protocol import Box
from agentforge.boxes.warm import WarmBox
from agentforge.settings import SandboxSettings
from benchmarks.form import progress
from benchmarks.sandbox.rounds import Once, timed
from benchmarks.sandbox.work import ARGS, ENTRY, SOURCE, TESTS, insist_on_call, insist_on_suite

USER = "bench"
REUSE = "reuse"


def call_of(box: Box) -> Once:
    """One call, timed."""

    async def work() -> None:
        insist_on_call(await box.call(SOURCE, ENTRY, ARGS))

    return timed(work)


def suite_of(box: Box) -> Once:
    """The five tests, timed; tests and tool in two processes."""

    async def work() -> None:
        insist_on_suite(await box.suite(SOURCE, TESTS))

    return timed(work)


async def enter_reuse(stack: AsyncExitStack, settings: SandboxSettings) -> Box | None:
    """A box that keeps processes for further calls, closed by ``stack``; None where none can be had."""
    if "tier" not in SandboxSettings.model_fields:
        return None
    chosen = settings.model_copy(update={"tier": REUSE})
    box = await stack.enter_async_context(await open_box(chosen, user=f"{USER}-{REUSE}"))
    if box.info.tier != REUSE:
        progress(f"Tier {REUSE} is not given here: {' '.join(box.info.notes)}")
        return None
    return box


@asynccontextmanager
async def boxes_of(users: int, settings: SandboxSettings) -> AsyncIterator[list[Box]]:
    """A box for each of so many users, from one pool that has room for all of them."""
    own = settings.memory_mb * users * 2
    roomy = settings.model_copy(
        update={"boxes": max(settings.boxes, users * 2), "total_memory_mb": max(settings.total_memory_mb, own)}
    )
    async with await open_pool(roomy) as pool:
        yield [await WarmBox.open(pool, roomy, f"{USER}-{number}") for number in range(users)]


async def python_of(box: Box) -> str:
    """The version of the box's Python."""
    told = await box.run("import platform\nplatform.python_version()")
    return str(told.value)
