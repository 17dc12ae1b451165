"""Cuts a document's text into passages: small enough for a prompt, with a place to cite and an id that lasts.

Where a passage ends is decided by what stands there, not by what stands before: by headings, by blank lines, and in
a long block by marks in its own words. So a change moves the passages around it and leaves all others as they are.

The id of a passage is that of its document and a hash of its words *with the headings above them*: "at most 28
euros" under "Germany" and under "France" are two passages, and a tool made from one is not vouched for by the other.
The document's title, its first heading where that is of level 1, does not count: a new year in it changes no passage.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentforge.memory.documents.outline import Block, Section, headings_of, sections_of
from agentforge.models.tokens import estimate

MOST_TOKENS = 200
"""Longest passage, by the cautious estimate that prompts are counted with."""

SHORT_TOKENS = 16
"""A block shorter than this, or one that ends in a colon, belongs to what follows it: a label, a leading-in."""

LEAST_TOKENS = 100
"""A piece of a longer block ends at the first marked place after so many; every second place is marked."""

HASH_CHARS = 16
"""Characters of a SHA-256 in a passage's id: 64 bits, enough to tell the passages of one document apart."""

ID = re.compile(rf"(d[0-9a-f]{{12}})\.[0-9a-f]{{{HASH_CHARS}}}")
"""The id of a passage; its first part is that of the document."""

_SENTENCE = re.compile(r"""[.!?…]["'”’»)\]]*\s+|[。！？]""")
_LINE = re.compile("\n")
_WORD = re.compile(r"\S{1,80}\s*")
"""A word with the blanks behind it; what has none for longer is cut."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document. ``headings`` are those above it, the outermost first, without the document's title.

    ``first`` and ``last`` are lines of the document's text, from 1 (the headings right above it included); ``page``
    is a page of the original, 0 where it has none.
    """

    id: str
    document: str
    headings: tuple[str, ...]
    text: str
    first: int
    last: int
    page: int = 0

    @property
    def place(self) -> str:
        """Where it stands in its document: ``Hotel › Germany, lines 12–15``."""
        lines = f"lines {self.first}–{self.last}" if self.last > self.first else f"line {self.first}"
        headings, page = " › ".join(self.headings), f"page {self.page}" if self.page else ""
        return ", ".join(filter(None, [headings, page, lines]))


def title_of(text: str) -> str:
    """The title that a text gives itself: its first heading, where that is of level 1; else nothing."""
    heading = next(headings_of(text.split("\n")), None)
    return heading.title if heading is not None and heading.level == 1 else ""


def passages_of(text: str, document: str) -> list[Passage]:
    """The passages of a document's text, in order; its lines end in a line feed alone.

    Every word stands in exactly one of them, those of a heading in the ``headings`` of all that is under it. The
    same words under the same headings have the same id, wherever they stand.
    """
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    found: list[Passage] = []
    for section in sections_of(text):
        head = section.first
        for start, end, page in _spans(section):
            words = text[start:end].rstrip()
            first = bisect_right(starts, start) if head < 0 else head + 1
            last = bisect_right(starts, start + len(words) - 1)
            key = _id(document, section.headings, words)
            found.append(Passage(key, document, section.headings, words, first, last, page))
            head = -1
    return found


def plain(text: str) -> str:
    """The words of a text alone: how they are broken into lines, or their letters composed, makes no difference."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _id(document: str, headings: Sequence[str], words: str) -> str:
    key = "\0".join([*map(plain, headings), "", plain(words)])
    return f"{document}.{hashlib.sha256(key.encode()).hexdigest()[:HASH_CHARS]}"


def _spans(section: Section) -> Iterator[tuple[int, int, int]]:
    """Where each passage of a section begins and ends, in characters, and its page."""
    for group in _groups(section.blocks):
        if sum(block.tokens for block in group) <= MOST_TOKENS:
            yield group[0].start, group[-1].end, group[0].page
        else:
            yield from ((start, end, group[0].page) for start, end in _pieces(group))


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Blocks that belong together, as each of them and its neighbour alone tell."""
    group: list[Block] = []
    for block in blocks:
        if group and not (_leads_in(group[-1]) and group[-1].marks == block.marks):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _leads_in(block: Block) -> bool:
    return block.tokens < SHORT_TOKENS or block.text.rstrip().endswith((":", "："))


def _pieces(group: Sequence[Block]) -> Iterator[tuple[int, int]]:
    """The pieces of a group that is too long."""
    begun, end, size, marked = group[0].start, group[0].start, 0, False
    for start, text, cost in (part for block in group for part in _parts(block)):
        if size and (size + cost > MOST_TOKENS or (size >= LEAST_TOKENS and marked)):
            yield begun, end
            begun, size = start, 0
        end, size = start + len(text), size + cost
        marked = zlib.crc32(plain(text).encode()) % 2 == 0
    yield begun, end


def _parts(block: Block) -> Iterator[tuple[int, str, int]]:
    """A block, or where that is too long its lines or sentences, or their words; each with its tokens."""
    if block.tokens <= MOST_TOKENS:
        yield block.start, block.text, block.tokens
        return
    for start, text in _cut(block.start, block.text, _LINE if block.rows else _SENTENCE):
        cost = estimate(text)
        if cost <= MOST_TOKENS:
            yield start, text, cost
        else:
            yield from ((start + word.start(), word[0], estimate(word[0])) for word in _WORD.finditer(text))


def _cut(start: int, text: str, ends: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    at = 0
    for found in ends.finditer(text):
        yield start + at, text[at : found.end()]
        at = found.end()
    if text[at:].strip():
        yield start + at, text[at:]
