"""What a run may ask of the host while it runs: the network, tools with rights of their own.

A question is a frame that the run sends on its own line, at any moment and with any content; who
wrote it is unknown. The host looks it up among the handlers that this run was granted, and every
handler checks what is asked as if an attacker had asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

from agentforge.boxes import wire
from agentforge.types import JSON, JSONObject

MOST_ASKS = 1000
"""Questions of one run; each waits for its answer, so this bounds no honest one."""

LARGEST_QUESTION = 1 << 20
"""Bytes of one question, as in the runner's ``asks.py``."""

QUESTION = b'{"ask":'
"""How the frame of a question begins; that of a result begins otherwise."""

_LONGEST_MESSAGE = 1000


class Refused(Exception):  # noqa: N818 - says what happened, as our errors do
    """An ask of a run that is not granted or cannot be answered.

    Its sentence goes back into the box and is raised there: as PermissionError where ``kind`` is
    ``refused``, as OSError where it is ``failed``, as the builtin exception ``error`` where another
    tool ``raised`` it. It may hold no secret.
    """

    def __init__(self, message: str, kind: Literal["refused", "failed", "raised"] = "refused", error: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.kind: Literal["refused", "failed", "raised"] = kind
        self.error = error


Ask: TypeAlias = Callable[[JSONObject], Awaitable[JSON]]
"""Answers one question from what the run states; may raise :class:`Refused`. Cancelled when the run ends."""

Asks: TypeAlias = Mapping[str, Ask]
"""Name → who answers. ``fetch`` is the network; any other name is a tool."""

NO_ASKS: Asks = MappingProxyType({})


class Fetcher(Protocol):
    """Whoever answers the fetches of one run: from the network, or from recordings."""

    async def fetch(self, request: JSONObject) -> JSONObject:
        """The answer to one request; its form stands in :mod:`agentforge.boxes.network.fetches`.

        Raises:
            Refused: it is not granted, or cannot be answered.
        """
        ...


class Desk:
    """Answers the questions of one run, one at a time.

    ``reply`` sends a frame to the run; ``fail`` hears what a handler raised beside :class:`Refused`,
    which is the host's mistake and not the run's. Close it when the run has ended.
    """

    def __init__(
        self, asks: Asks, reply: Callable[[bytes], Awaitable[None]], fail: Callable[[Exception], None]
    ) -> None:
        self._asks = asks
        self._reply = reply
        self._fail = fail
        self._count = 0
        self._busy = False
        self._answering: set[asyncio.Task[None]] = set()

    def take(self, frame: JSON) -> None:
        """Begins to answer a question.

        Raises:
            MalformedFrameError: it is none, the one before was not waited for, or there are too many.
        """
        match frame:
            case {"ask": str(name), "with": dict(stated), **rest} if not rest and name in self._asks:
                pass
            case _:
                raise wire.MalformedFrameError("neither a result nor a question that was granted")
        self._count += 1
        if self._busy or self._count > MOST_ASKS:
            raise wire.MalformedFrameError("more questions than an honest run asks")
        self._busy = True
        task = asyncio.ensure_future(self._answer(self._asks[name], stated))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def close(self) -> None:
        """Stops answering; returns when nothing is being done for the run any more."""
        tasks = list(self._answering)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, ask: Ask, stated: JSONObject) -> None:
        try:
            frame = wire.encode(await _answer_of(ask, stated))
        except Exception as error:  # noqa: BLE001  passed on: the run is ended with it
            self._fail(error)
            return
        self._busy = False  # before the run can know
        await self._reply(frame)


async def _answer_of(ask: Ask, stated: JSONObject) -> JSON:
    try:
        return {"value": await ask(stated)}
    except Refused as refusal:
        return {"kind": refusal.kind, "error": refusal.error, "message": str(refusal)[:_LONGEST_MESSAGE]}
