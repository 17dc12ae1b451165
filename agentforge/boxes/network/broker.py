"""The only way from a box to the network: the host fetches for a tool what the tool declared.

A box has no socket. Its tool asks the host over the run's own line, and a :class:`Broker` answers:
declared hosts, ports and methods only, at public addresses only, with secrets that the tool names
and never sees, within bounds of time, size and number. Redirects are followed here, each hop
checked like a new request.

What it does not protect from: a declared host that is hostile, or that passes on what it is told
(:mod:`~agentforge.boxes.network.grants`); what :mod:`~agentforge.boxes.network.addresses` and
:mod:`~agentforge.boxes.network.veil` list; timing and the choice of requests as a way to tell a declared
host something. There are no proxies: a machine that reaches the internet through one only cannot
fetch. What comes back is hostile text like everything from outside.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self

import httpx2

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.addresses import Address, Allow, Resolve, is_public, look_up, system_resolve
from agentforge.boxes.network.answers import HEAD_BYTES, answer_of
from agentforge.boxes.network.fetches import HEADER_BYTES, LONGEST_URL, Fetch, read_fetch
from agentforge.boxes.network.grants import Grants, Origin, grants_of
from agentforge.boxes.network.veil import Secret, Veil, fill, names_in
from agentforge.boxes.observed import Log
from agentforge.types import Capabilities, JSONObject

CONNECT_SECONDS: Final = 3.0
"""For one address to take a connection, and again to agree on encryption; then the next one is tried."""

MOST_ADDRESSES: Final = 4
"""How many addresses of a name are tried."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of the fetches of one run.

    ``seconds`` is for one fetch, looking up its name and all its redirects included; ``requests``
    counts fetches, ``redirects`` the hops of one. Both sizes are in bytes and of a body;
    headers are bounded by ``fetches.HEADER_BYTES`` on the way out and ``answers.HEAD_BYTES`` back.
    """

    seconds: float = 10.0
    requests: int = 20
    redirects: int = 5
    response_bytes: int = 1 << 20
    request_bytes: int = 256 << 10

    @property
    def answer_bytes(self) -> int:
        """No answer is longer as JSON: a byte of a body may take six (a control character), and a name one for each."""
        return 7 * (self.response_bytes + HEAD_BYTES + 4 * LONGEST_URL)


DEFAULT_LIMITS: Final = FetchLimits()


class Broker:
    """Answers the fetches of one run. Owns the connections, each of which serves one request.

    ``secrets`` are the values that the user keeps, each bound to a host; one is sent only where
    the capabilities declare it for that same host. What it is asked and does is counted in ``log``,
    by host, each redirect like a request. ``resolve`` and ``allow`` are there for tests on loopback,
    and ``tls`` for their certificates (and for roots of a company's own); the defaults are closed.

    Raises:
        ValueError: a declared host or secret cannot be read; says all that is wrong.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        secrets: Sequence[Secret] = (),
        *,
        limits: FetchLimits = DEFAULT_LIMITS,
        log: Log | None = None,
        resolve: Resolve = system_resolve,
        allow: Allow = is_public,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._grants: Grants = grants_of(capabilities)
        self._veil = Veil(secrets)
        self.limits = limits
        self._log = log or Log()
        self._resolve, self._allow, self._tls = resolve, allow, tls
        self._asked = 0
        self._transport: httpx2.AsyncHTTPTransport | None = None

    async def __aenter__(self) -> Self:
        self._transport = httpx2.AsyncHTTPTransport(
            verify=self._tls or await asyncio.to_thread(_roots),
            trust_env=False,
            # The library keeps connections by address. One that was checked for a name must never serve
            # another name at the same address, whose certificate nobody looked at.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            await self._transport.aclose()
            self._transport = None

    def redact(self, text: str) -> str:
        """``text`` with the names of this broker's secrets in the place of their values."""
        return self._veil.text(text)

    async def fetch(self, request: JSONObject) -> JSONObject:
        """Answers one request of the tool; the forms of both stand in :mod:`agentforge.boxes.network.fetches`.

        Raises:
            Refused: it is malformed, not granted, beyond a limit, or the host did not answer it.
        """
        try:
            return await self._answer(request)
        except Refused as refused:
            raise Refused(self._veil.text(refused.message), refused.kind) from None

    async def _answer(self, request: JSONObject) -> JSONObject:
        try:
            fetch = self._read(request)
        except Refused:
            self._log.asked("", "", "refused")
            raise
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self._follow(fetch)
        except TimeoutError:
            raise Refused(
                f"{fetch.origin} did not answer within {self.limits.seconds:g} seconds. Try again later.", "failed"
            ) from None

    def _read(self, request: JSONObject) -> Fetch:
        self._asked += 1
        if self._asked > self.limits.requests:
            raise Refused(f"A run may fetch {self.limits.requests} times. Ask for more at once.")
        return read_fetch(request, body_bytes=self.limits.request_bytes)

    async def _follow(self, fetch: Fetch) -> JSONObject:
        for _ in range(self.limits.redirects + 1):
            response = await self._granted(fetch)
            try:
                location = response.headers.get("location")
                if response.status_code not in _REDIRECTS or location is None:
                    return await answer_of(response, fetch, most=self.limits.response_bytes, veil=self._veil)
            except (httpx2.HTTPError, OSError):
                raise Refused(f"{fetch.origin} broke off its answer. Try again later.", "failed") from None
            finally:
                await response.aclose()
            fetch = fetch.redirected(response.status_code, location)
        raise Refused(f"{fetch.origin} redirects more than {self.limits.redirects} times.", "failed")

    async def _granted(self, fetch: Fetch) -> httpx2.Response:
        """:meth:`_send`, where it is granted. What came of it is logged in any case, also where time ran out."""
        came: Literal["refused", "failed"] | int = "failed"
        try:
            self._grants.check(fetch.method, fetch.origin)
            response = await self._send(fetch)
            came = response.status_code
        except Refused as refused:
            came = "refused" if refused.kind == "refused" else "failed"
            raise
        finally:
            self._log.asked(fetch.method, self._veil.text(str(fetch.origin)), came)
        return response

    async def _send(self, fetch: Fetch) -> httpx2.Response:
        """The head of the answer; the caller closes it."""
        origin = fetch.origin
        headers = [
            ("host", origin.netloc),
            ("user-agent", "AgentForge"),
            ("accept", "*/*"),
            ("accept-encoding", "identity"),
        ]
        own = [(name, self._filled(value, origin)) for name, value in fetch.headers]
        if sum(len(name) + len(value) for name, value in own) > 2 * HEADER_BYTES:
            raise Refused(f"The headers for {origin} are too large with their secrets. Name each secret once.")
        names = {name for name, _ in own}
        headers = [item for item in headers if item[0] not in names] + own
        addresses = await look_up(origin.host, origin.port, resolve=self._resolve, allow=self._allow)
        trouble: httpx2.HTTPError | OSError | None = None
        for address in addresses[:MOST_ADDRESSES]:
            try:
                return await self._connected(fetch, headers, address)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                trouble = error  # nothing was sent yet, so that another address may be tried
            except (httpx2.HTTPError, OSError) as error:
                trouble = error
                break
        raise _failure(origin, trouble) from None

    async def _connected(self, fetch: Fetch, headers: list[tuple[str, str]], address: Address) -> httpx2.Response:
        """Sends to ``address`` itself; name and certificate are the host's all the same."""
        if self._transport is None:
            raise RuntimeError("a broker is used outside its 'async with'")
        request = httpx2.Request(
            fetch.method,
            fetch.url.copy_with(host=str(address)),
            headers=headers,
            content=fetch.body or None,
            extensions={"sni_hostname": fetch.origin.host, "timeout": {"connect": CONNECT_SECONDS}},
        )
        return await self._transport.handle_async_request(request)

    def _filled(self, template: str, origin: Origin) -> str:
        values = dict[str, str]()
        for name in names_in(template):
            self._grants.check_secret(name, origin)
            value = self._veil.value(name, origin)
            if value is None:
                raise Refused(f"The user keeps no secret {name!r} for {origin}. It has to be set first.")
            values[name] = value
            self._log.filled(f"{name}@{origin}")
        return fill(template, values) if values else template


def _failure(origin: Origin, trouble: BaseException | None) -> Refused:
    """Texts of libraries are not passed on: they may repeat what was sent."""
    cause = trouble
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Refused(f"The certificate of {origin} is not valid for it. Nothing was sent.", "failed")
        cause = cause.__cause__ or cause.__context__
    match trouble:
        case httpx2.ConnectError() | httpx2.ConnectTimeout():
            return Refused(f"{origin} takes no connection. Check host and port, or try again later.", "failed")
        case _:
            return Refused(f"{origin} did not give an answer that is HTTP. Try again later.", "failed")


@functools.cache
def _roots() -> ssl.SSLContext:
    """The certificates that this system trusts; reading them takes a tenth of a second, once in a process."""
    return httpx2.create_ssl_context()
