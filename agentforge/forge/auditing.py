"""What a registry could be rid of, and what would fail in another image: findings, each a sentence and what to do.

Nothing is changed here. What is run is run as repairs run it (:mod:`agentforge.forge.boxed`): fetches are answered from
recordings, and a tool whose effects would have to be repeated is not run; that is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import ImageError
from agentforge.forge.boxed import bench_of
from agentforge.forge.cases import holds
from agentforge.forge.evidence import SUITE_FETCHES, describe_failure
from agentforge.forge.gates.examples import why_not_passed
from agentforge.forge.gates.verdict import MOST_SHOWN, shortened
from agentforge.forge.twins import Looking, is_twin
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool
from agentforge.types import Layer

Kind: TypeAlias = Literal["unused", "shadowed", "duplicate", "stale", "failing", "broken by the image", "not run"]

FAILING: frozenset[Kind] = frozenset({"failing", "broken by the image"})
"""The findings that say that a tool does wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one version of a tool, as a sentence, and what to do about it."""

    kind: Kind
    tool: str
    layer: Layer
    version: str
    what: str
    fix: str

    @classmethod
    def of(cls, tool: Tool, kind: Kind, what: str, fix: str) -> Finding:
        """A finding about a tool."""
        return cls(kind, tool.name, tool.layer, tool.version, what, fix)


@dataclass(frozen=True, slots=True)
class Place:
    """A box in which suites are run, and what it is called. ``unready`` says by the digest of a locked set why its
    packages cannot be had there.
    """

    box: Box
    what: str
    unready: Mapping[str, str] = field(default_factory=lambda: {})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds one call and one suite, and where recordings are."""

    call: Limits
    suite: Limits
    recordings: Path


def unused(
    tools: Sequence[Tool], uses: Mapping[str, tuple[int, str]], pinned: Sequence[str], days: int, today: date
) -> Iterator[Finding]:
    """Tools of one's own that are older than so many days and were not called for as long. ``uses`` are how often each
    was called and when last.
    """
    start = today - timedelta(days=days)
    for tool in tools:
        created = tool.manifest.provenance.created
        times, last = uses.get(tool.name, (0, ""))
        day = datetime.fromisoformat(last).date() if last else None
        if created is None or created >= start or (day is not None and day >= start):
            continue
        called = f"was called {_times(times)}, last on {day}" if day is not None else "was never called"
        held = f"It is pinned: agentforge tools unpin {tool.name}, then " if tool.name in pinned else ""
        yield Finding.of(
            tool,
            "unused",
            f"{tool.name} {called}, and is {(today - created).days} days old.",
            f"{held}agentforge tools retire {tool.name}",
        )


def shadowed(layers: Layers) -> Iterator[Finding]:
    """Tools that one of a higher layer hides."""
    for tool in layers.shadowed():
        above = layers.find(tool.name)
        same = above.source == tool.source
        told = "with the same source" if same else "which is another one"
        yield Finding.of(
            tool,
            "shadowed",
            f"{tool.name} of the {tool.layer} layer is hidden by that of the {above.layer} layer, {told}.",
            f"To have it back: agentforge tools retire {tool.name}{' --company' * (above.layer is Layer.COMPANY)}",
        )


async def duplicate(tool: Tool, others: Sequence[Tool], looking: Looking) -> Finding | None:
    """The first of ``others`` that does the same as a tool, if one does (raises SandboxError)."""
    for other in others:
        if await is_twin(tool, other, looking):
            return Finding.of(
                tool,
                "duplicate",
                f"{tool.name} does the same as {other.name} of the {other.layer} layer on all inputs that were tried.",
                f"agentforge tools retire {tool.name} (a night merges them: agentforge sleep run)",
            )
    return None


async def rerun(tool: Tool, layers: Layers, here: Place, there: Place, bounds: Bounds) -> Finding | None:
    """What is wrong with a tool in another place, if anything; where it fails, it is run here as well, so that what
    the image broke is told from what was broken before.

    Raises:
        SandboxError: a box failed.
        StorageError, RegistryError: recordings or locks cannot be read.
    """
    ran, why = await _run(tool, layers, there, bounds)
    if not ran:
        return Finding.of(tool, "not run", f"{tool.name} was not run in {there.what}: {why}.", "Try it there by hand.")
    if not why:
        return None
    before = (await _run(tool, layers, here, bounds))[1]
    kind: Kind = "failing" if before else "broken by the image"
    where = f"in {here.what} already" if before else f"in {there.what}, and passes in {here.what}"
    aside = f"agentforge tools quarantine {tool.name}{' --company' * (tool.layer is Layer.COMPANY)}"
    fix = f"Have it made anew, or set it aside: {aside}"
    if tool.layer is Layer.BASE:
        fix = "It came with AgentForge: report it, and forge one of its name to take its place."
    return Finding.of(tool, kind, f"{tool.name} fails {where}: {before or why}.", fix)


async def _run(tool: Tool, layers: Layers, place: Place, bounds: Bounds) -> tuple[bool, str]:
    """Whether a tool's suite and examples could be run, and what is wrong as a clause; empty where nothing is."""
    bench = await bench_of(tool, layers, place.box, bounds.call, bounds.recordings)
    if isinstance(bench, str):
        return False, bench
    shop = bench.shop
    if why := place.unready.get(shop.packages.digest):
        return True, f"its packages cannot be had there: {why}"
    try:
        suite = await place.box.suite(
            tool.source, tool.tests, toolbox=shop.toolbox, limits=bounds.suite, grant=shop.grant(SUITE_FETCHES)
        )
        if why := why_not_passed(suite):
            return True, shortened(why)
        results = await bench.run(tool.source, [example.args for example in tool.examples])
    except ImageError as error:  # its packages were never made ready here
        return False, error.message.rstrip(".")
    pairs = zip(tool.examples, results, strict=True)
    wrong = [describe_failure(tool.name, one, result) for one, result in pairs if not holds(one, result)]
    told = "; ".join(one.removeprefix("- ") for one in wrong[:MOST_SHOWN])
    return True, shortened(f"{len(wrong)} of {len(results)} examples are wrong: {told}") if wrong else ""


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
