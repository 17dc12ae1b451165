"""Why a tool is what it is: where it stands and since when, what made it, what speaks for it, who let it in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentforge.errors import ToolNotFound
from agentforge.registry.history import Happening, history, since
from agentforge.registry.layers import Layers
from agentforge.registry.pending import gates_of
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool


@dataclass(frozen=True, slots=True)
class Reasons:
    """All that answers "why this tool?".

    ``since`` is when it got into its state; ``let_in`` is what happened when its version began to stand
    (``approver`` is empty where it went live by itself); ``gates`` are (gate, verdict, summary) as its
    report claims them; ``reaches`` are its rights and, with their names, those of the tools that it needs;
    ``needed_by`` are live tools of all layers that import it, ``hides`` the layers that have another live one of its
    name.
    """

    tool: Tool
    pinned: bool
    reason: str
    since: datetime | None
    let_in: Happening | None
    gates: tuple[tuple[str, str, str], ...]
    reaches: tuple[str, ...]
    depends: tuple[str, ...]
    needed_by: tuple[str, ...]
    hides: tuple[str, ...] = ()


def reasons(layers: Layers, tool: Tool) -> Reasons:
    """Why ``tool`` is what it is; a tool of the base layer has no history.

    Raises:
        RegistryError: the registry cannot be read.
    """
    registry = layers.of(tool.layer)
    states = registry.snapshot().states if registry is not None else None
    standing = states.tools.get(tool.name) if states is not None else None
    happened = history(registry, tool.name) if registry is not None else []
    waiting = states.review_of(tool.name).waiting.values() if states is not None else ()
    why = standing.reason if standing else next((one.reason for one in waiting if one.version == tool.version), "")
    return Reasons(
        tool=tool,
        pinned=standing is not None and standing.pinned,
        reason=why,
        since=since(registry, tool.name) if registry is not None and standing else None,
        let_in=next((one for one in reversed(happened) if one.stands == tool.version), None),
        gates=tuple(gates_of(tool)),
        reaches=tuple(layers.reach(tool).told),
        depends=tool.depends,
        needed_by=tuple(needed_by(layers, tool.name)),
        hides=tuple(str(other.layer) for other in layers.shadowed() if other.name == tool.name),
    )


def needed_by(layers: Layers, name: str) -> list[str]:
    """The live tools of all layers that import a tool, by name."""
    return [tool.name for tool in layers.live() if name in tool.depends]


def own_tool(registry: Registry, name: str) -> Tool | None:
    """The tool of that name in the user's own registry, in any state; None where there is none.

    Raises:
        ToolInvalid: it is malformed; all problems.
    """
    try:
        return registry.get(name)
    except ToolNotFound:
        return None
