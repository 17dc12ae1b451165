"""What a person means by a word: an episode, a source or a tool of which they want to see the descendants."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from agentforge.errors import UsageError
from agentforge.registry.lineage import SOURCE_KINDS, Graph, Kind, Node, source_id
from agentforge.registry.manifest import ID
from agentforge.types import TOOL_NAME

_TOOL = re.compile(rf"({TOOL_NAME.pattern})(?:@([0-9a-f]{{7,64}}))?")
_EXACT = re.compile(r"(tool|episode|source):(.+)", re.DOTALL)
SHOWN = 120


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a tree begins. ``ref`` is an id: of an episode, of a source, ``NAME`` or ``NAME@VERSION`` (in full)."""

    kind: Kind
    ref: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.ref}"

    def roots(self, graph: Graph) -> tuple[Node, ...]:
        """Its nodes: for a tool without a version every known one of its name."""
        if self.kind == "tool" and "@" not in self.ref:
            return graph.versions(self.ref)
        return (Node(self.kind, self.ref),)


def origin_of(reference: str, graph: Graph, is_episode: Callable[[str], bool] = lambda _: False) -> Origin:
    """The one thing that ``reference`` means; ``is_episode`` tells of episodes from which nothing comes.

    ``tool:NAME[@VERSION]``, ``episode:ID`` and ``source:ID`` are exact, and a source or episode named so need not
    be known. A source may be named by its id, by ``KIND:NAME``, or by the name alone.

    Raises:
        UsageError: it means nothing that is known, or several things.
    """
    exact = _EXACT.fullmatch(reference)
    if exact:
        kind, word = cast("Kind", exact[1]), exact[2]
        found = {"tool": _tools, "episode": _exact_episode, "source": _exact_source}[kind](word, graph)
    else:
        found = _tools(reference, graph) | _sources(reference, graph)
        if _known(graph, "episode", reference) or (not found and is_episode(reference)):
            found.add(Origin("episode", reference))
    if len(found) == 1:
        return found.pop()
    shown = reference if len(reference) <= SHOWN else reference[: SHOWN - 1] + "…"
    if not found:
        raise UsageError(
            f"Nothing is known here by the name {shown!r}.",
            fix="Give a tool, an episode or a source; `agentforge tools show NAME` tells where a tool comes from.",
        )
    exactly = " or ".join(sorted(map(str, found)))
    raise UsageError(f"{shown!r} may mean {len(found)} things.", fix=f"Say which one: {exactly}.")


def _known(graph: Graph, kind: Kind, ref: str) -> bool:
    return Node(kind, ref) in graph.nodes


def _tools(word: str, graph: Graph) -> set[Origin]:
    named = _TOOL.fullmatch(word)
    if named is None:
        return set()
    versions = graph.versions(named[1])
    if not named[2]:
        return {Origin("tool", named[1])} if versions else set()
    return {Origin("tool", node.id) for node in versions if node.id.startswith(word)}


def _exact_episode(word: str, graph: Graph) -> set[Origin]:
    del graph
    return {Origin("episode", word)} if ID.fullmatch(word) else set()


def _exact_source(word: str, graph: Graph) -> set[Origin]:
    """One that is known by that name, else the one that is to be refused from now on."""
    if found := _sources(word, graph):
        return found
    kind, colon, ref = word.partition(":")
    if colon and ref and kind in SOURCE_KINDS:
        return {Origin("source", source_id(kind, ref))}
    return {Origin("source", word)} if ID.fullmatch(word) else set()


def _sources(word: str, graph: Graph) -> set[Origin]:
    kind, _, ref = word.partition(":")
    ids = {word, *(source_id(each, word) for each in SOURCE_KINDS)}
    ids |= {source_id(kind, ref)} if kind in SOURCE_KINDS else set()
    return {Origin("source", each) for each in ids if _known(graph, "source", each)}
