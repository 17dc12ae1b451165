"""A model client that answers from a script and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Self

from agentforge.errors import ContextOverflow, ModelUnavailable
from agentforge.models import decide
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import Completion, Delta, Features, Message, OnWaiting, Priority, ToolSpec
from agentforge.models.request import Ask
from agentforge.models.tokens import estimate
from agentforge.testing.script import Fault, Lines, Script, pieces
from agentforge.types import JSONObject, Role, Usage


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the program made it; ``purpose`` is the method that was called, ``priority`` that of the
    client (:meth:`ScriptedModel.at`).
    """

    role: Role
    purpose: str
    ask: Ask
    priority: Priority = Priority.INTERACTIVE

    @property
    def prompt(self) -> str:
        """System text and all messages as one text, for searching in."""
        said = (f"{message.text}{''.join(answer.content for answer in message.answers)}" for message in self.messages)
        return "\n".join((self.ask.system, *said))

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages."""
        return self.ask.messages


class ScriptedModel:
    """Implements :class:`~agentforge.models.protocol.ModelClient` without a model.

    ``script`` is a list of answers for all roles, a mapping from role to such a list, or a function
    from :class:`Request` to an answer. ``models`` names the model that plays a role (default: one
    model plays all). Tokens are estimates; ``requests`` holds every request in order.
    """

    def __init__(
        self,
        script: Lines[Role, Request],
        *,
        features: Features = FEATURES["vllm"],
        context: int = 200_000,
        models: Mapping[Role, str] = MappingProxyType({}),
    ) -> None:
        self._script: Script[Role, Request] = Script(script)
        self._features = features
        self._context = context
        self._models = models
        self._usage: dict[Role, Usage] = {}
        self._priority = Priority.INTERACTIVE
        self.requests: list[Request] = []

    def at(self, priority: Priority, on_waiting: OnWaiting | None = None) -> Self:
        """The same script, requests and usage at that priority; nothing ever waits here."""
        del on_waiting
        other = copy(self)
        other._priority = priority
        return other

    def asked(self, role: Role) -> list[Request]:
        """The requests of one role, in order."""
        return [request for request in self.requests if request.role is role]

    def features(self, role: Role) -> Features:
        """The features given."""
        del role
        return self._features

    def endpoint_name(self, role: Role) -> str:
        """The model's name."""
        return self._models.get(role, "scripted")

    def same_model(self, one: Role, other: Role) -> bool:
        """Whether both roles are played by a model of the same name."""
        return self.endpoint_name(one) == self.endpoint_name(other)

    def context(self, role: Role) -> int:
        """The context window given."""
        del role
        return self._context

    def count(self, text: str) -> int:
        """The estimate that the real client makes."""
        return estimate(text)

    @property
    def usage(self) -> Mapping[Role, Usage]:
        """Estimated tokens by role."""
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
        """The next answer of the script."""
        ask = Ask(tuple(messages), system, max_tokens, temperature, tuple(stop), tuple(tools), force_tool, schema)
        return await self._answer(role, "complete", ask)

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
        """The next answer of the script, word by word."""
        ask = Ask(tuple(messages), system, max_tokens, temperature, tools=tuple(tools))
        answer = await self._answer(role, "stream", ask)
        for piece in pieces(answer.text):
            yield Delta(piece)
        yield answer

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
        """The next answer of the script, validated (and asked for again) as the real client does."""

        async def send(ask: Ask) -> Completion:
            return await self._answer(role, "decide", ask)

        ask = Ask(tuple(messages), system, max_tokens, temperature)
        return await decide.decide(send, ask, schema, self._features)

    async def aclose(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _answer(self, role: Role, purpose: str, ask: Ask) -> Completion:
        request = Request(role, purpose, ask, self._priority)
        self.requests.append(request)
        sent = estimate(request.prompt)
        if sent + ask.max_tokens > self._context:
            raise ContextOverflow(f"{sent} and {ask.max_tokens} tokens do not fit the {self._context} of the script.")
        reply = self._script.next(role, request)
        await asyncio.sleep(reply.pause if not isinstance(reply, Fault) else 0)
        if isinstance(reply, Fault):
            raise ModelUnavailable(f"The scripted model answers {reply.status}: {reply.message}.")
        usage = Usage(sent, max(1, estimate(reply.text)), calls=1)
        self._usage[role] = self._usage.get(role, Usage()) + usage
        name = self.endpoint_name(role)
        return Completion(reply.text, reply.stopped, usage, name, name, reply.pause, calls=reply.calls)
