"""Memory of two histories made one: entries by their ids."""

from __future__ import annotations

from agentforge.gitstore.threefold import threefold
from agentforge.memory.files import TEXTS, Tables, is_ours, read_tables, write_tables


def is_tables(path: str) -> bool:
    """Whether a path is a file of entries."""
    return is_ours(path) and path not in TEXTS


def merge_entries(
    path: str, base: bytes | None, ours: bytes | None, theirs: bytes | None
) -> tuple[bytes | None, list[str]]:
    """A file of entries with what the other side added, changed or removed since ``base``; of an entry that both
    changed ours stays, and its id is told.

    Raises:
        ValueError: one of them is malformed.
    """
    none: Tables = {}
    before, mine, other = (read_tables(path, each) if each is not None else none for each in (base, ours, theirs))
    merged, disputed = threefold(before, mine, other)
    return write_tables(path, merged), disputed
