"""The same over http on loopback, by git's own server program behind a small server of Python's."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agentforge.errors import RemoteRefused, RemoteUnreachable
from tests.registry.sample_tools import make_tool
from tests.sync.conftest import Home, git


class _Git(BaseHTTPRequestHandler):
    """CGI (RFC 3875) for ``git http-backend``, as much of it as git needs."""

    root: Path

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
        }
        done = subprocess.run(("git", "http-backend"), input=body, capture_output=True, env=environment, check=False)
        head, _, contents = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(contents))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(contents)

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline(), 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(remote: Path) -> Iterator[str]:
    """The bare repository, over http."""
    git(remote, "config", "http.receivepack", "true")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (_Git,), {"root": remote.parent}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{remote.name}"
    server.shutdown()
    server.server_close()


def test_over_http(pair: tuple[Home, Home], address: str) -> None:
    ada, bea = pair
    for home in pair:
        home.remote = address  # type: ignore[assignment] # an address
    tool = ada.add(make_tool())
    assert ada.sync().went == ("slugify",)
    assert [one.version for one in bea.sync().took] == [tool.version]
    ada.sync()
    assert ada.tree == bea.tree
    assert bea.sync().quiet


def test_a_server_that_takes_nothing(pair: tuple[Home, Home], address: str, remote: Path) -> None:
    git(remote, "config", "http.receivepack", "false")
    ada = pair[0]
    ada.remote = address  # type: ignore[assignment] # an address
    ada.add(make_tool())
    with pytest.raises((RemoteUnreachable, RemoteRefused)):
        ada.sync()
    assert ada.state("slugify") == "live"
