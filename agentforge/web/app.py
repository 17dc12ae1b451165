"""The registry browser: read-only pages on loopback, behind a token.

:func:`create_app` makes the application, :func:`serve` runs it until it is interrupted. Loopback is
enforced: pages for many users are another edge's business.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from pathlib import Path

import jinja2
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from agentforge.errors import AgentForgeError, ToolNotFound
from agentforge.loopback import HOSTS, address_of, listen
from agentforge.settings import WebSettings
from agentforge.types import State
from agentforge.web import hostile, pages
from agentforge.web.address import Http
from agentforge.web.catalogue import OpenCatalogue, find
from agentforge.web.guard import SECURITY_HEADERS, Headers, Hosts, Token

_HERE = Path(__file__).resolve().parent
_STATUS = {1: 500, 2: 404, 3: 500}


def create_app(open_catalogue: OpenCatalogue, *, token: str, allowed_hosts: Collection[str] = HOSTS) -> Starlette:
    """The application.

    ``open_catalogue`` is called once for each request, in a thread. ``allowed_hosts`` are the names
    that a Host header may carry, without port.
    """
    views = _Views(open_catalogue)
    return Starlette(
        routes=[
            Route("/", views.tools, methods=["GET"]),
            Route("/tools/{name}", views.tool, methods=["GET"]),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ],
        middleware=[
            Middleware(Headers),
            Middleware(Hosts, allowed=allowed_hosts, error_page=views.message),
            Middleware(Token, token=token, error_page=views.message),
        ],
        exception_handlers={
            HTTPException: views.refused,
            AgentForgeError: views.failed,
            Exception: views.crashed,
        },
    )


class _Views:
    """The pages; holds the templates, which are read once."""

    def __init__(self, open_catalogue: OpenCatalogue) -> None:
        self.open_catalogue = open_catalogue
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=hostile.finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def tools(self, request: Request) -> Response:
        """The list, filtered by state and search."""
        query, state = request.query_params.get("q", "")[:200], request.query_params.get("state", State.LIVE)
        with self.open_catalogue() as catalogue:
            blanks = pages.list_page(
                catalogue.entries(), query, state if state in [*State, "all"] else State.LIVE, catalogue.problems()
            )
            return self._render("tools.html", who=catalogue.owner, **blanks)

    def tool(self, request: Request) -> Response:
        """One version of one tool."""
        name, version = request.path_params["name"], request.query_params.get("version", "")
        with self.open_catalogue() as catalogue:
            entries = catalogue.entries()
            entry = find(entries, name, version)
            if entry is None:
                raise ToolNotFound(f"No tool is called {name[:80]!r} here.", fix="See the list of all tools.")
            known = sorted({one.tool.name for one in entries})
            page = pages.tool_page(entry, catalogue.versions(entry.tool), known, catalogue.packages(entry.tool))
            return self._render("tool.html", who=catalogue.owner, tool=page)

    def message(self, status: int, message: str, fix: str) -> Response:
        """One sentence and what to do."""
        return self._render("message.html", status, status=status, message=message, fix=fix, who="")

    def refused(self, _: Request, error: Exception) -> Response:
        """No such page, or a method other than GET."""
        status = error.status_code if isinstance(error, HTTPException) else 400
        said = {404: "There is no such page.", 405: "These pages can only be read."}
        return self.message(status, said.get(status, "That request makes no sense here."), "")

    def failed(self, _: Request, error: Exception) -> Response:
        """What the program knows to say: one sentence and a fix."""
        known = error if isinstance(error, AgentForgeError) else AgentForgeError(str(error))
        return self.message(_STATUS.get(known.exit_code, 500), known.message, known.fix)

    def crashed(self, _: Request, __: Exception) -> Response:
        """A defect of ours; the server logs it. Answered outside all middleware, hence the headers."""
        page = self.message(500, "This page failed.", "The terminal that runs 'agentforge web' says why.")
        page.headers.update(SECURITY_HEADERS)
        return page

    def _render(self, template: str, code: int = 200, /, **blanks: object) -> Response:
        return HTMLResponse(self.templates.get_template(template).render(**blanks), code)


async def serve(
    settings: WebSettings,
    open_catalogue: OpenCatalogue,
    *,
    on_ready: Callable[[str], None],
    token: str | None = None,
) -> None:
    """Serves until cancelled or interrupted. ``on_ready`` gets the address, token included.

    Raises:
        ConfigurationError: the host is not loopback, or the port is taken.
    """
    token = token or secrets.token_urlsafe(32)
    listener = listen(settings.host, settings.port, what="The pages", section="web")
    try:
        application = create_app(open_catalogue, token=token)
        # The access log would hold the token of the first request.
        config = uvicorn.Config(
            application, http=Http, log_level="warning", access_log=False, server_header=False, lifespan="off"
        )
        on_ready(f"{address_of(listener)}/?token={token}")
        await uvicorn.Server(config).serve(sockets=[listener])
    finally:
        listener.close()
