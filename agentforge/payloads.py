"""What the ``data`` of each type of event holds, for readers and for the published schema.

``docs.generate`` makes ``agentforge/events.schema.json`` from these types (:func:`schema`); a test holds every event
that is told to it. A key that is not named here may be added in any version, as a type may: readers pass over both.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

Value: TypeAlias = Any
"""Any JSON value."""


class TurnStarted(TypedDict):
    text: str
    approval: NotRequired[str]


class Context(TypedDict):
    parts: dict[str, int]
    items: list[dict[str, Value]]
    left_out: list[dict[str, Value]]
    tools: list[str]


class Compacted(TypedDict):
    spoken: int
    summary: str
    open: list[str]


class ModelStarted(TypedDict):
    role: str
    endpoint: str
    purpose: str


class WaitingForModel(TypedDict):
    endpoint: str
    seconds: float
    before: int | None
    server_running: int | None
    server_waiting: int | None
    message: str


class ModelDelta(TypedDict):
    text: str


class ModelFinished(TypedDict):
    role: str
    endpoint: str
    purpose: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    seconds: float


class ToolCalled(TypedDict):
    tool: str
    args: dict[str, Value]
    call: str
    by: NotRequired[str]


class ToolReturned(TypedDict):
    tool: str
    call: str
    value: NotRequired[Value]
    error: NotRequired[str]
    seconds: float


class ForgeStarted(TypedDict):
    job: str
    name: str
    signature: str


class ForgeStep(TypedDict):
    job: str
    step: str
    message: str
    done: int
    total: int


class ForgeFinished(TypedDict):
    job: str
    name: str
    state: Literal["live", "proposed", "failed"]
    version: NotRequired[str]
    unconfirmed: NotRequired[bool]
    reason: NotRequired[str]
    reused: NotRequired[str]


class Notice(TypedDict):
    message: str


class Judged(TypedDict):
    turn: int
    word: Literal["right", "wrong"]
    known: bool
    call: str


class ApprovalAsked(TypedDict):
    kind: Literal["call", "tool"]
    tool: str
    version: str
    args: dict[str, Value]
    rights: list[str]
    call: str
    by: str


class ApprovalDecided(TypedDict):
    kind: Literal["call", "tool"]
    tool: str
    decision: Literal["allowed", "narrowed", "denied", "deferred"]
    rights: list[str]
    reason: str
    call: str
    args: NotRequired[dict[str, Any]]


class Tokens(TypedDict):
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    calls: int


class Completed(TypedDict):
    answer: str
    usage: Tokens
    tools_made: list[str]
    tools_used: list[str]
    result: NotRequired[str]
    cites: NotRequired[list[dict[str, str]]]


class Failed(TypedDict):
    message: str
    fix: str
    error: str
    code: int


class Limited(TypedDict):
    message: str
    fix: str
    error: str
    limit: str
    answer: NotRequired[str]


class Waiting(TypedDict):
    message: str
    fix: str
    error: str
    pending: list[str]
    approval: NotRequired[str]
    expires: NotRequired[str]


class Interrupted(TypedDict):
    message: str


PAYLOADS: dict[str, Any] = {
    "turn_started": TurnStarted,
    "context": Context,
    "compacted": Compacted,
    "model_started": ModelStarted,
    "waiting_for_model": WaitingForModel,
    "model_delta": ModelDelta,
    "model_finished": ModelFinished,
    "tool_called": ToolCalled,
    "tool_returned": ToolReturned,
    "forge_started": ForgeStarted,
    "forge_step": ForgeStep,
    "forge_finished": ForgeFinished,
    "notice": Notice,
    "judged": Judged,
    "approval_asked": ApprovalAsked,
    "approval_decided": ApprovalDecided,
    "completed": Completed,
    "failed": Failed,
    "limited": Limited,
    "waiting": Waiting,
    "interrupted": Interrupted,
}
"""Type of event → what its ``data`` holds."""


@cache
def schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) of one line of ``--output-format stream-json``: an event, or the result."""
    return json.loads(files("agentforge").joinpath("events.schema.json").read_text("utf-8"))
