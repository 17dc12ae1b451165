"""Servers for this machine only: where they may listen, and under which names they are asked."""

from __future__ import annotations

import errno
import ipaddress
import socket

from agentforge.errors import ConfigurationError

HOSTS = ("127.0.0.1", "localhost", "[::1]")
"""The names of this machine for itself, as they stand in a Host header."""


def listen(host: str, port: int, *, what: str, section: str) -> socket.socket:
    """A socket that listens on loopback; port 0 takes a free one. ``what`` is served, as ``section`` of the settings
    says.

    Raises:
        ConfigurationError: the host is not loopback, or the port is taken.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address)
    except ValueError:
        loopback = None
    if loopback is None or not loopback.is_loopback:
        raise ConfigurationError(
            f"{what} are for this machine only, and {host!r} is not its loopback address.",
            fix=f"Use {section}.host = \"127.0.0.1\"; reach it from elsewhere through 'ssh -L'.",
        )
    family = socket.AF_INET6 if loopback.version == 6 else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise ConfigurationError(
            f"Port {port} of {host} {why}.", fix=f"Use --port 0 for a free one, or set {section}.port."
        ) from None


def address_of(listener: socket.socket) -> str:
    """``http://HOST:PORT`` of a socket that listens."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
