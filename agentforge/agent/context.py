"""What a model gets to see: each part inside its token budget, and a record of what was left out.

The window is dealt out in this order: the answer's reserve, the fixed words (system prompt and
question), the tools, the user's text, and history with what is left, newest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agentforge.errors import ContextOverflow
from agentforge.models.protocol import Message, ModelClient, ToolSpec
from agentforge.types import JSON, JSONObject, Role

TOOLS_SHARE = 0.25
"""Part of the window that tools may take."""

TEXT_SHARE = 0.75
"""Part of what is left that the user's text may take when there is history as well."""

MIN_TEXT_TOKENS = 64
"""With less room for the user's text the request makes no sense to a model."""

FRAME_TOKENS = 24
"""The words and signs around request and history."""

OLD_RESULT_TOKENS = 150
"""What stays of a tool's result when the turn outgrows the window."""

SAFETY = 0.04
"""Part of the window kept free, since tokens are estimated (``ModelClient.count``)."""


@dataclass(slots=True)
class Account:
    """What went in (part → tokens, and each entry of memory with its id) and what did not."""

    parts: dict[str, int] = field(default_factory=lambda: {})
    items: list[JSON] = field(default_factory=lambda: [])
    left_out: list[JSON] = field(default_factory=lambda: [])
    tools: list[str] = field(default_factory=lambda: [])

    def leave_out(self, part: str, why: str, entry: str = "") -> None:
        """Notes that (some of) a part is missing; ``entry`` is the id of what is."""
        self.left_out.append({"part": part, "why": why, **({"id": entry} if entry else {})})

    def to_json(self) -> JSONObject:
        """The data of a ``context`` event."""
        parts: JSONObject = dict(self.parts)
        return {"parts": parts, "items": [*self.items], "left_out": [*self.left_out], "tools": [*self.tools]}


@dataclass(frozen=True, slots=True)
class Window:
    """The room that is left for text in one request."""

    models: ModelClient
    role: Role
    reserve: int

    @property
    def tokens(self) -> int:
        """Prompt tokens that may be used, the answer's reserve taken off."""
        whole = self.models.context(self.role)
        return int(whole * (1 - SAFETY)) - min(self.reserve, whole // 2)

    def overflow(self, text_tokens: int) -> ContextOverflow:
        """The exception for a window in which the user's text finds no place."""
        return ContextOverflow(
            f"The context of {self.models.endpoint_name(self.role)!r} ({self.models.context(self.role)} tokens) has"
            f" no room left for the request ({text_tokens} tokens).",
            fix="Ask for less at once, or use an endpoint with a larger context.",
        )


@dataclass(frozen=True, slots=True)
class Beside:
    """What a request is shown with, beside history, each fitted already and on record in ``account``.

    ``standing`` and ``preferred`` go behind the system prompt and ``recalled`` in front of the request
    (``agent.recollection``); ``summary`` stands for what history no longer holds (``agent.compaction``).
    """

    account: Account = field(default_factory=Account)
    standing: str = ""
    preferred: str = ""
    recalled: str = ""
    summary: str = ""

    def costs(self, models: ModelClient, fixed: Mapping[str, str]) -> int:
        """Tokens of all that is fitted, the ``fixed`` words (name → text) among it; these are put on record."""
        account = self.account
        summary = {"summary": self.summary} if self.summary else {}
        account.parts |= {name: models.count(text) for name, text in {**fixed, **summary}.items()}
        return sum(account.parts.values())

    def under(self, system: str) -> str:
        """The system prompt with what stands."""
        return "\n\n".join(part for part in (system, self.standing, self.preferred) if part)


def prompt_text(
    window: Window, system: str, question: str, text: str, history: Sequence[Message], beside: Beside | None = None
) -> tuple[str, Account]:
    """One user message: what memory recalls, history, the user's text, then the question.

    The order is the one in which things change, so that the questions of one turn share their
    prefix and a server's prefix cache is hit. ``beside.standing`` is counted here and belongs to the system prompt.

    Raises:
        ContextOverflow: system prompt and question leave no room for the user's text.
    """
    beside = beside or Beside()
    account = beside.account
    room = window.tokens - beside.costs(window.models, {"system": system, "question": question}) - FRAME_TOKENS
    text = fit_text(window, text, int(room * TEXT_SHARE) if history else room, account)
    account.parts["text"] = window.models.count(text)
    earlier = _earlier(window, history, room - account.parts["text"], account)
    so_far = "\n".join(part for part in (beside.summary, earlier) if part)
    parts = (
        beside.recalled,
        so_far and f"Conversation so far:\n{so_far}",
        f"Request:\n<<<\n{text}\n>>>\n\n{question}",
    )
    return "\n\n".join(part for part in parts if part), account


def fit_text(window: Window, text: str, room: int, account: Account) -> str:
    """``text``, its middle cut out where it does not fit into ``room`` tokens.

    Raises:
        ContextOverflow: there is no sensible room at all.
    """
    tokens = window.models.count(text)
    if tokens <= room:
        return text
    if room < MIN_TEXT_TOKENS:
        raise window.overflow(tokens)
    account.leave_out("text", f"the middle of the request did not fit ({tokens} tokens, room for {room})")
    return shortened(window.models, text, room)


def shortened(models: ModelClient, text: str, tokens: int) -> str:
    """The beginning and the end of ``text``, at most ``tokens`` long, with a mark between them."""
    keep = len(text)
    while keep > 20 and models.count(text[:keep]) > tokens - 12:
        keep = min(keep - 1, int(keep * (tokens - 12) / max(models.count(text[:keep]), 1)))
    if keep >= len(text):
        return text
    head = max(int(keep * 0.7), 1)
    tail = max(keep - head, 0)
    end = text[len(text) - tail :] if tail else ""
    return f"{text[:head]}\n[… {len(text) - head - tail} characters left out …]\n{end}"


def _earlier(window: Window, history: Sequence[Message], room: int, account: Account) -> str:
    lines: list[str] = []
    used, said = 0, [message for message in history if message.text]
    for message in reversed(said):
        name = "User" if message.role == "user" else "Assistant"
        line = f"{name}: {shortened(window.models, message.text, 200)}"
        cost = window.models.count(line) + 1
        if used + cost > room:
            account.leave_out("history", f"{len(said) - len(lines)} older messages did not fit into {room} tokens")
            break
        lines.append(line)
        used += cost
    account.parts["history"] = used
    return "\n".join(reversed(lines))


def conversation(
    window: Window,
    system: str,
    tools: Sequence[ToolSpec],
    history: Sequence[Message],
    current: Sequence[Message],
    beside: Beside | None = None,
) -> tuple[list[Message], list[ToolSpec], Account]:
    """Messages and tools for free tool use: whole exchanges, the oldest dropped first, then long
    results of the current turn cut. A summary of what came before goes in front of all of them, what
    is recalled in front of the request. ``beside.standing`` is counted here and belongs to the system prompt.

    Raises:
        ContextOverflow: the user's text finds no room.
    """
    beside = beside or Beside()
    account = beside.account
    room = window.tokens - beside.costs(window.models, {"system": system})
    shown = _fitting_tools(window, tools, account)
    room -= account.parts["tools"]
    current = _compacted(window, current, room, account)
    account.parts["turn"] = sum(tokens_of(window.models, message) for message in current)
    if account.parts["turn"] > room:
        raise window.overflow(account.parts["turn"])
    kept = _newest_exchanges(window.models, history, room - account.parts["turn"], account)
    told = with_text_before(current, beside.recalled)
    return with_text_before([*kept, *told], beside.summary), shown, account


def _fitting_tools(window: Window, tools: Sequence[ToolSpec], account: Account) -> list[ToolSpec]:
    room, used, shown = int(window.tokens * TOOLS_SHARE), 0, list[ToolSpec]()
    for tool in tools:
        cost = window.models.count(f"{tool.name} {tool.description} {tool.schema}")
        if used + cost > room:
            account.leave_out(f"tool {tool.name}", f"tools may take {room} tokens")
            continue
        shown.append(tool)
        used += cost
    account.parts["tools"] = used
    account.tools = [tool.name for tool in shown]
    return shown


def with_text_before(messages: Sequence[Message], text: str) -> list[Message]:
    """The messages with ``text`` in front of what the first one says (it is the user's)."""
    if not text or not messages:
        return [*messages]
    first, *rest = messages
    return [replace(first, text=f"{text}\n\n{first.text}"), *rest]


def _newest_exchanges(models: ModelClient, history: Sequence[Message], room: int, account: Account) -> list[Message]:
    """Cut only in front of a message in which the user speaks: a call and its answer stay together."""
    starts = [at for at, message in enumerate(history) if message.role == "user" and not message.answers]
    kept, used = len(history), 0
    for start in reversed(starts):
        cost = sum(tokens_of(models, message) for message in history[start:kept])
        if used + cost > room:
            break
        kept, used = start, used + cost
    if kept:
        account.leave_out("history", f"the {kept} oldest messages did not fit into {room} tokens")
    account.parts["history"] = used
    return list(history[kept:])


def _compacted(window: Window, current: Sequence[Message], room: int, account: Account) -> list[Message]:
    models, messages = window.models, list(current)
    for at, message in enumerate(messages[:-1]):
        if sum(tokens_of(models, one) for one in messages) <= room:
            break
        if message.answers:
            answers = tuple(
                replace(one, content=shortened(models, one.content, OLD_RESULT_TOKENS)) for one in message.answers
            )
            messages[at] = replace(message, answers=answers)
            account.leave_out("tool results", "older results of this turn were cut")
    over = sum(tokens_of(models, one) for one in messages) - room
    if over > 0 and messages and messages[0].text:
        wanted = models.count(messages[0].text) - over - 12
        messages[0] = replace(messages[0], text=fit_text(window, messages[0].text, wanted, account))
    return messages


def tokens_of(models: ModelClient, message: Message) -> int:
    """About how many tokens a message takes."""
    calls = sum(models.count(f"{call.name} {call.args}") + 12 for call in message.calls)
    answers = sum(models.count(answer.content) + 12 for answer in message.answers)
    return models.count(message.text) + calls + answers + 4
