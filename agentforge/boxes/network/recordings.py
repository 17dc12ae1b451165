"""Fetches written down, and answered from what was written down: forging and rehearsal have no network.

A file of recordings holds one exchange a line, as JSON::

    {"v": 1, "method": "GET", "url": "…", "headers": {…}, "body": "SHA-256 of it, or nothing",
     "answer": {"status": 200, "url": "…", "headers": {…}, "text": "…" or "base64": "…"}}

Of the request stand there what decides which answer fits. Secrets stand there by name only, as the
tool wrote them (``Bearer {{secret:API_KEY}}``) and as the broker veiled them; what else looks like
a secret (``secrecy``) is hidden as well, on both sides. A recorded answer may therefore differ from
the real one where a host hands out tokens.

What it does not protect from: personal data in answers, which belong to the user as episodes do and
are kept like them; an answer that was true yesterday.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import hashlib
import json
import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from agentforge.boxes import wire
from agentforge.boxes.asks import Refused
from agentforge.boxes.network.broker import DEFAULT_LIMITS, Broker, FetchLimits
from agentforge.boxes.network.fetches import Fetch, read_fetch
from agentforge.boxes.network.grants import METHODS, grants_of
from agentforge.boxes.network.veil import MARK, names_in
from agentforge.errors import StorageError
from agentforge.secrecy import redact
from agentforge.types import JSON, Capabilities, JSONObject

VERSION: Final = 1
FILE_BYTES: Final = 16 << 20
"""How large a file of recordings grows, and is read."""

_NOT_COMPARED: Final = frozenset({"user-agent"})
_HIDDEN: Final = "[redacted:authorization]"

Key: TypeAlias = tuple[str, str, tuple[tuple[str, str], ...], str]
"""Method, URL, headers and body's hash: what a request must have in common with a recorded one."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, by what decides its answer, and the answer."""

    key: Key
    answer: JSONObject


def key_of(fetch: Fetch) -> Key:
    """What decides the answer to ``fetch``, without anything that looks like a secret.

    An ``authorization`` that the tool wrote without naming a secret counts only as being there.
    """
    headers = tuple(
        sorted(
            (name, _HIDDEN if name == "authorization" and MARK not in value else redact(value))
            for name, value in fetch.headers
            if name not in _NOT_COMPARED
        )
    )
    body = hashlib.sha256(fetch.body).hexdigest() if fetch.body else ""
    return fetch.method, redact(str(fetch.url)), headers, body


class Recorder:
    """Passes fetches on to ``broker`` and appends what came of them to ``path``, readable to its owner only; a
    missing folder is made.

    Only answers are recorded, no refusals. A recording that cannot be written (the file would be
    larger than ``most_bytes``, the disk is full) never costs the tool its answer: it is counted in
    ``lost``.
    """

    def __init__(self, broker: Broker, path: Path, *, most_bytes: int = FILE_BYTES) -> None:
        self._broker = broker
        self._path = path
        self._most_bytes = most_bytes
        self.lost = 0

    async def fetch(self, request: JSONObject) -> JSONObject:
        """The broker's answer (raises as :meth:`Broker.fetch`)."""
        answer = await self._broker.fetch(request)
        try:
            await asyncio.to_thread(self._write, request, answer)
        except OSError:
            self.lost += 1
        return answer

    def _write(self, request: JSONObject, answer: JSONObject) -> None:
        method, url, headers, body = key_of(read_fetch(request, body_bytes=self._broker.limits.request_bytes))
        line = {
            "v": VERSION,
            "method": method,
            "url": self._broker.redact(url),
            "headers": {name: self._broker.redact(value) for name, value in headers},
            "body": body,
            "answer": _without_secrets(answer),
        }
        _append(self._path, json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n", self._most_bytes)


class Replay:
    """Answers the fetches of one run from recordings alone; nothing reaches the network.

    The declared hosts, methods and secrets count as they do for a :class:`Broker`, so that what
    passes here is granted there. A request that was recorded several times gets its answers in
    their order, and the last one from then on.

    Raises:
        ValueError: a declared host or secret cannot be read; says all that is wrong.
    """

    def __init__(
        self, recordings: Sequence[Exchange], capabilities: Capabilities, *, limits: FetchLimits = DEFAULT_LIMITS
    ) -> None:
        self._grants = grants_of(capabilities)
        self._limits = limits
        self._asked = 0
        self._seen = Counter[Key]()
        self._answers: dict[Key, list[JSONObject]] = {}
        for exchange in recordings:
            self._answers.setdefault(exchange.key, []).append(exchange.answer)

    async def fetch(self, request: JSONObject) -> JSONObject:
        """The recorded answer.

        Raises:
            Refused: nothing of the kind was recorded; or it is malformed, not granted, or beyond a limit.
        """
        self._asked += 1
        if self._asked > self._limits.requests:
            raise Refused(f"A run may fetch {self._limits.requests} times. Ask for more at once.")
        fetch = read_fetch(request, body_bytes=self._limits.request_bytes)
        self._grants.check(fetch.method, fetch.origin)
        for _, value in fetch.headers:
            for name in names_in(value):
                self._grants.check_secret(name, fetch.origin)
        key = key_of(fetch)
        if key not in self._answers:
            raise Refused(self._miss(key))
        at = min(self._seen[key], len(self._answers[key]) - 1)
        self._seen[key] += 1
        return copy.deepcopy(self._answers[key][at])

    def _miss(self, key: Key) -> str:
        method, url, headers, body = key
        alike = [other for other in self._answers if other[:2] == (method, url)]
        what = f"No recording answers {method} {url[:200]}"
        if any(other[2] == headers and other[3] != body for other in alike):
            return f"{what} with this body. Here only recorded requests are answered; send the recorded body."
        if alike:
            return f"{what} with these headers. Here only recorded requests are answered; send the recorded headers."
        return f"{what}. Here only recorded requests are answered, and nothing reaches the network."


def read_recordings(path: Path, *, most_bytes: int = FILE_BYTES) -> tuple[Exchange, ...]:
    """The exchanges of a file, in order; none where there is no such file.

    Raises:
        StorageError: it cannot be read, is larger than ``most_bytes``, or a line is no recording;
            names the file and the first such line.
    """
    try:
        data = _contents(path, most_bytes)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StorageError(
            f"The recordings {path} cannot be read: {error.strerror or error}.", fix="Correct or remove the file."
        ) from None
    lines = data.split(b"\n")
    exchanges = list[Exchange]()
    for number, line in enumerate(lines[:-1], 1):
        try:
            exchanges.append(_exchange(wire.decode(line)))
        except ValueError as error:
            raise _damaged(path, number, str(error)) from None
    if lines[-1]:
        raise _damaged(path, len(lines), "it does not end")
    return tuple(exchanges)


def _damaged(path: Path, number: int, why: str) -> StorageError:
    return StorageError(
        f"Line {number} of the recordings {path} is none: {why[:200]}.",
        fix="Remove the line, or the file, and record again.",
    )


def _contents(path: Path, most: int) -> bytes:
    """Of an ordinary file only: a pipe would never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no ordinary file")
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(f"it is larger than {most} bytes")
    return data


def _append(path: Path, line: bytes, most: int) -> None:
    """All of ``line`` or nothing. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    with os.fdopen(descriptor, "ab", buffering=0) as file:
        before = os.fstat(descriptor).st_size
        if before + len(line) > most:
            raise OSError("the file of recordings is full")
        if file.write(line) != len(line):
            os.ftruncate(descriptor, before)
            raise OSError("the disk is full")


def _without_secrets(answer: JSONObject) -> JSONObject:
    """``answer`` with what looks like a secret hidden in its texts."""
    hidden = dict(answer)
    for key in ("url", "text"):
        if isinstance(value := answer.get(key), str):
            hidden[key] = redact(value)
    if isinstance(headers := answer.get("headers"), dict):
        hidden["headers"] = {name: redact(str(value)) for name, value in headers.items()}
    return hidden


def _exchange(line: JSON) -> Exchange:
    """Raises ValueError where ``line`` is no recording of this version."""
    match line:
        case {"v": int(version)} if version != VERSION and not isinstance(version, bool):
            raise ValueError(f"it has version {version}, {VERSION} is known")
        case {
            "v": int(version),
            "method": str(method),
            "url": str(url),
            "headers": dict(headers),
            "body": str(body),
            "answer": dict(answer),
            **rest,
        } if not rest and method in METHODS and not isinstance(version, bool):
            pairs = tuple(sorted(_texts(headers).items()))
            _check_answer(answer)
            return Exchange((method, url, pairs, body), answer)
        case _:
            raise ValueError("it has another form")


def _check_answer(answer: JSONObject) -> None:
    match answer:
        case {"status": int(status), "url": str(), "headers": dict(headers), **body} if 100 <= status <= 599:
            _texts(headers)
        case _:
            raise ValueError("its answer has another form")
    match body:
        case {"text": str(), **rest} if not rest:
            return
        case {"base64": str(encoded), **rest} if not rest:
            base64.b64decode(encoded, validate=True)
        case _:
            raise ValueError("its answer has no body, or several")


def _texts(values: dict[str, JSON]) -> dict[str, str]:
    """``values``, all of which must be texts under names in lower case."""
    texts = {name: value for name, value in values.items() if isinstance(value, str) and name == name.lower()}
    if len(texts) != len(values):
        raise ValueError("a header is no text, or its name not in lower case")
    return texts
