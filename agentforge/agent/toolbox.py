"""The toolbox as a session sees it. Registry and index block, so each call goes to a thread here
and nowhere else in this room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from agentforge.agent.parts import AgentParts
from agentforge.errors import ToolInvalid, ToolNotFound
from agentforge.models.protocol import Message, ToolSpec
from agentforge.registry.contract import Signature
from agentforge.registry.layers import Closure
from agentforge.registry.tool import Tool
from agentforge.types import State

OUT_OF_USE = (State.QUARANTINED, State.RETIRED)

SUMMARY_CHARS = 200
"""Longest description of a tool shown to a model: a model wrote it, so it is data and capped."""

NOTHING_FITS = "Probably no tool fits. The nearest are:"
"""Said before what a search found, where it is not likely to be what was asked for."""

LEAST_SCORE = 0.2
"""Below this the words of a query stand in most of the tools and tell nothing (BM25 as in ``Index``)."""

FEW_TOOLS = 5
"""Among so few tools every word stands in most of them, and scores tell nothing at all."""

CHOICES = 4
"""Most tools among which a small model is asked to choose."""

NEAR = 0.5
"""A tool that fits the words less than half as well as the best one only distracts a small model."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A live tool with its signature."""

    tool: Tool
    signature: Signature

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.tool.name

    @property
    def summary(self) -> str:
        """What it says about itself, on one line and capped."""
        return " ".join(self.tool.manifest.summary.split())[:SUMMARY_CHARS]

    @property
    def remark(self) -> str:
        """What a model is told beside the summary; empty where there is nothing to tell."""
        return " (stale: the text that it was made from has changed since)" if self.tool.stale else ""

    @property
    def line(self) -> str:
        """How it is listed for a model."""
        return f"{self.name}{self.signature.text}: {self.summary}{self.remark}"

    @property
    def spec(self) -> ToolSpec:
        """How it is offered for free use."""
        return ToolSpec(self.name, f"{self.signature.text} {self.summary}{self.remark}", self.signature.parameters)


async def search(parts: AgentParts, query: str, k: int, near: float = 0.0) -> list[Entry]:
    """The ``k`` live tools that fit ``query`` best, best first; those that score less than ``near``
    times the best one are left out.
    """
    return (await look_up(parts, query, k, near))[0]


async def look_up(parts: AgentParts, query: str, k: int, near: float = 0.0) -> tuple[list[Entry], bool]:
    """As :func:`search`, with whether the best one probably fits."""
    return await asyncio.to_thread(_search, parts, query, k, near) if k else ([], False)


async def fitting(parts: AgentParts, text: str, history: Sequence[Message], k: int, near: float = 0.0) -> list[Entry]:
    """The ``k`` tools to offer for a request: the one used last in this session, since people go on
    with "and for XL?", then those that its words find.
    """
    last = next((call.name for message in reversed(history) for call in message.calls), "")
    found = await search(parts, text, k, near)
    if last and k and last not in [entry.name for entry in found]:
        with suppress(ToolNotFound, ToolInvalid):
            found = [await find(parts, last), *found][:k]
    return found


async def find(parts: AgentParts, name: str) -> Entry:
    """The live tool of that name.

    Raises:
        ToolNotFound: there is none; the message suggests near names.
        ToolInvalid: it is stale.
    """
    return await asyncio.to_thread(_entry, parts, name)


async def taken_names(parts: AgentParts) -> list[str]:
    """The names that no new tool may have: those of the live tools, and of the user's own that are out of use."""
    return await asyncio.to_thread(_taken_names, parts)


def _taken_names(parts: AgentParts) -> list[str]:
    layers = parts.layers
    return [*layers.names(), *(name for state in OUT_OF_USE for name in layers.registry.names(state))]


async def closure(parts: AgentParts, names: Iterable[str]) -> Closure:
    """What ``names`` need, themselves included.

    Raises:
        ToolNotFound: one of them is no live tool.
        ToolInvalid: one of them is stale, or what it imports.
    """
    return await asyncio.to_thread(_closure, parts, list(names))


async def granted_set(parts: AgentParts, tool: Tool) -> str:
    """The digest of the locked packages that a tool's runs get; empty where it declares none.

    Raises:
        ToolInvalid: it declares one that its registry has not locked.
    """
    return await asyncio.to_thread(parts.layers.granted_set, tool)


def _entry(parts: AgentParts, name: str) -> Entry:
    tool = parts.layers.find(name)
    refuse_stale(parts, tool)
    return Entry(tool, tool.signature)


def refuse_stale(parts: AgentParts, tool: Tool) -> None:
    """Lets no tool answer that was made from what has changed, unless the settings say so (raises ToolInvalid)."""
    if tool.stale and not parts.settings.agent.stale_tools:
        raise ToolInvalid(
            tool.name,
            ["what it was made from has changed, and it was not made anew yet"],
            fix="Run 'agentforge docs renew', or set 'agent.stale_tools'.",
        )


def _closure(parts: AgentParts, names: Sequence[str]) -> Closure:
    found = parts.layers.closure(names)
    for name in (*found.sources, *found.apart):
        refuse_stale(parts, parts.layers.find(name))
    return found


def _search(parts: AgentParts, query: str, k: int, near: float) -> tuple[list[Entry], bool]:
    found: list[Entry] = []
    seen = parts.index.find(query, k)
    hits = seen.hits
    floor = max(near * hits[0].score, LEAST_SCORE if parts.layers.more_than(FEW_TOOLS) else 0.0) if hits else 0.0
    for hit in [hit for hit in hits if hit.score >= floor]:
        try:
            found.append(_entry(parts, hit.name))
        except (ToolNotFound, ToolInvalid):
            continue  # the index is a cache: what it still lists may be gone or set aside by now
    return found, seen.fits and bool(found) and found[0].name == hits[0].name
