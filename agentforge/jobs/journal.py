"""The journal of one job: each finished step's result is kept, and replayed when the job is taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agentforge.jobs.protocol import Store
from agentforge.types import JSON


class Journal:
    """Implements :class:`~agentforge.jobs.protocol.Steps` over a store.

    A step that is cancelled after its work was done is kept all the same: it was paid for. Two steps under
    one key at the same time both run, and the first result that is kept stays.
    """

    def __init__(self, store: Store, job: str, kept: dict[str, JSON]) -> None:
        self._store = store
        self._job = job
        self._kept = kept

    @classmethod
    async def open(cls, store: Store, job: str) -> Journal:
        """The journal of ``job``, with what is kept of it already (raises StorageError)."""
        return cls(store, job, await asyncio.to_thread(store.steps, job))

    async def step(self, key: str, work: Callable[[], Awaitable[JSON]]) -> JSON:
        """The kept result under ``key``, else that of ``work``, which is then kept.

        Raises:
            StorageError: the result could not be kept.
        """
        if key not in self._kept:
            result = await work()
            self._kept.setdefault(key, result)
            await asyncio.shield(asyncio.to_thread(self._store.keep, self._job, key, result))
        return self._kept[key]
