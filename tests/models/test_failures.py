"""What a person reads when a model fails: one clear sentence, the right error, never the key."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from agentforge.errors import (
    AgentForgeError,
    AuthenticationError,
    ContextOverflow,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
)
from agentforge.models.client import Models
from agentforge.models.protocol import Delta, Message
from agentforge.settings import Endpoint, Settings
from agentforge.testing import Fault, Reply
from agentforge.types import Role
from tests.models.conftest import Connect, Serve

HELLO = (Message("user", "hello"),)
KEY = "sk-ant-very-secret-0123456789"
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@contextmanager
def listener(answer: bytes = b"", *, hang: bool = False) -> Any:
    """A server that reads a request and answers with bytes, or hangs; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def run() -> None:
            with suppress(OSError):
                while True:
                    peer = server.accept()[0]
                    held.append(peer)
                    peer.recv(65536)
                    if not hang:
                        peer.sendall(answer)
                        peer.close()

        thread = Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        for peer in held:
            peer.close()
        thread.join(5)


def endpoint(url: str, **fields: Any) -> Endpoint:
    return Endpoint.model_validate({"kind": "vllm", "url": url, "model": "m", **fields})


async def failing(connect: Connect, one: Any) -> AgentForgeError:
    with pytest.raises(AgentForgeError) as caught:
        await connect(one).complete(Role.PLAN, HELLO)
    return caught.value


async def test_nothing_listens_at_the_local_endpoint(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    error = await failing(connect, endpoint(url))
    assert isinstance(error, ModelUnavailable)
    assert str(error) == f"Nothing answers at {url}. Run 'agentforge model up'."


async def test_a_server_that_comes_up_a_moment_later_is_reached(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve([Fault(503, "unavailable", "loading"), "ok"], mode="vllm")
    assert (await connect(server).complete(Role.PLAN, HELLO)).text == "ok"


@pytest.mark.parametrize("status", [429, 500, 503, 529])
async def test_a_passing_failure_is_tried_three_times_at_the_most(serve: Serve, connect: Connect, status: int) -> None:
    server = serve(lambda request: Fault(status, "overloaded_error", "too much"), mode="claude")
    error = await failing(connect, server)
    assert isinstance(error, ModelUnavailable)
    assert f"answers {status}: too much." in error.message
    assert len(server.requests) == 3


async def test_the_server_says_how_long_to_wait(serve: Serve, connect: Connect) -> None:
    server = serve([Fault(429, "rate_limit_error", "slow down", {"retry-after": "0.3"}), "ok"], mode="claude")
    start = time.monotonic()
    await connect(server).complete(Role.PLAN, HELLO)
    assert time.monotonic() - start >= 0.3


async def test_an_invalid_request_is_refused_once_and_not_repeated(serve: Serve, connect: Connect) -> None:
    server = serve([], mode="claude")
    with pytest.raises(ModelRefused, match="must use the") as caught:
        await connect(server).complete(Role.PLAN, (Message("assistant", "I begin."), *HELLO))
    assert caught.value.exit_code == 4
    assert len(server.requests) == 1


async def test_an_unknown_model_is_named(serve: Serve, connect: Connect) -> None:
    server = serve([], mode="vllm")
    error = await failing(connect, server.endpoint(model="nope"))
    assert isinstance(error, ModelRefused)
    assert "The model `nope` does not exist" in error.message


@pytest.mark.parametrize("mode", ["claude", "vllm"])
async def test_a_wrong_key(serve: Serve, connect: Connect, mode: str) -> None:
    server = serve([], mode=mode, key="the-right-one")
    error = await failing(connect, server.endpoint(key=KEY))
    assert isinstance(error, AuthenticationError)
    assert error.exit_code == 3
    assert KEY not in str(error)
    assert ("ANTHROPIC_API_KEY" if mode == "claude" else "endpoints.local.key") in error.fix
    assert len(server.requests) == 1


async def test_a_server_that_repeats_the_key_does_not_get_it_shown(serve: Serve, connect: Connect) -> None:
    server = serve(
        lambda request: Fault(400, "invalid", f"bad {request.headers['authorization']}"), mode="claude", key=KEY
    )
    error = await failing(connect, server)
    assert KEY not in str(error)
    assert KEY not in repr(error.__cause__)
    assert error.__suppress_context__


async def test_claude_without_a_key_is_told_before_anything_is_sent(serve: Serve, connect: Connect) -> None:
    server = serve([], mode="claude")
    error = await failing(connect, server.endpoint(key=None))
    assert isinstance(error, AuthenticationError)
    assert error.fix == "Set ANTHROPIC_API_KEY."
    assert server.requests == []


async def test_claudes_key_and_headers_never_go_to_another_server(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", KEY)
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", f"X-Gateway-Token: {KEY}")
    server = serve(["ok"], mode="vllm")
    await connect(server).complete(Role.PLAN, HELLO)
    assert KEY not in str(server.requests[0].headers)
    assert server.requests[0].headers["anthropic-version"]


async def test_a_proxy_of_the_shell_is_not_asked_for_loopback(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await connect(serve(["ok"], mode="vllm")).complete(Role.PLAN, HELLO)).text == "ok"


async def test_a_silent_server_is_given_up_after_the_time_limit_and_not_asked_again(connect: Connect) -> None:
    with listener(hang=True) as url:
        start = time.monotonic()
        error = await failing(connect, endpoint(url, timeout=0.5))
    assert isinstance(error, ModelTimeout)
    assert "within 0.5 s" in error.message
    assert "endpoints.local.timeout" in error.fix
    assert time.monotonic() - start < 5


async def test_the_time_limit_holds_for_the_whole_answer_however_steadily_it_drips(
    serve: Serve, connect: Connect
) -> None:
    server = serve([Reply("word " * 1000, pause=0.05)], mode="vllm")
    error = await failing(connect, server.endpoint(timeout=1.0))
    assert isinstance(error, ModelTimeout)
    assert len(server.requests) == 1
    await asyncio.sleep(0.3)
    assert server.abandoned == 1


async def test_a_server_that_breaks_off_its_answer(serve: Serve, connect: Connect) -> None:
    server = serve([Fault(after=3, drop=True)], mode="vllm")
    error = await failing(connect, server)
    assert isinstance(error, ModelUnavailable)
    assert "broke off" in error.message


async def test_an_error_in_the_midst_of_an_answer_is_not_repeated(serve: Serve, connect: Connect) -> None:
    server = serve([Fault(after=3)], mode="claude")
    seen: list[str] = []

    async def listen() -> None:
        async for item in connect(server).stream(Role.PLAN, HELLO):
            assert isinstance(item, Delta)
            seen.append(item.text)

    with pytest.raises(ModelUnavailable, match="Overloaded"):
        await listen()
    assert "".join(seen).split() == ["word"] * 3
    assert len(server.requests) == 1


async def test_an_error_before_the_first_word_is_repeated(serve: Serve, connect: Connect) -> None:
    server = serve([Fault(after=0), "ok"], mode="claude")
    assert (await connect(server).complete(Role.PLAN, HELLO)).text == "ok"


@pytest.mark.parametrize(
    "answer",
    [
        EVENTS.replace(b"event-stream", b"html") + b"<html></html>",
        EVENTS,
        EVENTS + b"event: message_start\ndata: nonsense\n\n",
        EVENTS + b"event: message_start\ndata: {}\n\n",
        EVENTS + b'event: message_start\ndata: {"type":"message_start"}\n\n',
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
async def test_something_else_that_listens_there_is_recognised(connect: Connect, answer: bytes) -> None:
    with listener(answer) as url:
        error = await failing(connect, endpoint(url))
    assert isinstance(error, ModelUnavailable)
    assert url in error.message


@pytest.mark.parametrize("body", [b"<h1>No</h1>", b"", b'"no"', b'{"detail": "no"}', b'{"error": {"message": "no"}}'])
async def test_an_error_of_any_shape_is_told(connect: Connect, body: bytes) -> None:
    head = f"HTTP/1.1 418 X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with listener(head.encode() + body) as url:
        error = await failing(connect, endpoint(url))
    assert isinstance(error, ModelRefused)
    assert "(418)" in error.message


async def test_an_answer_that_cannot_fit_is_refused_with_its_numbers_before_it_is_sent(
    serve: Serve, connect: Connect
) -> None:
    server = serve([], mode="vllm", context=4096)
    with pytest.raises(ContextOverflow, match=r"about \d+ tokens and an answer of up to 3000 .* 4096 tokens that qwen"):
        await connect(server).complete(Role.PLAN, (Message("user", "many words " * 600),), max_tokens=3000)
    assert {request.path for request in server.requests} <= {"/v1/messages/count_tokens"}


async def test_a_prompt_far_too_long_is_not_even_counted_elsewhere(serve: Serve, connect: Connect) -> None:
    server = serve([], mode="vllm", context=4096)
    with pytest.raises(ContextOverflow):
        await connect(server).complete(Role.PLAN, (Message("user", "many words " * 100_000),))
    assert server.requests == []


async def test_ten_megabytes_are_refused_at_once(connect: Connect) -> None:
    start = time.monotonic()
    with pytest.raises(ContextOverflow):
        await connect(endpoint("http://127.0.0.1:9")).complete(Role.PLAN, (Message("user", "x" * 10_000_000),))
    assert time.monotonic() - start < 2


async def test_where_the_estimate_is_unsure_the_endpoint_counts(serve: Serve, connect: Connect) -> None:
    prompt = (Message("user", "слово " * 500),)  # the estimate is twice too high for Russian
    server = serve(["ok"], mode="vllm", context=1200, tokens=lambda body: 1000)
    assert connect(server).count(prompt[0].text) > 1200
    with pytest.raises(ContextOverflow):
        await connect(server.endpoint(features={"count_tokens": False})).complete(Role.PLAN, prompt, max_tokens=64)
    assert server.requests == []
    assert (await connect(server).complete(Role.PLAN, prompt, max_tokens=64)).text == "ok"
    with pytest.raises(ContextOverflow, match="about 1000 tokens"):
        await connect(server).complete(Role.PLAN, prompt, max_tokens=201)


async def test_the_servers_own_word_on_the_context_is_understood(serve: Serve, connect: Connect) -> None:
    vllm, claude = serve([], mode="vllm", context=512), serve([], mode="claude", context=512)
    for server in (vllm, claude):
        with pytest.raises(ContextOverflow, match="does not fit the context"):
            await connect(server.endpoint(context=100_000)).complete(Role.PLAN, (Message("user", "word " * 2000),))


async def test_no_endpoint_at_all_is_a_matter_of_settings(home: Path) -> None:
    async with Models(Settings(home=home)) as models:
        with pytest.raises(AgentForgeError, match="No model endpoint is set up"):
            await models.complete(Role.PLAN, HELLO)
