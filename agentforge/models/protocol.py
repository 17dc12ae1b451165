"""What the rest of the program knows of models: messages in, a completion out.

:class:`ModelClient` is the seam that tests replace (``agentforge.testing.ScriptedModel``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Protocol, TypeAlias

from agentforge.types import JSONObject, Role, Usage

StopReason: TypeAlias = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "other"]


class Priority(IntEnum):
    """Who goes first where an endpoint is busy; the lower number does, here and in a server that knows priorities."""

    INTERACTIVE = 0
    """A turn: somebody waits for every single answer."""
    AWAITED = 1
    """A forging or repair that somebody waits for as a whole."""
    BACKGROUND = 2
    """Queued jobs, what an earlier process left, sleep: nobody waits."""


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
    priority: bool = False  # takes a priority, as vLLM's header
    load: bool = False  # tells at /metrics how busy it is, as vLLM does
    deferred_tools: bool = False  # takes tools that the prompt does not hold until a result names them


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it: ``schema`` is the JSON Schema of its parameters.

    One that is ``deferred`` came after the first request of a conversation: where the endpoint can, it stays out of the
    beginning of the prompt, which is cached, and a model knows it from the answer that names it.
    """

    name: str
    description: str
    schema: JSONObject
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asked for; present only when the endpoint stopped for it."""

    id: str
    name: str
    args: JSONObject


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What came of a :class:`ToolCall`; ``content`` is text (JSON or an error), ``found`` are the deferred tools that
    it makes known, by name.
    """

    call_id: str
    content: str
    error: bool = False
    found: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a request has waited for ``seconds``. ``before`` is how many others are let in first by this process,
    None where it was sent already. ``server_running`` and ``server_waiting`` are the requests of everybody at the
    server, None where it does not tell.
    """

    endpoint: str
    seconds: float
    before: int | None
    server_running: int | None = None
    server_waiting: int | None = None

    def __str__(self) -> str:
        reasons: list[str] = []
        if self.before is not None:
            first = f"{_requests(self.before)} before this one" if self.before else "this one is next"
            reasons.append(f"all its places are taken, {first}")
        if self.server_waiting:
            running = _requests(self.server_running or 0)
            reasons.append(f"its server runs {running} and has {self.server_waiting} waiting")
        return f"Waiting for {self.endpoint}: {'; '.join(reasons)}."

    def to_json(self) -> JSONObject:
        """The data of the event ``waiting_for_model``."""
        return {
            "endpoint": self.endpoint,
            "seconds": self.seconds,
            "before": self.before,
            "server_running": self.server_running,
            "server_waiting": self.server_waiting,
            "message": str(self),
        }


OnWaiting: TypeAlias = Callable[[Waiting], None]
"""Hears, once for a request, that it waits; called in the event loop, returns at once and does not raise."""


def as_event(emit: Callable[[str, JSONObject], None]) -> OnWaiting:
    """Tells it as the event ``waiting_for_model`` (:mod:`agentforge.events`)."""
    return lambda waiting: emit("waiting_for_model", waiting.to_json())


def _requests(number: int) -> str:
    return f"{number} request{'s' * (number != 1)}"


class ModelClient(Protocol):
    """Asks the endpoint that plays a role. Every method may raise the ``ModelError`` tree
    (``ContextOverflow`` before anything is sent, where the endpoint's context is known).
    """

    def at(self, priority: Priority, on_waiting: OnWaiting | None = None) -> ModelClient:
        """The same client for a piece of work of that priority: it shares connections and usage with this one,
        and closing either closes both. ``on_waiting`` hears of its requests that wait for their turn.
        """
        ...

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
