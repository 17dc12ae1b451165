"""Reads the lineage of one registry: of every version that stands, waits or was withdrawn, and of those before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from agentforge.errors import ToolInvalid
from agentforge.gitstore.store import GitStore
from agentforge.registry.lineage import Descent, Graph, Place, Row, example_source, graph_of, tree
from agentforge.registry.references import Origin, origin_of
from agentforge.registry.repository import Registry
from agentforge.registry.revoked import Revoked, read_revoked
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import FILES, Tool, from_files
from agentforge.types import State


@dataclass(frozen=True, slots=True)
class Family:
    """What comes from one origin: ``rows`` in the order of a printed tree, and where each version is.

    ``revocation`` is the id under which the origin is revoked already, else empty.
    """

    origin: Origin
    rows: tuple[Row, ...]
    graph: Graph
    revocation: str = ""


def family_of(registry: Registry, reference: str, is_episode: Callable[[str], bool] = lambda _: False) -> Family:
    """What comes from the episode, source or tool that ``reference`` means (as :func:`origin_of`).

    Raises:
        UsageError: it means nothing that is known, or several things.
        RegistryError: the registry is damaged, or its ``revoked.toml`` malformed.
    """
    snapshot = registry.snapshot()
    graph = _graph(snapshot, registry.store)
    origin = origin_of(reference, graph, is_episode)
    return Family(origin, tree(graph, origin.roots(graph)), graph, read_revoked(snapshot).of(origin))


_GRAPHS: WeakKeyDictionary[Snapshot, Graph] = WeakKeyDictionary()
"""What was worked out of a snapshot, which never changes: at 10,000 tools it takes a third of a second."""


def _graph(snapshot: Snapshot, store: GitStore) -> Graph:
    found = _GRAPHS.get(snapshot)
    if found is None:
        found = _GRAPHS[snapshot] = graph_of(descents_of(snapshot, store))
    return found


def descents_of(snapshot: Snapshot, store: GitStore, past_of: Sequence[str] = ()) -> tuple[Descent, ...]:
    """Where every tool of a registry comes from, by its own provenance, examples and imports.

    Earlier versions are read from the history where one that is known names them as its parent, and all of them
    for the names ``past_of``. What is malformed is left out: it is used nowhere.

    Raises:
        RegistryError: the registry is damaged, or its ``revoked.toml`` malformed.
    """
    revoked = read_revoked(snapshot)
    present = [*_standing(snapshot, revoked), *_waiting(snapshot), *_withdrawn(snapshot, revoked)]
    return (*present, *_past(present, store, past_of))


def _standing(snapshot: Snapshot, revoked: Revoked) -> Iterator[Descent]:
    names = sorted(snapshot.states.tools)
    for name, tool in zip(names, snapshot.standing(names), strict=True):
        if isinstance(tool, Tool):
            standing = snapshot.states.tools[name]
            held = revoked.holds(name, standing)
            found = _descent(tool, "standing", revoked.held[name].state if held else standing.state)
            yield replace(found, held=held)


def _waiting(snapshot: Snapshot) -> Iterator[Descent]:
    names = sorted(snapshot.proposals)
    pairs = [(name, number) for name in names for number in snapshot.proposals[name]]
    for (_, number), tool in zip(pairs, snapshot.proposed(names), strict=True):
        if isinstance(tool, Tool):
            yield _descent(tool, "waiting", State.PROPOSED, number)


def _withdrawn(snapshot: Snapshot, revoked: Revoked) -> Iterator[Descent]:
    targets = sorted(revoked.withdrawn)
    for target, tool in zip(targets, snapshot.withdrawn(targets), strict=True):
        if isinstance(tool, Tool):
            yield _descent(tool, "withdrawn", State.PROPOSED, int(target.partition("/")[2]))


def _past(present: Sequence[Descent], store: GitStore, past_of: Sequence[str]) -> list[Descent]:
    """The versions that stood in the history, of each name with a parent that is nowhere else and of ``past_of``."""
    known = {(one.name, one.version) for one in present}
    names = {one.name for one in present if one.parent and (one.name, one.parent) not in known}
    found = {(one.name, one.version): one for name in sorted({*names, *past_of}) for one in _stood(name, store)}
    kept = list[Descent]()
    wanted = [*((one.name, one.parent) for one in present), *(key for key in found if key[0] in past_of)]
    while wanted:
        key = wanted.pop()
        if key not in known and key in found:
            known.add(key)
            kept.append(found[key])
            wanted.append((key[0], found[key].parent))
    return kept


def _stood(name: str, store: GitStore) -> Iterator[Descent]:
    for commit in store.log([f"tools/{name}"]):
        contents = store.read_many([f"tools/{name}/{file}" for file in FILES], commit.sha)
        try:
            yield _descent(from_files({path.rpartition("/")[2]: data for path, data in contents.items()}, name), "past")
        except ToolInvalid:
            continue  # deleted there, or malformed: then it was used nowhere


def _descent(tool: Tool, place: Place, state: State = State.RETIRED, number: int = 0) -> Descent:
    origin = tool.manifest.provenance
    return Descent(
        name=tool.name,
        version=tool.version,
        place=place,
        state=state,
        number=number,
        episodes=origin.episodes,
        sources=tuple(_once([*origin.sources, *(example_source(one.source) for one in tool.examples)])),
        parent=origin.parent,
        depends=tool.depends,
    )


def _once(sources: Iterable[str]) -> Iterator[str]:
    return (source for source in dict.fromkeys(sources) if source)
