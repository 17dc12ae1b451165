"""What a run may ask of the host while it runs: the network, tools with rights of their own.

A question is a frame that the run sends on its own line, at any moment and with any content; who
wrote it is unknown. The host looks it up among the handlers that this run was granted, and every
handler checks what is asked as if an attacker had asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias

from agentforge.boxes import wire
from agentforge.types import JSON, JSONObject

MOST_ASKS = 1000
"""Questions of one run; each waits for its answer, so this bounds no honest one."""

_LONGEST_MESSAGE = 1000


class Refused(Exception):  # noqa: N818 - says what happened, as our errors do
    """An ask of a run that is not granted or cannot be answered.

    Its sentence goes back into the box and is raised there: as PermissionError where ``kind`` is
    ``refused``, as OSError where it is ``failed``. It may hold no secret.
    """

    def __init__(self, message: str, *, kind: Literal["refused", "failed"] = "refused") -> None:
        super().__init__(message)
        self.kind = kind


Ask: TypeAlias = Callable[[JSONObject], Awaitable[JSON]]
"""Answers one question from what the run states; may raise :class:`Refused`. Cancelled when the run ends."""

Asks: TypeAlias = Mapping[str, Ask]
"""Name → who answers. ``fetch`` is the network; any other name is a tool."""


class Desk:
    """Answers the questions of one run, one at a time and in order.

    ``reply`` sends a frame to the run. Close it when the run has ended.
    """

    def __init__(self, asks: Asks, reply: Callable[[bytes], Awaitable[None]]) -> None:
        self._asks = asks
        self._reply = reply
        self._count = 0
        self._answering: asyncio.Task[None] | None = None

    def take(self, frame: JSON) -> None:
        """Begins to answer a question.

        Raises:
            MalformedFrameError: it is none, was not waited for, or is one too many.
        """
        match frame:
            case {"ask": str(name), "with": dict(stated), **rest} if not rest and name in self._asks:
                pass
            case _:
                raise wire.MalformedFrameError("neither a result nor a question that was granted")
        self._count += 1
        if self._count > MOST_ASKS or (self._answering and not self._answering.done()):
            raise wire.MalformedFrameError("more questions than an honest run asks")
        self._answering = asyncio.ensure_future(self._answer(self._asks[name], stated))

    async def close(self) -> None:
        """Stops answering; returns when nothing is being done for the run any more."""
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.gather(self._answering, return_exceptions=True)

    @property
    def failure(self) -> BaseException | None:
        """What a handler raised beside :class:`Refused`: a mistake of the host's, not the run's."""
        task = self._answering
        return task.exception() if task and task.done() and not task.cancelled() else None

    async def _answer(self, ask: Ask, stated: JSONObject) -> None:
        answer: dict[str, Any]
        try:
            answer = {"value": await ask(stated)}
        except Refused as refusal:
            answer = {"kind": refusal.kind, "message": str(refusal)[:_LONGEST_MESSAGE]}
        await self._reply(wire.encode(answer))
