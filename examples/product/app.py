"""The product: FastAPI, one :class:`~agentforge.Forge` for each user, and approvals that a person gives later.

Who asks is told by the key in ``Authorization: Bearer …``. It decides organisation and user, and with them the
registry, the sessions and the sandbox: nothing that a client sends can name those of somebody else.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from agentforge import AgentForgeError, Allow, Defer, Deny, Forge, RunLimits
from agentforge.errors import UsageError
from agentforge.sse import Streams

LIMITS = RunLimits(tokens=200_000, seconds=600)
"""What one question may take."""

MakeForge = Callable[[str, str], Forge]
"""From organisation and user to what answers them, not opened yet."""


class Question(BaseModel):
    """What is asked, in a new session or an earlier one."""

    text: str
    session: str | None = None


class Verdict(BaseModel):
    """What a person says of a call that waits."""

    allow: bool
    reason: str = ""


class Product:
    """Who may ask, and one open forge for each user who has."""

    def __init__(self, keys: Mapping[str, tuple[str, str]], make: MakeForge, streams: Streams) -> None:
        self.streams = streams
        self._keys = keys
        self._make = make
        self._open: dict[tuple[str, str], Forge] = {}
        self._lock = asyncio.Lock()

    async def forge_of(self, key: str) -> Forge | None:
        """The forge of whom a key belongs to, opened at its first need; None where it is nobody's."""
        owner = next((one for own, one in self._keys.items() if hmac.compare_digest(own.encode(), key.encode())), None)
        if owner is None:
            return None
        async with self._lock:
            if owner not in self._open:
                self._open[owner] = await self._make(*owner).open()
            return self._open[owner]

    async def aclose(self) -> None:
        """Ends what runs and closes all."""
        await self.streams.aclose()
        for forge in self._open.values():
            await forge.aclose()


async def mine(request: Request, authorization: Annotated[str, Header()] = "") -> Forge:
    """The forge of whoever asks."""
    forge = await request.app.state.product.forge_of(authorization.removeprefix("Bearer "))
    if forge is None:
        raise HTTPException(401, "No such key.")
    return forge


def its_streams(request: Request) -> Streams:
    """The streams of this application."""
    return request.app.state.product.streams


Mine = Annotated[Forge, Depends(mine)]
Its = Annotated[Streams, Depends(its_streams)]
router = APIRouter()


@router.post("/ask")
async def ask(question: Question, forge: Mine, streams: Its) -> Response:
    """Answers a question; a call that reaches out waits for a person."""
    events = forge.stream(question.text, session=question.session, on_approval=lambda _: Defer(), limits=LIMITS)
    return await streams.start(forge, events)


@router.get("/ask")
async def rest(forge: Mine, streams: Its, last_event_id: Annotated[str, Header()]) -> Response:
    """The rest of an answer, for a client that was cut off."""
    return await streams.resume(forge, last_event_id)


@router.get("/approvals")
async def approvals(forge: Mine) -> list[dict[str, object]]:
    """The calls that wait."""
    return [
        {"id": one.id, "tool": one.request.tool, "args": one.request.args, "rights": one.request.rights}
        for one in await forge.approvals.list()
    ]


@router.post("/approvals/{approval}")
async def decide(approval: str, verdict: Verdict, forge: Mine, streams: Its) -> Response:
    """Decides about a call; the answer goes on."""
    decision = Allow() if verdict.allow else Deny(verdict.reason)
    return await streams.start(forge, forge.resume_stream(approval, decision, limits=LIMITS))


async def refused(_: Request, error: Exception) -> JSONResponse:
    """What kept a run from starting, as JSON."""
    told = {"message": error.message, "fix": error.fix} if isinstance(error, AgentForgeError) else {}
    return JSONResponse(told, 400 if isinstance(error, UsageError) else 502)


def make_app(
    keys: Mapping[str, tuple[str, str]], make: MakeForge = lambda org, user: Forge(user=user, org=org)
) -> FastAPI:
    """The application. ``keys`` maps a secret key to organisation and user. A question is answered to its end though
    its client has gone.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.product = Product(keys, make, Streams(detach=True))
        yield
        await app.state.product.aclose()

    app = FastAPI(title="A product", lifespan=lifespan)
    app.include_router(router)
    app.add_exception_handler(AgentForgeError, refused)
    return app
