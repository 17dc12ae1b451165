"""A kept process is believed for exactly one answer to exactly its own question; anything else ends it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agentforge.boxes import kept as keeping
from agentforge.boxes import wire
from agentforge.boxes.conversation import Crew
from agentforge.boxes.kept import KeptCrew, worth_keeping
from agentforge.boxes.protocol import CallResult, Limits
from agentforge.errors import UsageError
from agentforge.types import JSON

LIMITS = Limits(seconds=5.0, result_bytes=2000, output_bytes=100)
ANSWER: dict[str, JSON] = {"status": "returned", "value": 7}


class Worker:
    """The box's side of one kept crew, and the cell that gives the orders about it."""

    def __init__(self, *, rests: bool = True) -> None:
        line, self.line = socket.socketpair()
        (out, self.out), (err, self.err) = os.pipe(), os.pipe()
        self.orders: list[str] = []
        self.rests = rests
        self.crew = KeptCrew(Crew.of(1, [line.detach(), out, err]), self, 4000)
        self.rest()

    def rest(self) -> None:
        if self.rests:
            asyncio.get_running_loop().call_soon(lambda: self.crew.rested())

    def begin(self, crew: Crew, seconds: float) -> None:
        self.orders.append("begin")

    def keep(self, crew: Crew) -> None:
        self.orders.append("keep")
        if hasattr(self, "crew"):
            self.rest()

    def end_kept(self, crew: Crew) -> None:
        self.orders.append("end")
        crew.close()

    @property
    def ended(self) -> bool:
        return self.orders[-1] == "end"

    async def asked(self) -> str:
        """Waits for the request; returns its ticket."""
        loop = asyncio.get_running_loop()
        self.line.setblocking(False)
        reader = wire.FrameReader(1 << 20)
        while not (frames := reader.feed(await loop.sock_recv(self.line, 1 << 16))):
            pass
        return str(json.loads(frames[0])["ticket"])

    def say(self, *frames: JSON | bytes) -> None:
        self.line.send(b"".join(one if isinstance(one, bytes) else wire.encode(one) for one in frames))

    def close(self) -> None:
        self.crew.end()
        self.line.close()
        os.close(self.out)
        os.close(self.err)


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    made = Worker()
    yield made
    made.close()


async def call(worker: Worker, *, limits: Limits = LIMITS) -> asyncio.Task[CallResult | None]:
    task = asyncio.ensure_future(worker.crew.call({"n": 1}, limits))
    await asyncio.sleep(0)
    return task


async def test_calls_follow_each_other_each_with_what_it_printed(worker: Worker) -> None:
    for text in ("one", "two"):
        task = await call(worker)
        ticket = await worker.asked()
        os.write(worker.out, text.encode())
        worker.say(ticket, ANSWER)
        result = await task
        assert result is not None
        assert (result.status, result.value, result.stdout) == ("returned", 7, text)
    assert worker.orders == ["keep", "begin", "keep", "begin", "keep"]


@pytest.mark.parametrize(
    "said",
    [
        [ANSWER, ANSWER],
        ["0" * 16, ANSWER],
        [ANSWER],
        [b"\xff\xff\xff\xff"],
        [b"", 5, 5],
    ],
    ids=["an answer twice", "another ticket", "no ticket", "a forged length", "numbers"],
)
async def test_what_lies_behind_no_ticket_of_this_call_is_no_answer(worker: Worker, said: list[Any]) -> None:
    task = await call(worker)
    await worker.asked()
    worker.say(*said)
    await asyncio.sleep(0)
    worker.line.shutdown(socket.SHUT_WR)
    assert await task is None
    assert worker.ended


@pytest.mark.parametrize("where", ["line", "out", "err"])
async def test_whatever_comes_between_two_calls_ends_it(worker: Worker, where: str) -> None:
    task = await call(worker)
    worker.say(await worker.asked(), ANSWER)
    assert (await task) is not None
    if where == "line":
        worker.say(ANSWER)
    else:
        os.write(worker.out if where == "out" else worker.err, b"late")
    assert await worker.crew.call({}, LIMITS) is None  # at once: the loop had no time to tell
    assert worker.ended


async def test_so_it_does_when_nobody_calls(worker: Worker) -> None:
    await asyncio.sleep(0.01)
    os.write(worker.out, b"late")
    await asyncio.sleep(0.01)
    assert worker.ended


async def test_one_that_dies_leaves_the_call_to_a_fresh_one(worker: Worker) -> None:
    task = await call(worker)
    await worker.asked()
    worker.line.close()
    assert await task is None
    assert worker.ended


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"status": "raised", "error": "ValueError", "message": "no"}, "raised"),
        ({"status": "bad_result", "message": "a set"}, "bad_result"),
        ({"status": "confirmed", "value": 1}, "bad_result"),
        ([], "bad_result"),
    ],
)
async def test_only_answers_of_honest_tools_keep_it(worker: Worker, answer: JSON, status: str) -> None:
    task = await call(worker)
    worker.say(await worker.asked(), answer)
    result = await task
    assert result is not None
    assert (result.status, worker.ended) == (status, status != "raised")


async def test_no_memory_left_is_asked_of_a_fresh_one(worker: Worker) -> None:
    task = await call(worker)
    worker.say(await worker.asked(), {"status": "raised", "error": "MemoryError", "message": ""})
    assert await task is None
    assert worker.ended


async def test_the_time_of_each_call_is_bounded(worker: Worker) -> None:
    task = await call(worker, limits=Limits(seconds=0.05))
    await worker.asked()
    os.write(worker.out, b"begun")
    result = await task
    assert result is not None
    assert (result.status, result.stdout, worker.ended) == ("timed_out", "begun", True)


@pytest.mark.parametrize("answers", [True, False])
async def test_what_is_printed_is_bounded(worker: Worker, answers: bool) -> None:
    task = await call(worker)
    ticket = await worker.asked()
    os.write(worker.out, b"x" * 300)
    if answers:
        worker.say(ticket, ANSWER)
    result = await task
    assert result is not None
    assert (result.status, result.stdout, worker.ended) == ("output_too_big", "x" * 100, True)


async def test_more_than_one_answer_is_malformed(worker: Worker) -> None:
    task = await call(worker)
    worker.say(await worker.asked(), ANSWER, ANSWER)
    result = await task
    assert result is not None
    assert (result.status, worker.ended) == ("bad_result", True)


async def test_an_answer_that_is_too_long_is_refused(worker: Worker) -> None:
    task = await call(worker)
    worker.say(await worker.asked(), (5000).to_bytes(4, "big"))
    result = await task
    assert result is not None
    assert (result.status, worker.ended) == ("result_too_big", True)


async def test_outputs_that_the_tool_closed_end_it_after_the_answer(worker: Worker) -> None:
    task = await call(worker)
    ticket = await worker.asked()
    os.dup2(worker.err, worker.out)
    await asyncio.sleep(0.01)
    worker.say(ticket, ANSWER)
    result = await task
    assert result is not None
    assert (result.value, worker.ended) == (7, True)


async def test_large_arguments_arrive_whole(worker: Worker) -> None:
    task = asyncio.ensure_future(worker.crew.call({"text": "x" * 5_000_000}, LIMITS))
    reader, loop = wire.FrameReader(6 << 20), asyncio.get_running_loop()
    worker.line.setblocking(False)
    while not (frames := reader.feed(await loop.sock_recv(worker.line, 1 << 16))):
        pass
    request = json.loads(frames[0])
    assert len(request["args"]["text"]) == 5_000_000
    worker.say(request["ticket"], ANSWER)
    assert await task is not None


async def test_arguments_that_are_not_json_are_the_callers_mistake(worker: Worker) -> None:
    with pytest.raises(UsageError, match="must be JSON"):
        await worker.crew.call({"x": float("nan")}, LIMITS)
    assert not worker.crew.reserved


async def test_one_that_does_not_come_to_rest_serves_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_REST_SECONDS", 0.05)
    worker = Worker(rests=False)
    assert await worker.crew.call({}, LIMITS) is None
    assert worker.ended
    worker.close()


async def test_a_call_that_is_given_up_ends_it(worker: Worker) -> None:
    task = await call(worker)
    await worker.asked()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert worker.ended
    assert task.cancelled()


def test_what_is_worth_keeping() -> None:
    assert worth_keeping(CallResult("returned", 1))
    assert worth_keeping(CallResult("raised", error="ValueError"))
    assert not worth_keeping(CallResult("raised", error="MemoryError"))
    for status in ("timed_out", "died", "result_too_big", "output_too_big", "bad_result"):
        assert not worth_keeping(CallResult(status))
