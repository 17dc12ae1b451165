"""What a registry holds beside its tools, made one: memory, documents, locked packages, workflow files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentforge.errors import RemoteRefused
from agentforge.gitstore.store import GitStore
from agentforge.gitstore.threefold import threefold
from agentforge.memory.merging import is_tables, merge_entries

_OF_TOOLS = ("tools/", "proposed/", "revoked/", "regressions/", "state/")
_TOLD_OF_TOOLS = ("state.toml", "revoked.toml")


@dataclass(frozen=True, slots=True)
class Others:
    """``files`` are what changes against ours, ``took`` what was taken, ``told`` what was left as it is, and why."""

    files: Mapping[str, bytes | None]
    took: tuple[str, ...]
    told: tuple[str, ...]


def merge_others(store: GitStore, base: str, ours: str, theirs: str) -> Others:
    """The merge of three commits; ``base`` is empty where they have nothing in common. Entries of memory are merged
    one by one, a document as a whole, everything else file by file; what both changed stays as it is here.

    Raises:
        RemoteRefused: a file of memory of theirs is malformed.
    """
    before, mine, other = (_parts(store, rev) for rev in (base, ours, theirs))
    merged, disputed = threefold(before, mine, other)
    files: dict[str, bytes | None] = {}
    took, told = set[str](), list[str]()
    for part in [*(part for part in merged if merged[part] != mine.get(part)), *(set(mine) - set(merged))]:
        old, new = mine.get(part, {}), merged.get(part, {})
        files |= {path: None for path in old if path not in new}
        files |= store.read_many([path for path, each in new.items() if old.get(path) != each], theirs)
        took.add(part)
    for part in disputed:
        if not is_tables(part):
            told.append(f"{part} was changed on both sides: yours stands, theirs is in the history")
            continue
        contents = (store.read(part, rev) if rev else None for rev in (base, ours, theirs))
        try:
            text, entries = merge_entries(part, *contents)
        except ValueError as error:
            raise RemoteRefused(f"{part} on the remote is malformed: {error}.") from error
        told += [f"{entry} in {part} was changed on both sides: yours stands" for entry in entries]
        if text != store.read(part, ours):
            files[part] = text
            took.add(part)
    return Others(files, tuple(sorted(took)), tuple(told))


def _parts(store: GitStore, rev: str) -> dict[str, dict[str, str]]:
    """The files that are of no tool, put together that belong together: path → id of the contents."""
    found: dict[str, dict[str, str]] = {}
    for path, each in _files(store, rev):
        whole = "/".join(path.split("/")[:3]) if path.startswith("memory/documents/") else path
        found.setdefault(whole, {})[path] = each
    return found


def _files(store: GitStore, rev: str) -> Iterable[tuple[str, str]]:
    for top, each in store.roots(rev).items() if rev else ():
        if f"{top}/" not in _OF_TOOLS and top not in _TOLD_OF_TOOLS:
            below = store.entries(top, rev)
            yield from below.items() if below else [(top, each)]
