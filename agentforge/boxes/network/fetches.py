"""One request of a tool, checked for everything that can be checked before a name is looked up.

The request is an object::

    {"method": "GET", "url": "https://api.example.com/items?page=2",
     "headers": {"Authorization": "Bearer {{secret:API_KEY}}"}, "body": "text" or null}

where all but ``url`` may be left out, and ``base64`` may stand in for ``body`` to send bytes. Its answer::

    {"status": 200, "url": "…where it came from, after redirects", "headers": {"in-lower-case": "…"},
     "text": "…"}

with ``base64`` in the place of ``text`` where the body is no text.

What it does not protect from: a host that does with GET what it should do with POST, or that reads
the method from the query.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, replace
from typing import Final, cast

import httpx2

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.grants import METHODS, USUAL_PORTS, Origin, Scheme
from agentforge.boxes.network.veil import MARK, names_in
from agentforge.secrecy import repeated
from agentforge.types import JSON, JSONObject

LONGEST_URL: Final = 4096
MOST_HEADERS: Final = 40
HEADER_BYTES: Final = 16 << 10
"""Of all headers together, which is what common servers take."""

_KEYS: Final = frozenset({"method", "url", "headers", "body", "base64"})
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t -~]*")

_NEVER: Final = {
    **dict.fromkeys(
        ("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
         "expect", "http2-settings", "accept-encoding"),
        "it belongs to the connection, which is not the tool's",
    ),
    **dict.fromkeys(
        ("cookie", "cookie2", "set-cookie"),
        "a session is as good as the secret it was opened with, and nobody bound it to a host; use a declared secret",
    ),
    **dict.fromkeys(
        ("x-http-method", "x-http-method-override", "x-method-override"),
        "it would send another method than the declared one",
    ),
    **dict.fromkeys(("forwarded", "via", "x-real-ip"), "it claims to be a proxy's"),
}  # fmt: skip
"""Header → why a tool cannot set it."""

_NEVER_BEGIN: Final = {"proxy-": _NEVER["host"], "x-forwarded-": _NEVER["via"]}


@dataclass(frozen=True, slots=True)
class Fetch:
    """A request that is well-formed. Header names are in lower case; values still name their secrets."""

    method: str
    url: httpx2.URL
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def origin(self) -> Origin:
        """Where it goes."""
        scheme = cast("Scheme", self.url.scheme)
        port = USUAL_PORTS[scheme] if self.url.port is None else self.url.port
        return Origin(scheme, self.url.raw_host.decode("ascii"), port)

    def redirected(self, status: int, location: str) -> Fetch:
        """The request that a redirect asks for, as browsers make it (Fetch standard, 4.4, HTTP-redirect fetch).

        Where it leads to another origin, every header that names a secret stays behind, and
        ``authorization`` with it, for the rest of the way.

        Raises:
            Refused: the location cannot be fetched at all.
        """
        try:
            url = _checked_url(self.url.join(location))
        except (httpx2.InvalidURL, ValueError):
            raise Refused(f"{self.origin} redirects to what is no address of the web.", "failed") from None
        onward = replace(self, url=url)
        if (status in (301, 302) and self.method == "POST") or (status == 303 and self.method not in ("GET", "HEAD")):
            kept = tuple(item for item in self.headers if not item[0].startswith("content-"))
            onward = replace(onward, method="GET", headers=kept, body=b"")
        if onward.origin != self.origin:
            kept = tuple((n, v) for n, v in onward.headers if MARK not in v and n != "authorization")
            onward = replace(onward, headers=kept)
        return onward


def read_fetch(request: JSONObject, *, body_bytes: int) -> Fetch:
    """``request`` as a :class:`Fetch`; ``body_bytes`` is how large its body may be.

    Raises:
        Refused: it is malformed or holds what no tool may send.
    """
    if unknown := sorted(set(request) - _KEYS):
        raise Refused(f"A fetch has no {unknown[0][:40]!r}. It has method, url, headers, and body or base64.")
    method = request.get("method", "GET")
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise Refused(f"The method {str(method)[:20]!r} cannot be used. Use one of {', '.join(METHODS)}.")
    method = method.upper()
    body = _body(request.get("body"), request.get("base64"), body_bytes)
    if body and method in _WITHOUT_BODY:
        raise Refused(f"{method} carries no body. Put it into the query, or use POST where the host declares it.")
    return Fetch(method, _url(request.get("url")), _headers(request.get("headers")), body)


def _url(value: JSON) -> httpx2.URL:
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        raise Refused(f"The URL is no text, or has more than {LONGEST_URL} characters. Shorten it.")
    if MARK in value:
        raise Refused("A secret cannot stand in a URL, which is logged on its way. Put it into a header.")
    try:
        return _checked_url(httpx2.URL(value))
    except (httpx2.InvalidURL, ValueError):
        raise Refused(
            f"The URL {repeated(value, 80)} cannot be fetched. Write https://HOST/PATH, without user and password."
        ) from None


def _checked_url(url: httpx2.URL) -> httpx2.URL:
    """``url`` without its fragment and with a path. Raises ValueError where it is none of the web's, or holds a
    password.
    """
    if url.scheme not in USUAL_PORTS or not url.host or url.userinfo or len(str(url)) > 3 * LONGEST_URL:
        raise ValueError
    return url.copy_with(fragment=None, raw_path=url.raw_path)


def _headers(value: JSON) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or len(value) > MOST_HEADERS:
        raise Refused(f"The headers are no object of at most {MOST_HEADERS} names with values. Correct them.")
    headers = dict[str, str]()
    for name, content in value.items():
        if not isinstance(content, str) or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(content):
            raise Refused(
                f"The header {name[:40]!r} cannot be sent. "
                "A name has letters, digits and hyphens, a value is text of ASCII characters on one line."
            )
        low = name.lower()
        if reason := _reason_against(low):
            raise Refused(f"The header {name[:40]!r} cannot be set: {reason}. Leave it out.")
        if low in headers:
            raise Refused(f"The header {low!r} stands there twice. Write it once.")
        try:
            names_in(content)
        except ValueError as error:
            raise Refused(f"The header {name[:40]!r} cannot be sent. {error}") from None
        headers[low] = content.strip()
    if sum(len(name) + len(content) for name, content in headers.items()) > HEADER_BYTES:
        raise Refused(f"The headers have more than {HEADER_BYTES} bytes. Shorten them.")
    return tuple(headers.items())


def _reason_against(name: str) -> str:
    """Some servers take underscores and hyphens for the same (CGI, RFC 3875, 4.1.18), so they are the same here."""
    alike = name.replace("_", "-")
    begins = (reason for beginning, reason in _NEVER_BEGIN.items() if alike.startswith(beginning))
    return _NEVER.get(alike) or next(begins, "")


def _body(text: JSON, encoded: JSON, most: int) -> bytes:
    if text is not None and encoded is not None:
        raise Refused("A fetch has either body or base64. Leave one of them out.")
    no_body = Refused("The body is no text (or base64 no base64). Send text, or bytes encoded in base64.")
    try:
        match text, encoded:
            case None, None:
                return b""
            case str(), None:
                body = text.encode("utf-8")
            case None, str():
                body = base64.b64decode(encoded, validate=True)
            case _:
                raise no_body
    except (ValueError, binascii.Error):
        raise no_body from None
    if len(body) > most:
        raise Refused(f"The body has {len(body)} bytes, {most} are allowed. Send less.")
    if MARK.encode("ascii") in body:
        raise Refused("A secret cannot stand in a body. Put it into a header.")
    return body
