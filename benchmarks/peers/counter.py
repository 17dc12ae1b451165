"""The only way out of a peer's box: to the model server, over a socket file, with tokens counted.

Two things change on the way, both in the peer's favour: the key is added here and never enters the
box, and a ``max_tokens`` that the model's context cannot hold is left out, so that the server gives
what room there is. (ARISE asks for 8192 tokens each time; a server with a context of 4096 refuses
that before it generates anything.)
"""

from __future__ import annotations

import http.client
import json
import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from agentforge.settings import Endpoint
from agentforge.types import JSONObject, Usage

_LIMITS = ("max_tokens", "max_completion_tokens")
_PATH = "/v1/chat/completions"
_REQUEST_BYTES = 4 << 20


def fitted(request: JSONObject, context: int) -> JSONObject:
    """The request without limits on the answer that are as large as the whole context."""
    return {
        name: value
        for name, value in request.items()
        if not (name in _LIMITS and isinstance(value, int) and value >= context)
    }


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, path: str, answer: Callable[[bytes], tuple[int, bytes]]) -> None:
        self.answer = answer
        super().__init__(path, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The peer went away; nothing is lost."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != _PATH or length > _REQUEST_BYTES:
            status, body = 404, b'{"error": {"message": "only chat completions are served here"}}'
        else:
            status, body = self.server.answer(self.rfile.read(length))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the benchmark has progress lines of its own."""


class Counter:
    """Owns the socket file at ``path`` and what is under way behind it; a context manager.

    ``usage`` has the answered requests, ``refused`` what the model server said to the others;
    ``unreachable`` is not empty where it failed.
    """

    def __init__(self, endpoint: Endpoint, path: Path) -> None:
        self.usage = Usage()
        self.unreachable = ""
        self.refused: list[str] = []
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._open: set[http.client.HTTPConnection] = set()
        self._server = _Server(str(path), self._answer)
        path.chmod(0o666)  # the box's user is another one; the folder around it is private
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self) -> Counter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops listening and hangs up on the model, which then stops generating for a dead peer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        with self._lock:
            for connection in self._open:
                if connection.sock:
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        try:
            sent = json.dumps(fitted(json.loads(body), self._endpoint.context)).encode()
        except (ValueError, AttributeError):
            return 400, b'{"error": {"message": "the request is not a JSON object"}}'
        connection = self._connection()
        with self._lock:
            self._open.add(connection)
        try:
            connection.request("POST", self._path(), sent, self._headers())
            response = connection.getresponse()
            status, answer = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self.unreachable = f"The model server at {self._endpoint.url} failed: {error or type(error).__name__}."
            return 502, b'{"error": {"message": "the model server failed"}}'
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
        if status == http.client.OK:
            self._count(answer)
        else:
            self.refused.append(f"{status} {answer[:200].decode('utf-8', 'replace')}")
        return status, answer

    def _connection(self) -> http.client.HTTPConnection:
        url = urlsplit(self._endpoint.url)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        return kind(url.hostname or "", url.port, timeout=self._endpoint.timeout)

    def _path(self) -> str:
        return urlsplit(self._endpoint.url).path.rstrip("/") + _PATH

    def _headers(self) -> dict[str, str]:
        key = self._endpoint.key
        secret = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        return {"Content-Type": "application/json", **secret}

    def _count(self, answer: bytes) -> None:
        used = json.loads(answer).get("usage") or {}
        cached = (used.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        with self._lock:
            self.usage += Usage(used.get("prompt_tokens", 0), used.get("completion_tokens", 0), cached, 1)
