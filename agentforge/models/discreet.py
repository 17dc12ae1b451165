"""A model client that no secret gets past: what secrecy knows is taken out of every request.

It stands between the program and any client at all, so that no prompt can be sent around it. The same
text always becomes the same text, so that a server's prefix cache holds what it held.

What it leaves alone: blocks that an endpoint wrote itself (``Message.raw``), which go back to that
endpoint and model only and may be signed, and the schema of a decision, which is the program's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import cast

from agentforge.models.over import Over
from agentforge.models.protocol import (
    Completion,
    Delta,
    Message,
    ModelClient,
    ToolSpec,
)
from agentforge.redaction import redact_json
from agentforge.secrecy import findable, redact
from agentforge.types import JSONObject, Role


class Discreet(Over):
    """Implements :class:`~agentforge.models.protocol.ModelClient` over another one, which stays the caller's.

    ``secrets`` are texts that no model may see, exactly; those shorter than
    :data:`~agentforge.secrecy.SHORTEST_KNOWN` characters are words and are let be.
    """

    def __init__(self, models: ModelClient, secrets: Collection[str]) -> None:
        super().__init__(models)
        self._known = findable(secrets)

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
        """One answer; raises as the client within."""
        return await self._models.complete(
            *(role, self._messages(messages)),
            system=self._text(system),
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            tools=self._tools(tools),
            force_tool=force_tool,
            schema=schema,
        )

    def stream(
        self,
        role: Role,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = 1024,
        temperature: float | None = None,
        tools: Sequence[ToolSpec] = (),
    ) -> AsyncIterator[Delta | Completion]:
        """The pieces of the client within; raises as it does."""
        return self._models.stream(
            *(role, self._messages(messages)),
            system=self._text(system),
            max_tokens=max_tokens,
            temperature=temperature,
            tools=self._tools(tools),
        )

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
        """An object that validates against ``schema``; raises as the client within."""
        return await self._models.decide(
            *(role, self._messages(messages), schema),
            system=self._text(system),
            max_tokens=max_tokens,
            temperature=temperature,
        )

    def _messages(self, messages: Sequence[Message]) -> list[Message]:
        return [self._message(message) for message in messages]

    def _message(self, message: Message) -> Message:
        calls = (replace(call, args=self._object(call.args)) for call in message.calls)
        answers = (replace(answer, content=self._text(answer.content)) for answer in message.answers)
        return replace(message, text=self._text(message.text), calls=tuple(calls), answers=tuple(answers))

    def _tools(self, tools: Sequence[ToolSpec]) -> list[ToolSpec]:
        return [
            replace(tool, description=self._text(tool.description), schema=self._object(tool.schema)) for tool in tools
        ]

    def _object(self, value: JSONObject) -> JSONObject:
        return cast("JSONObject", redact_json(value, self._known))

    def _text(self, text: str) -> str:
        return redact(text, self._known)
