"""Who is told when tools come or go, and how soon.

Commits come from anywhere: this server's own forgings, another terminal, a review page, a push. So what is live is
looked at every :data:`LOOK_SECONDS`; where nothing moved that is one small file read. Newer clients listen on a stream
of their own (``subscriptions/listen``), older ones get a notification on their session.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ToolsListChanged
from mcp_types import NotificationParams

LOOK_SECONDS = 0.02
"""Between a commit and its being seen, at the most; a look where nothing moved takes about 0.1 ms."""
SEND_SECONDS = 2.0
"""A client that does not take a notification in this time is told no more."""
AFTER_FAILURE_SECONDS = 1.0

Look = Callable[[], object]
"""What is live, in any form that compares; blocks."""


class Changes:
    """Tells clients. ``look`` gives what is compared; :meth:`watch` runs until it is cancelled."""

    def __init__(self, look: Look) -> None:
        self.bus = InMemorySubscriptionBus()
        self._look = look
        self._sessions: set[ServerSession] = set()

    async def greeted(self, ctx: ServerRequestContext[Any, Any], params: NotificationParams) -> None:
        """An older client has ended its greeting: it is told from now on, until its connection ends."""
        del params
        session = ctx.session
        self._sessions.add(session)
        connection = session._connection  # pyright: ignore[reportPrivateUsage] -- the only place that hears of its end
        connection.exit_stack.callback(self._sessions.discard, session)

    async def watch(self) -> None:
        """Looks and tells, forever; what goes wrong goes to the log."""
        seen = await asyncio.to_thread(self._look)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                now = await asyncio.to_thread(self._look)
            except Exception as error:  # noqa: BLE001 - who listens must hear of the next change, whatever came of this one
                logging.getLogger("agentforge").warning("What is live cannot be read: %s", error)
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
                continue
            if now != seen:
                seen = now
                await self.tell()

    async def tell(self) -> None:
        """Tells every client that the list of tools has changed."""
        await self.bus.publish(ToolsListChanged())
        await asyncio.gather(*(self._send(session) for session in [*self._sessions]))

    async def _send(self, session: ServerSession) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await session.send_tool_list_changed()
        except Exception:  # noqa: BLE001 - one client's broken connection must not keep the others from hearing
            self._sessions.discard(session)
