"""What is known of a user that may not leave with a tool: names, addresses and numbers from their own facts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

_WORD = r"[A-ZÀ-ÖØ-Þ][\w’'-]*[a-zß-öø-ÿ][\w’'-]*"
_NAMES = re.compile(rf"{_WORD}(?:\s+(?:(?:van|von|de|der|den|la|di|da|del|of)\s+)?{_WORD})*")
_SAID = re.compile(
    r"(?i:\b(?:name is|named|called|is my (?:boss|wife|husband|partner|son|daughter|colleague|manager|friend|sister"
    r"|brother|mother|father|cat|dog)|(?:wife|husband|partner|son|daughter|boss|manager|colleague|sister|brother|mother"
    r"|father|friend|cat|dog|neighbour|neighbor|client|customer|doctor|company|employer|street|town|village|team)"
    r"(?: is| are|,|:)?|works? (?:at|for|with|in)|lives? (?:at|in|with|on)|born in|from|at|with|in|near))\s+"
    rf"({_WORD}(?:\s+{_WORD})*)"
)
STREET = re.compile(
    rf"\b\d{{1,5}}[a-zA-Z]?\s+(?:{_WORD}\s+){{1,4}}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Way|Court|Ct|Place|Pl"
    r"|Square|Sq|Terrace|Boulevard|Blvd|Close|Crescent)\b\.?"
    rf"|\b{_WORD}(?:straße|strasse|str\.|weg|gasse|platz|allee|damm|ufer|laan|straat)\s+\d{{1,4}}[a-z]?\b"
    rf"|\b(?:Rue|Via|Calle|Avenida|Avenue|Piazza|Plaza|Rua)\s+(?:(?:de|du|des|la|le|del|della|di|da)\s+)*{_WORD}"
    rf"(?:\s+{_WORD})*,?\s+\d{{1,4}}\b|\b\d{{1,4}},?\s+(?:rue|avenue|boulevard|place)\s+(?:(?:de|du|des|la|le)\s+)*{_WORD}"
    rf"(?:[\s-]+{_WORD})*"
)
_NUMBERS = re.compile(r"\b(?=[\w/-]*\d{3})[A-Z0-9][A-Z0-9/-]{4,}\b")
_COMMON = re.compile(
    r"The|This|That|These|Those|There|They|Their|Our|Your|His|Her|Its|When|Where|What|Which|Who|Why|How|"
    r"And|But|For|From|With|Without|Always|Never|Please|Answers|Dates|Lengths|Offers|Reports|Prices|"
    r"Amounts|Numbers|Names|Use|Uses|Prefer|Prefers|Likes|Wants|User|Users|Team|Company|Street|Monday|"
    r"Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May|June|July|August|"
    r"September|October|November|December|English|German|French|Spanish|Italian|Dutch|Europe|European|Euro|"
    r"Euros|Dollar|Dollars|Python|Excel|Word|Markdown|Json|Yaml|Csv|Unicode|Linux|Windows|Docker|Github|"
    r"Google|Microsoft|Internet|Berlin|London|Paris|Rome|Madrid|Vienna|Germany|France|Italy|Spain|Austria|"
    r"Switzerland|Norway|Sweden|Poland|America|American|British|Christmas|Easter|Mister|Doctor|Answer|"
    r"Write|Keep|Make|Give|Round|Sort"
)
"""Words with a capital that tell nobody apart; of the cities only those that stand in every time zone's name."""
_SHORT = re.compile(
    r"Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun|New|Old|Big|Red|One|Two|Ten|All|Any"
    r"|Not|Out|Off|Van|Von|Der|Den|Das|Die|Del|Les|Una|San|Sur|Ltd|Inc|Yes|Let|Get|Set|Say|Add|Put|Run|Csv|Pdf|Xml"
)
"""Words of three letters that are names less often than not."""
SHORTEST = 3
"""Characters of a part of a name that is looked for alone; shorter ones are any word."""
_LETTERS = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"}
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is looked for wherever it stands. ``names`` are words of names, ``phrases`` whole ones (addresses,
    numbers), ``secrets`` registered secrets. ``kept`` is harmless, as the user says, and ``hashes`` are those of what
    is: these stay.
    """

    names: frozenset[str] = frozenset()
    phrases: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()


NOTHING_KNOWN = Known()


def known_of(
    facts: Iterable[str], *, ids: Iterable[str] = (), secrets: Collection[str] = (), kept: Collection[str] = ()
) -> Known:
    """What the sentences of a user's memory tell of people, places and numbers. ``ids`` are names of accounts, such as
    the user's own; ``kept`` are texts that the user calls harmless.

    A single word with a capital counts where the sentence says that it is a name; several in a row do always.
    """
    names, phrases = set[str](), set[str]()
    for fact in facts:
        phrases |= {found[0].rstrip(".") for found in STREET.finditer(fact)}
        phrases |= {found[0] for found in _NUMBERS.finditer(fact)}
        said = {found[1] for found in _SAID.finditer(fact)}
        rows = {found[0] for found in _NAMES.finditer(fact) if " " in found[0]}
        for row in (*said, *rows):
            names |= {word for word in map(_bare, row.split()) if word and not _is_any(word)}
    names |= {one for one in ids if len(one) >= SHORTEST and not one.isdecimal()}
    long = {word for word in names if len(word) >= SHORTEST}
    return Known(frozenset(long), frozenset(phrases), frozenset(secrets), frozenset(kept))


def _is_any(word: str) -> bool:
    return _COMMON.fullmatch(word) is not None or _SHORT.fullmatch(word) is not None


def plain(letter: str) -> str:
    """A letter without its marks, as it stands where only ASCII may."""
    lower = letter.lower()
    bare = _LETTERS.get(lower) or "".join(
        each for each in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(each)
    )
    return bare if letter == lower else bare.capitalize()


def written(name: str) -> str:
    """A pattern of the ways in which the letters of a name are written: composed or not, without marks, escaped."""
    return "".join(_letter(each) for each in unicodedata.normalize("NFC", name))


def _letter(letter: str) -> str:
    if letter.isascii():
        return re.escape(letter)
    code, lower = ord(letter), letter.lower()
    ways = [letter, unicodedata.normalize("NFD", letter), plain(letter)]
    ways += [_UMLAUTS[lower] if letter == lower else _UMLAUTS[lower].capitalize()] if lower in _UMLAUTS else []
    ways += [f"\\u{code:04x}", f"\\u{code:04X}", *([f"\\x{code:02x}", f"\\x{code:02X}"] if code < 256 else [])]
    return f"(?:{'|'.join(re.escape(way) for way in dict.fromkeys(ways) if way)})"


def spelled(text: str) -> str:
    """One spelling for all ways in which a name is written, but for umlauts that are written as two letters."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})", lambda code: chr(int(code[1] or code[2], 16)), text)
    return "".join(map(plain, unicodedata.normalize("NFC", text)))


def _bare(word: str) -> str:
    bare = re.sub(r"['’]s$", "", word).strip("'’-.,")
    return bare if bare[:1].isupper() else ""
