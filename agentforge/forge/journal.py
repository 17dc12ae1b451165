"""A model client whose answers are kept: what a forging has paid for is not asked for again.

The model's answers are what is expensive in a forging. Its runs in the box are cheap and are done again when
it is taken up. A kept answer is found by role, by a hash of the whole request and by its number among equal
requests of this client, so that eight candidates for one prompt are eight steps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any, cast

from agentforge.errors import ModelError
from agentforge.jobs.protocol import Steps
from agentforge.models.over import Over
from agentforge.models.protocol import (
    Completion,
    Delta,
    Message,
    ModelClient,
    ToolCall,
    ToolSpec,
)
from agentforge.types import JSON, JSONObject, Role, Usage


class Journalled(Over):
    """Implements :class:`~agentforge.models.protocol.ModelClient` over another one, which stays the caller's.

    ``usage`` is what the client within has spent: a kept answer costs nothing more, while its own
    ``usage`` still tells what it took. Streams are not kept: no job streams.
    """

    def __init__(self, models: ModelClient, journal: Steps) -> None:
        super().__init__(models)
        self._journal = journal
        self._asked: dict[str, int] = {}
        self._failures: list[ModelError] = []

    @property
    def failed(self) -> bool:
        """Whether a request failed for good: what came of it then is not what a further try gives."""
        return bool(self._failures)

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
        """The kept answer, or a new one; raises as the client within, and StorageError where it cannot be kept."""

        async def ask() -> JSON:
            return completion_to_json(
                await self._models.complete(
                    *(role, messages),
                    system=system,
                    max_tokens=max_tokens,
                    temperature=temperature,
                    stop=stop,
                    tools=tools,
                    force_tool=force_tool,
                    schema=schema,
                )
            )

        shape = [system, max_tokens, temperature, [*stop], [asdict(tool) for tool in tools], force_tool, schema]
        kept = await self._step(self._key("complete", role, messages, shape), ask)
        return completion_from_json(cast("JSONObject", kept))

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
        """The pieces of the client within, not kept; raises as it does."""
        return self._models.stream(
            role, messages, system=system, max_tokens=max_tokens, temperature=temperature, tools=tools
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
        """The kept decision, or a new one; raises as :meth:`complete`."""

        async def ask() -> JSON:
            return await self._models.decide(
                role, messages, schema, system=system, max_tokens=max_tokens, temperature=temperature
            )

        shape = [system, max_tokens, temperature, schema]
        return cast("JSONObject", await self._step(self._key("decide", role, messages, shape), ask))

    async def _step(self, key: str, ask: Callable[[], Awaitable[JSON]]) -> JSON:
        try:
            return await self._journal.step(key, ask)
        except ModelError as error:
            self._failures.append(error)
            raise

    def _key(self, method: str, role: Role, messages: Sequence[Message], shape: list[Any]) -> str:
        """The step's name, and one more request of this kind counted."""
        whole = json.dumps([[asdict(message) for message in messages], shape], sort_keys=True, ensure_ascii=False)
        request = f"{method}/{role}/{hashlib.sha256(whole.encode()).hexdigest()[:32]}"
        number = self._asked.get(request, 0)
        self._asked[request] = number + 1
        return f"{request}/{number}"


def completion_to_json(answer: Completion) -> JSONObject:
    """All of an answer."""
    return cast("JSONObject", json.loads(json.dumps(asdict(answer))))


def completion_from_json(kept: JSONObject) -> Completion:
    """The answer that :func:`completion_to_json` wrote."""
    fields = cast("dict[str, Any]", dict(kept))
    fields["usage"] = Usage(**fields["usage"])
    fields["calls"] = tuple(ToolCall(**call) for call in fields["calls"])
    fields["raw"] = tuple(fields["raw"])
    return Completion(**fields)
