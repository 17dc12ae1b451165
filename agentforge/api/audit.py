"""``Forge.audit``: what a registry could be rid of, and what would fail in another image. Nothing is changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from agentforge import clock
from agentforge.api.opened import Opened
from agentforge.errors import SandboxError, UsageError
from agentforge.settings import Settings
from agentforge.types import JSON, State

if TYPE_CHECKING:
    from agentforge.boxes.image import ImageInfo
    from agentforge.boxes.protocol import Box
    from agentforge.forge.auditing import Bounds, Finding, Place
    from agentforge.registry.tool import Tool

AT_ONCE = 2
"""Suites at the same time: as many as a box has room for."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far an audit is: what it does now, and how much of how many of that is done (0 of 0: nobody knows)."""

    what: str
    done: int = 0
    of: int = 0


@dataclass(slots=True)
class Audited:
    """What an audit found. ``image`` is where suites were run again, and ``ran`` how many of them were; ``left`` tells
    what was not looked at since its time ran out; empty where all was.
    """

    findings: list[Finding] = field(default_factory=lambda: [])
    image: str = ""
    ran: int = 0
    left: str = ""
    seconds: float = 0.0

    @property
    def failing(self) -> list[Finding]:
        """The findings that say that a tool does wrong."""
        from agentforge.forge.auditing import FAILING

        return [one for one in self.findings if one.kind in FAILING]


Tell = Callable[[Step], None]


async def audit(
    opened: Opened, settings: Settings, image: str, rebuild: bool, seconds: float | None, tell: Tell
) -> Audited:
    """As ``Forge.audit``."""
    began, found = time.monotonic(), Audited()
    await opened.the_episodes()
    found.findings += await asyncio.to_thread(_at_rest, opened, settings)
    other = await asyncio.to_thread(_image, image, rebuild, tell) if image or rebuild else None
    work = _Work(opened, settings, found, tell)
    limit = asyncio.timeout(seconds)
    try:
        async with limit, AsyncExitStack() as stack:
            await work.duplicates()
            if other is not None:
                box = await stack.enter_async_context(await _open(other, opened, settings))
                await work.suites(other, box)
    except TimeoutError:
        if not limit.expired():
            raise
    else:
        work.left = ""
    found.left, found.seconds = work.left, round(time.monotonic() - began, 3)
    return found


def _at_rest(opened: Opened, settings: Settings) -> list[Finding]:
    """What is found without running anything."""
    from agentforge.api.documents import UserDocuments
    from agentforge.forge.auditing import Finding, shadowed, unused

    registry, layers = opened.registry, opened.layers
    snapshot = registry.snapshot()
    pinned = [name for name, standing in snapshot.states.tools.items() if standing.pinned]
    days = settings.sleep.unused_days
    found = [*unused(registry.tools(), opened.outcomes().uses(), pinned, days, clock.now().date())]
    found += shadowed(layers)
    for one in UserDocuments(opened, settings).stale():
        gone = "; ".join(passage.citation for passage in one.passages)
        what = f"{one.name} was made from what has changed since: {gone}."
        layer = registry.layer
        found.append(Finding("stale", one.name, layer, one.version, what, f"agentforge docs renew {one.name}"))
    return found


def _image(named: str, rebuild: bool, tell: Tell) -> ImageInfo:
    """The image that was asked for, built where it is missing; blocks.

    Raises:
        UsageError: there is none of that name, and none that could be made.
        SandboxError: it cannot be built, or Docker does not answer.
    """
    from dataclasses import replace

    from agentforge.boxes.image import OWN, RECIPES, build, find_image

    def told(line: str) -> None:
        tell(Step(line))

    if rebuild and (recipe := RECIPES.get(named or OWN.python)):
        return build(told, replace(recipe, anew=True))
    if named in RECIPES:
        return build(told, RECIPES[named])
    found = find_image(tag=named) if not rebuild else None
    if found is None:
        raise UsageError(
            f"There is no image {named[:80]!r} that was built here.",
            fix=f"Give a Python ({', '.join(RECIPES)}) or the tag of an image that AgentForge has built.",
        )
    return found


async def _open(other: ImageInfo, opened: Opened, settings: Settings) -> Box:
    from agentforge.boxes.open import open_box

    docker = settings.sandbox.model_copy(update={"launcher": "docker"})
    return await open_box(docker, user=f"{settings.org}/{opened.owner}", other=other)


class _Work:
    """What needs boxes, and what is left of it at any moment."""

    def __init__(self, opened: Opened, settings: Settings, found: Audited, tell: Tell) -> None:
        self.left = "duplicates"
        self._opened, self._settings, self._found, self._tell = opened, settings, found, tell

    async def duplicates(self) -> None:
        """The user's own tools that do the same as another one."""
        from agentforge.forge.auditing import duplicate
        from agentforge.forge.twins import Looking, alike

        opened, settings = self._opened, self._settings
        live = await asyncio.to_thread(opened.layers.live)
        own = [(tool, others) for tool, others in alike(live) if tool.layer is opened.registry.layer]
        for number, (tool, others) in enumerate(own):
            self.left = f"whether {len(own) - number} tools do the same as others"
            self._tell(Step(f"comparing {tool.name} with {len(others)} like it", number, len(own)))
            limits = opened.limits(settings.sandbox.call_seconds)
            looking = Looking(opened.layers, await opened.box(), limits, settings.gates.twin_inputs)
            if (finding := await duplicate(tool, others, looking)) is not None:
                self._found.findings.append(finding)

    async def suites(self, image: ImageInfo, box: Box) -> None:
        """Every suite again, in a box from another image."""
        from agentforge.forge.auditing import Bounds, Place
        from agentforge.together import together

        opened, sandbox = self._opened, self._settings.sandbox
        tools = await asyncio.to_thread(opened.layers.live)
        self.left = f"the suites of {len(tools)} tools"
        python = await _python(box)
        self._found.image = f"Python {python[0]}.{python[1]} ({image.tag})"
        there = Place(box, self._found.image, await self._unready(image, python, tools))
        here = Place(await opened.box(), "today's image")
        bounds = Bounds(
            opened.limits(sandbox.call_seconds), opened.limits(sandbox.suite_seconds), self._settings.recordings
        )
        waiting = list(reversed(tools))

        async def some() -> None:
            while waiting:
                await self._suite(waiting.pop(), len(tools), here, there, bounds)

        await together(some() for _ in range(AT_ONCE))

    async def _suite(self, tool: Tool, of: int, here: Place, there: Place, bounds: Bounds) -> None:
        from agentforge.forge.auditing import rerun

        self._tell(Step(f"running the tests of {tool.name}", self._found.ran, of))
        finding = await rerun(tool, self._opened.layers, here, there, bounds)
        self._found.ran += 1
        self.left = f"the suites of {of - self._found.ran} tools"
        if finding is not None:
            self._found.findings.append(finding)

    async def _unready(self, image: ImageInfo, python: tuple[int, int], tools: list[Tool]) -> dict[str, str]:
        """Makes the locked packages of the tools ready for the image, and says of which sets that failed, and why."""
        from agentforge.boxes.packages.building import build_on

        locks = {lock.digest: lock for tool in tools if (lock := self._opened.layers.packages(tool)).entries}
        found: dict[str, str] = {}
        for digest, lock in locks.items():
            try:
                await asyncio.to_thread(
                    build_on, image, python, lock, self._settings.sandbox, lambda line: self._tell(Step(line))
                )
            except SandboxError as error:
                found[digest] = error.message.rstrip(".")
        return found


async def _python(box: Box) -> tuple[int, int]:
    """The Python of a box, as it says itself (raises SandboxError: it says nothing of the kind)."""
    said = (await box.run("import sys\n[*sys.version_info[:2]]")).value
    match said:
        case [int(major), int(minor)]:
            return major, minor
        case _:
            raise SandboxError("The box of the other image does not say which Python it has.")


def as_json(found: Audited) -> dict[str, JSON]:
    """An audit as an object for other programs."""
    from dataclasses import asdict

    return {
        "findings": [cast("JSON", {**asdict(one), "layer": str(one.layer)}) for one in found.findings],
        "image": found.image,
        "ran": found.ran,
        "left": found.left,
        "seconds": found.seconds,
    }


async def set_aside(opened: Opened, settings: Settings, found: Audited) -> list[Finding]:
    """Quarantines, each with the reason, the tools of the layer that is written here which fail; those that have
    changed since are left alone.
    """
    from agentforge.api.review import Review

    review = Review(opened, settings)
    done: list[Finding] = []
    for one in found.failing:
        standing = opened.registry.snapshot().states.tools.get(one.tool)
        stands = standing is not None and (standing.state, standing.version) == (State.LIVE, one.version)
        if one.layer is opened.registry.layer and stands:
            await asyncio.to_thread(review.quarantine, one.tool, one.what)
            done.append(one)
    return done
