"""What a tool declared that it reaches over the network, read strictly.

An entry of ``hosts`` is a host's full name, with a port where it is not the usual one:

- ``api.example.com``: https on port 443, with GET and HEAD
- ``api.example.com:8443``: the same on another port
- ``POST,GET api.example.com``: these methods and no others (GET brings HEAD along)
- ``http://old.example.com``: without encryption, only where it is said like this

An entry of ``secrets`` is ``NAME@HOST``: the secret's name and the one host it may be sent to,
written as in ``hosts`` without methods.

There are no wildcards and no addresses in numbers: who reviews a tool reads names that they can
judge. What it does not protect from: a declared host that passes on what it is told. A tool that
reads files and may POST to a host can send it what it read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from agentforge.boxes.asks import Refused
from agentforge.secrecy import repeated
from agentforge.types import Capabilities

Scheme: TypeAlias = Literal["http", "https"]

USUAL_PORTS: Final = {"http": 80, "https": 443}
METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
"""CONNECT and TRACE are missing: one opens a tunnel, the other repeats headers, secrets among them."""

NAME: Final = r"[A-Za-z_][A-Za-z0-9_]{0,63}"

_READING: Final = frozenset({"GET", "HEAD"})
_ENTRY = re.compile(
    r"(?:(?P<methods>[A-Za-z]+(?:,[A-Za-z]+)*) )?(?:(?P<scheme>[A-Za-z]+)://)?(?P<host>[^\s/:@,]+)(?::(?P<port>[0-9]+))?"
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""What a URL reader may take for the last part of an IPv4 address (WHATWG URL, 'ends in a number')."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request goes: scheme, full name in lower case, port."""

    scheme: Scheme
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """The name, with its port where that is not the scheme's usual one: what a Host header says."""
        return self.host if self.port == USUAL_PORTS[self.scheme] else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        """As it is declared."""
        return self.netloc if self.scheme == "https" else f"{self.scheme}://{self.netloc}"


@dataclass(frozen=True, slots=True)
class HostGrant:
    """One entry of ``hosts``. Its text is the entry in its usual form."""

    origin: Origin
    methods: frozenset[str] = _READING

    def __str__(self) -> str:
        if self.methods == _READING:
            return str(self.origin)
        hidden = {"HEAD"} if "GET" in self.methods else set[str]()
        return f"{','.join(name for name in METHODS if name in self.methods - hidden)} {self.origin}"


@dataclass(frozen=True, slots=True)
class SecretGrant:
    """One entry of ``secrets``: which secret may be sent where."""

    name: str
    origin: Origin

    def __str__(self) -> str:
        return f"{self.name}@{self.origin}"


@dataclass(frozen=True, slots=True)
class Grants:
    """All that a tool may reach over the network. Made by :func:`grants_of`."""

    hosts: tuple[HostGrant, ...] = ()
    secrets: tuple[SecretGrant, ...] = ()

    def check(self, method: str, origin: Origin) -> None:
        """Raises :class:`Refused` unless ``method`` is declared for ``origin``."""
        methods = {name for grant in self.hosts if grant.origin == origin for name in grant.methods}
        if not methods:
            declared = ", ".join(map(str, self.hosts[:10])) or "none"
            raise Refused(
                f"The host {str(origin)[:100]!r} is not among the hosts of this tool ({declared}). "
                "Use one of these, or declare it in hosts."
            )
        if method not in methods:
            raise Refused(
                f"{method} is not declared for {origin}, only {_listed(methods)}. "
                f"Use one of these, or declare '{method} {origin}' in hosts."
            )

    def check_secret(self, name: str, origin: Origin) -> None:
        """Raises :class:`Refused` unless the secret ``name`` is declared for ``origin``."""
        bound = [str(grant.origin) for grant in self.secrets if grant.name == name]
        if not bound:
            raise Refused(f"The secret {name!r} is not among those of this tool. Declare '{name}@{origin}' in secrets.")
        if str(origin) not in bound:
            raise Refused(f"The secret {name!r} is for {', '.join(bound)} only. Send it there, not to {origin}.")


def parse_host(entry: str) -> HostGrant:
    """One entry of ``hosts``.

    Raises:
        ValueError: it is none; one sentence with what is wrong, one with what to write.
    """
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise ValueError(f"Host {repeated(entry)} is not of the form [METHODS ][http://]NAME[:PORT]. {_instead(entry)}")
    methods = frozenset(found["methods"].upper().split(",")) if found["methods"] else _READING
    if unknown := sorted(methods - set(METHODS)):
        raise ValueError(
            f"Host {repeated(entry)} asks for the method {repeated(unknown[0])}. "
            f"Write some of {','.join(METHODS)}, separated by commas."
        )
    return HostGrant(_origin(entry, found), methods | (_READING if "GET" in methods else methods))


def parse_origin(entry: str) -> Origin:
    """A host without methods, as a secret is bound to.

    Raises:
        ValueError: as :func:`parse_host`, or there are methods.
    """
    found = _ENTRY.fullmatch(entry)
    if found is None or found["methods"]:
        raise ValueError(f"Host {repeated(entry)} is not of the form [http://]NAME[:PORT]. {_instead(entry)}")
    return _origin(entry, found)


def parse_secret(entry: str) -> SecretGrant:
    """One entry of ``secrets``.

    Raises:
        ValueError: it is none; one sentence with what is wrong, one with what to write.
    """
    name, at, host = entry.partition("@")
    if not at or not re.fullmatch(NAME, name):
        raise ValueError(
            f"Secret {repeated(entry)} is not of the form NAME@HOST. "
            "Write a name of letters, digits and underscores and the host it is sent to, as in API_KEY@api.example.com."
        )
    return SecretGrant(name, parse_origin(host))


def problems_of(capabilities: Capabilities) -> list[str]:
    """Everything that is wrong with the declared hosts and secrets; nothing where they can be granted."""
    return _read(capabilities)[1]


def grants_of(capabilities: Capabilities) -> Grants:
    """What ``capabilities`` grants on the network.

    Raises:
        ValueError: an entry cannot be read; says all that is wrong.
    """
    grants, problems = _read(capabilities)
    if problems:
        raise ValueError(" ".join(problems))
    return grants


def _read(capabilities: Capabilities) -> tuple[Grants, list[str]]:
    hosts, secrets, problems = list[HostGrant](), list[SecretGrant](), list[str]()
    for entry in capabilities.hosts:
        try:
            hosts.append(parse_host(entry))
        except ValueError as error:
            problems.append(str(error))
    origins = {grant.origin for grant in hosts}
    for entry in capabilities.secrets:
        try:
            secret = parse_secret(entry)
        except ValueError as error:
            problems.append(str(error))
            continue
        secrets.append(secret)
        if secret.origin not in origins:
            problems.append(
                f"Secret {str(secret)!r} is for a host that is not declared. Add {str(secret.origin)!r} to hosts."
            )
    return Grants(tuple(hosts), tuple(secrets)), problems


def _origin(entry: str, found: re.Match[str]) -> Origin:
    scheme = (found["scheme"] or "https").lower()
    if scheme not in USUAL_PORTS:
        raise ValueError(f"Host {repeated(entry)} has the scheme {repeated(scheme)}. Only https and http can be used.")
    port = int(found["port"][:6]) if found["port"] else USUAL_PORTS[scheme]
    if not 0 < port < 65536:
        raise ValueError(f"Host {repeated(entry)} has a port that does not exist. Write one from 1 to 65535.")
    return Origin(cast("Scheme", scheme), _name(entry, found["host"]), port)


def _name(entry: str, host: str) -> str:
    if not host.isascii():
        raise ValueError(f"Host {repeated(entry)} is not in ASCII. Write its form that begins with 'xn--'.")
    host = host.lower()
    labels = host.split(".")
    if "*" in host:
        raise ValueError(f"Host {repeated(entry)} has a wildcard. Declare every host by its full name.")
    if len(labels) < 2:
        raise ValueError(f"Host {repeated(entry)} has no dot. Declare its full name, as in api.example.com.")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(f"Host {repeated(entry)} is no host name. Write letters, digits, hyphens and dots only.")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError(f"Host {repeated(entry)} is an address in numbers. Declare the host by its name.")
    return host


def _instead(entry: str) -> str:
    if "@" in entry:
        return "Leave out user and password; secrets are declared in secrets."
    if "/" in entry.partition("://")[2] or ("/" in entry and "://" not in entry):
        return "Leave out the path: a whole host is declared."
    return "Write it as in api.example.com, api.example.com:8443 or POST,GET api.example.com."


def _listed(methods: Iterable[str]) -> str:
    return ", ".join(name for name in METHODS if name in methods)
