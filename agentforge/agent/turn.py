"""One turn: its budget, its record and its way to speak to models.

:class:`Turn` holds three invariants. Every model call is counted, limited and recorded with what it
cost, whether it succeeded or not. Every message is stored as soon as it exists. What happens is
told through :meth:`Turn.emit`, in order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec

from agentforge.agent.history import to_json
from agentforge.agent.parts import AgentParts
from agentforge.agent.recollection import Recollection
from agentforge.agent.summary import Summary
from agentforge.errors import LimitReached, StorageError
from agentforge.memory.records import SourceKind
from agentforge.models.protocol import Completion, Delta, Message, ToolSpec
from agentforge.types import JSONObject, Role, Usage

if TYPE_CHECKING:
    from agentforge.agent.approving import Going

ROLE = Role.PLAN
"""The agent's own model calls all go to this role; it also answers turns."""

P = ParamSpec("P")

MIN_ANSWER_TOKENS = 16
"""With fewer tokens left in the budget no model is asked any more."""


class TurnLimit(LimitReached):
    """A limit of one turn was reached; ``limit`` is its key in ``settings.agent``."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message, fix=f"Raise 'agent.{limit}' in the settings, or ask for less at once.")
        self.limit = limit


@dataclass(slots=True)
class Spent:
    """What a turn has used up."""

    steps: int = 0
    by_role: dict[Role, Usage] = field(default_factory=lambda: {})

    def add(self, role: Role, usage: Usage) -> None:
        """Counts the usage of one or more calls."""
        self.by_role[role] = self.by_role.get(role, Usage()) + usage

    @property
    def usage(self) -> Usage:
        """All roles together."""
        return sum(self.by_role.values(), Usage())


@dataclass(slots=True)
class Turn:
    """The state of one turn. ``history`` are the messages before it, ``messages`` those of it."""

    parts: AgentParts
    session: str
    number: int
    text: str
    history: tuple[Message, ...]
    tainted: bool
    emit: Callable[[str, JSONObject], None]
    sources: Mapping[str, str] = field(default_factory=lambda: {})  # "user" or "file:NAME" → text: the ground truth
    memory: Recollection = field(default_factory=Recollection)
    summary: Summary = field(default_factory=Summary)  # of what ``history`` no longer holds
    messages: list[Message] = field(default_factory=lambda: [])
    spent: Spent = field(default_factory=Spent)
    tools_made: list[str] = field(default_factory=lambda: [])
    tools_found: list[str] = field(default_factory=lambda: [])  # asked for, and there already
    refuted: str = ""  # a tool whose candidates held-out examples proved wrong in this turn
    tools_used: list[str] = field(default_factory=lambda: [])
    result: str = ""  # the bare value that the answer rests on, where one was computed
    recalled: int = 0  # tokens of what it recalled by itself
    unvouched: list[str] = field(default_factory=lambda: [])  # entries among that which came from untrusted text
    storing: bool = True
    going: Going | None = None  # with what a paused run goes on
    decided: bool = False  # whether its decision was used

    async def say(self, message: Message) -> None:
        """Adds a message to this turn and stores it."""
        self.messages.append(message)
        await self.record(self.parts.episodes.append, self.session, to_json(message), self.number)

    async def record(self, write: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Writes to the database in a thread. A disk that fails in mid-turn is told once and does
        not cost the user the answer.
        """
        if not self.storing:
            return
        try:
            await asyncio.to_thread(write, *args, **kwargs)
        except StorageError as error:
            self.storing = False
            self.emit("notice", {"message": f"The rest of this turn is not stored: {error}"})

    async def read_from(self, kind: SourceKind, refs: Sequence[str]) -> None:
        """Taints the episode, for good, before text from these places is read (raises StorageError: it
        could not be noted, so nothing may be read).
        """
        for ref in refs:
            await asyncio.to_thread(self.parts.episodes.record_source, self.session, kind, ref)
            self.tainted = True

    async def decide(self, purpose: str, system: str, prompt: str, schema: JSONObject, max_tokens: int) -> JSONObject:
        """A decision under ``schema``, at temperature 0 where the endpoint has one."""
        async with self._asked(purpose):
            return await self.parts.models.decide(
                *(ROLE, [Message("user", prompt)], schema),
                system=system,
                max_tokens=self._allowed(max_tokens),
                temperature=0.0,
            )

    async def complete(self, purpose: str, system: str, prompt: str, max_tokens: int) -> Completion:
        """A short text that the user does not see as it comes."""
        async with self._asked(purpose):
            return await self.parts.models.complete(
                *(ROLE, [Message("user", prompt)]),
                system=system,
                max_tokens=self._allowed(max_tokens),
                temperature=0.0,
            )

    async def stream(
        self, purpose: str, system: str, messages: Sequence[Message], max_tokens: int, tools: Sequence[ToolSpec] = ()
    ) -> Completion:
        """An answer whose text is emitted as ``model_delta`` while it comes."""
        completion: Completion | None = None
        async with self._asked(purpose):
            pieces = self.parts.models.stream(
                ROLE, messages, system=system, max_tokens=self._allowed(max_tokens), tools=tools
            )
            async for piece in pieces:
                if isinstance(piece, Delta):
                    self.emit("model_delta", {"text": piece.text})
                else:
                    completion = piece
        if completion is None:
            raise AssertionError("a stream ends with its completion")
        return completion

    def _allowed(self, wanted: int) -> int:
        return min(wanted, self._tokens_left())

    def _tokens_left(self) -> int:
        return self.parts.settings.agent.max_output_tokens - self.spent.usage.output_tokens

    def check(self) -> None:
        """Raises :class:`TurnLimit` when no further model call is allowed."""
        limits = self.parts.settings.agent
        if self.spent.steps >= limits.max_steps:
            raise TurnLimit("max_steps", f"The turn took its {limits.max_steps} model calls without an end.")
        if self._tokens_left() < MIN_ANSWER_TOKENS:
            raise TurnLimit("max_output_tokens", f"The turn's {limits.max_output_tokens} generated tokens are spent.")

    @asynccontextmanager
    async def _asked(self, purpose: str) -> AsyncGenerator[None]:
        self.check()
        self.spent.steps += 1
        endpoint = self.parts.models.endpoint_name(ROLE)
        told: JSONObject = {"role": ROLE.value, "endpoint": endpoint, "purpose": purpose}
        self.emit("model_started", told)
        async with self.costs(purpose) as cost:
            yield
        used = cost.by_role.get(ROLE, Usage())
        counts: JSONObject = {"input_tokens": used.input_tokens, "output_tokens": used.output_tokens}
        self.emit("model_finished", {**told, **counts, "cached_tokens": used.cached_tokens, "seconds": cost.seconds})

    @asynccontextmanager
    async def costs(self, purpose: str) -> AsyncGenerator[Cost]:
        """Measures and records, by role, what the models of this session took meanwhile.

        Read from the client's own counters: decisions and forgings do not hand their usage back.
        A client that serves several turns at once mixes them up, so each session has its own.
        """
        before, started, cost = dict(self.parts.models.usage), time.monotonic(), Cost()
        try:
            yield cost
        finally:
            cost.seconds = round(time.monotonic() - started, 3)
            for role, usage in self.parts.models.usage.items():
                used = usage - before.get(role, Usage())
                if used != Usage():
                    cost.by_role[role] = used
                    self.spent.add(role, used)
                    await self._record_cost(role, used, cost.seconds, purpose)

    async def _record_cost(self, role: Role, used: Usage, seconds: float, purpose: str) -> None:
        endpoint = self.parts.models.endpoint_name(role)
        write = self.parts.episodes.record_cost
        await self.record(write, self.session, self.number, role, endpoint, used, seconds, purpose)


@dataclass(slots=True)
class Cost:
    """What was measured between two points in time; filled when the second one is reached."""

    by_role: dict[Role, Usage] = field(default_factory=lambda: {})
    seconds: float = 0.0
