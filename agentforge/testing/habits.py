"""The two servers that :class:`~agentforge.testing.server.MessagesServer` can be.

A *habit* turns one request and one scripted reply into what goes over the wire: first whether the
request is refused and in which words, then the blocks of the answer and how it ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

from agentforge.models.tokens import estimate
from agentforge.testing.refusals import MODELS, Block, problems_of, sign
from agentforge.testing.script import Reply, pieces

Headers: TypeAlias = Mapping[str, str]
Count: TypeAlias = Callable[[Block], int]
"""The tokens of a request."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error."""

    status: int
    body: Block


@dataclass(frozen=True, slots=True)
class Blocks:
    """An answer: content blocks, why it ended, and its usage (prompt, written, from the cache)."""

    content: tuple[Block, ...]
    stop: str
    sent: int
    written: int
    cached: int = 0


class Habit(Protocol):
    """How a server behaves."""

    def refuse(self, body: Block, headers: Headers, key: str | None, *, counting: bool) -> Refusal | None:
        """What is wrong with a request, if anything."""
        ...

    def answer(self, body: Block, reply: Reply) -> Blocks:
        """The reply as this server would give it."""
        ...

    def error(self, status: int, kind: str, message: str) -> Block:
        """The body of an error."""
        ...

    def headers(self) -> Headers:
        """Headers of every response."""
        ...


def prompt_tokens(body: Block) -> int:
    """Estimated tokens of a request."""
    return estimate(json.dumps([body.get("system"), body.get("messages"), body.get("tools")], ensure_ascii=False))


def _token(headers: Headers) -> str:
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")


def _cut(text: str, limit: int) -> tuple[str, bool]:
    """At most ``limit`` words, and whether that cut anything."""
    words = pieces(text)
    return "".join(words[:limit]), len(words) > limit


class ClaudeHabit:
    """Refuses all that Claude refuses (:mod:`agentforge.testing.refusals`)."""

    def __init__(self, context: int, tokens: Count) -> None:
        self._context = context
        self._tokens = tokens

    def refuse(self, body: Block, headers: Headers, key: str | None, *, counting: bool) -> Refusal | None:
        """In Claude's order: the key, the version, the shape, the model, the length."""
        if key is not None and _token(headers) != key:
            return Refusal(401, self.error(401, "authentication_error", "invalid bearer token"))
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", headers.get("anthropic-version", "")):
            return self._invalid("anthropic-version: header is required")
        if problems := problems_of(body, counting=counting):
            return self._invalid("; ".join(problems))
        if body["model"] not in MODELS:
            return Refusal(404, self.error(404, "not_found_error", f"model: {body['model']}"))
        if (tokens := self._tokens(body)) > self._context:
            return self._invalid(f"prompt is too long: {tokens} tokens > {self._context} maximum")
        return None

    def _invalid(self, message: str) -> Refusal:
        return Refusal(400, self.error(400, "invalid_request_error", message))

    def answer(self, body: Block, reply: Reply) -> Blocks:
        """Thinking is signed for this model and conversation, and counts towards ``max_tokens``."""
        text, cut = _cut(reply.text, max(0, body["max_tokens"] - len(pieces(reply.thinking))))
        content: list[Block] = []
        if reply.thinking:
            signature = sign(body["model"], body["messages"])
            content.append({"type": "thinking", "thinking": reply.thinking, "signature": signature})
        if text:
            content.append({"type": "text", "text": text})
        if not cut:
            content += [
                {"type": "tool_use", "id": call.id, "name": call.name, "input": call.args} for call in reply.calls
            ]
        stop = "max_tokens" if cut else reply.stopped
        return Blocks(tuple(content), stop, self._tokens(body), max(1, len(pieces(text + reply.thinking))))

    def error(self, status: int, kind: str, message: str) -> Block:
        """With type and request id."""
        del status
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_scripted"}

    def headers(self) -> Headers:
        """Claude names every request."""
        return {"request-id": "req_scripted"}


class VllmHabit:
    """As vLLM 0.32 was seen to behave: unknown fields are dropped, little is checked."""

    def __init__(self, context: int, tokens: Count, model: str) -> None:
        self._context = context
        self._tokens = tokens
        self._model = model

    def refuse(self, body: Block, headers: Headers, key: str | None, *, counting: bool) -> Refusal | None:
        """Validation errors have no outer type; other fields than these are never looked at."""
        if key is not None and _token(headers) != key:
            return Refusal(401, {"error": "Unauthorized"})
        for name in ("model", "messages") if counting else ("model", "messages", "max_tokens"):
            if name not in body:
                return self._missing(name)
        if body["model"] != self._model:
            said = f"The model `{body['model']}` does not exist. Valid aliases: {self._model}."
            return Refusal(404, self.error(404, "NotFoundError", said))
        problem = None if counting else self._problem(body)
        return Refusal(400, self.error(400, "BadRequestError", problem)) if problem else None

    def _missing(self, name: str) -> Refusal:
        said = f"1 validation error:\n  {{'type': 'missing', 'loc': 'body.{name}', 'msg': 'Field required'}}"
        return Refusal(400, {"error": {"message": said, "type": "Bad Request", "param": f"body.{name}", "code": 400}})

    def _problem(self, body: Block) -> str | None:
        if not body["messages"]:
            return "Cannot apply chat template to an empty conversation. Provide at least one message."
        salt = str(body.get("cache_salt", ""))
        if len(salt) > 128 or set(salt) & set("@/\\\0"):
            return "Parameter 'cache_salt' must be at most 128 characters and must not contain '@', '/', '\\', or NUL."
        if body["max_tokens"] > self._context:
            return f"max_completion_tokens={body['max_tokens']} cannot be greater than max_model_len={self._context}."
        if (sent := self._tokens(body)) > self._context:
            return (
                f"This model's maximum context length is {self._context} tokens. However, your prompt contains at "
                f"least {sent} input tokens, which exceeds this limit even without any output tokens."
            )
        choice = cast(Block, body.get("tool_choice") or {})
        names = {tool.get("name") for tool in cast("list[Block]", body.get("tools") or [])}
        if choice.get("type") == "tool" and choice.get("name") not in names:
            return f"The tool with name '{choice.get('name')}' is not found in the tools list."
        return None

    def answer(self, body: Block, reply: Reply) -> Blocks:
        """A call is one only when forced, else it is printed; what does not fit is cut without a word.

        A forced call that is cut comes back as raw text, or, streamed, as nothing at all.
        """
        sent = self._tokens(body)
        limit = min(body["max_tokens"], self._context - sent)
        forced = cast(Block, body.get("tool_choice") or {}).get("type") in ("any", "tool")
        printed = "\n".join(_printed(call.name, call.args) for call in reply.calls)
        text, cut = _cut(reply.text or (f"<tool_call>\n{printed}" if forced else f"```json\n{printed}\n```"), limit)
        written = max(1, len(pieces(text)))
        if cut:
            silent = forced and reply.calls and body.get("stream")
            content: list[Any] = [] if silent else [{"type": "text", "text": text}]
            return Blocks(tuple(content), "max_tokens", sent, written, cached=sent // 2)
        if forced and reply.calls:
            calls = [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.args} for call in reply.calls]
            return Blocks(tuple(calls), "tool_use", sent, written, cached=sent // 2)
        stop = "end_turn" if reply.stopped == "tool_use" else reply.stopped
        return Blocks(({"type": "text", "text": text},), stop, sent, written, cached=sent // 2)

    def error(self, status: int, kind: str, message: str) -> Block:
        """As vLLM's own errors are."""
        del status
        return {"type": "error", "error": {"type": kind, "message": message}}

    def headers(self) -> Headers:
        """None: requests have no id."""
        return {}


def _printed(name: str, args: Any) -> str:
    return json.dumps({"name": name, "arguments": args}, ensure_ascii=False)
