"""How a text is built: headings (of Markdown, by ``#`` or underlined), what stands under each, and blocks.

Every pattern here takes a time that grows with the length of the text alone: it may be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentforge.models.tokens import estimate

PAGE_MARK = "<!-- page {} -->"
"""The line with which a page of a converted document begins; it is no part of the text."""

HEADING_CHARS = 200
"""Longest heading; a longer one is a paragraph, since every passage under it repeats it."""

_HEADING = re.compile(rf" {{0,3}}(#{{1,6}})[ \t]{{1,40}}(\S.{{0,{HEADING_CHARS - 1}}})")
_UNDERLINE = re.compile(r" {0,3}(={2,}|-{2,})[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_PAGE = re.compile(r"<!-- page (\d{1,6}) -->")
_ROW = re.compile(r"[ \t]*(?:[-*+>][ \t]|\||\d{1,9}[.)][ \t]|`{3}|~{3})|\t| {4}")
"""How a line of a list, a table, a quotation or code begins."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in the lines ``first`` to ``last``, counted from 0."""

    level: int
    title: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together, without a blank one: they begin at the character ``start``, on one page. So many
    ``marks`` of pages stand before them: two pages may be of one number.
    """

    start: int
    text: str
    page: int
    tokens: int
    marks: int = 0

    @property
    def end(self) -> int:
        """The character behind it."""
        return self.start + len(self.text)

    @property
    def rows(self) -> bool:
        """Whether it is a list, a table or code, whose lines are its parts, and no prose."""
        lines = self.text.split("\n")
        return 2 * sum(_ROW.match(line) is not None for line in lines) >= len(lines)


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under ``headings`` (the outermost first, the document's title left out), up to the next one.

    ``first`` is the first line, from 0, of the headings right above it; -1 where there are none.
    """

    headings: tuple[str, ...]
    blocks: Sequence[Block]
    first: int = -1


def headings_of(lines: Sequence[str]) -> Iterator[Heading]:
    """The headings of a text, in order; in code between fences nothing is one, and neither in a text that begins with
    the mark of a page: that is no Markdown, and its ``#`` mean something else.
    """
    fence, at = "", 0
    if lines and _PAGE.fullmatch(lines[0].strip()):
        return
    while at < len(lines):
        line = lines[at]
        if fence or _FENCE.match(line):
            fence = _fenced(fence, line)
        elif found := _HEADING.fullmatch(line):
            yield Heading(len(found[1]), _bare(found[2]), at, at)
        elif _underlined(lines, at):
            yield Heading(1 if lines[at + 1].lstrip().startswith("=") else 2, line.strip(), at, at + 1)
            at += 1
        at += 1


def sections_of(text: str) -> Iterator[Section]:
    """The text from heading to heading; what stands above the first one has none.

    A heading with nothing under it, not even others, is a section of its own words.
    """
    outline = _Outline(text)
    yield from outline.sections()


class _Outline:
    """A text on the way through: ``page`` is the one that has been reached, behind so many ``marks``."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.page = self.marks = 0

    def sections(self) -> Iterator[Section]:
        headings = [*headings_of(self.lines)]
        title = headings[0] if headings and headings[0].level == 1 else None
        ends = [*(heading.first for heading in headings), len(self.lines)]
        if above_all := self.blocks(0, ends[0]):
            yield Section((), above_all)
        path, waiting = list[Heading](), list[Heading]()  # headings that hold; those of them that nothing covers yet
        for heading, end in zip(headings, ends[1:], strict=True):
            if empty := [one for one in waiting if one.level >= heading.level]:
                yield self.words_alone(empty, path, title)
            path = [*(one for one in path if one.level < heading.level), heading]
            waiting = [*(one for one in waiting if one.level < heading.level), heading]
            if blocks := self.blocks(heading.last + 1, end):
                yield Section(_titles(path, title), blocks, waiting[0].first)
                waiting = []
        if waiting:
            yield self.words_alone(waiting, path, title)

    def words_alone(self, empty: Sequence[Heading], path: Sequence[Heading], title: Heading | None) -> Section:
        """The innermost of headings with nothing under them; the others are told as those above it."""
        last = empty[-1]
        above = [one for one in path if one.level < last.level]
        words = "\n".join(self.lines[last.first : last.last + 1])
        return Section(_titles(above, title), [self.block(last.first, words)], empty[0].first)

    def blocks(self, first: int, end: int) -> list[Block]:
        """The blocks between two lines."""
        found: list[Block] = []
        rows, fence = list[str](), ""
        for at in range(first, end):
            line = self.lines[at]
            mark = None if fence else _PAGE.fullmatch(line.strip())
            if rows and (mark or not (fence or line.strip())):
                found.append(self.block(at - len(rows), "\n".join(rows)))
                rows = []
            if mark:
                self.page, self.marks = int(mark[1]), self.marks + 1
            elif rows or line.strip():
                rows.append(line)
                fence = _fenced(fence, line)
        if rows:
            found.append(self.block(end - len(rows), "\n".join(rows).rstrip()))
        return found

    def block(self, line: int, text: str) -> Block:
        return Block(self.starts[line], text, self.page, estimate(text), self.marks)


def _titles(path: Sequence[Heading], title: Heading | None) -> tuple[str, ...]:
    return tuple(one.title for one in path if one is not title)


def _bare(words: str) -> str:
    """A heading without the ``##`` that may close it."""
    whole = words.rstrip()
    open_end = whole.rstrip("#")
    return open_end.rstrip() if open_end.endswith((" ", "\t")) else whole


def _fenced(fence: str, line: str) -> str:
    """The fence that is open behind a line; empty where none is."""
    found = _FENCE.match(line)
    if not fence:
        return found[1] if found else ""
    closes = found is not None and found[1].startswith(fence) and not line.strip().strip(fence[0])
    return "" if closes else fence


def _underlined(lines: Sequence[str], at: int) -> bool:
    """Whether a line is a heading by what stands below it: one line of words alone, underlined."""
    words = lines[at].strip()
    return bool(
        (at == 0 or not lines[at - 1].strip())
        and 0 < len(words) <= HEADING_CHARS
        and at + 1 < len(lines)
        and _UNDERLINE.fullmatch(lines[at + 1])
        and not (_ROW.match(lines[at]) or _PAGE.fullmatch(words) or _UNDERLINE.fullmatch(lines[at]))
    )
