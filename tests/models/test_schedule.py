"""Who goes first at a busy endpoint, who hears why he waits, and when a server counts as dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from agentforge.errors import ModelTimeout
from agentforge.models import connection, deadline, pace
from agentforge.models.client import Models
from agentforge.models.metrics import Load
from agentforge.models.protocol import Message, Priority, Waiting
from agentforge.testing import MessagesServer, Reply
from agentforge.types import Role
from tests.models.conftest import Connect, Serve

LONG = 60.0  # seconds that no test waits


async def ask(models: Models, text: str = "hello") -> str:
    return (await models.complete(Role.PLAN, [Message("user", text)], max_tokens=50)).text


def texts(server: MessagesServer) -> list[str]:
    return [request.body["messages"][0]["content"][0]["text"] for request in server.requests]


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(LONG):
        while not happened():  # noqa: ASYNC110 - the server's thread sets no event of ours
            await asyncio.sleep(0.01)


@asynccontextmanager
async def taken(models: Models, server: MessagesServer) -> AsyncIterator[None]:
    """A request that keeps the only place until the end, and then is given up."""
    task = asyncio.create_task(ask(models, "stay"))
    await until(lambda: server.most_at_once == 1)
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def staying(request: object) -> Reply:
    return Reply("ok", pause=LONG if "stay" in str(request) else 0.0)


@pytest.mark.parametrize("priority", Priority)
async def test_vllm_is_told_the_priority_of_the_work(serve: Serve, connect: Connect, priority: Priority) -> None:
    server = serve(["ok"], mode="vllm")
    await ask(connect(server).at(priority))
    assert server.requests[0].headers["x-vllm-priority"] == str(int(priority))


async def test_who_knows_no_priority_is_told_none(serve: Serve, connect: Connect) -> None:
    claude, other = serve(["ok"], mode="claude"), serve(["ok"], mode="vllm")
    await ask(connect(claude).at(Priority.BACKGROUND))
    await ask(connect(other.endpoint(features={"priority": False})).at(Priority.BACKGROUND))
    for server in (claude, other):
        assert "x-vllm-priority" not in server.requests[0].headers


async def test_what_is_asked_at_a_priority_is_spent_by_the_same_client(serve: Serve, connect: Connect) -> None:
    models = connect(serve(["ok"], mode="vllm"))
    await ask(models.at(Priority.BACKGROUND))
    assert models.usage[Role.PLAN].calls == 1


async def test_the_bound_holds_for_all_clients_of_a_process(serve: Serve, connect: Connect) -> None:
    server = serve(lambda request: Reply("ok", pause=0.1), mode="vllm")
    clients = [connect(server.endpoint(parallel=2)) for _ in range(6)]
    await asyncio.gather(*(ask(client) for client in clients))
    assert server.most_at_once == 2


async def test_what_waits_is_sent_by_priority_and_among_equals_by_arrival(serve: Serve, connect: Connect) -> None:
    server = serve(staying, mode="vllm")
    models = connect(server.endpoint(parallel=1))
    wanted = [
        ("later", Priority.BACKGROUND),
        ("soon", Priority.AWAITED),
        ("first", Priority.INTERACTIVE),
        ("second", Priority.INTERACTIVE),
    ]
    async with taken(models, server):
        tasks = [asyncio.create_task(ask(models.at(priority), text)) for text, priority in wanted]
        await asyncio.sleep(0.1)
    await asyncio.gather(*tasks)
    assert texts(server) == ["stay", "first", "second", "soon", "later"]


async def test_who_is_cancelled_while_waiting_gives_the_turn_to_the_next(serve: Serve, connect: Connect) -> None:
    server = serve(staying, mode="vllm")
    models = connect(server.endpoint(parallel=1))
    async with taken(models, server):
        gone, next_one = (asyncio.create_task(ask(models, text)) for text in ("gone", "next"))
        await asyncio.sleep(0.1)
        gone.cancel()
    assert await next_one == "ok"
    assert texts(server) == ["stay", "next"]


async def test_who_waits_here_hears_once_how_many_go_first(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WAITING_SECONDS", 0.1)
    server, told = serve(staying, mode="vllm"), list[Waiting]()
    server.load = Load(running=8, waiting=5, tokens=0, looked_up=0, cached=0)
    models = connect(server.endpoint(parallel=1))
    async with taken(models, server):
        tasks = [asyncio.create_task(ask(models.at(Priority.INTERACTIVE, told.append))) for _ in range(2)]
        await until(lambda: len(told) == 2)
        await asyncio.sleep(0.3)
    await asyncio.gather(*tasks)
    assert told == [Waiting("local", 0.1, before, server_running=8, server_waiting=5) for before in (0, 1)]
    assert str(told[1]) == (
        "Waiting for local: all its places are taken, 1 request before this one; "
        "its server runs 8 requests and has 5 waiting."
    )


async def test_where_the_servers_queue_is_the_reason_it_is_named(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WAITING_SECONDS", 0.1)
    server, told = serve(staying, mode="vllm"), list[Waiting]()
    server.load = Load(running=8, waiting=5, tokens=0, looked_up=0, cached=0)
    models = connect(server).at(Priority.INTERACTIVE, told.append)
    # the scripted server begins its answer at once; a full one would not
    monkeypatch.setattr(server, "_stream", _held_back(server))
    task = asyncio.create_task(ask(models))
    await until(lambda: told)
    task.cancel()
    assert told == [Waiting("local", 0.1, None, server_running=8, server_waiting=5)]
    assert str(told[0]) == "Waiting for local: its server runs 8 requests and has 5 waiting."


async def test_nobody_hears_of_an_answer_that_is_slow_for_no_queue(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WAITING_SECONDS", 0.05)
    server, told = serve(["ok"], mode="vllm"), list[Waiting]()
    server.load = Load(running=8, waiting=0, tokens=0, looked_up=0, cached=0)
    monkeypatch.setattr(server, "_stream", _held_back(server, 0.5))
    await ask(connect(server).at(Priority.INTERACTIVE, told.append))
    assert told == []


async def test_nobody_hears_of_an_answer_that_has_begun(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WAITING_SECONDS", 0.5)
    server, told = serve([Reply("one two three", pause=0.3)], mode="vllm"), list[Waiting]()
    server.load = Load(running=8, waiting=5, tokens=0, looked_up=0, cached=0)
    await ask(connect(server).at(Priority.INTERACTIVE, told.append))
    assert told == []


def _held_back(server: MessagesServer, seconds: float = LONG) -> Callable[..., AsyncIterator[str]]:
    """The server's streams, each a while after it should begin."""
    stream = server._stream

    async def held(*args: object) -> AsyncIterator[str]:
        await asyncio.sleep(seconds)
        async for event in stream(*args):  # type: ignore[arg-type] # passed on as they come
            yield event

    return held


@pytest.fixture
async def measured(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> tuple[Models, MessagesServer]:
    """An endpoint that has answered quickly so far, and then does so no more."""
    monkeypatch.setattr(pace, "FLOOR", 1.0)  # and that is the limit, however long a busy machine takes for a word
    monkeypatch.setattr(pace, "FACTOR", 0.0)
    monkeypatch.setattr(pace, "LEAST_WORK", 1)
    monkeypatch.setattr(deadline, "QUIET", 0.3)
    server = serve(staying, mode="vllm")
    models = connect(server.endpoint(timeout=LONG))
    for _ in range(pace.ENOUGH):
        await ask(models)
    return models, server


async def test_a_dead_server_is_noticed_long_before_the_ceiling(measured: tuple[Models, MessagesServer]) -> None:
    models, server = measured
    with pytest.raises(ModelTimeout, match="no sign of life") as caught:
        await ask(models, "stay")
    assert "agentforge model status" in caught.value.fix
    assert texts(server)[-2:] == ["hello", "stay"], "and not asked again"


async def test_a_server_that_works_on_others_requests_is_waited_for(measured: tuple[Models, MessagesServer]) -> None:
    models, server = measured

    async def work() -> None:
        while server.load is not None:
            server.load = replace(server.load, tokens=server.load.tokens + 1)
            await asyncio.sleep(0.05)

    working = asyncio.create_task(work())
    waiting = asyncio.create_task(ask(models, "stay"))
    await asyncio.sleep(4)
    working.cancel()
    assert not waiting.done()
    with pytest.raises(ModelTimeout, match="no sign of life"):
        await waiting


async def test_after_that_the_next_request_has_all_the_time_that_is_set(
    measured: tuple[Models, MessagesServer],
) -> None:
    models, _ = measured
    with pytest.raises(ModelTimeout):
        await ask(models, "stay")
    waiting = asyncio.create_task(ask(models, "stay"))
    await asyncio.sleep(4)
    assert not waiting.done()
    waiting.cancel()
