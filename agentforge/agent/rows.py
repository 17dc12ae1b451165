"""The outcome rows of calls that belong to no session: a program called a tool, without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from agentforge.agent.calls import Called, error_text
from agentforge.boxes.protocol import CallResult
from agentforge.errors import StorageError
from agentforge.forge.failures import may_be_defect
from agentforge.memory.episodes import Episodes
from agentforge.memory.records import FinishedCall
from agentforge.registry.tool import Tool
from agentforge.types import JSON

_SMALL = 4000


class Rows:
    """A ledger that writes a row for each call, committed before the caller goes on.

    A disk that fails costs no caller its result: ``on_notice`` hears of it.
    """

    def __init__(self, episodes: Episodes, on_notice: Callable[[str], None]) -> None:
        self._episodes = episodes
        self._on_notice = on_notice

    def called(self, call: Called) -> None:
        """Nothing is written before it has ended."""

    async def reaching(self, tool: Tool) -> None:
        """There is no episode that what it reads could taint."""

    async def returned(self, call: Called, result: CallResult, refused: str = "") -> None:
        """Writes its row."""
        status = "refused" if refused else result.status
        shown = refused or error_text(result) or result.value
        repair = not refused and may_be_defect(call.tool, result)
        finished = FinishedCall(
            *(call.tool.name, call.tool.version, call.args, status, shown, result.seconds, repair, result.observed)
        )
        record = partial(self._episodes.record_lone_call, finished, call.id)
        try:
            # The way to a thread and back takes longer than writing a small row.
            if not (_is_small([call.args, shown]) and record(at_once=True)):
                await asyncio.to_thread(record)
        except StorageError as error:
            self._on_notice(f"The call of {call.tool.name} is not recorded: {error}")


def _is_small(value: JSON) -> bool:
    """Whether it has at most :data:`_SMALL` characters and items, so that looking through it holds up nobody."""
    todo, size = [value], 0
    while todo and size <= _SMALL:
        item = todo.pop()
        size += len(item) if isinstance(item, (str, list, dict)) else 1
        if size <= _SMALL and isinstance(item, (list, dict)):
            todo += item if isinstance(item, list) else [*item, *item.values()]
    return size <= _SMALL
