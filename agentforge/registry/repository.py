"""One layer of tools in one git repository: what is live, what waits, and how it came about.

Layout: ``tools/NAME/`` holds the version that stands, ``proposed/NAME/N/`` what waits for review,
``state.toml`` where each tool stands (see :mod:`agentforge.registry.snapshot`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from agentforge import assets
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.errors import ConfigurationError, NotARegistry, ToolInvalid, ToolNotFound, UsageError
from agentforge.gitstore.changing import Change, commit_newest
from agentforge.gitstore.failures import damaged, looks_like_ours
from agentforge.gitstore.outlast import PATIENCE_SECONDS
from agentforge.gitstore.past import Commit
from agentforge.gitstore.store import GitStore
from agentforge.registry.changes import admission, move, proposal, provenance_trailers
from agentforge.registry.effects import Effect, effect_of
from agentforge.registry.manifest import one_line
from agentforge.registry.packages import read_lock
from agentforge.registry.refusal import refuse_revoked
from agentforge.registry.snapshot import Snapshot, moved
from agentforge.registry.states import EMPTY, REASON_CHARS, STATE_FILE, Standing, Waiting
from agentforge.registry.tool import FILES, Tool, contents_version, from_files, to_files, validate
from agentforge.settings import check_folder
from agentforge.types import TOOL_NAME, Layer, State


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a tool in the history: ``version`` is its hash, ``commit`` where it appeared."""

    version: str
    commit: str
    time: datetime
    message: str


OnWithdrawn: TypeAlias = Callable[[Sequence[str], str], None]
"""Takes the names of tools that are live no more, and the commit since which they are not; does not fail."""


class Registry:
    """One layer in one repository; a context manager."""

    def __init__(self, store: GitStore, *, layer: Layer = Layer.USER) -> None:
        self._store = store
        self.layer = layer
        self.on_withdrawn: OnWithdrawn | None = None
        """Hears of the tools that a commit made through this object takes out of use."""
        self._seen: Snapshot | None = None

    @classmethod
    def create(cls, path: Path, *, layer: Layer = Layer.USER) -> Registry:
        """A new, empty registry.

        Raises:
            NotARegistry: something stands at ``path`` already.
            StorageError: it cannot be written.
        """
        skeleton = assets.folder("registry") / "skeleton"
        files = {
            file.relative_to(skeleton).as_posix(): file.read_bytes() for file in skeleton.rglob("*") if file.is_file()
        }
        return cls(GitStore.create(path, {**files, STATE_FILE: EMPTY.encode()}), layer=layer)

    @classmethod
    def open(cls, path: Path, *, layer: Layer = Layer.USER, writable: bool = True) -> Registry:
        """The registry at ``path``; one that is not ``writable`` raises ReadOnly at every change.

        Raises:
            NotARegistry: there is none, or its ``state.toml`` is malformed.
            RegistryError: it is damaged.
        """
        registry = cls(GitStore.open(path, writable=writable), layer=layer)
        try:
            registry.snapshot()
        except BaseException:
            registry.close()
            raise
        return registry

    @classmethod
    def open_or_create(cls, path: Path, *, layer: Layer = Layer.USER) -> Registry:
        """The registry at ``path``, made where nothing stands yet; safe when two processes do it at once.

        Raises:
            NotARegistry: something else stands there, or its ``state.toml`` is malformed.
            ConfigurationError: nothing can be made there.
            StorageError: the disk is full.
        """
        if not _empty(path):
            return cls.open(path, layer=layer)
        check_folder(path.parent)
        try:
            return cls.create(path, layer=layer)
        except NotARegistry:
            return cls.open(path, layer=layer)

    @property
    def path(self) -> Path:
        """The folder of its repository."""
        return self._store.path

    @property
    def store(self) -> GitStore:
        """Its repository, for what else is kept there."""
        return self._store

    def packages(self, tool: Tool) -> Lock:
        """What it has locked, looked up only for a tool that declares packages (raises RegistryError)."""
        return read_lock(self._store) if tool.manifest.capabilities.packages else NO_PACKAGES

    def close(self) -> None:
        """Releases the repository; harmless when repeated."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def head(self) -> str:
        """The commit that it stands at."""
        return self.snapshot().head

    def fingerprint(self) -> str:
        """Changes whenever anything but what the agent remembers does."""
        return self.snapshot().fingerprint

    def names(self, state: State = State.LIVE) -> list[str]:
        """The names of the tools in a state, sorted."""
        return self.snapshot().names(state)

    def get(self, name: str) -> Tool:
        """The version of ``name`` that stands, or its newest proposal where none does.

        Raises:
            ToolNotFound: there is no tool of that name.
            ToolInvalid: its folder, or what ``state.toml`` says of it, is malformed.
        """
        snapshot = self.snapshot()
        found: Tool | ToolInvalid | None = None
        if name in snapshot.states.tools:
            found = snapshot.standing([name])[0]
        elif name in snapshot.proposals:
            found = snapshot.proposed([name])[-1]
        if isinstance(found, Tool):
            return found
        wrong = [problem.removeprefix(f"{name}: ") for problem in self.problems() if problem.startswith(f"{name}: ")]
        if not wrong:
            raise _not_found(name)
        raise ToolInvalid(name, wrong, fix=self.mending())

    def mending(self) -> str:
        """What to do about :meth:`problems`."""
        return f"Correct it in a clone of {self.path} and push, or revert the commit that broke it."

    def tools(self, state: State = State.LIVE) -> list[Tool]:
        """The sound tools in a state, by name; :meth:`problems` tells of the others."""
        if state is State.PROPOSED:
            return self.proposed()
        snapshot = self.snapshot()
        return [tool for tool in snapshot.standing(snapshot.names(state)) if isinstance(tool, Tool)]

    def proposed(self) -> list[Tool]:
        """The sound proposals, by name and number."""
        snapshot = self.snapshot()
        return [tool for tool in snapshot.proposed(sorted(snapshot.proposals)) if isinstance(tool, Tool)]

    def problems(self) -> list[str]:
        """What is wrong in it; the tools that are named are not used, all others work."""
        return self.snapshot().problems()

    def add(
        self,
        tool: Tool,
        *,
        state: State,
        unconfirmed: bool = False,
        reason: str = "",
        trailers: Mapping[str, Sequence[str]] | None = None,
        known_tools: Collection[str] | None = None,
        once: str = "",
    ) -> str:
        """Commits a tool as live or as a proposal and returns its version; doing it twice changes nothing.

        ``once`` is the job whose effect this is: where a commit that names it stands already, whoever made it,
        nothing is done and that commit's version is returned.

        A new version of a tool names the standing one as its ``parent``; it becomes a proposal, whatever
        ``state`` says, where that one is quarantined, retired or pinned, or may reach less. ``reason`` says why
        a proposal waits. ``known_tools`` are what it may import (by default what its manifest says it depends on);
        ``trailers`` go on top of those that its provenance gives.

        Raises:
            ToolInvalid: it breaks the contract, its name is taken, or it comes from what was revoked; all problems.
            RegistryConflict: others kept pushing for too long.
            RegistryError: it is damaged or locked, or another process writes for that long.
            StorageError: the disk is full; nothing was changed.
        """
        if state not in {State.LIVE, State.PROPOSED}:
            raise UsageError(f"A tool is added as live or proposed, not as {state}.")
        known = tool.manifest.depends if known_tools is None else known_tools
        problems = validate(tool, known_tools=known, packages=self.packages(tool))
        if problems:
            raise ToolInvalid(tool.name, problems)
        files, version = to_files(tool), tool.version
        named = {"Tool": [tool.name], "Version": [version], **provenance_trailers(tool)}
        named |= {"Job": [once]} if once else {}
        waiting = Waiting(version=version, unconfirmed=unconfirmed, reason=one_line(reason, REASON_CHARS))
        done: list[str] = []

        def change(snapshot: Snapshot) -> Change | None:
            # looked up after the snapshot was taken, so that a commit made since then makes ours a conflict
            if once and (effect := self.effect(once)):
                done.append(effect.version)
                return None
            refuse_revoked(snapshot, tool)
            if state is State.PROPOSED:
                return proposal(snapshot, tool, files, waiting)
            return admission(snapshot, tool, files, Standing(state=state, version=version, unconfirmed=unconfirmed))

        self.apply(change, {**named, **(trailers or {})})
        return done[0] if done else version

    def effect(self, job: str) -> Effect | None:
        """What a job did here already, or None (raises RegistryError)."""
        return effect_of(self._store, job)

    def set_state(
        self,
        name: str,
        state: State,
        reason: str = "",
        *,
        unconfirmed: bool | None = None,
        trailers: Mapping[str, Sequence[str]] | None = None,
        where: Callable[[Standing], bool] | None = None,
    ) -> bool:
        """Moves a tool to a state; ``reason`` is kept in ``state.toml``, one line of at most 500 characters.

        ``where`` is asked of the tool as it stands when the commit is made: where it says no, or nothing stands,
        nothing is done. Returns whether a commit was made.

        Raises:
            ToolNotFound: no version of it stands, and ``where`` is not given.
            UsageError: ``state`` is ``proposed``.
        """
        if state is State.PROPOSED:
            raise UsageError(f"{name} cannot go back to proposed.", fix="Quarantine or retire it instead.")

        def change(snapshot: Snapshot) -> Change | None:
            standing = snapshot.states.tools.get(name)
            if where is not None and (standing is None or not where(standing)):
                return None
            if standing is None:
                raise _not_found(name)
            return move(snapshot, name, state, reason, unconfirmed)

        return self.apply(change, {"Tool": [name], "State": [state], **(trailers or {})}) is not None

    def log(self, name: str) -> list[Commit]:
        """The commits that made or moved a tool, newest first; none for a name never used.

        Raises:
            ToolNotFound: it is no tool name at all.
        """
        if not TOOL_NAME.fullmatch(name):
            raise _not_found(name)
        return self._store.log([f"tools/{name}", f"proposed/{name}"], trailer=("Tool", name))

    def versions(self, name: str) -> list[Version]:
        """The versions that stood under a name, newest first; none for a name never used.

        Raises:
            ToolNotFound: it is no tool name at all.
        """
        if not TOOL_NAME.fullmatch(name):
            raise _not_found(name)
        found: list[Version] = []
        for commit in self._store.log([f"tools/{name}"]):
            files = self.files(name, commit.sha)
            if files:
                found.append(Version(contents_version(files), commit.sha, commit.time, commit.message))
        return found

    def get_version(self, name: str, rev: str) -> Tool:
        """A version of a tool by its hash, or by a commit's id (or the beginning of either).

        Raises:
            ToolNotFound: there is no such version.
            ToolInvalid: its folder is malformed.
        """
        for version in self.versions(name):
            if len(rev) >= 7 and (version.version.startswith(rev) or version.commit.startswith(rev)):
                standing = self.snapshot().states.tools.get(name)
                stands = standing is not None and standing.version == version.version
                state = standing.state if standing and stands else State.RETIRED
                return from_files(self.files(name, version.commit), name, layer=self.layer, state=state)
        raise ToolNotFound(
            f"Tool {name!r} has no version {rev[:64]!r}.", fix=f"`agentforge tools log {name}` shows all of them."
        )

    def files(self, name: str, rev: str) -> dict[str, bytes]:
        """The files of the folder ``tools/NAME`` at a commit, by name; none where it had none."""
        found = self._store.read_many([f"tools/{name}/{file}" for file in FILES], rev)
        return {path.rpartition("/")[2]: contents for path, contents in found.items()}

    def snapshot(self) -> Snapshot:
        """All of it as it stands at this moment.

        Raises:
            NotARegistry: it is none, or its ``state.toml`` is malformed.
            RegistryError: it is damaged.
        """
        head = self._store.head()
        if self._seen is None or self._seen.head != head:
            self._seen = Snapshot.take(self._store, head, self.layer, self._seen) if head is not None else None
        if self._seen is None and head is None and looks_like_ours(self.path):
            raise damaged(self.path, "its branch main is gone")
        if self._seen is None:
            raise NotARegistry(
                f"{self.path} is a git repository but no registry: it has no {STATE_FILE}.",
                fix="Give the folder of a registry, or move this one away: a new registry is made in its place.",
            )
        return self._seen

    def apply(self, change: Callable[[Snapshot], Change | None], trailers: Mapping[str, Sequence[str]]) -> str | None:
        """Commits what ``change`` makes of the newest snapshot, and returns the commit; None where there was
        nothing to do. What ``change`` raises is raised, and nothing is written.

        Raises:
            RegistryConflict, RegistryError, StorageError: as :func:`agentforge.gitstore.changing.commit_newest`.
        """
        made: list[tuple[Snapshot, Change]] = []

        def make() -> tuple[str, Change] | None:
            snapshot = self.snapshot()
            wanted = change(snapshot)
            if wanted is None:
                return None
            made[:] = [(snapshot, wanted)]
            return snapshot.head, wanted

        commit = commit_newest(self._store, make, trailers, seconds=PATIENCE_SECONDS)
        if commit is not None and self.on_withdrawn is not None:
            (before, done), after = made[0], self.snapshot()
            names = sorted(moved(before, after, done.files))
            if gone := [name for name in names if _is_live(before, name) and not _is_live(after, name)]:
                self.on_withdrawn(gone, after.head)
        return commit


def _is_live(snapshot: Snapshot, name: str) -> bool:
    standing = snapshot.states.tools.get(name)
    return standing is not None and standing.state is State.LIVE


def _empty(path: Path) -> bool:
    """Raises ConfigurationError where even that cannot be seen."""
    try:
        return not path.exists() or (path.is_dir() and not any(path.iterdir()))
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", fix="Correct its permissions, or set AGENTFORGE_HOME."
        ) from error


def _not_found(name: str) -> ToolNotFound:
    return ToolNotFound(f"The registry has no tool named {name[:80]!r}.", fix="`agentforge tools list` shows all.")
