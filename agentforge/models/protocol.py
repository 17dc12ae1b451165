"""What the rest of the program knows of models: messages in, a completion out.

:class:`ModelClient` is the seam that tests replace (``agentforge.testing.ScriptedModel``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from agentforge.types import JSONObject, Role, Usage

StopReason: TypeAlias = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "other"]


@dataclass(frozen=True, slots=True)
class Features:
    """What an endpoint can be trusted with. Read before each request instead of asking its kind."""

    sampling: bool  # accepts temperature
    json_schema: bool  # enforces output_config.format
    forced_tools: bool  # accepts tool_choice any/tool
    free_tools: bool  # chooses tools reliably on its own
    thinking: bool  # returns thinking blocks, which are bound to model and conversation
    server_tools: bool  # tool search and the like
    cache_control: bool  # honours cache_control blocks
    cache_salt: bool  # isolates tenants in a shared prefix cache
    count_tokens: bool
    schema_bounds: bool = False  # enforces patterns and bounds too, not only types and enums


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it: ``schema`` is the JSON Schema of its parameters."""

    name: str
    description: str
    schema: JSONObject


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asked for; present only when the endpoint stopped for it."""

    id: str
    name: str
    args: JSONObject


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What came of a :class:`ToolCall`; ``content`` is text (JSON or an error)."""

    call_id: str
    content: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``raw`` keeps the blocks of an endpoint's own answer (thinking included) so that
    they can be sent back to that same endpoint and model unchanged; they are dropped for any other.
    """

    role: Literal["user", "assistant"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: tuple[ToolAnswer, ...] = ()
    raw: tuple[JSONObject, ...] = ()
    endpoint: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered. ``usage`` is as the endpoint reported it, ``calls`` of it being 1."""

    text: str
    stop: StopReason
    usage: Usage
    endpoint: str
    model: str
    seconds: float
    calls: tuple[ToolCall, ...] = ()
    raw: tuple[JSONObject, ...] = ()

    def as_message(self) -> Message:
        """The assistant message to put into the history."""
        return Message("assistant", self.text, calls=self.calls, raw=self.raw, endpoint=self.endpoint, model=self.model)


@dataclass(frozen=True, slots=True)
class Delta:
    """A streamed piece of text."""

    text: str


class ModelClient(Protocol):
    """Asks the endpoint that plays a role. Every method may raise the ``ModelError`` tree
    (``ContextOverflow`` before anything is sent, where the endpoint's context is known).
    """

    def features(self, role: Role) -> Features:
        """What the endpoint of ``role`` can be trusted with."""
        ...

    def endpoint_name(self, role: Role) -> str:
        """The endpoint that plays ``role``."""
        ...

    def same_model(self, one: Role, other: Role) -> bool:
        """Whether two roles are played by the same model (then tests may reject but never admit)."""
        ...

    def context(self, role: Role) -> int:
        """Context window in tokens."""
        ...

    def count(self, text: str) -> int:
        """A cautious estimate of the tokens in ``text`` (never too low by more than a tenth)."""
        ...

    @property
    def usage(self) -> Mapping[Role, Usage]:
        """What has been spent since this client was made, by role."""
        ...

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

        ``temperature``, ``force_tool`` and ``schema`` are sent only where the endpoint has the
        feature; for the rest of the difference use :meth:`decide`.
        """
        ...

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
        """Pieces of text as they come, then the :class:`Completion`, which is the last item."""
        ...

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
        """An object that validates against ``schema``, by whichever means the endpoint has.

        JSON schema output, else a forced tool, else asked for in words; one retry with the
        mismatch. Raises ``ModelError`` when the answer still does not validate.
        """
        ...

    async def aclose(self) -> None:
        """Closes all connections."""
        ...
