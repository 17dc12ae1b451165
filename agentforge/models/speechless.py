"""A client for where no model is set up: every question fails in one sentence. So a calling agent's own code can be
judged by gates that ask no model.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType

from agentforge.errors import ModelUnavailable
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import Completion, Delta, Features, Message, OnWaiting, Priority, ToolSpec
from agentforge.models.tokens import estimate
from agentforge.types import JSONObject, Role, Usage

NO_MODEL = "No model endpoint is set up here."
FIX = "Run 'agentforge model up' for a local model, or set ANTHROPIC_API_KEY."

_CONTEXT = 200_000


class Speechless:
    """Implements :class:`~agentforge.models.protocol.ModelClient` by refusing."""

    def at(self, priority: Priority, on_waiting: OnWaiting | None = None) -> Speechless:
        """Itself: nothing is ever asked."""
        del priority, on_waiting
        return self

    def features(self, role: Role) -> Features:
        """The least there are."""
        del role
        return FEATURES["messages"]

    def endpoint_name(self, role: Role) -> str:
        """What stands for one in a record."""
        del role
        return "none"

    def same_model(self, one: Role, other: Role) -> bool:
        """True: so no generated test ever speaks for a tool."""
        del one, other
        return True

    def context(self, role: Role) -> int:
        """Large, so that the refusal is about the model and not about room."""
        del role
        return _CONTEXT

    def count(self, text: str) -> int:
        """The estimate of every client."""
        return estimate(text)

    @property
    def usage(self) -> Mapping[Role, Usage]:
        """Nothing is ever spent."""
        return MappingProxyType({})

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
        """Raises ModelUnavailable."""
        del role, messages, system, max_tokens, temperature, stop, tools, force_tool, schema
        raise ModelUnavailable(NO_MODEL, fix=FIX)

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
        """Raises ModelUnavailable."""
        yield await self.complete(role, messages, system=system, max_tokens=max_tokens, tools=tools)
        del temperature

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
        """Raises ModelUnavailable."""
        del schema, temperature
        await self.complete(role, messages, system=system, max_tokens=max_tokens)
        return {}

    async def aclose(self) -> None:
        """Nothing to close."""
