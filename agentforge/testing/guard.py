"""A guard that lets nothing out of this machine, so that no test can spend money at a paid model by accident."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Collection
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast

_LOOKED_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_REACHED = frozenset({"socket.connect", "socket.sendto"})

_guards: list[NoPaidCalls] = []
_hooked = False


class PaidCall(AssertionError):  # noqa: N818 - says what happened, as our errors do
    """Something tried to reach a machine that a test may not reach; a paid model is behind one of these."""


class NoPaidCalls:
    """A context manager in which nothing in this process reaches another machine, whichever library tries.

    The attempt fails with :class:`PaidCall`, and so does the end of the block, since the program under test may have
    taken the first one for a failure of the network::

        @pytest.fixture(autouse=True)
        def no_paid_calls():
            with NoPaidCalls():
                yield

    Loopback and sockets of this machine stay open; ``allow`` names further hosts. It sees this process alone: not
    what a subprocess does, nor what a proxy on this machine passes on.
    """

    def __init__(self, *, allow: Collection[str] = ()) -> None:
        self._allow = {*allow}
        self.attempts: list[str] = []

    def check(self, host: object) -> None:
        """Raises :class:`PaidCall` unless ``host`` may be reached."""
        text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not isinstance(text, str) or text in ("", "localhost") or text in self._allow or _loopback(text):
            return
        self.attempts.append(text)
        raise PaidCall(_sentence(text))

    def looked_up(self, host: object) -> None:
        """Lets the addresses of a host that is allowed be reached as well."""
        if isinstance(host, str) and host in self._allow and not _is_address(host):
            self._allow.discard(host)  # or this would ask for itself
            with suppress(OSError):
                self._allow |= {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
            self._allow.add(host)

    def __enter__(self) -> Self:
        global _hooked
        if not _hooked:  # an audit hook stays for the whole process: it does nothing while there is no guard
            sys.addaudithook(_hear)
            _hooked = True
        _guards.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _guards.remove(self)
        if self.attempts and kind is None:
            raise PaidCall(_sentence(", ".join(dict.fromkeys(self.attempts))))


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if not _guards or event not in _LOOKED_UP | _REACHED:
        return
    host: object = args[0]
    if event in _REACHED:
        if not isinstance(args[1], tuple):
            return  # a socket of this machine, by its path
        host = cast("tuple[object, ...]", args[1])[0]
    for guard in [*_guards]:
        if event in _LOOKED_UP:
            guard.looked_up(host)
        guard.check(host)


def _sentence(host: str) -> str:
    return f"No paid calls are allowed here, and something tried to reach {host}."


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _loopback(text: str) -> bool:
    return _is_address(text) and ipaddress.ip_address(text.partition("%")[0]).is_loopback
