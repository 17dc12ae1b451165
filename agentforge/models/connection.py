"""The connection to one endpoint: every answer is streamed, whoever wants it whole.

A stream that is left early closes its HTTP connection, and that is how a server learns that nobody
wants the rest: a cancelled request stops costing. It also has no limit on ``max_tokens``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeAlias

import anthropic
import httpx2
from anthropic.lib.streaming import AsyncMessageStream
from anthropic.types import Message as Answer
from anthropic.types import Usage as AnswerUsage

from agentforge.models.deadline import Deadline
from agentforge.models.failures import FAILURES, BrokenAnswer, Failure, explain
from agentforge.models.metrics import Load, load_in
from agentforge.models.protocol import OnWaiting, Priority, Waiting
from agentforge.models.queue import Queue, Ticket
from agentforge.models.request import PRIORITY_HEADER, Body, without_thinking
from agentforge.models.traffic import traffic_of
from agentforge.settings import Endpoint
from agentforge.types import Usage

PAUSES = (0.5, 2.0)
"""Seconds before the second and the third attempt, where another one makes sense at all."""

CONNECT_SECONDS = 10.0

LOAD_SECONDS = 10.0
"""How long a server may take to tell its load; a full one on a full machine takes its time."""

WAITING_SECONDS = 5.0
"""After so long without a word of an answer somebody is told, if a queue is the reason."""

END_SECONDS = 0.2
"""How long a finished answer waits for the end of its body. Only a body read to its end leaves the connection
open for the next request; a server that keeps it open behind its last event costs this and the connection."""

_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "anthropic-version",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        PRIORITY_HEADER.lower(),
    }
)

Stream: TypeAlias = AsyncMessageStream[Any]


@dataclass(frozen=True, slots=True)
class Order:
    """A request and how it is to be treated. ``prompt`` are its tokens, about; ``spend`` is told the usage of each
    begun attempt.
    """

    body: Body
    prompt: int
    priority: Priority
    spend: Callable[[Usage], None]
    on_waiting: OnWaiting | None = None


class Connection:
    """Owns the HTTP client of one endpoint. ``tells_load``: its server answers ``/metrics`` as vLLM does."""

    def __init__(self, name: str, endpoint: Endpoint, *, tells_load: bool = False) -> None:
        self.name = name
        self.endpoint = endpoint
        self._tells_load = tells_load
        url = httpx2.URL(endpoint.url)
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(endpoint.timeout, connect=CONNECT_SECONDS),
            verify=url.scheme == "https",  # elsewhere there is no certificate; loading the roots takes its time
            trust_env=not _is_loopback(url.host),  # a proxy cannot reach this machine's own address
            follow_redirects=False,  # the key goes to no other host
            event_hooks={"request": [] if endpoint.kind == "claude" else [_only_ours]},
        )
        self._client = anthropic.AsyncAnthropic(
            # Always given, so that the SDK never takes Claude's key from the environment for others.
            api_key=endpoint.key.get_secret_value() if endpoint.key else "none",
            base_url=endpoint.url,
            max_retries=0,  # PAUSES decides
            http_client=self._http,
        )

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._client.close()

    async def count_tokens(self, body: Body) -> int:
        """The endpoint's own count of the request's tokens.

        Raises:
            anthropic.AnthropicError, httpx2.HTTPError, TimeoutError: untranslated; callers fall
                back to their estimate.
        """
        wanted = {key: body[key] for key in ("model", "messages", "system", "tools") if key in body}
        return (await self._client.messages.count_tokens(**wanted, timeout=CONNECT_SECONDS)).input_tokens

    async def answer(self, order: Order) -> AsyncGenerator[str | Answer]:
        """Pieces of text, then the whole answer, once a place is free for it.

        Raises:
            AuthenticationError, ModelError: translated, after the few retries that make sense.
        """
        queue = traffic_of(self.endpoint).queue
        ticket = queue.join(order.priority)
        telling = asyncio.create_task(self._tell_why(order.on_waiting, queue, ticket))
        try:
            await ticket.entered.wait()
            async with aclosing(self._attempts(order, telling.cancel)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            telling.cancel()
            queue.leave(ticket)

    async def _tell_why(self, on_waiting: OnWaiting | None, queue: Queue, ticket: Ticket) -> None:
        """Says once why nothing has come for so long, where a queue is the reason: ours, or the server's."""
        if on_waiting is None:
            return
        await asyncio.sleep(WAITING_SECONDS)
        load = await self._load()
        before = queue.before(ticket)
        if before is not None or (load is not None and load.waiting):
            counts = (load.running, load.waiting) if load else (None, None)
            on_waiting(Waiting(self.name, WAITING_SECONDS, before, *counts))

    async def _attempts(self, order: Order, heard: Callable[[], object]) -> AsyncGenerator[str | Answer]:
        """The pieces of one attempt, or of a further one where that makes sense."""
        patience = _Patience(order.body)
        while True:
            begun = False
            try:
                async with aclosing(self._attempt(patience.body, order, heard)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
            except FAILURES as error:
                if isinstance(error, TimeoutError):
                    traffic_of(self.endpoint).pace.forget()
                wait = patience.after(explain(error, self.name, self.endpoint), begun=begun)
            else:
                return
            await asyncio.sleep(wait)

    async def _attempt(self, body: Body, order: Order, heard: Callable[[], object]) -> AsyncGenerator[str | Answer]:
        """``heard`` is called when the server begins its answer."""
        pace, sent, ceiling = traffic_of(self.endpoint).pace, time.monotonic(), self.endpoint.timeout
        deadline = Deadline(pace.limit(order.prompt, body["max_tokens"], ceiling), ceiling, self._load)
        manager = self._client.messages.stream(**body)
        stream = await deadline.within(manager.__aenter__())
        started = finished = False
        try:
            while (event := await _next(stream, deadline)) is not None:
                if event.type == "message_start":
                    started = True
                    heard()
                elif event.type == "text":
                    yield event.text
                elif event.type == "message_stop":
                    answer, finished = _finished(stream), True
                    usage = usage_of(answer.usage)
                    order.spend(usage)  # before the answer is seen, so that nobody counts too early
                    pace.finished(usage, time.monotonic() - sent)
                    await _read_on(stream)
                    yield answer
                    return
            raise BrokenAnswer("broke off its answer" if started else "does not speak the Messages protocol")
        finally:
            if started and not finished:
                order.spend(usage_of(stream.current_message_snapshot.usage))
            await manager.__aexit__(None, None, None)

    async def _load(self) -> Load | None:
        if not self._tells_load:
            return None
        with suppress(*FAILURES):
            answer = await self._http.get(f"{self.endpoint.url.rstrip('/')}/metrics", timeout=LOAD_SECONDS)
            return load_in(answer.text) if answer.is_success else None
        return None


class _Patience:
    """What is left to try for one request: a few repetitions, and once without old thinking."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self._pauses = iter(PAUSES)
        self._stripped = False

    def after(self, failure: Failure, *, begun: bool) -> float:
        """Seconds until the next attempt, or the failure's error: what has begun is never repeated."""
        if failure.about_thinking and not (begun or self._stripped):
            self.body, self._stripped = without_thinking(self.body), True
            return 0.0
        if begun or failure.wait is None or (pause := next(self._pauses, None)) is None:
            raise failure.error from None
        return max(pause, failure.wait)


async def _next(stream: Stream, deadline: Deadline) -> Any:
    """The next event, or None at the end of the stream."""
    try:
        return await deadline.within(anext(stream, None))
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise BrokenAnswer(f"sent what the Messages protocol does not know ({error})"[:300]) from error


async def _read_on(stream: Stream) -> None:
    """Reads what a server sends behind a complete answer, normally nothing but the end."""
    with suppress(*FAILURES, ValueError, LookupError, AttributeError, TypeError):
        async with asyncio.timeout(END_SECONDS):
            async for _ in stream:
                pass


def _finished(stream: Stream) -> Answer:
    answer = stream.current_message_snapshot
    if answer.stop_reason is None:
        raise BrokenAnswer("ended its answer without a reason")
    return answer


def usage_of(usage: AnswerUsage) -> Usage:
    """What one answer cost. Read and written cache counts as input, as both were sent."""
    cached = usage.cache_read_input_tokens or 0
    sent = (usage.input_tokens or 0) + cached + (usage.cache_creation_input_tokens or 0)
    return Usage(input_tokens=sent, output_tokens=usage.output_tokens or 0, cached_tokens=cached, calls=1)


async def _only_ours(request: httpx2.Request) -> None:
    """Drops what the SDK adds from ``ANTHROPIC_CUSTOM_HEADERS``: it is meant for Claude's gateway."""
    for name in [name for name in request.headers if name not in _HEADERS and not name.startswith("x-stainless-")]:
        del request.headers[name]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
