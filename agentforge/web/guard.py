"""What stands before every page: allowed hosts, the token, and the headers that keep a browser strict.

The token works as in Jupyter: the address printed by ``agentforge web`` carries it once; the answer
sets a cookie (HttpOnly, SameSite=Strict) and redirects to the same address without it. The cookie
holds a value derived from the token, so the token itself is stored nowhere. Programs send the token as
``Authorization: Bearer …`` instead.

What changes something has to come from a page of this server: by its Origin, by Sec-Fetch-Site where the browser
sends it, and by a value that only our own forms know (:mod:`agentforge.web.orders`).

This does *not* protect from other programs of the same person on the same machine that can read its
browser's cookies or its terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from urllib.parse import quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentforge.web.people import Person, by_cookie, by_token

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer browsers send forms with "Origin: null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

OPEN_PATHS = ("/static/",)
"""Needs no token: style and script, so that the page that asks for one is readable."""

SAFE = ("GET", "HEAD")
"""Methods that change nothing."""

ErrorPage = Callable[[Request, int, str, str], Response]
"""Answers a request with a status, one sentence, and what to do: as a page, or as JSON where a program asks."""


class Headers:
    """Adds :data:`SECURITY_HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self.app(scope, receive, strict)


class Hosts:
    """Refuses requests whose Host header names somebody else (DNS rebinding) with status 421."""

    def __init__(self, app: ASGIApp, allowed: Collection[str], error_page: ErrorPage) -> None:
        self.app = app
        self.allowed = frozenset(name.lower() for name in allowed)
        self.error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        app = self.app
        if scope["type"] == "http" and not self._allows(Request(scope).headers.getlist("host")):
            told = "This server does not answer to that host name."
            app = self.error_page(Request(scope), 421, told, "Use the printed address.")
        await app(scope, receive, send)

    def _allows(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        return host_name(hosts[0].lower()) in self.allowed


class Origins:
    """Refuses what would change something and does not come from a page of this server, with status 403."""

    def __init__(self, app: ASGIApp, allowed: Collection[str], error_page: ErrorPage) -> None:
        self.app = app
        self.allowed = frozenset(name.lower() for name in allowed)
        self.error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        app = self.app
        if scope["type"] == "http" and scope["method"] not in SAFE and not self._ours(Request(scope)):
            told = "This request does not come from a page of this server."
            app = self.error_page(
                Request(scope), 403, told, "Use its own forms; programs send 'Authorization: Bearer'."
            )
        await app(scope, receive, send)

    def _ours(self, request: Request) -> bool:
        origins = request.headers.getlist("origin")
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin" or len(origins) > 1:
            return False
        if not origins:
            return bearer(request) != ""  # a program; a browser that sends a cookie sends an origin too
        scheme, _, host = origins[0].lower().partition("://")
        return (
            scheme in ("http", "https") and host == request.headers["host"].lower() and host_name(host) in self.allowed
        )


class Login:
    """Lets in who knows a token: once in the address, from then on by cookie; programs by their header. Who it is
    stands in ``request.state.person``.
    """

    def __init__(self, app: ASGIApp, people: Sequence[Person], error_page: ErrorPage) -> None:
        self.app = app
        self.people = people
        self.error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        app = self.app if scope["type"] != "http" else self._admit(Request(scope))
        await app(scope, receive, send)

    def _admit(self, request: Request) -> ASGIApp:
        given = request.query_params.get("token")
        if given is not None and (known := by_token(self.people, given)) and request.method in SAFE:
            return _welcome(request, known)
        person = by_token(self.people, bearer(request)) or by_cookie(
            self.people, request.cookies.get(cookie_name(request), "")
        )
        if person is not None:
            request.state.person = person
            return self.app
        if request.scope["path"].startswith(OPEN_PATHS):
            return self.app
        return self.error_page(
            request,
            403,
            "This page needs the token of the server that shows it.",
            "Open the address that 'agentforge web' printed in the terminal; it carries the token.",
        )


def _welcome(request: Request, person: Person) -> Response:
    answer = RedirectResponse(clean_address(request), status_code=303)
    answer.set_cookie(cookie_name(request), person.cookie, httponly=True, samesite="strict", path="/")
    return answer


def bearer(request: Request) -> str:
    """The token that a program sends; empty where there is none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def host_name(host: str) -> str:
    """A Host header without its port."""
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host


def cookie_name(request: Request) -> str:
    """A name of its own for each port, since browsers share cookies between the ports of a host."""
    server = request.scope.get("server")
    return f"agentforge-{server[1] if server else 0}"


def clean_address(request: Request) -> str:
    """Path and query of this request without the token; never another host, whatever the path holds."""
    path = "/" + quote(request.scope["path"].lstrip("/\\"), safe="/")
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
    return f"{path}?{urlencode(query)}" if query else path
