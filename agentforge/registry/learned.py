"""What came from episodes and stays in the registry, whatever becomes of their record."""

from __future__ import annotations

from collections.abc import Collection

from agentforge.registry.ancestry import descents_of
from agentforge.registry.lineage import Graph, Node, descendants, graph_of
from agentforge.registry.repository import Registry
from agentforge.registry.withdrawal import entries_in_force


def learned_from(registry: Registry, episodes: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Episode → what ``agentforge revoke EPISODE`` takes back now: tools (``NAME``), proposals (``NAME/N``) and
    regressions (``NAME/SOURCE``). Those from which nothing came are left out.

    Raises:
        RegistryError: the registry is damaged.
    """
    snapshot = registry.snapshot()
    graph = graph_of(descents_of(snapshot, registry.store))
    kept = [*entries_in_force(snapshot, registry.store)]
    found: dict[str, tuple[str, ...]] = {}
    for episode in episodes:
        root = Node("episode", episode)
        tools = _in_use(graph, root) if root in graph.children else set[str]()
        regressions = {key for key, origins in kept if root in origins}
        if tools or regressions:
            found[episode] = (*sorted(tools), *sorted(regressions))
    return found


def _in_use(graph: Graph, root: Node) -> set[str]:
    places = (one for node in descendants(graph, [root]) for one in graph.places.get(node, ()))
    return {one.target for one in places if one.place in ("standing", "waiting")}
