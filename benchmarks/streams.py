"""Whether many answers that are streamed at once arrive whole, and how late.

A real server (uvicorn and ``agentforge.sse``, a process of its own) answers ``--streams`` questions at once for 20
users; the model is scripted and says a piece every 20 ms, all else is real. Each client reads its stream to the end.
``lost`` counts numbers of events that are missing before the last one, pieces of the answer among them, ``doubled``
those that came twice or out of order, ``unended`` streams without exactly one terminal event at their end, ``garbled``
answers whose pieces do not make up the text. ``delay`` is from the event's own time until it was read. Nothing is
compared.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agentforge import Forge
from agentforge.models.capabilities import FEATURES
from agentforge.settings import load
from agentforge.sse import Streams
from agentforge.testing import Reply, ScriptedModel
from benchmarks.form import parser, progress, show

USERS = 20
WORDS = 60
TEXT = " ".join(f"word{number}" for number in range(WORDS))
PAUSE = 0.02
TERMINAL = ("completed", "failed", "limited", "waiting", "interrupted")


@dataclass
class Heard:
    """What one client got."""

    events: list[dict[str, Any]] = field(default_factory=lambda: [])
    delays: list[float] = field(default_factory=lambda: [])

    @property
    def numbers(self) -> list[int]:
        """The numbers of the events, as they came."""
        return [event["seq"] for event in self.events]

    @property
    def lost(self) -> int:
        """Numbers that are missing."""
        return max(self.numbers, default=-1) + 1 - len({*self.numbers})

    @property
    def doubled(self) -> int:
        """Numbers that came twice, or behind a later one."""
        return sum(one >= other for one, other in zip(self.numbers, self.numbers[1:], strict=False))

    @property
    def ended(self) -> bool:
        """Whether there is one terminal event, and it is the last."""
        ends = [event["type"] for event in self.events if event["type"] in TERMINAL]
        return len(ends) == 1 and self.events[-1]["type"] == "completed"

    @property
    def text(self) -> str:
        """The pieces of the answer."""
        return "".join(event["data"]["text"] for event in self.events if event["type"] == "model_delta")


def application() -> Starlette:
    """Answers ``POST /ask?user=N``; one open forge for each user."""
    streams, forges = Streams(), dict[str, Forge]()
    settings = load(overrides={"agent.embeddings": False})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        for number in range(USERS):
            model = ScriptedModel(lambda _: Reply(TEXT, pause=PAUSE), features=FEATURES["claude"])
            forge = forges[str(number)] = await Forge(user=f"user{number}", settings=settings, models=model).open()
            await forge.sessions.list()  # the database is opened, and made, before anybody asks
        yield
        await streams.aclose()
        for forge in forges.values():
            await forge.aclose()

    async def ask(request: Request) -> Response:
        forge = forges[request.query_params["user"]]
        return await streams.start(forge, forge.stream("Count to sixty."))

    return Starlette(routes=[Route("/ask", ask, methods=["POST"])], lifespan=lifespan)


async def listen(client: httpx2.AsyncClient, user: int) -> Heard:
    """One client, to the end of its stream."""
    heard = Heard()
    async with client.stream("POST", "/ask", params={"user": str(user)}) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                heard.events.append(event)
                heard.delays.append(time.time() - datetime.fromisoformat(event["time"]).timestamp())
    return heard


async def measure(address: str, streams: int) -> dict[str, Any]:
    """All clients at once."""
    limits, patience = httpx2.Limits(max_connections=None), httpx2.Timeout(300.0)
    async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=patience) as client:
        began = time.perf_counter()
        heard = await asyncio.gather(*(listen(client, number % USERS) for number in range(streams)))
        seconds = time.perf_counter() - began
    delays = sorted(delay for one in heard for delay in one.delays)
    events = sum(len(one.events) for one in heard)
    return {
        "streams": streams,
        "events": events,
        "lost": sum(one.lost for one in heard),
        "doubled": sum(one.doubled for one in heard),
        "unended": sum(not one.ended for one in heard),
        "garbled": sum(one.text != TEXT for one in heard),
        "seconds": round(seconds, 1),
        "events_per_s": round(events / seconds),
        "delay_p50_ms": round(statistics.median(delays) * 1000),
        "delay_p95_ms": round(delays[int(len(delays) * 0.95)] * 1000),
        "cores": len(os.sched_getaffinity(0)),
    }


async def served(streams: int, home: str) -> dict[str, Any]:
    """The figures, with a server of our own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=streams)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    command = [sys.executable, "-m", "benchmarks.streams", "--serve", str(listener.fileno())]
    env = {**os.environ, "AGENTFORGE_HOME": home}
    server = await asyncio.create_subprocess_exec(*command, env=env, pass_fds=[listener.fileno()])
    try:
        await _ready(address)
        return await measure(address, streams)
    finally:
        server.terminate()
        await server.wait()
        listener.close()


async def _ready(address: str) -> None:
    """Waits until the server answers; connections before that wait in the listener."""
    async with httpx2.AsyncClient(base_url=address, timeout=120) as client:
        await client.get("/")


def main() -> int:
    """Measures and prints."""
    options = parser(__doc__ or "")
    options.add_argument("--streams", type=int, default=100, help="questions at once (default 100; --quick: 20)")
    options.add_argument("--serve", type=int, help="used by the benchmark itself: the listener to serve on")
    chosen = options.parse_args()
    if chosen.serve is not None:
        listener = socket.socket(fileno=chosen.serve)
        config = uvicorn.Config(application(), log_level="warning", access_log=False)
        uvicorn.Server(config).run(sockets=[listener])
        return 0
    streams = 20 if chosen.quick else chosen.streams
    progress(f"{streams} streams at once …")
    with tempfile.TemporaryDirectory() as home:
        figures = asyncio.run(served(streams, home))
    show(figures, {"streams": figures}, as_json=chosen.json)
    return int(any(figures[key] for key in ("lost", "doubled", "unended", "garbled")))


if __name__ == "__main__":
    raise SystemExit(main())
