"""``agentforge worker``: runs queued jobs until it is asked to end, which is the ordinary way."""

from __future__ import annotations

import asyncio
import signal

from agentforge.api.worker import Worker
from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.jobs import durable
from agentforge.settings import load


def worker(who: Who, *, once: bool, concurrency: int | None) -> int:
    """Runs jobs; SIGTERM and Ctrl-C end it in order, with exit code 0."""
    given = {} if concurrency is None else {"worker.concurrency": concurrency}
    settings = load(overrides=who.overrides() | given)
    durable.installed()
    output = Output()

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        output.note(f"Up to {settings.worker.concurrency} jobs at once; Ctrl-C ends.")
        ended = await Worker(settings, output.note).run(stop, once=once)
        output.note(f"{ended} job{'s' if ended != 1 else ''} ended here.")

    asyncio.run(serve())
    return 0
