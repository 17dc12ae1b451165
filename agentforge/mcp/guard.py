"""What stands before the server on HTTP: allowed hosts and origins, then the token of every request.

Host and Origin are looked at so that no page in a browser on this machine can speak to the server (DNS rebinding,
requests across sites), the token so that no other program can that was not given it. This does *not* protect from
programs of the same person that can read the caller's configuration, where the token stands.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from agentforge.loopback import HOSTS


class Guard:
    """Lets a request through whose Host and Origin, if it has one, are among ``hosts``, and which has the token."""

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str] = HOSTS) -> None:
        self.app = app
        self._token = token.encode()
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        await self._admit(scope)(scope, receive, send)

    def _admit(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return _refusal(400, "This server speaks HTTP only.")
        request = Request(scope)
        hosts, origins = request.headers.getlist("host"), request.headers.getlist("origin")
        if len(hosts) != 1 or not self._is_ours(f"http://{hosts[0]}"):
            return _refusal(421, "This server does not answer to that host name.")
        if len(origins) > 1 or not all(map(self._is_ours, origins)):
            return _refusal(403, "This server does not answer to pages of other sites.")
        given = request.headers.getlist("authorization")
        kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if kind.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token):
            return _refusal(401, "The token of this server is needed: 'Authorization: Bearer TOKEN'.")
        return self.app

    def _is_ours(self, origin: str) -> bool:
        try:
            parts = urlsplit(origin)
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        shown = f"[{name}]" if ":" in name else name
        end = f":{port}" if port is not None else ""
        return parts.scheme in ("http", "https") and parts.netloc.lower() == shown + end and shown in self._hosts


def _refusal(status: int, why: str) -> ASGIApp:
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"error": why}, status, headers=headers)
