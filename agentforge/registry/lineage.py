"""What comes from what: episodes, sources and versions of tools as a graph of values; nothing here reads anything.

An edge leads from an episode or a source to each version made from it, from a version to those made on
top of it, and from a tool to those that import it. An import counts for versions that stand or wait: what
an earlier version imported may be gone from the one that stands.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agentforge.registry.manifest import ID
from agentforge.types import State

Kind: TypeAlias = Literal["episode", "source", "tool"]

SOURCE_KINDS = ("file", "page", "message", "tool", "passage")
"""Kinds of text that something may come from, as ``memory.episodes`` writes them down; a passage is one of a document
that is kept, whose own record says whether it is trusted."""

DIGEST_CHARS = 32
"""Characters of a SHA-256 in the id of a source whose name is no id: 128 bits, so that two never meet."""

Place: TypeAlias = Literal["standing", "waiting", "withdrawn", "past"]
"""Where a version is: under ``tools/``, ``proposed/``, ``revoked/``, or in the history only."""

_REFERENCE = re.compile(r"feedback:|judge:")


def source_id(kind: str, ref: str) -> str:
    """The id of one untrusted text in provenance: ``page:example.com``, or with a digest where the name is no id."""
    plain = f"{kind}:{ref}"
    if ID.fullmatch(plain):
        return plain
    return f"{kind}:sha256-{hashlib.sha256(ref.encode()).hexdigest()[:DIGEST_CHARS]}"


def example_source(source: str) -> str:
    """The source that an example's ``source`` names: a file, or a call that somebody corrected; else empty."""
    kind, colon, ref = source.partition(":")
    if not colon or not ref:
        return ""
    return source_id(kind, ref) if kind in SOURCE_KINDS or _REFERENCE.match(source) else ""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """An episode, a source or a version of a tool; the id of the last is ``NAME@VERSION``."""

    kind: Kind
    id: str

    @property
    def name(self) -> str:
        """The name of a tool."""
        return self.id.partition("@")[0]

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Descent:
    """One version of a tool in one place, and what it comes from.

    ``state`` is that of a standing one, where it is ``held`` the one before its revocation; ``number`` that of a
    proposal.
    """

    name: str
    version: str
    place: Place
    state: State = State.LIVE
    number: int = 0
    episodes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    parent: str = ""
    depends: tuple[str, ...] = ()
    held: bool = False

    @property
    def now(self) -> State:
        """The state in which it is at this moment."""
        return State.QUARANTINED if self.held else self.state

    @property
    def node(self) -> Node:
        """Its version in the graph; the same version may be in several places."""
        return Node("tool", f"{self.name}@{self.version}")

    @property
    def target(self) -> str:
        """``NAME``, or ``NAME/N`` for a proposal."""
        return f"{self.name}/{self.number}" if self.place in ("waiting", "withdrawn") else self.name


@dataclass(frozen=True, slots=True)
class Graph:
    """All of it. ``places`` are where each version of a tool is; ``children`` are sorted."""

    children: Mapping[Node, tuple[Node, ...]] = field(default_factory=lambda: {})
    places: Mapping[Node, tuple[Descent, ...]] = field(default_factory=lambda: {})

    @property
    def nodes(self) -> frozenset[Node]:
        """Everything that is known."""
        return frozenset(self.children) | frozenset(self.places)

    def versions(self, name: str) -> tuple[Node, ...]:
        """The known versions of a tool, sorted."""
        return tuple(sorted(node for node in self.nodes if node.kind == "tool" and node.name == name))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a tree: ``via`` is what it comes from there; ``again`` where its own descendants stand elsewhere."""

    node: Node
    depth: int
    via: Node | None
    again: bool = False


def graph_of(descents: Iterable[Descent]) -> Graph:
    """The graph over these versions."""
    known = tuple(descents)
    edges: dict[Node, set[Node]] = {}
    places: dict[Node, tuple[Descent, ...]] = {}
    providers = _providers(known)
    for one in known:
        places[one.node] = (*places.get(one.node, ()), one)
        for origin in _origins(one, providers):
            edges.setdefault(origin, set()).add(one.node)
    return Graph({node: tuple(sorted(made)) for node, made in edges.items()}, places)


def _origins(one: Descent, providers: Mapping[str, Sequence[Node]]) -> Iterator[Node]:
    yield from (Node("episode", episode) for episode in one.episodes)
    yield from (Node("source", source) for source in one.sources)
    if one.parent:
        yield Node("tool", f"{one.name}@{one.parent}")
    if one.place != "past":
        yield from (node for name in one.depends for node in providers.get(name, ()) if name != one.name)


def _providers(known: Sequence[Descent]) -> dict[str, list[Node]]:
    """Which versions give a name to those that import it: the one that stands and is not retired; where none
    stands, those that wait.
    """
    standing = {one.name: one for one in known if one.place == "standing"}
    found: dict[str, list[Node]] = {}
    for one in known:
        stands = standing.get(one.name)
        gives = one.state is not State.RETIRED if one is stands else stands is None and one.place != "past"
        if gives:
            found.setdefault(one.name, []).append(one.node)
    return found


def descendants(graph: Graph, roots: Iterable[Node]) -> frozenset[Node]:
    """Everything that comes from ``roots``, these themselves included."""
    found = set(roots)
    waiting = list(found)
    while waiting:
        new = set(graph.children.get(waiting.pop(), ())) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def tree(graph: Graph, roots: Sequence[Node]) -> tuple[Row, ...]:
    """The descendants of ``roots`` as lines in the order of a printed tree; each is unfolded once."""
    rows: list[Row] = []
    unfolded = set[Node]()
    waiting = [Row(root, 0, None) for root in reversed(roots)]
    while waiting:
        row = waiting.pop()
        seen = row.node in unfolded
        rows.append(Row(row.node, row.depth, row.via, again=seen))
        if not seen:
            unfolded.add(row.node)
            below = reversed(graph.children.get(row.node, ()))
            waiting.extend(Row(child, row.depth + 1, row.node) for child in below)
    return tuple(rows)
