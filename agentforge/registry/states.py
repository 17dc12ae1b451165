"""Where every tool of a registry stands, outside the contents that its version names.

``[tools.NAME]`` is where a tool stands, ``[reviews.NAME]`` what was proposed under its name: the number
given last (numbers are never given twice), what waits with its version, and what was rejected and why. Which
file holds them is told in :mod:`agentforge.registry.pages`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, TypeVar

import tomli_w
from pydantic import BaseModel

from agentforge.registry.pages import (
    REASON_CHARS,
    REJECTED_KEPT,
    STATE_FILE,
    WHOLE,
    Page,
    Pages,
    Rejection,
    Reviews,
    Standing,
    Waiting,
    page_of,
    read_page,
)

__all__ = [
    "EMPTY",
    "FORMAT",
    "REASON_CHARS",
    "REJECTED_KEPT",
    "STATE_FILE",
    "Rejection",
    "Reviews",
    "Standing",
    "States",
    "Waiting",
    "read_states",
]

FORMAT = 1
PAGED = 2
"""The format of a ``state.toml`` beside which there are pages: a program that knows none must not overlook them."""

EMPTY = f"format = {FORMAT}\n"
"""The ``state.toml`` of a new registry."""

_Entry = TypeVar("_Entry", bound=BaseModel)
_Kind: TypeAlias = Literal["tools", "reviews"]
_KINDS: tuple[_Kind, ...] = ("tools", "reviews")
_NONE: Mapping[str, Any] = MappingProxyType({})


class _Told(Mapping[str, _Entry]):
    """The entries of one kind in ``state.toml`` and the pages; that of a page counts where both have one.

    Asking for a name parses its page alone; going through all of them parses them all.
    """

    def __init__(self, kind: _Kind, whole: Page, pages: Pages) -> None:
        self._kind: _Kind = kind
        self._whole: Mapping[str, _Entry] = getattr(whole, kind)
        self._pages = pages

    def __getitem__(self, name: str) -> _Entry:
        page: Mapping[str, _Entry] = getattr(self._pages[page_of(name)], self._kind) if self._pages else _NONE
        return page[name] if name in page else self._whole[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._whole, *(name for page in self._pages.all() for name in self._of(page))]))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _of(self, page: Page) -> Mapping[str, _Entry]:
        return getattr(page, self._kind)


@dataclass(frozen=True, slots=True)
class States:
    """What these files say; entries that are malformed are kept as they are, and reported."""

    whole: Page = field(default_factory=Page)
    pages: Pages = field(default_factory=lambda: Pages.of({}))

    @property
    def tools(self) -> Mapping[str, Standing]:
        """Where each tool stands, by name."""
        return _Told[Standing]("tools", self.whole, self.pages)

    @property
    def reviews(self) -> Mapping[str, Reviews]:
        """What was proposed under each name."""
        return _Told[Reviews]("reviews", self.whole, self.pages)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is malformed in them."""
        return tuple(problem for page in (self.whole, *self.pages.all()) for problem in page.problems)

    def named_in(self, path: str) -> Mapping[str, Standing]:
        """What one of the files says of tools; nothing where there is no such file."""
        return (self.whole if path == STATE_FILE else self.pages[path]).tools

    def stale(self) -> list[str]:
        """The names of the tools that are stale, sorted; only the pages that speak of such a thing are parsed."""
        found = (page.tools for page in (self.whole, *self.pages.holding(b"stale")))
        names = {name for tools in found for name, standing in tools.items() if standing.stale}
        return sorted(name for name in names if self.tools[name].stale)

    def files(
        self, *, tools: Mapping[str, Standing] = _NONE, reviews: Mapping[str, Reviews] = _NONE
    ) -> dict[str, bytes]:
        """The files to write for these entries to stand, by path; everything else is left alone.

        Raises:
            RegistryError: a page that would be written is malformed.
        """
        made: dict[str, dict[str, Any]] = {"tools": _dumped(tools), "reviews": _dumped(reviews)}
        stray: dict[str, Mapping[str, Any]] = {kind: self.whole.raw.get(kind, {}) for kind in _KINDS}
        rest = {key: value for key, value in self.whole.raw.items() if key not in ("format", *_KINDS)}
        if not self.pages and len({name for kind in _KINDS for name in (*stray[kind], *made[kind])}) <= WHOLE:
            return {STATE_FILE: _text({**rest, "format": FORMAT}, *({**stray[kind], **made[kind]} for kind in _KINDS))}
        found = {
            path: _text(
                {key: value for key, value in self.pages[path].raw.items() if key not in _KINDS},
                *({**_of(names, stray[k]), **self.pages[path].raw.get(k, {}), **_of(names, made[k])} for k in _KINDS),
            )
            for path, names in _by_page(name for kind in _KINDS for name in (*stray[kind], *made[kind])).items()
        }
        moved = any(stray.values()) or self.whole.raw.get("format") != PAGED
        return {**found, **({STATE_FILE: _text({**rest, "format": PAGED})} if moved else {})}

    def review_of(self, name: str) -> Reviews:
        """What was proposed under ``name``."""
        return self.reviews.get(name) or Reviews()


def read_states(text: str, pages: Pages | None = None) -> States:
    """What a ``state.toml`` says, with the pages beside it.

    Raises:
        ValueError: it is no TOML, or of a format that this program does not know.
    """
    table = tomllib.loads(text)
    if table.get("format") not in (FORMAT, PAGED):
        raise ValueError(f"its format is {table.get('format')!r}, and this version of AgentForge knows {FORMAT}")
    return States(read_page(table, STATE_FILE), pages or Pages.of({}))


def _dumped(entries: Mapping[str, BaseModel]) -> dict[str, Any]:
    return {name: entry.model_dump(mode="json", exclude_defaults=True) for name, entry in entries.items()}


def _by_page(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        found.setdefault(page_of(name), []).append(name)
    return found


def _of(names: Iterable[str], entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entries[name] for name in names if name in entries}


def _text(rest: Mapping[str, Any], tools: Mapping[str, Any] = _NONE, reviews: Mapping[str, Any] = _NONE) -> bytes:
    """A file with these entries, in the order of their names."""
    kinds = {"tools": tools, "reviews": reviews}
    tables = {kind: {name: told[name] for name in sorted(told)} for kind, told in kinds.items() if told}
    first = {key: rest[key] for key in ("format",) if key in rest}
    return tomli_w.dumps({**first, **rest, **tables}).encode()
