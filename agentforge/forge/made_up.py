"""Personal-looking texts replaced by made-up ones of the same shape, so that an example can be kept and shared.

What counts: e-mail addresses, telephone numbers, and runs of nine or more digits (cards, accounts, insurance
numbers; of thirteen or more where they stand in groups). A made-up text has the length of the
real one, its separators, capitals and digits in the same places, and is the same wherever the real one stood.
What it does not find: names of people, addresses of streets, and whatever else looks like any word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from agentforge.types import JSON, JSONObject

_EMAIL = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"
_PHONE = r"(?<![\w+])\+[0-9](?:[ ()./-]{0,2}[0-9]){6,14}"
_DIGITS = r"(?<![\w.])[0-9]{9,34}(?![\w]|\.[0-9])"
_GROUPS = (
    r"(?<![\w.])(?!\d{4}-\d\d-\d\d(?!\d))[0-9]{2,6}(?P<by>[ -])[0-9]{2,6}(?:(?P=by)[0-9]{2,6}){1,8}(?![\w]|\.[0-9])"
)
_PERSONAL = re.compile(f"(?:{_EMAIL})|(?:{_PHONE})|(?:{_DIGITS})|(?P<groups>{_GROUPS})")
_LEAST_DIGITS = 9
_LEAST_IN_GROUPS = 13
"""Digits of the shortest cards (ISO/IEC 7812-1); a row of smaller numbers has fewer."""
_LEAST_PART = 4

MadeUp: TypeAlias = Callable[[str], str]


def personal(value: JSON) -> list[str]:
    """The personal-looking texts in a value, keys included, each once, in the order of their appearance."""
    match value:
        case str():
            return list(dict.fromkeys(match[0] for match in _PERSONAL.finditer(value) if _counts(match)))
        case list():
            found = [text for item in value for text in personal(item)]
        case dict():
            found = [text for pair in value.items() for item in pair for text in personal(item)]
        case _:
            found = personal(str(value)) if isinstance(value, int) and abs(value) >= 10 ** (_LEAST_DIGITS - 1) else []
    return list(dict.fromkeys(found))


def replaced(value: JSON, names: Mapping[str, str]) -> JSON:
    """``value`` with each of the texts in ``names`` replaced, wherever it stands, the longest first."""
    match value:
        case str():
            if not names:
                return value
            real = "|".join(re.escape(text) for text in sorted(names, key=len, reverse=True))
            return re.sub(real, lambda match: names[match[0]], value)
        case list():
            return [replaced(item, names) for item in value]
        case dict():
            return {str(replaced(key, names)): replaced(item, names) for key, item in value.items()}
        case bool():
            return value
        case int():
            return int(names[str(value)]) if str(value) in names else value
        case _:
            return value


def replacements(args: JSONObject) -> Sequence[Mapping[str, str]]:
    """Ways to replace all that is personal in ``args``, to be tried in turn until one still fails: another letter
    and digit for each one; then the same digits in reverse, whose sum is that of the real ones. One way, of
    nothing, where there is nothing personal.
    """
    found = personal(args)
    ways: tuple[MadeUp, ...] = (_other, _reversed)
    return [_names(found, way) for way in ways] if found else [{}]


def disguises(args: JSONObject, count: int = 3) -> Sequence[Mapping[str, str]]:
    """Several ways that have nothing in common, each with another letter and digit for each one: a tool that
    treats all of them as it treats the real texts does not look at what they say.
    """
    found = personal(args)
    return [_names(found, partial(_other, salt=salt)) for salt in range(count)]


def _names(found: Sequence[str], way: MadeUp) -> dict[str, str]:
    """Each text with its made-up one; the two parts of an address as well, since tools take them apart."""
    names: dict[str, str] = {}
    for text in found:
        made = way(text)
        parts = zip(text.split("@"), made.split("@"), strict=True) if "@" in text else ()
        names |= {real: other for real, other in parts if len(real) >= _LEAST_PART}
        names[text] = made
    return names


def _counts(match: re.Match[str]) -> bool:
    groups = match["groups"]
    return groups is None or sum(letter.isdigit() for letter in groups) >= _LEAST_IN_GROUPS


def _other(text: str, salt: int = 0) -> str:
    """Its letters and digits by others of the kind; the last part of an address and a first digit stay. Texts that
    differ in capitals only stay so, and addresses with one part in common keep having it in common.
    """
    if "@" in text:
        local, _, domain = text.partition("@")
        name, _, last = domain.rpartition(".")
        return f"{_spun(local, salt)}@{_spun(name, salt)}.{last}"
    first = next((at for at, letter in enumerate(text) if letter.isdigit()), len(text))
    return f"{text[: first + 1]}{_spun(text[first + 1 :], salt)}"


def _spun(text: str, salt: int) -> str:
    turns = hashlib.sha256(f"{salt}\0{text.lower()}".encode()).digest()
    return "".join(_turned(letter, 1 + turns[at % len(turns)]) for at, letter in enumerate(text))


def _turned(letter: str, by: int) -> str:
    if "0" <= letter <= "9":
        return str((int(letter) + 1 + by % 9) % 10)
    for start in "aA":
        if start <= letter <= chr(ord(start) + 25):
            return chr(ord(start) + (ord(letter) - ord(start) + 1 + by % 25) % 26)
    return letter


def _reversed(text: str) -> str:
    """Its digits in reverse order, in the places where digits stand (a zero never comes to stand first); an
    address with other letters.
    """
    digits = [letter for letter in text if letter.isdigit()]
    if "@" in text or digits == digits[::-1]:
        return _other(text)
    backwards = digits[::-1]
    while backwards[0] == "0":
        backwards = [*backwards[1:], "0"]
    turned = iter(backwards)
    return "".join(next(turned) if letter.isdigit() else letter for letter in text)
