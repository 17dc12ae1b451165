"""Where secrets and personal data stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from agentforge.forge.scrub.chance import drawn
from agentforge.forge.scrub.forms import FORMS
from agentforge.forge.scrub.known import Known, written
from agentforge.forge.scrub.made import is_made
from agentforge.secrecy import spans

FROM_ANY_CASE = 6
"""Characters from which on a name is also found in small letters: shorter ones are words as well (mark, rose)."""
FROM_WITHIN = 5
"""Characters from which on a name is also found within an identifier (``isKowalska``, ``KowalskaOrder2``)."""
FROM_CAPITALS = 4
"""Characters from which on a name is also found in capitals: shorter ones are abbreviations."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place: ``kind`` is what it looks like, ``secret`` whether it opens a door."""

    start: int
    end: int
    kind: str
    text: str
    secret: bool = False


def findings(text: str, known: Known) -> list[Finding]:
    """All places in a text, in order and none in another; what was made up by :mod:`.made` is none."""
    found = [one for one in _all(text, known) if not is_made(one.kind, one.text)]
    found += (
        [] if not known.names else [Finding(*one.span(), "name", one[0]) for one in _named(known.names).finditer(text)]
    )
    found = [one for one in found if not _stays(one, known)]
    found.sort(key=lambda one: (one.start - one.end, one.start))
    taken: list[Finding] = []
    for one in found:  # the longest first: a key within an address of the web goes with it
        if all(one.end <= other.start or other.end <= one.start for other in taken):
            taken.append(one)
    return sorted(taken, key=lambda one: one.start)


def _stays(one: Finding, known: Known) -> bool:
    return one.text in known.hashes or (one.text in known.kept and not one.secret)


def _all(text: str, known: Known) -> Iterator[Finding]:
    for start, end, kind in spans(text):
        yield Finding(start, end, kind, text[start:end], secret=True)
    for form in FORMS:
        for start, end in form.spans(text):
            yield Finding(start, end, form.kind, text[start:end], secret=form.secret)
    for start, end in drawn(text):
        yield Finding(start, end, "key", text[start:end], secret=True)
    for kind, words in (("secret", known.secrets), ("known", known.phrases)):
        yield from _wherever(text, kind, words, secret=kind == "secret")


def _wherever(text: str, kind: str, words: Iterable[str], *, secret: bool) -> Iterator[Finding]:
    for word in words:
        for found in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text, re.IGNORECASE):
            yield Finding(*found.span(), kind, found[0], secret=secret)


@cache
def _named(names: frozenset[str]) -> re.Pattern[str]:
    """Where one of the names stands as a word, or as one of the words that an identifier is put together of."""
    ways = (_ways(name) for name in sorted(names, key=len, reverse=True))
    return re.compile("|".join(way for some in ways for way in some))


def _ways(name: str) -> Iterator[str]:
    after = r"(?:(?=s?(?![^\W_]))|(?=\d))"
    if len(name) < FROM_WITHIN:
        yield rf"(?<![^\W_]){written(name)}(?![^\W_])"
        yield from () if len(name) < FROM_CAPITALS else (rf"(?<![^\W_]){written(name.upper())}(?![^\W_])",)
        return
    yield rf"(?<![A-ZÀ-ÖØ-Þ]){written(name[:1].upper() + name[1:])}(?:{after}|(?=[A-ZÀ-ÖØ-Þ]))"
    yield rf"(?<![^\W\d_]){written(name.upper())}{after}"
    if len(name) >= FROM_ANY_CASE or name.islower():
        yield rf"(?<![^\W\d_]){written(name.lower())}{after}"
