"""Clauses that could be missing, put on from outside: what a tool would do if its input or its result were also
stripped, sorted, freed of repetitions, rounded …

Where the purpose speaks of such a clause, the tool must either do the same with it, or its tests must tell the two
apart. A tool from which the clause is missing does neither: with the clause it would be the right one, and its
honest tests pass for both.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from agentforge.forge.clauses import Purpose
from agentforge.types import JSON, JSONObject

Change: TypeAlias = Callable[[JSON], JSON]
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Addition:
    """One clause put on from outside: ``change`` is made to all parts of the argument ``parameter`` (of all arguments:
    :data:`EVERY`), or of the result where it is empty.
    """

    what: str
    parameter: str
    change: Change

    def of(self, value: JSON) -> JSON:
        """The value with the change in all of its parts, inner ones first."""
        if isinstance(value, list):
            value = [self.of(item) for item in value]
        elif isinstance(value, dict):
            value = {key: self.of(item) for key, item in value.items()}
        return self.change(value)

    def of_arguments(self, args: JSONObject) -> JSONObject:
        """The arguments with the change in the one that it is about."""
        return {name: self.of(value) if self.parameter in (name, EVERY) else value for name, value in args.items()}


def _text(change: Callable[[str], str]) -> Change:
    return lambda value: change(value) if isinstance(value, str) else value


def _list(change: Callable[[list[JSON]], list[JSON]]) -> Change:
    return lambda value: change(value) if isinstance(value, list) else value


def _number(change: Callable[[float], float]) -> Change:
    return lambda value: change(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _once(items: list[JSON]) -> list[JSON]:
    first: dict[str, JSON] = {}
    for item in items:
        first.setdefault(json.dumps(item, sort_keys=True), item)
    return list(first.values())


def _sorted(items: list[JSON]) -> list[JSON]:
    texts, numbers = [i for i in items if isinstance(i, str)], [i for i in items if isinstance(i, int | float)]
    return [*sorted(texts)] if len(texts) == len(items) else [*sorted(numbers)] if len(numbers) == len(items) else items


def _without(*gone: JSON) -> Change:
    def change(value: JSON) -> JSON:
        if isinstance(value, list):
            return [item for item in value if item not in gone or isinstance(item, bool)]
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item not in gone or isinstance(item, bool)}
        return value

    return change


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


_BLANK = (
    r"(?<!without )\b(?:white.?space|spaces|blanks) (?:\w+ )?(?:around|at (?:its|their|the|both|either) ends?)\b"
    r"|\b(?:surrounding|leading|trailing|outer) (?:\w+ )?(?:blanks|spaces|white.?space)\b"
)
_CASE = (
    r"\b(?:capitals?|case) (?:and [\w ]{1,30})?do(?:es)? not matter\b"
    r"|\bwithout regard to capitals\b|\bwhatever (?:\w+ )?capitals\b"
    r"|\bcase.?insensitiv|\b(?:ignor\w+|regardless of|whatever the) (?:letter )?case\b"
    r"|\bcase (?:is ignored|does not matter|does not count)\b|\bcapitals as small\b"
)
_ONCE = (
    r"\beach once\b|\bonly once\b|\bcounts? once\b"
    r"|\b(?:remov|drop|ignor|skip)\w* (?:all )?(?:duplicates?|repetitions?)\b"
    r"|\bduplicates? (?:\w+ )?(?:is|are) (?:removed|ignored|dropped|left out)\b"
    r"|\bunique\b|\bno duplicates\b|\bwithout (?:duplicates|repetitions?)\b|\btwice (?:\w+ )?once\b"
)
_SORTED = r"\bsorted\b|\balphabetical(?:ly| order)\b|\bascending\b|\brising order\b"
_EMPTY_GONE = (
    r"\b(?:empty|blank) (?:[a-z]+ )?(?:(?:is|are) )?(?:left out|skipped|ignored|dropped|removed|do(?:es)? not count)\b"
)
_ACCENTS = r"\b(?:accents?|umlauts?|diacritics?) (?:is|are) (?:dropped|removed|ignored)\b"
_NOT_NEGATIVE = r"\bnever negative\b|\b(?:not|never) (?:falls? )?below (?:0|zero)\b"
_ROUNDED = r"\brounded to (\d|one|two|three|four|five|six) (?:decimals?|decimal places?|digits?)\b"
_DIGITS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}

_ON_ARGUMENTS: tuple[tuple[str, str, Change], ...] = (
    (_BLANK, "white space around texts were removed before", _text(str.strip)),
    (_CASE, "all letters came as small ones", _text(str.lower)),
    (_CASE, "all letters came as capitals", _text(str.upper)),
    (_ONCE, "repeated items were left out before", _list(_once)),
    (r"\bin any order\b", "lists came sorted", _list(_sorted)),
    (_EMPTY_GONE, "empty items were left out before", _without("", None, [], {})),
    (_ACCENTS, "accents were dropped before", _text(_plain)),
)
_ON_RESULTS: tuple[tuple[str, str, Change], ...] = (
    (_ONCE, "repeated items of results were left out", _list(_once)),
    (_SORTED, "lists in results were sorted", _list(_sorted)),
    (_NOT_NEGATIVE, "results below 0 were 0", _number(lambda value: max(value, 0))),
)


def additions_of(purpose: Purpose) -> Iterator[tuple[str, Addition]]:
    """``(words, addition)`` for each clause of which a purpose speaks: of the parameter whose words they are, of the
    only one, or of all at once where the words are of the whole.
    """
    whole = f"{purpose.summary} {purpose.whole}"
    for pattern, what, change in _ON_ARGUMENTS:
        for name, text in purpose.of.items():
            words = text if len(purpose.of) > 1 else f"{text} {whole}"
            if found := re.search(pattern, words, re.IGNORECASE):
                yield found[0], Addition(what, name, change)
        if len(purpose.of) != 1 and (found := re.search(pattern, whole, re.IGNORECASE)):
            yield found[0], Addition(what, EVERY, change)
    for pattern, what, change in _ON_RESULTS:
        if found := re.search(pattern, whole, re.IGNORECASE):
            yield found[0], Addition(what, "", change)
    if found := re.search(_ROUNDED, purpose.text, re.IGNORECASE):
        places = _DIGITS.get(found[1].lower()) or int(found[1])
        yield found[0], Addition(f"results were {found[0].lower()}", "", _number(lambda value: round(value, places)))
