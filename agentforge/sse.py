"""A run as server-sent events, for Starlette and FastAPI.

::

    streams = Streams(detach=True)

    @app.post("/ask")
    async def ask(question: Question, forge: Forge = Depends(forge_of)) -> Response:
        return await streams.start(forge, forge.stream(question.text))

    @app.get("/ask")
    async def again(last_event_id: Annotated[str, Header()], forge: Forge = Depends(forge_of)) -> Response:
        return await streams.resume(forge, last_event_id)

Each event has its type as ``event``, its JSON as ``data``, and an ``id`` with which a client that was cut off asks for
the rest (``Last-Event-ID``). While nothing happens a comment is sent, so that proxies keep the connection and a client
that went away is noticed. A run whose process ended can be read again as well, from the database, which holds all but
the pieces of text (``model_delta``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import TypeAlias

from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from agentforge.api import Forge
from agentforge.errors import UsageError
from agentforge.events import Event

HEARTBEAT_SECONDS = 15.0
"""So long nothing is sent at the most; shorter than what common proxies allow (60 s)."""

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the latter: nginx passes each event on at once
_BEAT = ": still here\n\n"

_Key: TypeAlias = tuple[str, str, str, int]


class Streams:
    """The runs that one process streams. Whoever closes the forges closes this first (:meth:`aclose`).

    A run whose reader leaves is interrupted; with ``detach`` it goes on to its end, for :meth:`resume`.
    """

    def __init__(self, *, detach: bool = False, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self._detach = detach
        self._heartbeat = heartbeat
        self._live: dict[_Key, _Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, forge: Forge, events: AsyncGenerator[Event, None]) -> Response:
        """Streams ``events`` (of ``forge.stream`` or ``forge.resume_stream``) from the first one on.

        Raises what keeps the run from starting, before anything is sent, so that it can be answered with a status.
        """
        run = _Run(events)
        task = asyncio.create_task(run.follow())
        self._tasks.add(task)
        run.stop = task.cancel
        try:
            first = await run.first()
        except BaseException:
            task.cancel()
            raise
        finally:
            task.add_done_callback(self._tasks.discard)
        key = _key(forge, first.session, first.turn)
        self._live[key] = run
        task.add_done_callback(lambda _: self._live.pop(key, None))
        return self._response(run, 0)

    async def resume(self, forge: Forge, last_event_id: str) -> Response:
        """What came after the event of that id: of a run that goes on here as it happens, of any other as it is
        stored. Where nothing did the status is 204, which tells a browser not to ask again.

        Raises:
            UsageError: this is no such id, or the user of ``forge`` has no such session.
        """
        session, turn, seq = _parsed(last_event_id)
        if run := self._live.get(_key(forge, session, turn)):
            return self._response(run, run.after(seq))
        stored = [event for event in await forge.sessions.events(session, turn) if event.seq > seq]
        return (
            StreamingResponse(_told(stored), media_type="text/event-stream", headers=_HEADERS)
            if stored
            else (Response(status_code=204))
        )

    async def aclose(self) -> None:
        """Interrupts what still runs, and waits for it."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _response(self, run: _Run, at: int) -> Response:
        run.readers += 1

        def left() -> None:
            run.readers -= 1
            if not run.readers and not self._detach:
                run.stop()

        return _Response(run.read(at, self._heartbeat), left)


class _Run:
    """One run: what has happened so far, and who reads it."""

    def __init__(self, events: AsyncGenerator[Event, None]) -> None:
        self._events = events
        self._told: list[Event] = []
        self._news = asyncio.Event()
        self._over = False
        self._error: BaseException | None = None
        self.readers = 0
        self.stop: Callable[[], object] = lambda: None

    async def follow(self) -> None:
        """Takes in the events to their end; an error is left for :meth:`first`."""
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    self._told.append(event)
                    self._wake()
        except Exception as error:  # noqa: BLE001 - it is raised where the run was asked for
            self._error = error
        finally:
            self._over = True
            self._wake()

    async def first(self) -> Event:
        """The first event; raises what kept it from coming."""
        while not self._told:
            if self._over:
                raise self._error or UsageError("The run has no events.")
            await self._news.wait()
        return self._told[0]

    def after(self, seq: int) -> int:
        """Where the events after the number ``seq`` begin."""
        return next((at for at, event in enumerate(self._told) if event.seq > seq), len(self._told))

    async def read(self, at: int, heartbeat: float) -> AsyncIterator[str]:
        """The events from number ``at`` on, with a comment whenever nothing came for so many seconds."""
        while True:
            while at < len(self._told):
                yield _line(self._told[at])
                at += 1
            if self._over:
                return
            news = self._news
            try:
                await asyncio.wait_for(news.wait(), heartbeat)
            except TimeoutError:
                yield _BEAT

    def _wake(self) -> None:
        """Wakes all that wait; each event has a bell of its own, so that nobody misses one."""
        rung, self._news = self._news, asyncio.Event()
        rung.set()


class _Response(StreamingResponse):
    """Says when its reader has left, however that came."""

    def __init__(self, lines: AsyncIterator[str], left: Callable[[], None]) -> None:
        super().__init__(lines, media_type="text/event-stream", headers=_HEADERS)
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with suppress(OSError, ClientDisconnect):  # the reader is gone
                await super().__call__(scope, receive, send)
        finally:
            self._left()


async def _told(events: Sequence[Event]) -> AsyncIterator[str]:
    for event in events:
        yield _line(event)


def _line(event: Event) -> str:
    data = json.dumps(event.to_json(), ensure_ascii=False)
    return f"id: {event.session}.{event.turn}.{event.seq}\nevent: {event.type}\ndata: {data}\n\n"


def _key(forge: Forge, session: str, turn: int) -> _Key:
    return forge.settings.org, forge.settings.user, session, turn


def _parsed(last_event_id: str) -> tuple[str, int, int]:
    session, _, rest = last_event_id.partition(".")
    turn, _, seq = rest.partition(".")
    if not (session and turn.isdecimal() and seq.isdecimal()):
        raise UsageError(f"{last_event_id[:80]!r} is the id of no event.")
    return session, int(turn), int(seq)
