"""Questions that a run puts to the host over its own line: the network, tools with rights of their own.

What may be asked stands in the request; the host checks every question against what it granted and
does the work itself, so a run that forges a question gets no further than one that calls the function.
"""

import _thread
import binascii
import builtins

from runner import frames

_LARGEST_QUESTION = 1 << 20
_KINDS = {"refused": PermissionError, "failed": OSError}

_turn = _thread.allocate_lock()
"""Not ``threading.Lock``: that module has work of its own after every fork, which every run would pay for."""


def functions(line, names):
    """Functions that ask, by name: ``fetch`` with its own signature, any other as the tool it stands for."""
    return {name: _fetch(line) if name == "fetch" else _elsewhere(line, name) for name in names}


def _ask(line, name, stated):
    """One question and its answer; the threads of a run take turns.

    Raises PermissionError where it is not granted, OSError where it was granted and failed, and the
    tool's own builtin exception where another tool raised it.
    """
    frame = frames.encode({"ask": name, "with": stated}, _LARGEST_QUESTION)
    with _turn:
        frames.send(line, frame)
        answer = frames.receive(line)
    if "value" in answer:
        return answer["value"]
    raise _kind(answer)(answer["message"])


def _kind(answer):
    named = getattr(builtins, answer["error"], None) if answer["kind"] == "raised" else _KINDS[answer["kind"]]
    return named if isinstance(named, type) and issubclass(named, Exception) else RuntimeError


def _fetch(line):
    def fetch(url, method="GET", headers=None, body=None):
        """Fetches ``url`` through the host; returns ``status``, ``headers``, ``url`` and ``text`` or ``content``.

        ``body`` is text or bytes. Write ``{{secret:NAME}}`` into a header where a secret belongs.
        """
        stated = {"url": url, "method": method, "headers": dict(headers or {})}
        if isinstance(body, (bytes, bytearray)):
            stated["base64"] = binascii.b2a_base64(body, newline=False).decode("ascii")
        elif body is not None:
            stated["body"] = body
        answer = _ask(line, "fetch", stated)
        if "base64" in answer:
            answer["content"] = binascii.a2b_base64(answer.pop("base64"))
        return answer

    return fetch


def _elsewhere(line, name):
    def call(*positional, **named):
        return _ask(line, name, {"positional": list(positional), "named": named})

    call.__name__ = call.__qualname__ = name
    return call
