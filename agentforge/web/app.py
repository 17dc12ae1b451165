"""The registry browser: pages and a JSON API on loopback, behind tokens.

:func:`create_app` makes the application, :func:`serve` runs it until it is interrupted. Loopback is
enforced: whoever wants the pages elsewhere puts a proxy or ``ssh -L`` in front of them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from agentforge.api import Forge
from agentforge.errors import AgentForgeError
from agentforge.loopback import HOSTS, address_of, listen
from agentforge.settings import WebSettings
from agentforge.web.address import Http
from agentforge.web.catalogue import Decide, OpenCatalogue
from agentforge.web.deciding import Deciding
from agentforge.web.guard import Headers, Hosts, Login, Origins
from agentforge.web.orders import OrderRefusedError
from agentforge.web.people import Person, people_of
from agentforge.web.programs import API, Programs, problem
from agentforge.web.rooms.doors import Doors
from agentforge.web.views import Views

_HERE = Path(__file__).resolve().parent


def create_app(
    open_catalogue: OpenCatalogue,
    decide: Decide,
    people: Sequence[Person],
    *,
    forge: Forge | None = None,
    allowed_hosts: Collection[str] = HOSTS,
) -> Starlette:
    """The application.

    ``open_catalogue`` is called once for each request, in a thread; ``decide`` makes a decision. ``people`` are those
    who are let in. ``forge`` is what the rooms beside tools and queue read; without it there are none.
    ``allowed_hosts`` are the names that Host and Origin headers may carry, without port.
    """
    views = Views(open_catalogue, deciding := Deciding(open_catalogue, decide), rooms=forge is not None)
    programs = Programs(open_catalogue, deciding)
    doors = Doors(forge, open_catalogue, views.room, problem) if forge is not None else None
    return Starlette(
        routes=[
            Route("/", views.tools, methods=["GET"]),
            Route("/queue", views.queue, methods=["GET"]),
            Route("/queue/{name}/{number:int}/decision", views.decide_waiting, methods=["POST"]),
            Route("/tools/{name}", views.tool, methods=["GET"]),
            Route("/tools/{name}/compare", views.compare, methods=["GET"]),
            Route("/tools/{name}/decision", views.decide_standing, methods=["POST"]),
            *(doors.pages() if doors else ()),
            Mount(API, routes=[*programs.routes(), *(doors.programs() if doors else ())]),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ],
        middleware=[
            Middleware(Headers),
            Middleware(Hosts, allowed=allowed_hosts, error_page=views.refusal),
            Middleware(Origins, allowed=allowed_hosts, error_page=views.refusal),
            Middleware(Login, people=people, error_page=views.refusal),
        ],
        exception_handlers={
            HTTPException: views.no_such,
            OrderRefusedError: views.refused,
            AgentForgeError: views.failed,
            Exception: views.crashed,
        },
    )


async def serve(
    settings: WebSettings,
    open_catalogue: OpenCatalogue,
    decide: Decide,
    *,
    starter: str,
    forge: Forge | None = None,
    on_ready: Callable[[str], None],
    token: str | None = None,
) -> None:
    """Serves until cancelled or interrupted, with ``starter`` as administrator. ``on_ready`` gets their address, token
    included.

    Raises:
        ConfigurationError: the host is not loopback, or the port is taken.
    """
    token = token or secrets.token_urlsafe(32)
    listener = listen(settings.host, settings.port, what="The pages", section="web")
    try:
        people = people_of(settings, starter, token)
        hosts = (*HOSTS, *settings.hosts)
        application = create_app(open_catalogue, decide, people, forge=forge, allowed_hosts=hosts)
        # The access log would hold the token of the first request.
        config = uvicorn.Config(
            application, http=Http, log_level="warning", access_log=False, server_header=False, lifespan="off"
        )
        on_ready(f"{address_of(listener)}/?token={token}")
        warming = asyncio.create_task(asyncio.to_thread(_warm, open_catalogue))
        try:
            await uvicorn.Server(config).serve(sockets=[listener])
        finally:
            await warming
    finally:
        listener.close()


def _warm(open_catalogue: OpenCatalogue) -> None:
    """Reads the list while a person still opens the address: of 10,000 tools it takes two seconds, once."""
    with suppress(AgentForgeError), open_catalogue() as catalogue:
        catalogue.shelf()
