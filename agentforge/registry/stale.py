"""Tools that cite passages of documents, and those whose passages are gone: these are *stale*.

A stale tool goes on working as it did; that what it was made from has changed is told wherever it is shown. Which
passages there are is not known here, but handed in: documents are kept beside the tools by another room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from agentforge.gitstore.changing import Change
from agentforge.registry.lineage import example_source
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import Standing
from agentforge.registry.tool import Tool

PASSAGE = "passage:"
"""How a source of provenance, or of an example, begins that is a passage; its id comes after."""

Present = Callable[[Collection[str], str], Collection[str]]
"""Which of these passages stand at a commit of the registry."""


def cited(tool: Tool) -> tuple[str, ...]:
    """The ids of the passages that a tool was made from, in the order in which it names them."""
    sources = [*tool.manifest.provenance.sources, *(example_source(one.source) for one in tool.examples)]
    return tuple(dict.fromkeys(one.removeprefix(PASSAGE) for one in sources if one.startswith(PASSAGE)))


def citing(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Which passages each tool cites that stands in any state; those that cite none are left out."""
    tools = [found for found in snapshot.standing(sorted(snapshot.states.tools)) if isinstance(found, Tool)]
    return {tool.name: passages for tool in tools if (passages := cited(tool))}


def settle(registry: Registry, present: Present) -> tuple[str, ...]:
    """Marks the tools whose passages are gone, and takes the mark off those whose passages are back, in one commit.
    Returns the names of all that are stale now.

    Raises:
        RegistryError, StorageError: it cannot be written; nothing was changed.
    """
    stale: list[str] = []

    def change(snapshot: Snapshot) -> Change | None:
        citations = citing(snapshot)
        there = present({one for passages in citations.values() for one in passages}, snapshot.head)
        wanted = {name: _without(citations.get(name, ()), there) for name in snapshot.states.tools}
        stale[:] = sorted(name for name, gone in wanted.items() if gone)
        return _marked(snapshot.states.tools, wanted, snapshot)

    registry.apply(change, {})
    return tuple(stale)


def _marked(
    standing: Mapping[str, Standing], wanted: Mapping[str, tuple[str, ...]], snapshot: Snapshot
) -> Change | None:
    moved = {
        name: standing[name].model_copy(update={"stale": gone})
        for name, gone in wanted.items()
        if standing[name].stale != gone
    }
    if not moved:
        return None
    names = sorted(moved)
    what = f"{len(names)} tools" if len(names) > 1 else names[0]
    subject = f"Mark {what} as stale" if any(moved[name].stale for name in names) else f"{what} no longer stale"
    return Change(subject, snapshot.states.files(tools=moved), {"Tool": names})


def _without(passages: Iterable[str], there: Collection[str]) -> tuple[str, ...]:
    return tuple(one for one in passages if one not in there)
