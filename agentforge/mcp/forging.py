"""Forgings that a calling agent asked for: they run behind the server, a few at a time, and nobody waits for them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

from agentforge.api.serving import Served
from agentforge.errors import AgentForgeError, LimitReached, ModelUnavailable
from agentforge.models.speechless import FIX, NO_MODEL
from agentforge.types import CLAIMED, JSON, Example, JSONObject, Need

MOST_WAITING = 20
"""More forgings than these are refused: each takes minutes."""

_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def need_of(args: JSONObject, caller: str, *, trusted: bool) -> Need:
    """The need that a calling agent states. ``caller`` is what it calls itself.

    Trusted, its examples count as the user's own; if it wrote the code as well, it has seen all of them, so that none
    can be held back. Not trusted, they must hold and vouch for nothing, and the tool waits for a person: nobody here
    knows which untrusted text it has read.
    """
    code = str(args.get("code") or "")
    stated = args.get("examples")
    given = [one for one in stated if isinstance(one, dict)] if isinstance(stated, list) else []
    return Need(
        name=str(args["name"]),
        signature=str(args["signature"]),
        purpose=str(args["purpose"]),
        examples=tuple(_example(one, "user" if trusted else CLAIMED, spent=bool(code)) for one in given),
        requests=_texts(args.get("requests")),
        text=str(args.get("said") or ""),
        depends=_texts(args.get("uses")),
        tainted=not trusted,
        drafts=(code,) if code else (),
        author=f"mcp:{_NAME.sub('-', caller)[:60] or 'unknown'}" if code else "",
    )


def _example(stated: JSONObject, source: str, *, spent: bool) -> Example:
    args, raises = stated.get("args"), stated.get("raises")
    return Example(
        args if isinstance(args, dict) else {},
        stated.get("returns"),
        raises if isinstance(raises, str) else None,
        source=source,
        spent=spent,
    )


def _texts(stated: JSON) -> tuple[str, ...]:
    return tuple(str(one) for one in stated) if isinstance(stated, list) else ()


class Forgings:
    """What runs behind one server. ``tell`` hears of what failed, in a sentence."""

    def __init__(self, forge: Served, tell: Callable[[str], None]) -> None:
        self._forge = forge
        self._tell = tell
        self._gate = asyncio.Semaphore(forge.settings.mcp.forgings)
        self._running: set[asyncio.Task[None]] = set()

    async def begin(self, need: Need) -> str:
        """Writes the job down and has it run; returns its id.

        Raises:
            ModelUnavailable: nothing here could write the code.
            LimitReached: too many wait already.
            ToolInvalid: the need is malformed, or holds what looks like a secret.
        """
        if not need.drafts and not self._forge.writes:
            raise ModelUnavailable(NO_MODEL, fix=f"Bring the code yourself, as 'code'. Or: {FIX}")
        if len(self._running) >= self._forge.settings.mcp.forgings + MOST_WAITING:
            raise LimitReached(f"{len(self._running)} forgings wait already.", fix="Ask again when one has ended.")
        job = await self._forge.begin(need)
        task = asyncio.create_task(self._carry(job))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return job

    async def status(self, job: str, seconds: float) -> JSONObject:
        """A job as it stands, or as soon as it is over within ``seconds`` (raises UsageError: there is none)."""
        jobs = await self._forge.jobs()
        record = await jobs.wait(job, seconds)
        told = record.result
        made = str(told.get("reused") or told.get("name") or "") if record.state == "live" else ""
        reason = record.reason or {"queued": "It waits for its turn.", "running": "It is being made."}.get(
            record.status, ""
        )
        return {
            "job": record.id,
            "name": record.name,
            "status": record.status,
            "state": record.state if record.ended else "",
            "tool": made,
            "reason": reason,
        }

    async def aclose(self) -> None:
        """Stops what runs; it is given back and taken up at the next start."""
        running = [*self._running]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _carry(self, job: str) -> None:
        async with self._gate:
            try:
                await self._forge.carry(job)
            except AgentForgeError as error:
                self._tell(f"The forging {job} broke off: {error}")


def caller_of(params: object) -> str:
    """What a client calls itself in its greeting, unchecked; empty where it has no name."""
    info = getattr(params, "client_info", None)
    return cast("str", getattr(info, "name", "")) or ""
