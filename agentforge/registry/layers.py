"""The tools that a session can see: the user's layer before the company's before the base layer."""

from __future__ import annotations

import difflib
import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from agentforge import assets
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.errors import StorageError, ToolInvalid, ToolNotFound
from agentforge.registry.packages import granted_set
from agentforge.registry.repository import Registry
from agentforge.registry.rights import Reach, reach_of
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import Tool, load_folder
from agentforge.types import Layer, State

__all__ = ["BaseLayer", "Closure", "Layers", "Registry"]


LOOK_EVERY = 1.0
"""Seconds for which the base layer is taken for what it was: a hundred files, changed by an upgrade only."""


class BaseLayer:
    """The starter tools: a read-only folder of tool folders, read again when a file in it changes.

    It is looked at no oftener than every ``look_every`` seconds: each call of a tool asks for it.
    """

    def __init__(self, folder: Path | None = None, *, look_every: float = LOOK_EVERY) -> None:
        self.folder = assets.folder("toolbox") if folder is None else folder
        self._look_every = look_every
        self._look_again = 0.0
        self._seen = _Seen()
        self._loaded = ""
        self._found: tuple[Tool | ToolInvalid, ...] = ()

    def tools(self) -> list[Tool]:
        """The sound tools, by name."""
        return [tool for tool in self._load() if isinstance(tool, Tool)]

    def problems(self) -> list[str]:
        """What is wrong with the others."""
        return [f"{bad.name}: {'; '.join(bad.problems)}" for bad in self._load() if isinstance(bad, ToolInvalid)]

    def fingerprint(self) -> str:
        """Changes whenever a file in the folder does (names, sizes and times are looked at, not contents)."""
        now = time.monotonic()
        if now >= self._look_again:
            if not self._seen.stands():
                self._seen = _Seen.of(self.folder)
            self._look_again = now + self._look_every
        return self._seen.fingerprint

    def _load(self) -> tuple[Tool | ToolInvalid, ...]:
        now = self.fingerprint()
        if now != self._loaded:
            folders = sorted(path for path in self.folder.iterdir() if (path / "tool.toml").exists())
            self._found = tuple(_load(folder) for folder in folders)
            self._loaded = now
        return self._found


_Facts: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What stood in a folder of tool folders: every path with its size and time, and a hash of all that.

    A path that comes or goes changes the time of its folder, so looking at the known ones is enough.
    """

    facts: Mapping[str, _Facts] = field(default_factory=lambda: {})
    fingerprint: str = ""

    @classmethod
    def of(cls, folder: Path) -> _Seen:
        """Looks at everything anew.

        Raises:
            StorageError: the folder cannot be read.
        """
        try:
            folders = [str(folder), *sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())]
            paths = [*folders, *(entry.path for each in folders[1:] for entry in os.scandir(each))]
            facts = {path: _facts(path) for path in sorted(paths)}
        except OSError as error:
            raise StorageError(
                f"The base tools in {folder} cannot be read: {error.strerror}.", fix="Install AgentForge again."
            ) from error
        return cls(facts, hashlib.sha256(repr(facts).encode()).hexdigest())

    def stands(self) -> bool:
        """Whether it all looks the same; one ``stat`` for each path."""
        return bool(self.facts) and all(_facts(path) == known for path, known in self.facts.items())


def _facts(path: str) -> _Facts:
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of a hundred files takes twice as long
    except OSError:
        return 0, -1
    return found.st_mtime_ns, found.st_size


@dataclass(frozen=True, slots=True)
class Closure:
    """What some tools or a script need of the toolbox.

    ``sources`` go into the box, by name, dependencies first. ``apart`` are the tools with a capability that
    these import: each runs in a process of its own, so that its rights are nobody else's, and is asked
    through the host. What *they* need is found when they are called.
    """

    sources: Mapping[str, str] = field(default_factory=lambda: {})
    apart: tuple[str, ...] = ()


class _Live(Mapping[str, Tool]):
    """The live tools of all layers by name: one that is asked for is read alone, the highest layer first; going
    through all of them reads them all.
    """

    def __init__(self, above: Sequence[Snapshot], base: Sequence[Tool]) -> None:
        self.above = above
        self._base = {tool.name: tool for tool in base}

    def __getitem__(self, name: str) -> Tool:
        found = (snapshot.live(name) for snapshot in self.above)
        return next((tool for tool in found if tool is not None), None) or self._base[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def names(self) -> list[str]:
        """The names, of the malformed ones as well, sorted; no tool is read."""
        return sorted({*self._base, *(name for snapshot in self.above for name in snapshot.names(State.LIVE))})

    @cached_property
    def all(self) -> Mapping[str, Tool]:
        """Every one of them, in the order of names."""
        live = {tool.name: tool for tool in reversed(self._each)}
        return {name: live[name] for name in sorted(live)}

    @cached_property
    def hidden(self) -> tuple[Tool, ...]:
        """Those that a higher layer hides, by name."""
        return tuple(sorted((tool for tool in self._each if self.all[tool.name] is not tool), key=lambda one: one.name))

    @cached_property
    def _each(self) -> Sequence[Tool]:
        standing = [each.standing(each.names(State.LIVE)) for each in self.above]
        return [*(tool for found in standing for tool in found if isinstance(tool, Tool)), *self._base.values()]


@dataclass(frozen=True, slots=True)
class _View:
    """What is live at one fingerprint of all layers."""

    fingerprint: str
    live: _Live

    def find(self, name: str) -> Tool:
        found = self.live.get(name)
        if found is not None:
            return found
        near = difflib.get_close_matches(name, self.live.names(), n=3, cutoff=0.6)
        fix = f"Did you mean {' or '.join(near)}?" if near else "`agentforge tools list` shows all."
        raise ToolNotFound(f"There is no live tool named {name[:80]!r}.", fix=fix)

    def closure(self, names: Iterable[str]) -> Closure:
        sources, apart = dict[str, str](), dict[str, None]()
        for name in dict.fromkeys(names):
            self._collect(self.find(name), [], sources, apart)
        return Closure(sources, tuple(apart))

    def _collect(self, tool: Tool, above: Sequence[str], sources: dict[str, str], apart: dict[str, None]) -> None:
        if tool.name in above:
            circle = " → ".join([*above[above.index(tool.name) :], tool.name])
            raise ToolInvalid(tool.name, [f"tools depend on each other in a circle: {circle}"])
        if not tool.pure:
            apart[tool.name] = None
        if tool.name in sources or not tool.pure:
            return
        for need in tool.depends:
            if need not in self.live:
                raise ToolInvalid(tool.name, [f"it depends on {need!r}, which is not live"])
            self._collect(self.live[need], [*above, tool.name], sources, apart)
        sources[tool.name] = tool.source


class Layers:
    """User > company > base; the first layer that has a live tool of a name gives it.

    ``registry`` is the layer that is written: the user's, or the company's where its administrator is at work, who
    sees no user's.
    """

    def __init__(self, registry: Registry, base: BaseLayer, company: Registry | None = None) -> None:
        self.registry = registry
        self.base = base
        self.company = company
        self._view: _View | None = None

    def fingerprint(self) -> str:
        """Changes whenever what is live may have changed."""
        company = self.company.fingerprint() if self.company is not None else ""
        return f"{self.registry.fingerprint()}-{company}-{self.base.fingerprint()}"

    def places(self) -> dict[str, str]:
        """Where each layer stands, for :meth:`moved_since`."""
        heads = {str(each.layer): each.head() for each in self._registries()}
        return {**heads, str(Layer.BASE): self.base.fingerprint()}

    def moved_since(self, places: Mapping[str, str]) -> dict[str, Tool | None] | None:
        """The names under which another tool may be live than at these :meth:`places`, each with the one that is, None
        where there is none; no other tool is read. None where that cannot be told: then any may be.
        """
        if self.places().keys() != places.keys() or places[Layer.BASE] != self.base.fingerprint():
            return None
        names: set[str] = set()
        for each in self._registries():
            moved = each.snapshot().moved_since(places[each.layer])
            if moved is None:
                return None
            names |= moved
        live = self._look().live
        return {name: live.get(name) for name in names}

    def live(self) -> list[Tool]:
        """The live tools of all layers, by name."""
        return list(self._look().live.all.values())

    def shadowed(self) -> list[Tool]:
        """The live tools that a higher layer hides, by name."""
        return list(self._look().live.hidden)

    def names(self) -> list[str]:
        """The names of the live tools, sorted, with those of malformed ones; no tool is read."""
        return self._look().live.names()

    def more_than(self, few: int) -> bool:
        """Whether there are more live tools than that; where the base layer alone has more, no other is asked."""
        return len(self.base.tools()) > few or len(self.names()) > few

    def stale(self) -> list[str]:
        """The names of the live tools that are stale, sorted; no other tool is read."""
        live = self._look().live
        names = {name for snapshot in live.above for name in snapshot.states.stale()}
        return sorted(name for name in names if (tool := live.get(name)) is not None and tool.stale)

    def problems(self) -> list[str]:
        """What is wrong in any layer; the tools that are named are not used, all others work."""
        company = self.company.problems() if self.company is not None else []
        return [*self.registry.problems(), *company, *self.base.problems()]

    def find(self, name: str) -> Tool:
        """The live tool of that name.

        Raises:
            ToolNotFound: no layer has one; near names are suggested.
        """
        return self._look().find(name)

    def in_place_of(self, name: str) -> Tool | None:
        """The live tool of that name, or the one that took its place when it was retired; None where there is none."""
        live = self._look().live
        if (tool := live.get(name)) is not None:
            return tool
        found = (snapshot.states.tools.get(name) for snapshot in live.above)
        return next((live[one.instead] for one in found if one is not None and one.instead in live), None)

    def closure(self, names: Iterable[str]) -> Closure:
        """What ``names`` need, themselves included.

        Raises:
            ToolNotFound: one of ``names`` is not live.
            ToolInvalid: a dependency is not live, or tools depend on each other in a circle.
        """
        return self._look().closure(names)

    def packages(self, tool: Tool) -> Lock:
        """What the registry of a tool's own layer has locked; the base layer locks nothing.

        Raises:
            RegistryError: its lock is malformed.
        """
        registry = self.of(tool.layer)
        return registry.packages(tool) if registry is not None else NO_PACKAGES

    def of(self, layer: Layer) -> Registry | None:
        """The registry of a layer; None for the base layer, and where there is none."""
        return self.registry if layer is self.registry.layer else {Layer.COMPANY: self.company}.get(layer)

    def granted_set(self, tool: Tool) -> str:
        """The digest of the locked set that a tool's runs get; empty where it declares no package.

        Raises:
            ToolInvalid: it declares one that its registry has not locked.
            RegistryError: that lock is malformed.
        """
        return granted_set(tool, self.packages(tool))

    def reach(self, tool: Tool) -> Reach:
        """What a version may reach, itself and through the live tools that it needs."""
        return reach_of(tool.manifest.capabilities, tool.depends, self._look().live.get)

    def pinned(self, name: str) -> tuple[Tool, Closure]:
        """The live tool of that name and what it needs, itself not included, as they stand at one moment.

        Raises:
            ToolNotFound: no layer has one; near names are suggested.
            ToolInvalid: as :meth:`closure`.
        """
        view = self._look()
        tool = view.find(name)
        return tool, view.closure(tool.depends)

    def at_hand(self, name: str) -> tuple[Tool, Closure] | None:
        """As :meth:`pinned` where nothing has moved since the last look, which takes microseconds; else None."""
        view = self._view
        if view is None or view.fingerprint != self.fingerprint():
            return None
        tool = view.find(name)
        return tool, view.closure(tool.depends)

    def _registries(self) -> list[Registry]:
        """Those above the base layer, the highest first."""
        return [each for each in (self.registry, self.company) if each is not None]

    def _look(self) -> _View:
        now = self.fingerprint()
        if self._view is None or self._view.fingerprint != now:
            above = [each.snapshot() for each in self._registries()]
            self._view = _View(now, _Live(above, self.base.tools()))
        return self._view


def _load(folder: Path) -> Tool | ToolInvalid:
    try:
        return load_folder(folder, layer=Layer.BASE)
    except ToolInvalid as error:
        return error
