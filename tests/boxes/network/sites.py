"""Sites on loopback that answer with any bytes, each with names of its own, for the tests of the broker."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from hypothesis import settings

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.addresses import Address
from agentforge.boxes.network.broker import DEFAULT_LIMITS, Broker, FetchLimits
from agentforge.boxes.network.veil import Secret
from agentforge.types import Capabilities, JSONObject

UNHURRIED = settings(deadline=None)
"""For properties: whatever else runs may have the processor."""

Send = Callable[[bytes], None]


class Request:
    """What a site received."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        pairs = [line.split(": ", 1) for line in lines]
        self.headers = {name.lower(): value for name, value in pairs}
        assert len(self.headers) == len(pairs), f"a header came twice: {lines}"
        self.body = body
        self.raw = head + b"\r\n\r\n" + body


Answer = Callable[[Request, Send], bytes | None]


def reply(
    body: bytes | str = b"", status: int = 200, headers: Sequence[tuple[str, str]] = (), *, length: int | None = None
) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(data) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data


def redirect(to: str, status: int = 302) -> bytes:
    return reply("moved", status, [("Location", to)])


def echo(request: Request, _: Send) -> bytes:
    """Tells everything that it was sent, as testing services do."""
    told = {"method": request.method, "target": request.target, "headers": request.headers}
    return reply(json.dumps({**told, "body": request.body.decode("latin-1")}), headers=[("Content-Type", JSON)])


JSON = "application/json"


class Site:
    """A server on loopback; ``received`` holds every request, in order."""

    def __init__(
        self, answer: Answer | bytes = echo, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self._answer: Answer = (lambda *_: answer) if isinstance(answer, bytes) else answer
        self._tls = tls
        self._listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port: int = self._listener.getsockname()[1]
        self.received: list[Request] = []
        self.connections = 0
        self.names: list[str | None] = []
        if tls:
            tls.sni_callback = lambda _, name, __: self.names.append(name)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def pause(self, seconds: float) -> bool:
        """Whether the test is over."""
        return self._over.wait(seconds)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(10)
            thread = threading.Thread(target=self._serve, args=[connection])
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._tls:
                connection = stack.enter_context(self._tls.wrap_socket(connection, server_side=True))
            while request := _read(connection):
                self.received.append(request)
                if answer := self._answer(request, connection.sendall):
                    connection.sendall(answer)
                else:
                    return


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := connection.recv(65536)):
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    request = Request(head, b"")
    while len(body) < int(request.headers.get("content-length", "0")):
        body += connection.recv(65536)
    return Request(head, body)


KEY = "sk+live/0123456789&abcdef=="
"""A secret with characters that every encoding writes in its own way."""


class Names:
    """A resolver: name → the addresses it has, one answer after the other; the last one stays."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.answers = {name.replace("_", "."): list(found) for name, found in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        found = self.answers.get(host, ["127.0.0.1"])
        address = found.pop(0) if len(found) > 1 else found[0]
        return address.split()


def on_loopback(address: Address) -> bool:
    return address == ip_address("127.0.0.1")


def broker(
    *hosts: str,
    secrets: Sequence[str] = (),
    values: Sequence[Secret] = (),
    limits: FetchLimits = DEFAULT_LIMITS,
    names: Names | None = None,
    **more: Any,
) -> Broker:
    """One for sites on loopback."""
    return Broker(
        Capabilities(hosts=hosts, secrets=tuple(secrets)),
        values,
        limits=limits,
        resolve=names or Names(),
        **{"allow": on_loopback, **more},
    )


async def ask(*hosts: str, url: str, **request: Any) -> JSONObject:
    """One fetch through a broker of its own."""
    options = {name: request.pop(name) for name in ("secrets", "values", "limits", "names", "tls", "allow")
               if name in request}  # fmt: skip
    async with broker(*hosts, **options) as one:
        return await one.fetch({"url": url, **request})


async def refused(*hosts: str, kind: str = "refused", **request: Any) -> str:
    """The sentence with which one fetch is refused."""
    with pytest.raises(Refused) as caught:
        await ask(*hosts, **request)
    assert caught.value.kind == kind, caught.value.message
    assert caught.value.message.endswith(".")
    assert KEY not in caught.value.message
    return caught.value.message


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a new certificate for ``names``, and a client's that trusts it alone."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command, with which the certificate of the test is made")
    key, chain = folder / "key.pem", folder / "certificate.pem"
    told = ",".join(f"DNS:{name}" for name in names)
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", key, "-out", chain, "-subj", "/CN=tests", "-addext", f"subjectAltName={told}"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    return server, ssl.create_default_context(cafile=str(chain))
