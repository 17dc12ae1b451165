"""Search before writing: live tools whose signature fits a need are run on its examples.

One that gives them all is used, and nothing is written.
Nothing that a tool says about itself counts, and no model is asked. A match by accident must not pass for one,
so it takes two of the user's own examples with different results that tell something: what is true or false,
0 or 1, empty, or handed back as it came, many tools give. A tool that may reach anything is not tried, since
a trial has effects. What this does not prove: that the tool also does what the need's words say beyond the
examples; errors that they name it must declare, and promises about every result it must keep.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.errors import ToolInvalid, ToolNotFound
from agentforge.forge.cases import equal, holds
from agentforge.forge.spec import Spec
from agentforge.registry.fitting import Fit, fit, renamed
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool
from agentforge.types import Example, JSONObject

MOST_TRIED = 20
"""Tools that are run at the most, the nearest in words first: about 10 ms each for one that is not it."""

TELLING_RESULTS = 2
"""So many different results that tell something must be among the examples that a tool gives."""

TRIAL_SECONDS = 3.0
"""Longest run of one example; a tool that takes longer is not tried further."""

_WORD = re.compile(r"[a-z]{3,}|\d+")


@dataclass(frozen=True, slots=True)
class Reused:
    """A live tool that gives all examples of a need; ``arguments`` maps the need's parameters to the tool's."""

    tool: Tool
    arguments: Mapping[str, str]
    examples: int

    @property
    def reason(self) -> str:
        """Why nothing was made, for people."""
        given = f"all {self.examples} examples" if self.examples > 1 else "the one example"
        return f"{self.tool.name} gives {given} already."

    @property
    def told(self) -> dict[str, str | bool]:
        """What the event says of it."""
        return {**self._standing, "reused": self.tool.name, "reason": self.reason}

    @property
    def facts(self) -> dict[str, Any]:
        """What the result of the forging says of it."""
        return {**self._standing, "reused": self.tool.name, "arguments": self.arguments}

    @property
    def _standing(self) -> dict[str, str | bool]:
        return {"version": self.tool.version, "unconfirmed": self.tool.unconfirmed}


async def find_reusable(spec: Spec, layers: Layers, box: Box, limits: Limits) -> Reused | None:
    """The live tool, of any layer, that does what is needed already; None where none does.

    Raises:
        SandboxError: the box failed.
    """
    if not _provable(spec) or not spec.need.capabilities.none:
        return None
    short = replace(limits, seconds=min(limits.seconds, TRIAL_SECONDS))
    for tool, found in await asyncio.to_thread(_fitting, spec, layers):
        if await _gives_all(tool, found, spec, layers, box, short):
            return Reused(tool, found.names, len(_cases(spec)))
    return None


async def reused_twin(name: str, spec: Spec, layers: Layers, box: Box, limits: Limits) -> Reused | None:
    """The live tool of that name, which did the same as a candidate wherever both were tried, where it also gives
    every example (raises SandboxError).
    """
    live = {tool.name: tool for tool in await asyncio.to_thread(layers.live)}
    for tool, found in _fits(spec, [live[name]] if name in live else []):
        if await _gives_all(tool, found, spec, layers, box, limits):
            return Reused(tool, found.names, len(_cases(spec)))
    return None


def _cases(spec: Spec) -> tuple[Example, ...]:
    """Every example, held out or not: no generator sees what a tool is tried on here."""
    return (*spec.held_out, *spec.visible)


def _provable(spec: Spec) -> bool:
    """Whether the user's own examples can tell the right tool from one that agrees by accident."""
    telling: list[Example] = []
    for case in _cases(spec):
        if case.source != "rules" and _tells(case) and not any(equal(case.returns, one.returns) for one in telling):
            telling.append(case)
    return len(telling) >= TELLING_RESULTS


def _tells(case: Example) -> bool:
    value = case.returns
    if case.raises is not None or value is None or isinstance(value, bool) or value in (0, 1, "", [], {}):
        return False
    return not any(equal(value, given) for given in case.args.values())


def _fitting(spec: Spec, layers: Layers) -> list[tuple[Tool, Fit]]:
    """The tools that can be tried, nearest in words first."""
    need = spec.need
    words = words_of(need.name, need.purpose, *need.requests)
    tools = sorted(
        (tool for tool in layers.live() if tool.pure),
        key=lambda tool: (-len(words & words_of(tool.name, tool.manifest.summary, *tool.manifest.requests)), tool.name),
    )
    found: list[tuple[Tool, Fit]] = []
    for tool, fitted in _fits(spec, tools):
        found.append((tool, fitted))
        if len(found) == MOST_TRIED:
            break
    return found


def _fits(spec: Spec, tools: Sequence[Tool]) -> Iterator[tuple[Tool, Fit]]:
    for tool in tools:
        try:
            fitted = fit(spec.signature, tool.signature)
        except ToolInvalid:
            continue
        errors = set(spec.errors) <= set(tool.signature.raises)
        if fitted is not None and errors and _told_apart(fitted.guessed, spec):
            yield tool, fitted


def _told_apart(guessed: Sequence[str], spec: Spec) -> bool:
    """Whether an example would show it if parameters that only their order matched were mixed up."""
    return not guessed or any(
        case.raises is None
        and len({json.dumps(case.args.get(name), sort_keys=True) for name in guessed}) == len(guessed)
        for case in _cases(spec)
    )


async def _gives_all(tool: Tool, found: Fit, spec: Spec, layers: Layers, box: Box, limits: Limits) -> bool:
    """Runs one example, and the others where that one holds; every verdict is computed here."""
    cases = _cases(spec)
    many = [renamed(case.args, found.names, spec.signature) for case in cases]
    known = [args for args in many if args is not None]
    try:
        needs = await asyncio.to_thread(layers.closure, tool.depends)
    except (ToolInvalid, ToolNotFound):
        return False
    if needs.apart or len(known) < len(cases):
        return False

    async def right(some: Sequence[Example], args: Sequence[JSONObject]) -> bool:
        results = await box.call_many(tool.source, tool.name, args, toolbox=needs.sources, limits=limits)
        return all(map(holds, some, results)) and _keeps(spec, results)

    return await right(cases[:1], known[:1]) and await right(cases[1:], known[1:])


def _keeps(spec: Spec, results: Sequence[CallResult]) -> bool:
    return all(promise.kept_by(result.value) for promise in spec.promises for result in results if result.ok)


def words_of(*texts: str) -> set[str]:
    """The words and numbers of some texts, in lower case."""
    return {word for text in texts for word in _WORD.findall(text.lower().replace("_", " "))}
