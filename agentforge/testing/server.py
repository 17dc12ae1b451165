"""A Messages server on loopback: real HTTP, a scripted mind."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agentforge.models.metrics import Load
from agentforge.settings import Endpoint
from agentforge.testing.habits import Block, Blocks, ClaudeHabit, Count, Habit, VllmHabit, prompt_tokens
from agentforge.testing.script import Fault, Lines, Reply, Script, ScriptExhausted, pieces

START_SECONDS = 10.0

Mode = Literal["claude", "vllm"]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived, refused ones included; ``port`` is the client's, one for each connection."""

    path: str
    headers: Mapping[str, str]
    body: Block
    port: int = 0


class _Dropped(Exception):  # noqa: N818 - says what happened, as our errors do
    """Ends a response without finishing it, so that the connection breaks."""


class MessagesServer:
    """Serves ``/v1/messages``, ``/v1/messages/count_tokens`` and ``/v1/models`` on a free loopback port, and
    ``/metrics`` in mode ``vllm``, which tells ``load`` (None: nothing).

    In mode ``claude`` it refuses what Claude refuses; in mode ``vllm`` it has vLLM's habits. The
    script is a list of answers, or a function from :class:`Received` to one (called in the server's
    thread); ``tokens`` counts a prompt. A context manager, synchronous or not; it runs in a thread of
    its own, so that it also serves programs in other processes. ``requests`` holds all that arrived,
    ``abandoned`` counts the streams that the client left early, ``most_at_once`` the requests
    answered at the same time.
    """

    def __init__(
        self,
        script: Lines[str, Received],
        *,
        mode: Mode = "claude",
        model: str = "",
        key: str | None = None,
        context: int = 200_000,
        tokens: Count = prompt_tokens,
    ) -> None:
        self.model = model or ("claude-opus-5-5" if mode == "claude" else "qwen-coder")
        self.mode: Mode = mode
        self.key = key if key is not None or mode == "vllm" else "sk-test-0123456789"
        self.context = context
        self.tokens = tokens
        self.requests: list[Received] = []
        self.abandoned = 0
        self.most_at_once = 0
        self.load: Load | None = Load(0, 0, 0, 0, 0)
        self._now = 0
        self._script: Script[str, Received] = Script(script)
        self._habit: Habit = (
            ClaudeHabit(context, tokens) if mode == "claude" else VllmHabit(context, tokens, self.model)
        )
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    def endpoint(self, **changes: Any) -> Endpoint:
        """Settings of an endpoint that reaches this server; ``changes`` override single fields."""
        fields = {"kind": self.mode, "url": self.url, "model": self.model, "key": self.key, "context": self.context}
        return Endpoint.model_validate({**fields, **changes})

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._app(),
            log_config=None,
            log_level="critical",
            lifespan="off",
            ws="none",
            http="h11",
            timeout_graceful_shutdown=1,
        )
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=_serve, args=(server, listener), name="messages-server", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("The Messages server did not start.")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(START_SECONDS)

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/messages", self._messages, methods=["POST"]),
                Route("/v1/messages/count_tokens", self._count, methods=["POST"]),
                Route("/v1/models", self._models),
                Route("/health", _healthy),
                Route("/metrics", self._metrics),
            ]
        )

    async def _received(self, request: Request) -> Received:
        body: Any = json.loads(await request.body())
        port = request.client.port if request.client else 0
        received = Received(request.url.path, dict(request.headers), cast(Block, body), port)
        self.requests.append(received)
        return received

    async def _count(self, request: Request) -> Response:
        received = await self._received(request)
        refusal = self._habit.refuse(received.body, received.headers, self.key, counting=True)
        if refusal is not None:
            return self._json(refusal.body, refusal.status)
        return self._json({"input_tokens": self.tokens(received.body)})

    async def _models(self, request: Request) -> Response:
        """The list of models, as ``model up`` reads it."""
        del request
        owner = "vllm" if self.mode == "vllm" else "anthropic"
        return self._json({"data": [{"id": self.model, "max_model_len": self.context, "owned_by": owner}]})

    async def _metrics(self, request: Request) -> Response:
        del request
        if self.mode == "claude" or self.load is None:
            return Response(status_code=404)
        return Response(metrics_text(self.load), media_type="text/plain")

    async def _messages(self, request: Request) -> Response:
        received = await self._received(request)
        refusal = self._habit.refuse(received.body, received.headers, self.key, counting=False)
        if refusal is not None:
            return self._json(refusal.body, refusal.status)
        try:
            reply = self._script.next(received.path, received)
        except ScriptExhausted as error:
            return self._fail(Fault(400, "script_exhausted", str(error)))
        if isinstance(reply, Fault) and reply.after is None and not reply.drop:
            return self._fail(reply)
        if received.body.get("stream"):
            return StreamingResponse(
                self._stream(received.body, reply), media_type="text/event-stream", headers=dict(self._habit.headers())
            )
        if isinstance(reply, Fault):
            raise _Dropped
        await asyncio.sleep(reply.pause)
        return self._json(_message(self.model, self._habit.answer(received.body, reply)))

    def _fail(self, fault: Fault) -> Response:
        body = self._habit.error(fault.status, fault.kind, fault.message)
        return self._json(body, fault.status, fault.headers)

    def _json(self, body: Block, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        return JSONResponse(body, status, headers={**self._habit.headers(), **(headers or {})})

    async def _stream(self, body: Block, reply: Reply | Fault) -> AsyncIterator[str]:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        finished = False
        try:
            source = self._faulty(body, reply) if isinstance(reply, Fault) else self._whole(body, reply)
            async for event in source:
                yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            finished = True
        finally:
            self._now -= 1
            self.abandoned += not finished and not isinstance(reply, Fault)

    async def _whole(self, body: Block, reply: Reply) -> AsyncIterator[Block]:
        for event in _events(self.model, self._habit.answer(body, reply)):
            if event["type"] in ("content_block_start", "content_block_delta"):
                await asyncio.sleep(reply.pause)
            yield event

    async def _faulty(self, body: Block, fault: Fault) -> AsyncIterator[Block]:
        words = "word " * (fault.after or 0)
        half = list(_events(self.model, self._habit.answer(body, Reply(words))))[:-3]  # neither block nor message ends
        for event in half if fault.after else half[:1]:
            yield event
        if fault.drop:
            raise _Dropped
        yield self._habit.error(fault.status, fault.kind, fault.message)


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    with listener:
        asyncio.run(server.serve([listener]))


async def _healthy(request: Request) -> Response:
    del request
    return Response()


def metrics_text(load: Load) -> str:
    """The lines of vLLM's ``/metrics`` that tell this load."""
    values = {
        "num_requests_running": load.running,
        "num_requests_waiting": load.waiting,
        "generation_tokens_total": load.tokens,
        "prefix_cache_queries_total": load.looked_up,
        "prefix_cache_hits_total": load.cached,
    }
    return "".join(f'vllm:{name}{{engine="0",model_name="m"}} {value:.1f}\n' for name, value in values.items())


def _usage(blocks: Blocks) -> Block:
    return {
        "input_tokens": blocks.sent - blocks.cached,
        "output_tokens": blocks.written,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": blocks.cached,
    }


def _message(model: str, blocks: Blocks) -> Block:
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(blocks.content),
        "stop_reason": blocks.stop,
        "stop_sequence": None,
        "usage": _usage(blocks),
    }


def _events(model: str, blocks: Blocks) -> Iterator[Block]:
    """The answer as server-sent events. As with vLLM, the first usage counts the cache as input."""
    start: Block = {**_message(model, blocks), "content": [], "stop_reason": None}
    yield {"type": "message_start", "message": {**start, "usage": {"input_tokens": blocks.sent, "output_tokens": 0}}}
    for index, block in enumerate(blocks.content):
        yield {"type": "content_block_start", "index": index, "content_block": _opened(block)}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": blocks.stop, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": _usage(blocks)}
    yield {"type": "message_stop"}


def _opened(block: Block) -> Block:
    empty: dict[str, Block] = {
        "text": {"text": ""},
        "thinking": {"thinking": "", "signature": ""},
        "tool_use": {"input": {}},
    }
    return {**block, **empty[block["type"]]}


def _deltas(block: Block) -> Iterator[Block]:
    match block["type"]:
        case "text":
            yield from ({"type": "text_delta", "text": piece} for piece in pieces(block["text"]))
        case "thinking":
            yield {"type": "thinking_delta", "thinking": block["thinking"]}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case _:
            written = json.dumps(block["input"])
            for start in range(0, len(written), 7):
                yield {"type": "input_json_delta", "partial_json": written[start : start + 7]}
