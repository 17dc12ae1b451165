"""The tools that a session can see: the user's layer before the company's before the base layer."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentforge import assets
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.errors import StorageError, ToolInvalid, ToolNotFound
from agentforge.registry.packages import granted_set
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, load_folder
from agentforge.types import Layer

__all__ = ["BaseLayer", "Layers", "Registry"]


class BaseLayer:
    """The starter tools: a read-only folder of tool folders, read again when a file in it changes."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = assets.folder("toolbox") if folder is None else folder
        self._seen = ""
        self._found: tuple[Tool | ToolInvalid, ...] = ()

    def tools(self) -> list[Tool]:
        """The sound tools, by name."""
        return [tool for tool in self._load() if isinstance(tool, Tool)]

    def problems(self) -> list[str]:
        """What is wrong with the others."""
        return [f"{bad.name}: {'; '.join(bad.problems)}" for bad in self._load() if isinstance(bad, ToolInvalid)]

    def fingerprint(self) -> str:
        """Changes whenever a file in the folder does (names, sizes and times are looked at, not contents)."""
        digest = hashlib.sha256()
        for folder in self._folders():
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                facts = entry.stat()
                digest.update(f"{folder.name}/{entry.name}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
        return digest.hexdigest()

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.is_dir() and (path / "tool.toml").exists())
        except OSError as error:
            raise StorageError(
                f"The base tools in {self.folder} cannot be read: {error.strerror}.", fix="Install AgentForge again."
            ) from error

    def _load(self) -> tuple[Tool | ToolInvalid, ...]:
        now = self.fingerprint()
        if now != self._seen:
            self._found = tuple(_load(folder) for folder in self._folders())
            self._seen = now
        return self._found


@dataclass(frozen=True, slots=True)
class _View:
    """What is live, and what it hides, at one fingerprint of all layers."""

    fingerprint: str
    live: Mapping[str, Tool]
    shadowed: tuple[Tool, ...]


class Layers:
    """User > company > base; the first layer that has a live tool of a name gives it."""

    def __init__(self, registry: Registry, base: BaseLayer, company: Registry | None = None) -> None:
        self.registry = registry
        self.base = base
        self.company = company
        self._view: _View | None = None

    def fingerprint(self) -> str:
        """Changes whenever what is live may have changed."""
        company = self.company.head() if self.company is not None else ""
        return f"{self.registry.head()}-{company}-{self.base.fingerprint()}"

    def live(self) -> list[Tool]:
        """The live tools of all layers, by name."""
        return list(self._look().live.values())

    def shadowed(self) -> list[Tool]:
        """The live tools that a higher layer hides, by name."""
        return list(self._look().shadowed)

    def problems(self) -> list[str]:
        """What is wrong in any layer; the tools that are named are not used, all others work."""
        company = self.company.problems() if self.company is not None else []
        return [*self.registry.problems(), *company, *self.base.problems()]

    def find(self, name: str) -> Tool:
        """The live tool of that name.

        Raises:
            ToolNotFound: no layer has one; near names are suggested.
        """
        live = self._look().live
        if name in live:
            return live[name]
        near = difflib.get_close_matches(name, live, n=3, cutoff=0.6)
        fix = f"Did you mean {' or '.join(near)}?" if near else "`agentforge tools list` shows all."
        raise ToolNotFound(f"There is no live tool named {name[:80]!r}.", fix=fix)

    def closure(self, names: Iterable[str]) -> dict[str, str]:
        """Name → source of ``names`` and of all that they need, for a box; dependencies come first.

        Tools with a capability are left out: they run in a box of their own.

        Raises:
            ToolNotFound: one of ``names`` is not live.
            ToolInvalid: a dependency is not live, or tools depend on each other in a circle.
        """
        found: dict[str, str] = {}
        for name in dict.fromkeys(names):
            self._collect(self.find(name), [], found)
        return found

    def packages(self, tool: Tool) -> Lock:
        """What the registry of a tool's own layer has locked; the base layer locks nothing.

        Raises:
            RegistryError: its lock is malformed.
        """
        registry = {Layer.USER: self.registry, Layer.COMPANY: self.company}.get(tool.layer)
        return registry.packages(tool) if registry is not None else NO_PACKAGES

    def granted_set(self, tool: Tool) -> str:
        """The digest of the locked set that a tool's runs get; empty where it declares no package.

        Raises:
            ToolInvalid: it declares one that its registry has not locked.
            RegistryError: that lock is malformed.
        """
        return granted_set(tool, self.packages(tool))

    def _collect(self, tool: Tool, above: Sequence[str], found: dict[str, str]) -> None:
        if tool.name in above:
            circle = " → ".join([*above[above.index(tool.name) :], tool.name])
            raise ToolInvalid(tool.name, [f"tools depend on each other in a circle: {circle}"])
        if tool.name in found or not tool.pure:
            return
        for need in tool.depends:
            if need not in self._look().live:
                raise ToolInvalid(tool.name, [f"it depends on {need!r}, which is not live"])
            self._collect(self._look().live[need], [*above, tool.name], found)
        found[tool.name] = tool.source

    def _look(self) -> _View:
        now = self.fingerprint()
        if self._view is None or self._view.fingerprint != now:
            company = self.company.tools() if self.company is not None else []
            tools = [*self.registry.tools(), *company, *self.base.tools()]
            live = {tool.name: tool for tool in reversed(tools)}
            hidden = [tool for tool in tools if live[tool.name] is not tool]
            ordered = {name: live[name] for name in sorted(live)}
            self._view = _View(now, ordered, tuple(sorted(hidden, key=lambda tool: tool.name)))
        return self._view


def _load(folder: Path) -> Tool | ToolInvalid:
    try:
        return load_folder(folder, layer=Layer.BASE)
    except ToolInvalid as error:
        return error
