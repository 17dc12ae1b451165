"""Where secrets and personal data stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agentforge.forge.scrub.chance import drawn
from agentforge.forge.scrub.forms import FORMS
from agentforge.forge.scrub.known import Known
from agentforge.forge.scrub.made import is_made
from agentforge.secrecy import spans

FROM_ANY_CASE = 6
"""Characters from which on a name is also found in small letters: shorter ones are words as well (mark, rose)."""


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
    found = [one for one in _all(text, known) if not _stays(one, known) and not is_made(one.kind, one.text)]
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
    for found in _named(known.names).finditer(text) if known.names else ():
        yield Finding(*found.span(), "name", found[0])


def _wherever(text: str, kind: str, words: Iterable[str], *, secret: bool) -> Iterator[Finding]:
    for word in words:
        for found in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text, re.IGNORECASE):
            yield Finding(*found.span(), kind, found[0], secret=secret)


def _named(names: frozenset[str]) -> re.Pattern[str]:
    ways = {way for name in names for way in _ways(name)}
    return re.compile(
        rf"(?<![^\W_])(?:{'|'.join(re.escape(way) for way in sorted(ways, key=len, reverse=True))})(?![^\W_])"
    )


def _ways(name: str) -> tuple[str, ...]:
    return (name, name.upper(), *((name.lower(),) if len(name) >= FROM_ANY_CASE else ()))
