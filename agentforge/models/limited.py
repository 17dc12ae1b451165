"""A model client that stops at a run's limits of tokens and money, whichever role asks.

Before each request what it may take at the most (its prompt by estimate, and its answer in full) is set aside, so
that requests that run at once cannot pass a limit together. An answer is shortened to what is left, and where hardly
anything is, nothing is sent. So a limit is passed by no more than the estimate of one prompt is wrong, which is at
most a tenth (``ModelClient.count``). Decisions that have to be asked for twice count twice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import cast

from agentforge.errors import LimitReached, UsageError
from agentforge.models.over import Over
from agentforge.models.protocol import (
    Completion,
    Delta,
    Message,
    ModelClient,
    ToolSpec,
)
from agentforge.settings import Endpoint
from agentforge.types import JSONObject, Role, RunLimits, Usage

LEAST_ANSWER = 16
"""With room for fewer tokens of an answer nothing is sent."""

_MILLION = 1_000_000
_ENDLESS = 2**31


def cost(usage: Usage, endpoint: Endpoint) -> float:
    """What model calls cost in US dollars, by the endpoint's prices (0 where it has none and is a server of one's own).

    Raises:
        UsageError: nobody knows what it costs.
    """
    own = endpoint.kind == "vllm"
    sent = endpoint.input_price if endpoint.input_price is not None else 0.0 if own else None
    answered = endpoint.output_price if endpoint.output_price is not None else 0.0 if own else None
    if sent is None or answered is None:
        raise UsageError(
            f"Nobody knows what the model {endpoint.model!r} costs, so no limit of money can be kept.",
            fix="Set input_price and output_price of its endpoint in the settings.",
        )
    cached = endpoint.cached_price if endpoint.cached_price is not None else sent
    fresh = usage.input_tokens - usage.cached_tokens
    return (fresh * sent + usage.cached_tokens * cached + usage.output_tokens * answered) / _MILLION


@dataclass(slots=True)
class _Purse:
    """What is set aside for requests under way, by role."""

    aside: dict[Role, Usage] = field(default_factory=lambda: {})


class Limited(Over):
    """Implements :class:`~agentforge.models.protocol.ModelClient` over another one, which stays the caller's.

    ``endpoints`` tells what each role costs; it is asked only where ``limits`` has money. What the client within
    spent before does not count.

    Raises:
        UsageError: money is limited, and nobody knows what a role costs.
    """

    def __init__(self, models: ModelClient, limits: RunLimits, endpoints: Mapping[Role, Endpoint]) -> None:
        super().__init__(models)
        self._limits = limits
        self._endpoints = endpoints
        self._before = dict(models.usage)
        self._purse = _Purse()
        if limits.usd is not None:
            for endpoint in endpoints.values():
                cost(Usage(), endpoint)

    async def complete(
        self,
        role: Role,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = 1024,
        temperature: float | None = None,
        stop: Sequence[str] = (),
        tools: Sequence[ToolSpec] = (),
        force_tool: str | None = None,
        schema: JSONObject | None = None,
    ) -> Completion:
        """One answer (raises LimitReached: no room for it is left)."""
        with self._within(role, messages, system, tools, max_tokens) as room:
            return await self._models.complete(
                *(role, messages),
                system=system,
                max_tokens=room,
                temperature=temperature,
                stop=stop,
                tools=tools,
                force_tool=force_tool,
                schema=schema,
            )

    async def stream(
        self,
        role: Role,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = 1024,
        temperature: float | None = None,
        tools: Sequence[ToolSpec] = (),
    ) -> AsyncIterator[Delta | Completion]:
        """The pieces of the client within (raises as :meth:`complete`)."""
        with self._within(role, messages, system, tools, max_tokens) as room:
            pieces = self._models.stream(
                *(role, messages), system=system, max_tokens=room, temperature=temperature, tools=tools
            )
            async with aclosing(cast("AsyncGenerator[Delta | Completion]", pieces)) as streamed:
                async for piece in streamed:
                    yield piece

    async def decide(
        self,
        role: Role,
        messages: Sequence[Message],
        schema: JSONObject,
        *,
        system: str = "",
        max_tokens: int = 400,
        temperature: float | None = None,
    ) -> JSONObject:
        """An object that validates against ``schema`` (raises as :meth:`complete`)."""
        with self._within(role, messages, system, (), max_tokens) as room:
            return await self._models.decide(
                *(role, messages, schema), system=system, max_tokens=room, temperature=temperature
            )

    @contextmanager
    def _within(
        self, role: Role, messages: Sequence[Message], system: str, tools: Sequence[ToolSpec], wanted: int
    ) -> Generator[int]:
        """Sets aside what one request may take; gives the tokens that its answer may have (raises LimitReached)."""
        prompt = self._prompt(messages, system, tools)
        limit, left = self._room(role, prompt)
        room = min(wanted, left)
        if room < min(LEAST_ANSWER, wanted):
            whole = f"{self._limits.tokens:,} tokens" if limit == "tokens" else f"{self._limits.usd:g} US dollars"
            raise limit_reached(limit, f"The run's {whole} are spent, or too few are left for a request.")
        taken, aside = Usage(prompt, room), self._purse.aside
        aside[role] = aside.get(role, Usage()) + taken
        try:
            yield room
        finally:
            aside[role] -= taken

    def _room(self, role: Role, prompt: int) -> tuple[str, int]:
        """The limit that is nearer, and the tokens of an answer that fit it behind such a prompt."""
        rooms = {"": _ENDLESS}
        if self._limits.tokens is not None:
            rooms["tokens"] = self._limits.tokens - self._tokens() - prompt
        if self._limits.usd is not None:
            endpoint = self._endpoints[role]
            left = self._limits.usd - self._usd() - cost(Usage(prompt), endpoint)
            each = cost(Usage(0, 1), endpoint)
            rooms["usd"] = int(left / each) if each else _ENDLESS if left >= 0 else 0
        limit = min(rooms, key=lambda name: rooms[name])
        return limit, rooms[limit]

    def _used(self) -> dict[Role, Usage]:
        """What was spent and what is set aside, by role."""
        used: dict[Role, Usage] = dict(self._purse.aside)
        for role, usage in self._models.usage.items():
            used[role] = used.get(role, Usage()) + usage - self._before.get(role, Usage())
        return used

    def _tokens(self) -> int:
        return sum(usage.input_tokens + usage.output_tokens for usage in self._used().values())

    def _usd(self) -> float:
        return sum(cost(usage, self._endpoints[role]) for role, usage in self._used().items())

    def _prompt(self, messages: Sequence[Message], system: str, tools: Sequence[ToolSpec]) -> int:
        said = (f"{message.text}{message.calls}{message.answers}" for message in messages)
        return self.count("".join((system, *said, *(f"{tool.name}{tool.description}{tool.schema}" for tool in tools))))


def limit_reached(limit: str, message: str) -> LimitReached:
    """What ends a run at one of its own limits."""
    error = LimitReached(message, fix="Give the run more, or go on with its session.")
    error.limit = limit
    return error
