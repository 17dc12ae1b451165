"""Several coroutines at once, which fail as one call would."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

_Result = TypeVar("_Result")


async def together(coroutines: Iterable[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """What each of ``coroutines`` gives, in their order.

    The first that fails ends the others, and its own error is raised: callers know what one call raises, and
    nothing of an ``ExceptionGroup``.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in coroutines]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
