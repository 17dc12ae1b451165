"""A session: an episode that is opened or continued, also one that another process began.

What happens is stored while it happens, in short transactions pushed to a thread; nothing is locked
while a model thinks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from agentforge.agent.approving import Going
from agentforge.agent.attachments import Attachment, grounds, request_to_json, with_attachments
from agentforge.agent.history import from_json, mended
from agentforge.agent.loop import Mailbox, run_turn
from agentforge.agent.notations import as_worked_lines
from agentforge.agent.parts import AgentParts
from agentforge.agent.recollection import Recollection
from agentforge.agent.summary import Summary, after, spoken_at
from agentforge.agent.turn import Turn
from agentforge.errors import AgentForgeError, StorageError, UsageError
from agentforge.events import Event
from agentforge.memory.episodes import unknown_session
from agentforge.models.protocol import Message, Priority, as_event
from agentforge.types import JSON, JSONObject

NOT_STORED = frozenset({"model_delta"})
"""Events that are not logged: the pieces of an answer whose whole text is stored as a message."""


class Session:
    """One session of one user; made by :meth:`open`. One turn at a time."""

    def __init__(
        self, parts: AgentParts, session: str, stored: Sequence[JSONObject] = (), summary: Summary | None = None
    ) -> None:
        self.id = session
        self._parts = parts
        self._summary = summary or Summary()
        self._history = after(mended(from_json(message) for message in stored), self._summary)
        self._grounds = list(grounds(stored))
        self._stop: asyncio.Event | None = None

    @classmethod
    async def open(cls, parts: AgentParts, session: str | None = None, *, title: str = "") -> Session:
        """Starts a new session, or goes on with the one of that id.

        Raises:
            UsageError: this user has no such session.
            StorageError: the database cannot be read or written.
        """
        episodes = parts.episodes
        if session is None:
            return cls(parts, await asyncio.to_thread(episodes.start, title))
        if not await asyncio.to_thread(episodes.exists, session):
            raise unknown_session(session)
        stored = await asyncio.to_thread(episodes.messages, session)
        compacted = await asyncio.to_thread(episodes.last_event, session, "compacted")
        return cls(parts, session, stored, Summary.from_json(compacted.data) if compacted else None)

    def turn(self, text: str, attachments: Sequence[Attachment] = ()) -> AsyncIterator[Event]:
        """The events of one turn; exactly one terminal event, and it comes last.

        Raises (at once, before anything is stored or sent):
            UsageError: the text is empty, too large or no Unicode text, or a turn is running.
        """
        check_text(text, self._parts.settings.agent.prompt_bytes)
        for attachment in attachments:
            check_text(attachment.text, self._parts.settings.agent.prompt_bytes, attachment.ref)
        if self._stop is not None:
            raise UsageError(f"A turn of session {self.id!r} is running.", fix="Wait for its last event.")
        self._stop = asyncio.Event()
        return self._events(self._prepare(text, attachments), self._stop)

    def go_on(self, going: Going) -> AsyncIterator[Event]:
        """The events of the turn in which a paused run goes on; otherwise as :meth:`turn`.

        Raises (at once):
            UsageError: a turn is running. Before its first event: the session has gone on without this run.
        """
        if self._stop is not None:
            raise UsageError(f"A turn of session {self.id!r} is running.", fix="Wait for its last event.")
        self._stop = asyncio.Event()
        return self._events(self._prepare_going(going), self._stop)

    def interrupt(self) -> None:
        """Ends the running turn as ``interrupted``; does nothing when there is none."""
        if self._stop is not None:
            self._stop.set()

    async def _events(
        self, prepared: Coroutine[None, None, tuple[Turn, Mailbox]], stop: asyncio.Event
    ) -> AsyncGenerator[Event]:
        try:
            turn, mailbox = await prepared
            store = partial(self._store, turn)
            try:
                async with aclosing(run_turn(turn, mailbox, stop, store)) as events:
                    async for event in events:
                        yield event
            finally:
                self._summary = turn.summary
                self._history = mended([*turn.history, *turn.messages])
        finally:
            self._stop = None

    async def _prepare(self, text: str, attachments: Sequence[Attachment]) -> tuple[Turn, Mailbox]:
        episodes = self._parts.episodes
        for one in attachments:
            await asyncio.to_thread(episodes.record_source, self.id, one.kind, one.ref)
        said = request_to_json(text, attachments)
        known = [*self._grounds, *grounds([said])]
        number = await asyncio.to_thread(episodes.next_turn, self.id)
        turn, mailbox = await self._new_turn(as_worked_lines(text), number, self._history, known)
        turn.messages.append(with_attachments(text, attachments))
        await asyncio.to_thread(episodes.append, self.id, said, number)
        self._grounds = known
        return turn, mailbox

    async def _prepare_going(self, going: Going) -> tuple[Turn, Mailbox]:
        """The turn that was paused, as it stood: its messages are its own still, and are no history yet."""
        episodes = self._parts.episodes
        number = await asyncio.to_thread(episodes.next_turn, self.id)
        if number != going.request.turn + 1:
            raise UsageError(
                f"The session {self.id} has gone on without the run of {going.id}.", fix="Ask for it there again."
            )
        stored = [from_json(one) for one in await asyncio.to_thread(episodes.messages, self.id)]
        begun = spoken_at(stored)[-1]
        history = after(mended(stored[:begun]), self._summary)
        turn, mailbox = await self._new_turn(str(going.loop["text"]), number, history, self._grounds)
        turn.messages += stored[begun:]
        turn.going = going
        turn.tools_made += _names(going.loop["made"])
        turn.tools_used += _names(going.loop["used"])
        if going.forged is not None and going.forged.state == "live":
            turn.tools_made.append(going.forged.name)
        return turn, mailbox

    async def _new_turn(
        self, text: str, number: int, history: Sequence[Message], known: Sequence[tuple[str, str]]
    ) -> tuple[Turn, Mailbox]:
        episodes = self._parts.episodes
        mailbox = Mailbox(episodes.org, episodes.user, self.id, number)
        models = self._parts.models.at(Priority.INTERACTIVE, as_event(mailbox.put))
        turn = Turn(
            parts=replace(self._parts, models=models),
            session=self.id,
            number=number,
            text=text,
            history=tuple(history),
            tainted=await asyncio.to_thread(episodes.tainted, self.id),
            emit=mailbox.put,
            sources=_sources(known),
            summary=self._summary,
        )
        turn.memory = await self._recalled(turn)
        return turn, mailbox

    async def _recalled(self, turn: Turn) -> Recollection:
        """What memory holds for the request; one that cannot be read costs its help and not the turn."""
        try:
            return await self._parts.recall(turn.text, turn.session)
        except AgentForgeError as error:
            turn.emit("notice", {"message": f"Memory could not be read: {error}"})
            return Recollection()

    async def _store(self, turn: Turn, event: Event) -> None:
        if event.type in NOT_STORED or not turn.storing:
            return
        try:
            await asyncio.to_thread(self._parts.episodes.record_event, self.id, event)
        except StorageError as error:
            turn.storing = False
            turn.emit("notice", {"message": f"The rest of this turn is not stored: {error}"})


def check_text(text: str, limit: int, name: str = "") -> None:
    """Refuses what cannot be a request, before any work is done; quick for any size.

    Raises:
        UsageError: empty, larger than ``limit`` bytes, or no Unicode text.
    """
    what = f"The attachment {name!r}" if name else "The request"
    if not name and not text.strip():
        raise UsageError("The request is empty.", fix="Say what is to be done.")
    try:
        size = len(text) if len(text) > limit else len(text.encode())
    except UnicodeEncodeError:
        raise UsageError(f"{what} is no valid Unicode text.", fix="Give it as UTF-8.") from None
    if size > limit:
        raise UsageError(
            f"{what} has {size:,} bytes or more; at most {limit:,} are accepted.",
            fix="Shorten it, or raise 'agent.prompt_bytes' in the settings.",
        )


def _names(stated: JSON) -> list[str]:
    return [str(name) for name in stated] if isinstance(stated, list) else []


def _sources(known: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Where ground truth may stand: in all that the user wrote in this session, and in each file."""
    names = dict.fromkeys(name for name, _ in known)
    return {name: "\n\n".join(as_worked_lines(text) for one, text in known if one == name) for name in names}
