"""What stands before every page: allowed hosts, the token, and the headers that keep a browser strict.

The token works as in Jupyter: the address printed by ``agentforge web`` carries it once; the answer
sets a cookie (HttpOnly, SameSite=Strict) and redirects to the same address without it. The cookie
holds a value derived from the token, so the token itself is stored nowhere.

This does *not* protect from other programs of the same person on the same machine that can read its
browser's cookies or its terminal.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection
from urllib.parse import quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

OPEN_PATHS = ("/static/",)
"""Needs no token: the style sheet, so that the page that asks for one is readable."""

ErrorPage = Callable[[int, str, str], Response]
"""Makes a page from status, one sentence, and what to do."""


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
            app = self.error_page(421, "This server does not answer to that host name.", "Use the printed address.")
        await app(scope, receive, send)

    def _allows(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        name, _, port = hosts[0].lower().rpartition(":")
        if not name or not port.isdigit():
            name = hosts[0].lower()
        return name in self.allowed


class Token:
    """Lets in who knows the token: once in the address, from then on by cookie."""

    def __init__(self, app: ASGIApp, token: str, error_page: ErrorPage) -> None:
        self.app = app
        self.token = token.encode()
        self.cookie = hmac.new(self.token, b"agentforge web cookie", hashlib.sha256).hexdigest()
        self.error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        app = self.app if scope["type"] != "http" else self._admit(Request(scope))
        await app(scope, receive, send)

    def _admit(self, request: Request) -> ASGIApp:
        given = request.query_params.get("token")
        if given is not None and hmac.compare_digest(given.encode(), self.token):
            return self._welcome(request)
        cookie = request.cookies.get(cookie_name(request), "")
        if request.scope["path"].startswith(OPEN_PATHS) or hmac.compare_digest(cookie.encode(), self.cookie.encode()):
            return self.app
        return self.error_page(
            403,
            "This page needs the token of the server that shows it.",
            "Open the address that 'agentforge web' printed in the terminal; it carries the token.",
        )

    def _welcome(self, request: Request) -> Response:
        answer = RedirectResponse(clean_address(request), status_code=303)
        answer.set_cookie(cookie_name(request), self.cookie, httponly=True, samesite="strict", path="/")
        return answer


def cookie_name(request: Request) -> str:
    """A name of its own for each port, since browsers share cookies between the ports of a host."""
    server = request.scope.get("server")
    return f"agentforge-{server[1] if server else 0}"


def clean_address(request: Request) -> str:
    """Path and query of this request without the token; never another host, whatever the path holds."""
    path = "/" + quote(request.scope["path"].lstrip("/\\"), safe="/")
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
    return f"{path}?{urlencode(query)}" if query else path
