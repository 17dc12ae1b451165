"""Which live tools the candidates of a forging may import from the toolbox.

Those that the need names any candidate may; a few more that fit its words are offered to a stronger model than the
generator, since a small one imports what it is shown whether it helps or not. Only tools that reach nothing, with
all that they need: whatever has a capability runs apart, and a forging has nobody to ask for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentforge.boxes.protocol import NO_TOOLBOX, Toolbox
from agentforge.errors import ToolInvalid, ToolNotFound
from agentforge.forge.reuse import words_of
from agentforge.registry.layers import Closure, Layers
from agentforge.registry.tool import Tool
from agentforge.types import Need

MOST_OFFERED = 3
FEWEST_WORDS = 2
"""So many words of a tool's name and summary must stand in the need for it to be offered."""
SUMMARY_CHARS = 200
"""A model wrote the summary, so it is data and capped."""

_COMMON = frozenset(
    {"all", "and", "any", "are", "each", "for", "from", "has", "into", "its", "one", "text", "that", "the"}
)


@dataclass(frozen=True, slots=True)
class Imports:
    """Tools that may be imported, and the sources of them and of all that they need."""

    tools: tuple[Tool, ...] = ()
    sources: Toolbox = field(default_factory=lambda: NO_TOOLBOX)

    @property
    def names(self) -> tuple[str, ...]:
        """What ``from toolbox import`` may name."""
        return tuple(tool.name for tool in self.tools)

    @property
    def lines(self) -> str:
        """How they are listed for a model."""
        shown = ((tool, " ".join(tool.manifest.summary.split())[:SUMMARY_CHARS]) for tool in self.tools)
        return "\n".join(f"- {tool.name}{tool.manifest.signature}: {summary}" for tool, summary in shown)

    def __add__(self, other: Imports) -> Imports:
        return Imports((*self.tools, *other.tools), {**self.sources, **other.sources})


def named_imports(need: Need, layers: Layers) -> Imports:
    """The tools that the need names.

    Raises:
        ToolInvalid: one of them is not live, may reach something or needs a tool that may, or needs the tool that
            is to be made; all problems.
    """
    names = tuple(dict.fromkeys(need.depends))
    problems = [problem for name in names if (problem := _problem(name, need.name, layers))]
    if problems:
        raise ToolInvalid(need.name, problems, fix="Name live tools that reach nothing, or none.")
    return Imports(tuple(layers.find(name) for name in names), layers.closure(names).sources)


def fitting_imports(need: Need, layers: Layers, without: Sequence[str] = ()) -> Imports:
    """At most :data:`MOST_OFFERED` tools whose name and summary have most words in common with the need."""
    words = words_of(need.name, need.purpose, *need.requests) - _COMMON
    scored = ((len(words & words_of(tool.name, tool.manifest.summary)), tool) for tool in layers.live())
    near = sorted((-score, tool.name, tool) for score, tool in scored if score >= FEWEST_WORDS)
    fit = [tool for _, name, tool in near if name not in without and not _problem(name, need.name, layers)]
    chosen = tuple(fit[:MOST_OFFERED])
    return Imports(chosen, layers.closure(tool.name for tool in chosen).sources)


def _problem(name: str, made: str, layers: Layers) -> str:
    """Why a tool cannot be imported; empty where it can."""
    if name == made:
        return f"it cannot import itself ({name})"
    try:
        needs: Closure = layers.closure([name])
    except ToolNotFound:
        return f"it is to import {name[:80]!r}, which is no live tool"
    except ToolInvalid as error:
        return f"it is to import {name}, but {'; '.join(error.problems)}"
    if needs.apart:
        return f"it is to import {name}, but {', '.join(needs.apart)} has capabilities, which a forging does not grant"
    return f"it is to import {name}, which needs {made} itself" if made in needs.sources else ""
