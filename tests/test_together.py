"""Several coroutines at once: results in order, and the error of the first that fails."""

from __future__ import annotations

import asyncio

import pytest

from agentforge.together import together


async def test_results_come_in_the_order_of_the_coroutines_and_not_of_their_ends() -> None:
    async def after(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    assert await together(after(seconds) for seconds in (0.02, 0.0, 0.01)) == [0.02, 0.0, 0.01]


async def test_the_first_failure_is_raised_bare_and_ends_the_others() -> None:
    ended: list[str] = []

    async def fails() -> None:
        raise LookupError("mine")

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("waits")
            raise

    with pytest.raises(LookupError, match="mine"):
        await together([waits(), fails()])
    assert ended == ["waits"]
