"""Regressions in a revocation: those that come from what is revoked are set aside, and put back when it is undone.

An entry comes from its own source (``feedback:CALL``, ``judge:CALL``), and from the sources and episodes that are
named by the commits which kept it. Meanwhile it lies in ``revoked/regressions/NAME.jsonl``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agentforge.errors import RegistryError
from agentforge.gitstore.store import GitStore
from agentforge.registry.lineage import Node
from agentforge.registry.revoked import Aside
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.untried import aside_path, parsed, path_of, written
from agentforge.types import TOOL_NAME, Example


def key_of(name: str, source: str) -> str:
    """How ``revoked.toml`` calls an entry."""
    return f"{name}/{source}"


@dataclass(slots=True)
class Entries:
    """The regressions of a snapshot in the making of a change: those in force, and those set aside."""

    snapshot: Snapshot
    aside: dict[str, Aside]
    moved: list[str] = field(default_factory=lambda: [])
    kept: list[str] = field(default_factory=lambda: [])
    _files: dict[str, tuple[Example, ...]] = field(default_factory=lambda: {})

    def take(self, store: GitStore, roots: frozenset[Node], revocation: str) -> None:
        """Sets aside what comes from ``roots``. A file that is malformed is told and left: nothing can use it."""
        for name in _names(self.snapshot):
            origins = _origins(store, name)
            for place in (path_of(name), aside_path(name)):
                try:
                    entries = self._read(place)
                except RegistryError as error:
                    self.kept.append(error.message)
                    continue
                for example in entries:
                    if {Node("source", example.source), *origins.get(example.source, ())} & roots:
                        self._hold(name, example, revocation, in_force=place == path_of(name))

    def give_back(self, revocation: str) -> None:
        """Puts back what this revocation alone holds, in the order in which it was set aside."""
        for key, held in [*self.aside.items()]:
            if revocation not in held.by:
                continue
            rest = tuple(other for other in held.by if other != revocation)
            if rest:
                self.aside[key] = held.model_copy(update={"by": rest})
                self.kept.append(f"the regression {key} stays withdrawn for {', '.join(rest)}")
                continue
            del self.aside[key]
            self._put_back(key)

    @property
    def files(self) -> Mapping[str, bytes | None]:
        """The files that change."""
        return {path: written(entries) for path, entries in self._files.items() if entries != self._stored(path)}

    def _hold(self, name: str, example: Example, revocation: str, *, in_force: bool) -> None:
        key = key_of(name, example.source)
        held = self.aside.get(key, Aside())
        if revocation not in held.by:
            self.aside[key] = held.model_copy(update={"by": (*held.by, revocation)})
        if in_force:
            self._files[path_of(name)] = _without(self._read(path_of(name)), example.source)
            self._files[aside_path(name)] = (*_without(self._read(aside_path(name)), example.source), example)
            self.moved.append(key)

    def _put_back(self, key: str) -> None:
        name, _, source = key.partition("/")
        found = [one for one in self._read(aside_path(name)) if one.source == source]
        if not found:
            self.kept.append(f"the regression {key} was withdrawn since")
            return
        self._files[aside_path(name)] = _without(self._read(aside_path(name)), source)
        if any(one.source == source for one in self._read(path_of(name))):
            self.kept.append(f"the regression {key} was changed since: another one from there is kept")
            return
        self._files[path_of(name)] = (*self._read(path_of(name)), *found)
        self.moved.append(key)

    def _read(self, path: str) -> tuple[Example, ...]:
        if path not in self._files:
            self._files[path] = self._stored(path)
        return self._files[path]

    def _stored(self, path: str) -> tuple[Example, ...]:
        return parsed(self.snapshot.read(path), path)


def entries_in_force(snapshot: Snapshot, store: GitStore) -> Iterator[tuple[str, frozenset[Node]]]:
    """Every regression that is asked for, and what it comes from (raises RegistryError: a file is malformed)."""
    for name in _names(snapshot):
        origins = _origins(store, name)
        for example in parsed(snapshot.read(path_of(name)), path_of(name)):
            known = origins.get(example.source, frozenset())
            yield key_of(name, example.source), frozenset({Node("source", example.source), *known})


def _without(entries: tuple[Example, ...], source: str) -> tuple[Example, ...]:
    return tuple(one for one in entries if one.source != source)


def _names(snapshot: Snapshot) -> Iterator[str]:
    """The names of which anything is kept, or was set aside, sorted."""
    found = {path.removesuffix(".jsonl").rpartition("/")[2] for path in snapshot.regressions}
    return iter(sorted(name for name in found if TOOL_NAME.fullmatch(name)))


def _origins(store: GitStore, name: str) -> dict[str, frozenset[Node]]:
    """Source of an entry → the sources and episodes that commits name which kept an entry of that call."""
    found: dict[str, frozenset[Node]] = {}
    for commit in store.log([path_of(name)]):
        named = {
            *(Node("source", source) for source in commit.trailers.get("Source", ())),
            *(Node("episode", episode) for episode in commit.trailers.get("Episode", ())),
        }
        for source in commit.trailers.get("Source", ()):
            for kind in ("feedback", "judge"):
                key = f"{kind}:{source.partition(':')[2]}"
                found[key] = found.get(key, frozenset()) | named
    return found
