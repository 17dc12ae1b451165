"""Writes objects as git keeps them one by one, without starting it: of a commit that is most of the time."""

from __future__ import annotations

import os
import secrets
import stat
import zlib
from collections.abc import Mapping
from pathlib import Path

from agentforge.gitstore.building import Built


def write_loose(repository: Path, objects: Mapping[str, Built], level: int) -> None:
    """Writes each object that has no file of its own yet, compressed at a ``level`` of zlib's (0 not at all).

    Each is on the disk before it gets its name, as git has it with ``core.fsync``, and may be read and written by
    whom the folder of all objects is open to.

    Raises:
        OSError: the disk is full or may not be written.
    """
    above = repository / "objects"
    mode = stat.S_IMODE(above.stat().st_mode)
    for name, made in objects.items():
        folder = above / name[:2]
        if (folder / name[2:]).exists():
            continue
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
        head = b"%s %d\0" % (made.kind.encode(), len(made.contents))
        _write(folder / name[2:], zlib.compress(head + made.contents, level), mode & 0o444)


def _write(place: Path, contents: bytes, mode: int) -> None:
    draft = place.with_name(f"tmp_obj_{secrets.token_hex(4)}")  # git's own name for one, so that it clears it away
    try:
        with draft.open("xb", buffering=0) as file:
            written = 0
            while written < len(contents):
                written += file.write(contents[written:])
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        draft.rename(place)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
