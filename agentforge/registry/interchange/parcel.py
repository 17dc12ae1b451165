"""What is carried away together: some tools, all that these need, and what may be said of where they come from.

Nothing else of a registry goes along: no example, no request, no provenance, no report, no state. What a tool's own
source, docstring and tests hold does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from agentforge.boxes.packages.lock import canonical
from agentforge.errors import ToolInvalid, UsageError
from agentforge.registry.contract import modules_imported
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool
from agentforge.types import TOOL_NAME, Layer

BASE_LICENSE = "Apache-2.0"
"""That of the starter tools, which are part of AgentForge."""

UNSTATED = "not stated"
"""What is said of a licence that nobody gave."""

WHOLE = "toolbox"
"""The title of a parcel of all live tools."""

PORTABLE = frozenset({"files", "packages", "clock", "randomness"})
"""Capabilities that any Python gives; whatever else a tool may reach it reaches through this program."""

HIDDEN = ("tool", "toolbox", "pytest")
"""What an exported file and its tests import beside the standard library."""


@dataclass(frozen=True, slots=True)
class Carried:
    """One tool of a parcel. ``license`` is empty where nobody gave one; ``packages`` are ``NAME==VERSION``."""

    tool: Tool
    license: str
    origin: str
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """Tools, those that others need first. ``entries`` are those that were asked for; ``left_out`` tells, by name, why
    live tools could not come along where all of them were asked for.
    """

    title: str
    entries: tuple[str, ...]
    tools: tuple[Carried, ...]
    left_out: Mapping[str, str]

    @property
    def module(self) -> str:
        """The title as the name of a Python file that hides nothing which it, or a tool, imports."""
        imported = frozenset[str]().union(*(modules_imported(one.tool.source) for one in self.tools))
        return f"{self.title}_tool" if self.title in {*sys.stdlib_module_names, *HIDDEN, *imported} else self.title

    @property
    def packages(self) -> tuple[str, ...]:
        """What has to be installed for it, each once."""
        return tuple(sorted({package for one in self.tools for package in one.packages}))

    @property
    def entered(self) -> list[Carried]:
        """The entries as tools."""
        named = {one.tool.name: one for one in self.tools}
        return [named[name] for name in self.entries]


def pack(layers: Layers, names: Sequence[str] = (), *, title: str = "", license: str = "") -> Parcel:
    """The live tools ``names`` with all that they need; without names, all live tools that can be carried.

    ``license`` is given to those tools of the user's own and the company's layer that state none. ``title`` names the
    result; by default it is the tool's name, or ``toolbox``.

    Raises:
        ToolNotFound: one of ``names`` is not live.
        ToolInvalid: a dependency is not live, tools depend on each other in a circle, or a tool cannot be carried.
        UsageError: the title cannot be a name, several tools have none, or there is nothing to carry.
        RegistryError: the lock of packages is malformed.
    """
    left_out: dict[str, str] = {}
    wanted = list(dict.fromkeys(names))
    if not wanted:
        for tool in layers.live():
            try:
                _ordered(layers, [tool.name])
            except ToolInvalid as error:
                left_out[tool.name] = "; ".join(error.problems)
            else:
                wanted.append(tool.name)
    if not wanted:
        raise UsageError("There is no live tool to export.", fix="`agentforge tools list` shows all.")
    found = _ordered(layers, wanted)
    carried = tuple(_carried(layers, tool, license) for tool in found.values())
    return Parcel(_title(title, names), tuple(wanted), carried, left_out)


def _title(title: str, names: Sequence[str]) -> str:
    if not title and len(set(names)) > 1:
        raise UsageError("Several tools need a name in common.", fix="Give one with --name, such as --name my_tools.")
    found = title or (names[0] if names else WHOLE)
    if not TOOL_NAME.fullmatch(found):
        raise UsageError(
            f"{found[:80]!r} cannot name an export.", fix="Use lower-case letters, digits and '_', a letter first."
        )
    return found


def _ordered(layers: Layers, names: Iterable[str]) -> dict[str, Tool]:
    """The tools and all that they need, dependencies first (raises ToolNotFound, ToolInvalid)."""
    layers.closure(names)  # tells of circles and of what is not live, below tools without capabilities
    found: dict[str, Tool] = {}

    def collect(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ToolInvalid(name, [f"tools depend on each other in a circle: {' → '.join([*above, name])}"])
        if name in found:
            return
        tool = layers.find(name)
        if problems := _kept_here(tool):
            raise ToolInvalid(name, problems, fix="Call it here, or let an agent call it over `agentforge mcp`.")
        for need in tool.depends:
            collect(need, (*above, name))
        found[name] = tool

    for name in names:
        collect(name, ())
    return found


def _kept_here(tool: Tool) -> list[str]:
    """Why a tool cannot leave: what it does through this program it cannot do alone."""
    given = asdict(tool.manifest.capabilities)
    names = {kind: ", ".join(value) for kind, value in given.items() if value and kind not in PORTABLE}
    told = "which goes through AgentForge: it checks what is reached, and holds the secrets"
    return [f"{tool.name} needs {kind} ({what}), {told}" for kind, what in names.items()]


def _carried(layers: Layers, tool: Tool, given: str) -> Carried:
    stated = BASE_LICENSE if tool.layer is Layer.BASE else tool.manifest.license
    packages: tuple[str, ...] = ()
    if tool.manifest.capabilities.packages:
        versions = layers.packages(tool).versions
        packages = tuple(
            f"{canonical(name)}=={versions[canonical(name)]}"
            for name in tool.manifest.capabilities.packages
            if canonical(name) in versions
        )
    return Carried(tool, stated or given, _origin(tool), packages)


def _origin(tool: Tool) -> str:
    """Where a tool comes from, as far as its manifest tells, without naming anybody."""
    if tool.layer is Layer.BASE:
        return "a starter tool of AgentForge"
    origin = tool.manifest.provenance
    if origin.models:
        told = "written by a language model and tested in a sandbox"
    else:
        told = "brought in from a file" if origin.sources else "nobody noted who wrote it"
    stale = ", stale: a passage that it was made from has changed" * bool(tool.stale)
    return f"{told}{', unconfirmed' * tool.unconfirmed}{stale}"
