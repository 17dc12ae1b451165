"""Secrets that a tool uses and never sees: a name goes in, and a name comes back.

In the value of a header a tool writes ``{{secret:NAME}}``; the value takes that place on the host,
on its way to the one host it is bound to. Wherever the value comes back, in a header or a body,
``[secret NAME]`` stands in its place.

What it does not protect from: a host that answers with a secret in a form that is not listed in
:func:`_spelled` and :func:`_forms` (encrypted, compressed inside a body, spelled backwards, cut into pieces, wrapped
base64); a host that keeps what a header says and shows it to others; a tool that learns whether a
guess of a whole secret is right, since an echo of the right one is replaced (which is why short
ones are not taken).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from agentforge.boxes.network.grants import NAME, Origin, parse_origin
from agentforge.errors import ConfigurationError

SHORTEST = 8
"""Characters. Shorter values stand in texts by chance, and can be guessed by asking for echoes."""

LONGEST = 4096

MARK = "{{secret:"
_PLACEHOLDER = re.compile(r"\{\{secret:(" + NAME + r")\}\}")
Find: TypeAlias = Callable[[bytes], Iterator[tuple[int, int]]]
"""A text in lower case → where a secret begins and ends in it."""

_VISIBLE = re.compile(r"[!-~]+")
"""What a key in a header consists of (RFC 9110, 5.5)."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value of the user's, its name, and the one host (as in ``hosts``, without methods) it may be sent to.

    Raises:
        ConfigurationError: name, value or host cannot be used; the value is not repeated.
    """

    name: str
    value: str = field(repr=False)
    host: str

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.name):
            raise ConfigurationError("A secret has no usable name.", fix="Use letters, digits and underscores.")
        if not SHORTEST <= len(self.value) <= LONGEST or not _VISIBLE.fullmatch(self.value):
            raise ConfigurationError(
                f"The value of the secret {self.name!r} cannot be used.",
                fix=f"Give {SHORTEST} to {LONGEST} visible ASCII characters without blanks.",
            )
        try:
            parse_origin(self.host)
        except ValueError as error:
            raise ConfigurationError(f"The secret {self.name!r} is bound to no host: {error}") from None

    @property
    def origin(self) -> Origin:
        """Where it may be sent."""
        return parse_origin(self.host)


class Veil:
    """Replaces the names of secrets by values in what goes out, and values by names in what comes back."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._values = {(secret.name, secret.origin): secret.value for secret in secrets}
        self._hidden = [
            (find, f"[secret {name}]".encode())
            for (name, _), value in self._values.items()
            for plain in (value, *_inside(value))
            for find in (_spelled(plain), *(_literal(form) for form in dict.fromkeys(_forms(plain.encode("ascii")))))
        ]

    def value(self, name: str, origin: Origin) -> str | None:
        """The secret ``name`` that is bound to ``origin``, if there is one."""
        return self._values.get((name, origin))

    def text(self, text: str) -> str:
        """``text`` without any value."""
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def data(self, data: bytes) -> bytes:
        """``data`` without any value, in upper or lower case. Takes time by its length and the number of forms."""
        lower = data.lower()
        spans = sorted((start, end, name) for find, name in self._hidden for start, end in find(lower))
        pieces, done = list[bytes](), 0
        for start, end, name in spans:
            if start >= done:
                pieces += (data[done:start], name)
            done = max(done, end)
        return b"".join((*pieces, data[done:])) if spans else data


def names_in(template: str) -> Sequence[str]:
    """The secrets that a header's value names, in order.

    Raises:
        ValueError: a placeholder is begun and not of the form ``{{secret:NAME}}``.
    """
    names = _PLACEHOLDER.findall(template)
    if template.count(MARK) != len(names):
        raise ValueError("A placeholder of a secret is broken. Write it as {{secret:NAME}}.")
    return names


def fill(template: str, values: dict[str, str]) -> str:
    """``template`` with the values of the secrets it names; each must be in ``values``."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _literal(form: bytes) -> Find:
    def find(lower: bytes) -> Iterator[tuple[int, int]]:
        start = lower.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = lower.find(form, start + 1)

    return find


def _spelled(plain: str) -> Find:
    """Finds ``plain`` as it is and as URLs, JSON, pages and such write it, also one inside the other.

    Letters and digits stay what they are there; for every other character, all its spellings count.
    """
    pattern = re.compile(
        "".join(char if char.isalnum() else _spellings(char) for char in plain.lower()).encode("ascii")
    )

    def find(lower: bytes) -> Iterator[tuple[int, int]]:
        found = pattern.search(lower)
        while found:
            yield found.span()
            found = pattern.search(lower, found.start() + 1)

    return find


def _spellings(char: str) -> str:
    """Repetitions are bounded, so that a text full of backslashes takes no longer than another."""
    code = ord(char)
    percent, unicode = f"%(?:25){{0,3}}{code:02x}", rf"\\{{1,8}}u{code:04x}"
    escaped, entity = rf"\\{{0,8}}{re.escape(char)}", f"&(?:#0{{0,6}}{code}|#x0{{0,6}}{code:x}|[a-z]{{2,8}});"
    return f"(?:{escaped}|{percent}|{unicode}|{entity})"


def _forms(data: bytes) -> Iterator[bytes]:
    """In lower case, the ways to write all of ``data`` in other characters."""
    yield "".join(f"%{byte:02x}" for byte in data).encode("ascii")
    yield data.hex().encode("ascii")
    for core in _base64_cores(data):
        yield core.lower()
        yield core.lower().replace(b"+", b"-").replace(b"/", b"_")
    for codec in ("utf-16-le", "utf-16-be"):
        yield data.decode("ascii").lower().encode(codec)


def _inside(value: str) -> Iterator[str]:
    """What a value of the form base64(user:password), as basic authentication sends it, gives away when decoded."""
    try:
        decoded = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return
    for plain in (decoded, decoded.partition(":")[2]):
        if len(plain) >= SHORTEST and plain.isprintable():
            yield plain


def _base64_cores(data: bytes) -> Iterator[bytes]:
    """What ``data`` looks like inside a longer text in base64: at each of three places in a group of three bytes.

    The characters at the ends also depend on the neighbours and are left out.
    """
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        yield encoded[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]
