"""A registry as it stands at one commit: read once, never changed.

Contents that differ from the version in ``state.toml`` have passed no gate here: they are reported
and not used, and so is a folder that is malformed. All others work.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TypeVar

from agentforge.errors import NotARegistry, ToolInvalid
from agentforge.gitstore.failures import damaged
from agentforge.gitstore.store import GitStore
from agentforge.registry.rights import Reach, reach_of
from agentforge.registry.states import Standing, States, read_states
from agentforge.registry.tool import FILES, Tool, contents_version, from_files
from agentforge.types import TOOL_NAME, Layer, State

STATE_FILE = "state.toml"
_Key = TypeVar("_Key")
MEMORY_FOLDERS = frozenset({"memory", "lessons"})
"""What stands in the same repository and says nothing about tools."""
REGRESSION_FOLDERS = ("regressions/", "revoked/regressions/")
NUMBER = re.compile(r"[1-9][0-9]{0,5}")
"""The number of a proposal."""


class Snapshot:
    """The tools of a registry at the commit ``head``; reads folders when asked for and keeps them.

    Equal fingerprints are equal in everything but what the agent remembers, which tells nothing about tools.
    """

    def __init__(self, store: GitStore, head: str, states: States, layer: Layer, fingerprint: str) -> None:
        self.head = head
        self.fingerprint = fingerprint
        self.states = states
        self._store = store
        self._layer = layer
        paths = store.list(rev=head)
        self._folders, self.proposals = _folders(paths)
        self.regressions = tuple(path for path in paths if path.startswith(REGRESSION_FOLDERS))
        self._loaded: dict[str, Tool | ToolInvalid] = {}

    @classmethod
    def take(cls, store: GitStore, head: str, layer: Layer, before: Snapshot | None = None) -> Snapshot | None:
        """The registry at a commit; None where the commit holds no registry. What ``before`` has read is used again
        where only what the agent remembers has changed since.

        Raises:
            NotARegistry: ``state.toml`` is malformed.
            RegistryError: the commit names a ``state.toml`` or a folder that is missing.
        """
        fingerprint = _fingerprint(store.roots(head))
        if before is not None and before.fingerprint == fingerprint:
            again = copy(before)
            again.head = head
            return again
        text = store.read(STATE_FILE, head)
        if text is None and STATE_FILE in store.list(rev=head):
            raise damaged(store.path, f"the contents of {STATE_FILE} are missing")
        if text is None:
            return None
        try:
            states = read_states(text.decode())
        except (ValueError, RecursionError) as error:
            raise NotARegistry(
                f"{STATE_FILE} in the registry {store.path} is malformed: {error}.",
                fix="Correct it in a clone and push, or revert the commit that broke it.",
            ) from error
        return cls(store, head, states, layer, fingerprint)

    def names(self, state: State) -> list[str]:
        """The names of the tools in a state, sorted."""
        if state is State.PROPOSED:
            return sorted(self.proposals)
        return sorted(name for name, standing in self.states.tools.items() if standing.state is state)

    def standing(self, names: Sequence[str]) -> list[Tool | ToolInvalid]:
        """The versions that stand under ``names``, or what is wrong with each."""
        missing = {name: f"tools/{name}" for name in names if name not in self._loaded}
        folders = {name: folder for name, folder in missing.items() if name in self._folders}
        read = self._read(folders)
        for name in missing:
            files = read.get(name, {})
            self._loaded[name] = _standing_tool(files, name, self.states.tools[name], self._layer)
        return [self._loaded[name] for name in names]

    def sound(self, name: str) -> Tool | None:
        """The version that stands under a name, in any state; None where there is none, or its folder is malformed."""
        found = self.standing([name])[0] if name in self.states.tools else None
        return found if isinstance(found, Tool) else None

    def reach(self, tool: Tool) -> Reach:
        """What a version may reach, itself and through the tools that stand here and that it needs."""
        return reach_of(tool.manifest.capabilities, tool.depends, self.sound)

    def granted(self, name: str) -> Reach:
        """The same of the version that stands under a name; nothing where there is none."""
        stands = self.sound(name)
        return self.reach(stands) if stands is not None else Reach()

    def proposed(self, names: Sequence[str]) -> list[Tool | ToolInvalid]:
        """All proposals under ``names``, by number."""
        wanted = {(name, number): f"proposed/{name}/{number}" for name in names for number in self.proposals[name]}
        return [
            _tool_or_problem(files, name, self._layer, State.PROPOSED)
            for (name, _), files in self._read(wanted).items()
        ]

    def proposal_files(self, name: str | None = None) -> dict[tuple[str, int], dict[str, bytes]]:
        """The known files of all proposals (of one name), by name and number; a folder may be malformed."""
        names = sorted(self.proposals) if name is None else [name]
        return self._read({(each, n): f"proposed/{each}/{n}" for each in names for n in self.proposals.get(each, ())})

    def proposal(self, name: str, number: int) -> dict[str, bytes]:
        """The known files of one proposal, which may be malformed; none where there is no such proposal."""
        return self.stored(f"proposed/{name}/{number}")

    def proposal_version(self, name: str, number: int) -> str:
        """The version of one proposal's contents, also where these are malformed."""
        return contents_version(self.proposal(name, number))

    def read(self, path: str) -> bytes | None:
        """The contents of any file of it; None where there is none."""
        return self._store.read(path, self.head)

    def stored(self, folder: str) -> dict[str, bytes]:
        """The known files of any tool folder, which may be malformed; none where there is no such folder."""
        return self._read({folder: folder})[folder]

    def withdrawn(self, targets: Sequence[str]) -> list[Tool | ToolInvalid]:
        """What lies under ``revoked/`` for each of ``targets`` (``NAME/N``)."""
        read = self._read({target: f"revoked/{target}" for target in targets})
        return [
            _tool_or_problem(read[target], target.partition("/")[0], self._layer, State.PROPOSED) for target in targets
        ]

    def problems(self) -> list[str]:
        """Everything that is wrong in the registry."""
        stray = sorted(self._folders - set(self.states.tools))
        found = [*self.standing(sorted(self.states.tools)), *self.proposed(sorted(self.proposals))]
        return [
            *self.states.problems,
            *(f"{name}: the folder tools/{name} is not in {STATE_FILE}, so it met no gate here" for name in stray),
            *(f"{bad.name}: {'; '.join(bad.problems)}" for bad in found if isinstance(bad, ToolInvalid)),
        ]

    def _read(self, folders: Mapping[_Key, str]) -> dict[_Key, dict[str, bytes]]:
        """The known files of many folders, with one git command."""
        paths = [f"{folder}/{file}" for folder in folders.values() for file in FILES]
        contents = self._store.read_many(paths, self.head)
        return {
            key: {file: contents[f"{folder}/{file}"] for file in FILES if f"{folder}/{file}" in contents}
            for key, folder in folders.items()
        }


def _fingerprint(roots: Mapping[str, str]) -> str:
    told = [f"{name}\0{roots[name]}" for name in sorted(roots) if name not in MEMORY_FOLDERS]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _folders(paths: Sequence[str]) -> tuple[frozenset[str], dict[str, tuple[int, ...]]]:
    """The names that have a tool folder, and the numbers of each tool's proposals."""
    folders: set[str] = set()
    proposals: dict[str, set[int]] = {}
    for path in paths:
        match path.split("/"):
            case ["tools", name, _, *_] if TOOL_NAME.fullmatch(name):
                folders.add(name)
            case ["proposed", name, number, _] if TOOL_NAME.fullmatch(name) and NUMBER.fullmatch(number):
                proposals.setdefault(name, set()).add(int(number))
            case _:
                pass
    return frozenset(folders), {name: tuple(sorted(numbers)) for name, numbers in proposals.items()}


def _standing_tool(files: Mapping[str, bytes], name: str, standing: Standing, layer: Layer) -> Tool | ToolInvalid:
    if not files:
        return ToolInvalid(name, [f"the folder tools/{name} is missing"])
    found = _tool_or_problem(files, name, layer, standing.state)
    if isinstance(found, ToolInvalid):
        return found
    if contents_version(files) != standing.version:
        return ToolInvalid(name, [f"its contents are not the version {standing.version[:12]} that met the gates"])
    return replace(found, unconfirmed=standing.unconfirmed, stale=standing.stale)


def _tool_or_problem(files: Mapping[str, bytes], name: str, layer: Layer, state: State) -> Tool | ToolInvalid:
    try:
        return from_files(files, name, layer=layer, state=state)
    except ToolInvalid as error:
        return error
