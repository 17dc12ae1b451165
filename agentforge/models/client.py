"""One asynchronous client for every model: Claude, vLLM, and whatever else speaks Messages."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress
from copy import copy
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Self, cast

from anthropic.types import Message as Answer

from agentforge.errors import AuthenticationError, ContextOverflow
from agentforge.models import decide
from agentforge.models.capabilities import features_of
from agentforge.models.connection import Connection, Order, usage_of
from agentforge.models.failures import FAILURES
from agentforge.models.protocol import (
    Completion,
    Delta,
    Features,
    Message,
    OnWaiting,
    Priority,
    StopReason,
    ToolCall,
    ToolSpec,
)
from agentforge.models.request import Ask, Body, Target, body, spoken
from agentforge.models.tokens import estimate
from agentforge.settings import Settings
from agentforge.types import JSONObject, Role, Usage

_STOPS: Mapping[str, StopReason] = MappingProxyType(
    {
        "end_turn": "end_turn",
        "max_tokens": "max_tokens",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool_use",
        "refusal": "refusal",
        "model_context_window_exceeded": "max_tokens",
    }
)
_PER_MESSAGE = 8  # tokens that a chat template adds to each message, and to the whole
_HOPELESS = 50  # characters for each token of context; only white space is that cheap


class Models:
    """Implements :class:`~agentforge.models.protocol.ModelClient` over the endpoints of ``settings``.

    Owns one connection for each endpoint, opened at its first use; a context manager. Its requests are
    :attr:`~agentforge.models.protocol.Priority.INTERACTIVE` unless :meth:`at` says otherwise.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # vLLM takes at most 128 characters here and neither "/" nor "@".
        self._salt = hashlib.sha256(f"{settings.org}/{settings.user}".encode()).hexdigest()
        self._connections: dict[str, Connection] = {}
        self._usage: dict[Role, Usage] = {}
        self._priority = Priority.INTERACTIVE
        self._on_waiting: OnWaiting | None = None

    def at(self, priority: Priority, on_waiting: OnWaiting | None = None) -> Self:
        """The same client for a piece of work of that priority (see the protocol)."""
        other = copy(self)  # shares connections and usage
        other._priority, other._on_waiting = priority, on_waiting
        return other

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes all connections; a later request opens new ones."""
        while self._connections:
            await self._connections.popitem()[1].aclose()

    def endpoint_name(self, role: Role) -> str:
        """The endpoint that plays ``role``."""
        return self._settings.endpoint_name(role)

    def features(self, role: Role) -> Features:
        """What the endpoint of ``role`` can be trusted with."""
        return features_of(self._settings.endpoint(role))

    def same_model(self, one: Role, other: Role) -> bool:
        """Whether both roles are played by the same model at the same URL."""
        first, second = self._settings.endpoint(one), self._settings.endpoint(other)
        return (first.url, first.model) == (second.url, second.model)

    def context(self, role: Role) -> int:
        """Context window in tokens."""
        return self._settings.endpoint(role).context

    def count(self, text: str) -> int:
        """A cautious estimate of the tokens in ``text`` (see :mod:`agentforge.models.tokens`)."""
        return estimate(text)

    @property
    def usage(self) -> Mapping[Role, Usage]:
        """What has been spent since this client was made, by role; a snapshot."""
        return MappingProxyType(dict(self._usage))

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
        """One answer.

        Raises:
            ContextOverflow: prompt and ``max_tokens`` do not fit; nothing was sent.
            ModelError, AuthenticationError: as :mod:`agentforge.models.failures` translates.
        """
        ask = Ask(tuple(messages), system, max_tokens, temperature, tuple(stop), tuple(tools), force_tool, schema)
        return await self._whole(role, ask)

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
        """Pieces of text as they come, then the completion; raises as :meth:`complete`.

        Leave it early with ``aclose()`` (or ``contextlib.aclosing``): that stops the server.
        """
        ask = Ask(tuple(messages), system, max_tokens, temperature, tools=tuple(tools))
        async with aclosing(self._pieces(role, ask)) as pieces:
            async for piece in pieces:
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
        """An object that validates against ``schema``; raises as :func:`agentforge.models.decide.decide`."""
        ask = Ask(tuple(messages), system, max_tokens, temperature)
        return await decide.decide(partial(self._whole, role), ask, schema, self.features(role))

    async def _whole(self, role: Role, ask: Ask) -> Completion:
        async with aclosing(self._pieces(role, ask)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Completion):
                    return piece
        raise AssertionError("a stream ends with its completion or raises")

    async def _pieces(self, role: Role, ask: Ask) -> AsyncGenerator[Delta | Completion]:
        target = self._target(role)
        connection = self._connection(target)
        request = body(ask, target)
        tokens = await self._check_fits(connection, target, request)
        start = time.monotonic()
        order = Order(request, tokens, self._priority, partial(self._spend, role), self._on_waiting)
        async with aclosing(connection.answer(order)) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    yield Delta(piece)
                else:
                    yield completion(piece, target, time.monotonic() - start)

    def _target(self, role: Role) -> Target:
        name = self.endpoint_name(role)
        endpoint = self._settings.endpoints[name]
        if endpoint.kind == "claude" and endpoint.key is None:
            raise AuthenticationError(f"The endpoint {name!r} has no key.", fix="Set ANTHROPIC_API_KEY.")
        return Target(name, endpoint, features_of(endpoint), self._salt, self._priority)

    def _connection(self, target: Target) -> Connection:
        if target.name not in self._connections:
            tells = target.features.load
            self._connections[target.name] = Connection(target.name, target.endpoint, tells_load=tells)
        return self._connections[target.name]

    def _spend(self, role: Role, usage: Usage) -> None:
        self._usage[role] = self._usage.get(role, Usage()) + usage

    async def _check_fits(self, connection: Connection, target: Target, request: Body) -> int:
        """Checked here since vLLM silently shortens an answer that does not fit; the prompt's tokens, about."""
        room = target.endpoint.context - request["max_tokens"]
        tokens = _PER_MESSAGE * (1 + len(request["messages"])) + _size(spoken(request), target.endpoint.context)
        if room < tokens < 3 * room and target.features.count_tokens:
            with suppress(*FAILURES):  # then the estimate stands; a real failure shows on sending
                tokens = await connection.count_tokens(request)
        if tokens > room:
            raise ContextOverflow(
                f"A prompt of about {tokens} tokens and an answer of up to {request['max_tokens']} do not fit the "
                f"{target.endpoint.context} tokens that {target.endpoint.model} has at {target.endpoint.url}.",
                fix="Shorten the request, or serve the model with a larger context.",
            )
        return tokens


def _size(text: str, context: int) -> int:
    """Tokens of ``text``; not weighed word for word where it is hopelessly long, as that takes seconds."""
    return estimate(text) if len(text) < _HOPELESS * context else len(text) // 4


def completion(answer: Answer, target: Target, seconds: float) -> Completion:
    """The SDK's message as ours. Calls count only where the model stopped for them.

    A call that was cut by ``max_tokens`` has half its arguments or none: it is dropped, from the raw
    blocks too, as no later request may hold a call without its answer.
    """
    blocks = [cast(JSONObject, block.to_dict()) for block in answer.content]
    stop = _STOPS.get(answer.stop_reason or "", "other")
    if stop != "tool_use":
        blocks = [block for block in blocks if block["type"] != "tool_use"]
    return Completion(
        text="".join(str(block["text"]) for block in blocks if block["type"] == "text"),
        stop=stop,
        usage=usage_of(answer.usage),
        endpoint=target.name,
        model=target.endpoint.model,
        seconds=seconds,
        calls=tuple(_call(block) for block in blocks if block["type"] == "tool_use"),
        raw=_worth_keeping(blocks),
    )


def _call(block: JSONObject) -> ToolCall:
    return ToolCall(str(block["id"]), str(block["name"]), cast(JSONObject, block["input"] or {}))


def _worth_keeping(blocks: Sequence[JSONObject]) -> tuple[JSONObject, ...]:
    """The blocks that text and calls do not already say, or none: (only) thinking binds the rest."""
    plain = {"text", "tool_use"}
    return tuple(blocks) if any(block["type"] not in plain for block in blocks) else ()
