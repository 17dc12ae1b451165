"""A dead server is given up at the limit, a slow or busy one is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agentforge.models import deadline
from agentforge.models.deadline import Deadline, TooLate
from agentforge.models.metrics import Load


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "QUIET", 0.2)


async def nobody() -> Load | None:
    return None


def counting(step: int) -> Callable[[], Awaitable[Load | None]]:
    """A server that has worked off so many more tokens each time it is asked."""
    tokens = 0

    async def load() -> Load | None:
        nonlocal tokens
        tokens += step
        return Load(1, 0, tokens, 0, 0)

    return load


async def seconds(work: Awaitable[object]) -> float:
    """How long it took until the time was up."""
    start = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await work
    return asyncio.get_running_loop().time() - start


async def test_what_comes_in_time_comes() -> None:
    assert await Deadline(1, 1, nobody).within(asyncio.sleep(0.01, "piece")) == "piece"


async def test_its_failure_is_its_own() -> None:
    async def broken() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await Deadline(1, 1, nobody).within(broken())


async def test_silence_is_given_up_at_the_limit_and_says_after_how_long() -> None:
    with pytest.raises(TooLate) as caught:
        await Deadline(0.2, 30, nobody).within(asyncio.sleep(60))
    assert 0.2 <= caught.value.seconds < 10


async def test_a_server_that_answers_but_does_nothing_is_dead_too() -> None:
    assert await seconds(Deadline(0.2, 30, counting(0)).within(asyncio.sleep(60))) < 10


async def test_a_server_that_works_for_others_is_waited_for_up_to_the_ceiling() -> None:
    took = await seconds(Deadline(0.2, 1.0, counting(5)).within(asyncio.sleep(60)))
    assert 1.0 <= took < 10


async def test_an_answer_that_drips_is_not_cut_off_before_the_ceiling() -> None:
    limits = Deadline(0.1, 30, nobody)
    for _ in range(10):
        await limits.within(asyncio.sleep(0.05))


async def test_who_reads_slowly_is_not_taken_for_a_silent_server() -> None:
    limits = Deadline(0.1, 30, nobody)
    await asyncio.sleep(0.3)
    assert await limits.within(asyncio.sleep(0.01, "piece")) == "piece"


async def test_the_ceiling_holds_for_all_pieces_together() -> None:
    limits = Deadline(0.5, 0.5, counting(5))

    async def read() -> None:
        while True:
            await limits.within(asyncio.sleep(0.05))

    assert 0.5 <= await seconds(read()) < 10


async def test_what_is_given_up_or_cancelled_is_ended_before_anything_else_happens() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append("ended")

    with pytest.raises(TooLate):
        await Deadline(0.1, 30, nobody).within(forever())
    assert ended == ["ended"]
    task = asyncio.create_task(Deadline(30, 30, nobody).within(forever()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["ended", "ended"]
