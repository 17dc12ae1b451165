"""The objects of one commit, made from its changes and from the folders of the commit before it.

Only folders above a change are read and written. One of thousands of entries is cut into these and put together again,
which takes a millisecond or two; what an entry says is looked at only where the search for a name leads to it.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from agentforge.errors import RegistryError
from agentforge.gitstore.saying import AUTHOR, check_path

_SHA1_CHARS = 40
_KINDS = {"commit": 1, "tree": 2, "blob": 3}
"""The kinds of objects, each with its number in a pack."""
_FILE, _FOLDER = b"100644", b"40000"


class Built(NamedTuple):
    """An object that is to be written: its kind (``blob``, ``tree``, ``commit``) and its contents."""

    kind: str
    contents: bytes


@dataclass(slots=True)
class _Node:
    """What becomes of one path: whether a ``file``, or nothing, takes its place, and what changes below it."""

    replaced: bool = False
    file: bytes | None = None
    below: dict[bytes, _Node] = field(default_factory=lambda: {})


class Building:
    """Makes the objects of one commit on top of the commit ``parent`` (empty for a first one).

    ``folder`` gives the contents of a folder by its id, or by ``COMMIT^{tree}``, and raises where it is damaged.
    """

    def __init__(self, folder: Callable[[str], bytes], parent: str = "") -> None:
        self._folder = folder
        self._parent = parent
        self._digest = hashlib.sha1 if len(parent) in (0, _SHA1_CHARS) else hashlib.sha256
        self._id_bytes = self._digest(usedforsecurity=False).digest_size
        self._entry = re.compile(rb"[0-7]+ [^\0]+\0[\s\S]{%d}" % self._id_bytes)
        self.objects: dict[str, Built] = {}

    def commit(self, changes: Mapping[str, bytes | None], *, text: bytes, time: int) -> str:
        """The id of the commit with these changes (None deletes a path and all below it); a folder in which nothing is
        left goes as well. ``text`` is its message, ``time`` in seconds since 1970, UTC.

        Raises:
            ValueError: a path is not allowed, or there is no change.
            RegistryError: a folder is damaged.
        """
        if not changes:
            raise ValueError("a commit needs at least one change")
        root = f"{self._parent}^{{tree}}" if self._parent else ""
        tree = self._changed(root, _nested(changes)) or self._made("tree", b"")
        parent = f"parent {self._parent}\n" if self._parent else ""
        by = f"{AUTHOR} {time} +0000"
        return self._made("commit", f"tree {tree}\n{parent}author {by}\ncommitter {by}\n\n".encode() + text)

    def pack(self) -> bytes:
        """All that was made as one pack."""
        parts = [struct.pack(">4sLL", b"PACK", 2, len(self.objects))]
        for made in self.objects.values():
            parts += [_header(made), zlib.compress(made.contents)]
        pack = b"".join(parts)
        return pack + self._digest(pack, usedforsecurity=False).digest()

    def longest(self) -> int:
        """The bytes of the longest list of a folder that was made."""
        return max((len(made.contents) for made in self.objects.values() if made.kind == "tree"), default=0)

    def _changed(self, folder: str, node: _Node) -> str:
        """The id of a folder after the changes below it; empty where nothing stands there, before or after them."""
        entries = self._cut(folder)
        for name, below in sorted(node.below.items()):
            if new := self._line(name, self._taken(entries, name), below):
                entries.insert(self._place(entries, self._key(new)), new)
        return self._made("tree", b"".join(entries)) if entries else ""

    def _line(self, name: bytes, old: bytes, node: _Node) -> bytes:
        """The entry that stands for ``name`` from now on, in the place of the ``old`` one; empty for none."""
        plain = b"" if node.replaced else old
        if node.file is not None:
            plain = self._named(_FILE, name, self._made("blob", node.file))
        if not node.below:
            return plain
        folder = self._id(old) if old.startswith(_FOLDER + b" ") and not node.replaced else ""
        if made := self._changed(folder, node):
            return self._named(_FOLDER, name, made)
        return b"" if folder else plain

    def _cut(self, folder: str) -> list[bytes]:
        """The entries of a folder."""
        contents = self._folder(folder) if folder else b""
        entries: list[bytes] = self._entry.findall(contents)
        if sum(map(len, entries)) != len(contents):
            raise RegistryError(
                f"The registry is damaged: {folder} is no list of a folder.",
                fix="`agentforge doctor` tells more; restore the registry from a copy.",
            )
        return entries

    def _taken(self, entries: list[bytes], name: bytes) -> bytes:
        """Takes the entry of ``name`` out, be it a file or a folder; empty where there is none."""
        for key in (name, name + b"/"):
            at = self._place(entries, key)
            if at < len(entries) and self._key(entries[at]) == key:
                return entries.pop(at)
        return b""

    def _place(self, entries: list[bytes], key: bytes) -> int:
        return bisect_left(entries, key, key=self._key)

    def _key(self, entry: bytes) -> bytes:
        """By what git sorts a folder: folders stand where their names would with a slash."""
        mode, _, name = entry[: -self._id_bytes - 1].partition(b" ")
        return name + b"/" if mode == _FOLDER else name

    def _id(self, entry: bytes) -> str:
        return entry[-self._id_bytes :].hex()

    def _named(self, mode: bytes, name: bytes, made: str) -> bytes:
        return b"%s %s\0%s" % (mode, name, bytes.fromhex(made))

    def _made(self, kind: str, contents: bytes) -> str:
        head = b"%s %d\0" % (kind.encode(), len(contents))
        name = self._digest(head + contents, usedforsecurity=False).hexdigest()
        self.objects[name] = Built(kind, contents)
        return name


def _nested(changes: Mapping[str, bytes | None]) -> _Node:
    """The changes as a tree; what is said of a folder comes before what is said of things in it.

    Raises:
        ValueError: a path is not allowed.
    """
    root = _Node()
    for path, contents in sorted(changes.items()):
        check_path(path)
        node = root
        for part in path.encode().split(b"/"):
            node = node.below.setdefault(part, _Node())
        node.replaced, node.file = True, contents
    return root


def _header(made: Built) -> bytes:
    """The kind and the size of an object in a pack: 4 bits of the size, then 7 in each further byte."""
    return bytes(_sizes(_KINDS[made.kind] << 4, len(made.contents)))


def _sizes(kind: int, size: int) -> Iterator[int]:
    first, size = kind | size & 15, size >> 4
    while size:
        yield first | 128
        first, size = size & 127, size >> 7
    yield first
