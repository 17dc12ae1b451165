"""Reads a branch from the files in which git keeps it, so that asking where it stands starts no process.

Git replaces these files whole (it writes a lock file and renames it), and it writes ``packed-refs``
before it removes the loose file: read in this order, what is found was true when it was read.
"""

from __future__ import annotations

import re
from pathlib import Path

_LOOSE = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64})\n?")
_PACKED = rb"^([0-9a-f]{40}|[0-9a-f]{64}) %s$"


def read_ref(repository: Path, ref: str) -> str | None:
    """The id that the bare ``repository`` keeps for ``ref`` (``refs/heads/…``).

    None where the files do not say it, which only git can interpret: there is no such ref, it is a
    symbolic one, the repository keeps its refs otherwise (reftable), or something is damaged.
    """
    loose = _contents(repository / ref)
    if loose is not None:
        found = _LOOSE.fullmatch(loose)
        return found[1].decode() if found else None
    packed = _contents(repository / "packed-refs")
    found = re.search(_PACKED % re.escape(ref).encode(), packed, re.MULTILINE) if packed is not None else None
    return found[1].decode() if found else None


def _contents(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
