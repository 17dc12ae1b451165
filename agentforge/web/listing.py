"""The list of tools: search, filters and pages, as values for the template and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

from agentforge.types import Layer, State
from agentforge.web.catalogue import Catalogue, Listed, matches

PAGE: Final = 50
"""Tools on one page."""
ALL: Final = "all"
STATES: Final = (State.LIVE, State.PROPOSED, State.QUARANTINED, State.RETIRED, ALL)
KINDS: Final = {
    "": "of any kind",
    "pure": "that reach nothing",
    "reaching": "that reach something",
    "composed": "made of other tools",
    "unconfirmed": "unconfirmed",
    "stale": "stale",
}
LAYERS: Final = {"": "from everywhere", "user": "learned", "company": "of the company", "base": "starter tools"}
TITLES: Final = {Layer.USER: "Learned", Layer.COMPANY: "Shared by the company", Layer.BASE: "Starter tools"}
"""Headings of the list: a person's own work comes first."""

_SHORT = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see."""

    query: str = ""
    state: str = State.LIVE
    layer: str = ""
    kind: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: str, state: str, layer: str, kind: str, page: str) -> Wish:
        """From an address; what makes no sense there is at its default."""
        return cls(
            query[:200].strip(),
            state if state in STATES else State.LIVE,
            layer if layer in LAYERS else "",
            kind if kind in KINDS else "",
            int(page) if page.isascii() and page.isdigit() and int(page[:6]) > 0 else 1,
        )

    @property
    def address(self) -> str:
        """Where it is seen."""
        told = {
            "q": self.query,
            "state": "" if self.state == State.LIVE else self.state,
            "layer": self.layer,
            "kind": self.kind,
            "page": "" if self.page == 1 else str(self.page),
        }
        given = urlencode({key: value for key, value in told.items() if value})
        return f"/?{given}" if given else "/"


@dataclass(frozen=True, slots=True)
class Tab:
    """One state to filter by, with the number of tools that the search found in it."""

    label: str
    count: int
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Tools of one layer on this page; ``title`` is empty where they are in the order of the search."""

    title: str
    rows: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list."""

    wish: Wish
    rows: tuple[Listed, ...]
    groups: tuple[Group, ...]
    tabs: tuple[Tab, ...]
    total: int
    pages: int
    newer: str
    older: str
    problems: tuple[str, ...]


def listing(catalogue: Catalogue, wish: Wish) -> Listing:
    """The page that is wished for; one beyond the last is the last."""
    shelf = catalogue.shelf()
    fit = [row for row in _found(catalogue, shelf.rows, wish.query) if _is(row, wish.layer, wish.kind)]
    counts = Counter(str(row.state) for row in fit)
    counts[ALL] = len(fit)
    shown = [row for row in fit if wish.state in (row.state, ALL)]
    pages = max(1, -(-len(shown) // PAGE))
    wish = replace(wish, page=min(wish.page, pages))
    rows = tuple(shown[(wish.page - 1) * PAGE : wish.page * PAGE])
    return Listing(
        wish=wish,
        rows=rows,
        groups=(Group("", rows),) if wish.query and rows else _by_layer(rows),
        tabs=tuple(
            Tab(one, counts[one], replace(wish, state=one, page=1).address, one == wish.state) for one in STATES
        ),
        total=len(shown),
        pages=pages,
        newer=replace(wish, page=wish.page - 1).address if wish.page > 1 else "",
        older=replace(wish, page=wish.page + 1).address if wish.page < pages else "",
        problems=shelf.problems,
    )


def address_of(row: Listed) -> str:
    """Where the page of a tool is; one that is not in use is named by its version."""
    address = f"/tools/{quote(row.name, safe='')}"
    return address if row.in_use else f"{address}?version={row.version[:_SHORT]}"


def _found(catalogue: Catalogue, rows: Sequence[Listed], query: str) -> Sequence[Listed]:
    """Live tools by the registry's own search, best first; then all others in whose words the query stands."""
    if not query:
        return rows
    best = {name: at for at, name in enumerate(catalogue.search(query))}
    hits = sorted((row for row in rows if row.in_use and row.name in best), key=lambda row: best[row.name])
    return [*hits, *(row for row in rows if not (row.in_use and row.name in best) and matches(row, query))]


def _is(row: Listed, layer: str, kind: str) -> bool:
    if layer and row.layer != layer:
        return False
    match kind:
        case "pure":
            return row.pure
        case "reaching":
            return not row.pure
        case "composed":
            return row.composed
        case "unconfirmed":
            return row.unconfirmed
        case "stale":
            return row.stale
        case _:
            return True


def _by_layer(rows: Iterable[Listed]) -> tuple[Group, ...]:
    each = {layer: tuple(row for row in rows if row.layer == layer) for layer in TITLES}
    return tuple(Group(TITLES[layer], found) for layer, found in each.items() if found)
