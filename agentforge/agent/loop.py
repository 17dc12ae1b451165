"""The loop: one async generator that walks a turn step by step and yields what happens.

A step does something and names the next one; which path is walked depends on what the endpoint can
be trusted with. Exactly one terminal event is yielded, and it comes last, however the turn ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace

from agentforge.agent import free, robust
from agentforge.agent.approving import Deferred, put_off
from agentforge.agent.cited import make_fresh, with_citations
from agentforge.agent.compaction import keep_short
from agentforge.agent.context import Window
from agentforge.agent.ending import Ending, Step, ending_of, interrupted
from agentforge.agent.judging import judged
from agentforge.agent.turn import ROLE, Turn, TurnLimit
from agentforge.agent.wishes import keep_wishes
from agentforge.events import Event
from agentforge.models.limited import limit_reached
from agentforge.types import JSONObject


class Mailbox:
    """Events on their way from the walking task to whoever reads the turn; numbered and stamped."""

    def __init__(self, org: str, user: str, session: str, turn: int) -> None:
        self._owner = (org, user, session, turn)
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._seq = 0

    def put(self, kind: str, data: JSONObject) -> None:
        """Adds an event; never blocks and never fails."""
        self._queue.put_nowait(self.stamp(kind, data))

    def stamp(self, kind: str, data: JSONObject) -> Event:
        """The next event of the turn."""
        org, user, session, turn = self._owner
        self._seq += 1
        return Event(kind, data, self._seq - 1, org, user, session, turn)

    def close(self) -> None:
        """No more events will come."""
        self._queue.put_nowait(None)

    async def drain(self) -> AsyncGenerator[Event]:
        """The events as they come, until :meth:`close`."""
        while (event := await self._queue.get()) is not None:
            yield event

    def late(self) -> list[Event]:
        """What was put in after :meth:`close`, as storing the last events does where it fails."""
        found: list[Event] = []
        while not self._queue.empty():
            event = self._queue.get_nowait()
            found += [event] if event is not None else []
        return found


async def run_turn(
    turn: Turn, mailbox: Mailbox, stop: asyncio.Event, store: Callable[[Event], Awaitable[None]]
) -> AsyncGenerator[Event]:
    """The events of one turn, each of them stored before it is yielded.

    ``stop`` ends it as ``interrupted``. A cancelled reader gets ``interrupted`` as its last event
    as well, and then the cancellation, which is not swallowed; for one that closes the generator
    early it is only stored. In every case the walking task has ended before this returns.
    """
    turn.emit("turn_started", {"text": turn.text, **({"approval": turn.going.id} if turn.going else {})})
    walking = asyncio.create_task(_walk(turn))
    walking.add_done_callback(lambda _: mailbox.close())
    stopping = asyncio.create_task(_stop_at(stop, walking))
    last: Event | None = None
    told = False
    try:
        async for event in mailbox.drain():
            await store(event)
            yield event
        for event in mailbox.late():
            yield event
        ending = interrupted() if walking.cancelled() else walking.result()
        last = mailbox.stamp(ending.type, ending.data)
        await store(last)
        late = mailbox.late()  # it was not stored, which is told before it
        last = replace(last, seq=last.seq + len(late))
        for event in late:
            yield replace(event, seq=event.seq - 1)
        told = True
        yield last
    except asyncio.CancelledError:
        await _end(walking)
        if last is None:
            last = mailbox.stamp(interrupted().type, interrupted().data)
            await store(last)
        if not told:
            yield last
        raise
    finally:
        await _end(walking)
        await _end(stopping)
        if last is None:
            await store(mailbox.stamp(interrupted().type, interrupted().data))


async def _stop_at(stop: asyncio.Event, walking: asyncio.Task[Ending]) -> None:
    await stop.wait()
    walking.cancel()


async def _end(task: asyncio.Task[Ending] | asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def _walk(turn: Turn) -> Ending:
    """Step by step to the ending; everything but a cancellation becomes one."""
    own, seconds = turn.parts.seconds, turn.parts.settings.agent.max_seconds
    path = free if turn.parts.models.features(ROLE).free_tools else robust
    try:
        if turn.going is None and (ending := await judged(turn)):
            return ending
        async with asyncio.timeout(seconds if own is None else min(own, seconds)):
            if turn.going is None:
                await keep_short(turn, Window(turn.parts.models, ROLE, reserve=turn.parts.models.context(ROLE) // 3))
                await make_fresh(turn)
                await keep_wishes(turn)  # before the answer: they last, whatever becomes of the turn
            step: Step | Ending = await (path.begin(turn) if turn.going is None else path.go_on(turn, turn.going))
            while not isinstance(step, Ending):
                step = await step()
            return await with_citations(turn, step)
    except Deferred as paused:
        return await put_off(turn, paused)
    except TimeoutError:
        if own is not None and own < seconds:
            return ending_of(limit_reached("seconds", f"The run took longer than its {own:g} seconds."))
        return ending_of(TurnLimit("max_seconds", f"The turn took longer than {seconds:g} seconds."))
    except Exception as error:  # noqa: BLE001 - the one place where a turn's exceptions become its terminal event
        return ending_of(error)
