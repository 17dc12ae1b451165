"""A registry as it stands at one commit: read once, never changed.

Contents that differ from the version in ``state.toml`` have passed no gate here: they are reported
and not used, and so is a folder that is malformed. All others work.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from agentforge.errors import NotARegistry, RegistryError, ToolInvalid
from agentforge.gitstore.failures import damaged
from agentforge.gitstore.store import GitStore
from agentforge.registry.pages import FOLDER, STATE_FILE, Pages
from agentforge.registry.rights import Reach, reach_of
from agentforge.registry.states import Standing, States, read_states
from agentforge.registry.tool import FILES, Tool, contents_version, from_files
from agentforge.types import TOOL_NAME, Layer, State

_Key = TypeVar("_Key")
MEMORY_FOLDERS = frozenset({"memory", "lessons"})
"""What stands in the same repository and says nothing about tools."""
REGRESSION_FOLDERS = ("regressions/", "revoked/regressions/")
NUMBER = re.compile(r"[1-9][0-9]{0,5}")
"""The number of a proposal."""


class Snapshot:
    """The tools of a registry at the commit ``head``; reads what is asked for, when it is asked for, and keeps it.

    Equal fingerprints are equal in everything but what the agent remembers, which tells nothing about tools.
    """

    def __init__(self, store: GitStore, head: str, states: States, layer: Layer, roots: Mapping[str, str]) -> None:
        self.head = head
        self.fingerprint = _fingerprint(roots)
        self.states = states
        self._store = store
        self._layer = layer
        self._roots = roots
        self._loaded: dict[str, _Loaded] = {}
        self._located: dict[str, str] = {}

    @classmethod
    def take(cls, store: GitStore, head: str, layer: Layer, before: Snapshot | None = None) -> Snapshot | None:
        """The registry at a commit; None where the commit holds no registry. What ``before`` has read and what stands
        the same is used again.

        Raises:
            NotARegistry: ``state.toml`` is malformed.
            RegistryError: the commit names a ``state.toml`` or a folder that is missing.
        """
        roots = store.roots(head)
        if before is not None and before.fingerprint == _fingerprint(roots):
            again = copy(before)
            again.head = head
            return again
        text = store.read(STATE_FILE, head)
        if text is None and STATE_FILE in roots:
            raise damaged(store.path, f"the contents of {STATE_FILE} are missing")
        if text is None:
            return None
        ids = store.entries(FOLDER, head) if FOLDER in roots else {}
        pages = Pages(ids, lambda paths: store.read_many(paths, head), before.states.pages if before else None)
        try:
            states = read_states(text.decode(), pages)
        except (ValueError, RecursionError) as error:
            raise NotARegistry(
                f"{STATE_FILE} in the registry {store.path} is malformed: {error}.",
                fix="Correct it in a clone and push, or revert the commit that broke it.",
            ) from error
        taken = cls(store, head, states, layer, roots)
        if before is not None:
            taken._loaded = dict(before._loaded)
        return taken

    @cached_property
    def _folders(self) -> frozenset[str]:
        """The names that have a tool folder."""
        found = self._store.folders("tools", self.head) if "tools" in self._roots else {}
        return frozenset(name for name in found if TOOL_NAME.fullmatch(name))

    @cached_property
    def proposals(self) -> Mapping[str, tuple[int, ...]]:
        """The numbers of each tool's proposals, by name."""
        return _proposals(self._store.list("proposed", self.head) if "proposed" in self._roots else [])

    @cached_property
    def regressions(self) -> tuple[str, ...]:
        """The paths of what tools once did wrong, also of what is set aside."""
        standing = [folder for folder in REGRESSION_FOLDERS if folder.partition("/")[0] in self._roots]
        return tuple(path for folder in standing for path in self._store.list(folder, self.head))

    def names(self, state: State) -> list[str]:
        """The names of the tools in a state, sorted."""
        if state is State.PROPOSED:
            return sorted(self.proposals)
        return sorted(name for name, standing in self.states.tools.items() if standing.state is state)

    def standing(self, names: Sequence[str]) -> list[Tool | ToolInvalid]:
        """The versions that stand under ``names``, or what is wrong with each."""
        self._locate(names)
        missing = {name: self._located[name] for name in dict.fromkeys(names) if not self._knows(name)}
        read = self._store.read_folders({name: each for name, each in missing.items() if each}, FILES)
        for name, each in missing.items():
            standing = self.states.tools[name]
            found = _standing_tool(read.get(name, {}), name, standing, self._layer)
            self._loaded[name] = _Loaded(each, standing, found)
        return [self._loaded[name].found for name in names]

    def _knows(self, name: str) -> bool:
        """Whether what stands under a name was read already, here or at an earlier commit."""
        known = self._loaded.get(name)
        return known is not None and (known.folder, known.standing) == (self._located[name], self.states.tools[name])

    def _locate(self, names: Sequence[str]) -> None:
        """Notes the id of the folder of each of these tools; an empty one where it has none."""
        missing = [name for name in dict.fromkeys(names) if name not in self._located]
        found = self._store.folders("tools", self.head, missing) if missing and "tools" in self._roots else {}
        self._located |= {name: found.get(name, "") for name in missing}

    def live(self, name: str) -> Tool | None:
        """The live tool of a name; None where there is none, or its folder is malformed."""
        standing = self.states.tools.get(name)
        return self.sound(name) if standing is not None and standing.state is State.LIVE else None

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

    def moved_since(self, head: str) -> frozenset[str] | None:
        """The names under which something else stands than at another commit, by contents or standing; None where that
        cannot be told: that commit is gone, or holds no registry.
        """
        files = self._store.changed(head, self.head, ("tools", STATE_FILE, FOLDER))
        if files is None:
            return None
        try:
            before = Snapshot.take(self._store, head, self._layer)
            return None if before is None else moved(before, self, files)
        except RegistryError:  # of which what stands now may be the mending
            return None

    def _read(self, folders: Mapping[_Key, str]) -> dict[_Key, dict[str, bytes]]:
        """The known files of many folders, with one git command."""
        paths = [f"{folder}/{file}" for folder in folders.values() for file in FILES]
        contents = self._store.read_many(paths, self.head)
        return {
            key: {file: contents[f"{folder}/{file}"] for file in FILES if f"{folder}/{file}" in contents}
            for key, folder in folders.items()
        }


def moved(before: Snapshot, after: Snapshot, files: Iterable[str]) -> frozenset[str]:
    """The names under which something else stands, of two snapshots that differ in these files (raises RegistryError:
    what one of them says of tools cannot be read).
    """
    parts = [path.split("/") for path in files]
    folders = {part[1] for part in parts if part[0] == "tools" and len(part) > 2}
    pages = ["/".join(part) for part in parts if part[0] in (STATE_FILE, FOLDER)]
    told = {name for path in pages for each in (before, after) for name in each.states.named_in(path)}
    return frozenset(folders | {name for name in told if before.states.tools.get(name) != after.states.tools.get(name)})


def _fingerprint(roots: Mapping[str, str]) -> str:
    told = [f"{name}\0{roots[name]}" for name in sorted(roots) if name not in MEMORY_FOLDERS]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was read of a name: the id of its folder, empty where it has none, its standing, and what came of both."""

    folder: str
    standing: Standing
    found: Tool | ToolInvalid


def _proposals(paths: Sequence[str]) -> dict[str, tuple[int, ...]]:
    proposals: dict[str, set[int]] = {}
    for path in paths:
        match path.split("/"):
            case ["proposed", name, number, _] if TOOL_NAME.fullmatch(name) and NUMBER.fullmatch(number):
                proposals.setdefault(name, set()).add(int(number))
            case _:
                pass
    return {name: tuple(sorted(numbers)) for name, numbers in proposals.items()}


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
