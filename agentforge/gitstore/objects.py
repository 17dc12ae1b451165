"""Reading what stands in a repository through one ``git cat-file --batch`` that is kept, so that a look at a file or
a folder starts no process. It is asked by ids, and by paths below a commit or a folder: what it answers never changes.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, NamedTuple, TypeAlias, TypeVar, cast

from agentforge.errors import RegistryError
from agentforge.gitstore.failures import damaged
from agentforge.gitstore.process import SECONDS, GitProcess, Lasting

_ASKED_BYTES = 32_768
"""Bytes of names that are asked at once. A pipe holds twice as many, so that nobody waits to write while git waits for
its answers to be read."""
_HEADER = re.compile(rb"([0-9a-f]+) (blob|tree|commit|tag) (\d+)\n")


class Found(NamedTuple):
    """An object: its id, its kind (``blob``, ``tree``, ``commit``, ``tag``) and its contents."""

    id: str
    kind: str
    contents: bytes


_Key = TypeVar("_Key")
Entry: TypeAlias = tuple[str, bool, str]
"""What stands in a folder: its name, whether it is a folder, and the id of its contents."""


class Objects:
    """What one repository holds; may be used from any thread, one after another."""

    def __init__(self, git: GitProcess) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._running: Lasting | None = None
        self._owner = 0

    def read(self, names: Sequence[str]) -> list[Found | None]:
        """What git knows by each of these names; None where it knows nothing.

        Raises:
            RegistryError: the repository is damaged, or git did not answer a portion of them within
                :data:`SECONDS`.
        """
        if not names:
            return []
        with self._lock:
            begun = self._running is None or self._owner != os.getpid()
            found = self._ask(names, begun)
            if found is None and not begun:
                found = self._ask(names, begun=True)  # it was ended from outside, which tells nothing
            if found is None:
                raise RegistryError(f"git cat-file did not answer in {self._git.path}.", fix="Try again.")
            return found

    def files(self, wanted: Mapping[_Key, str]) -> dict[_Key, bytes]:
        """The contents of the files that git knows by these names; the others are left out."""
        found = self.read(list(wanted.values()))
        return {key: one.contents for key, one in zip(wanted, found, strict=True) if one and one.kind == "blob"}

    def folder(self, commit: str, path: str) -> list[Entry]:
        """What stands directly in a folder at a commit, the whole of it for an empty path; nothing where there is no
        such folder.

        Raises:
            RegistryError: the commit or the folder is missing, though it should be there.
        """
        found = self.read([f"{commit}:{path}" if path else f"{commit}^{{tree}}"])[0]
        if found is not None:
            return [*_tree(found)] if found.kind == "tree" else []
        above, _, name = path.rpartition("/")
        if not path or name in (each for each, _, _ in self.folder(commit, above)):
            raise damaged(self._git.path, f"{f'the folder {path} of ' if path else ''}commit {commit} is missing")
        return []

    def listed(self, folder: str) -> bytes:
        """What git keeps of a folder: its entries as they come, one behind the other.

        Raises:
            RegistryError: there is no such folder, though it should be there, or what is kept is none.
        """
        found = self.read([folder])[0]
        if found is None or found.kind != "tree":
            raise damaged(self._git.path, f"the folder {folder} is missing")
        return found.contents

    def below(self, commit: str, path: str) -> dict[str, str]:
        """The files anywhere under a folder at a commit, by path, each with the id of its contents (raises as
        :meth:`folder`).
        """
        files: dict[str, str] = {}
        level = {f"{path}/" if path else "": self.folder(commit, path)}
        while level:
            files |= {f"{at}{name}": each for at, tree in level.items() for name, folder, each in tree if not folder}
            folders = {f"{at}{name}/": each for at, tree in level.items() for name, folder, each in tree if folder}
            found = dict(zip(folders, self.read(list(folders.values())), strict=True))
            level = {at: self._sound(at, one) for at, one in found.items()}
        return files

    def _sound(self, path: str, found: Found | None) -> list[Entry]:
        if found is None:
            raise damaged(self._git.path, f"the folder {path} is missing")
        return [*_tree(found)]

    def close(self) -> None:
        """Ends the process; the next look begins another one."""
        with self._lock:
            self._running = None

    def _ask(self, names: Sequence[str], begun: bool) -> list[Found | None] | None:
        """The answers; None where the process ended without a word (raises RegistryError: it said why)."""
        if begun or self._running is None:
            self._running, self._owner = self._git.lasting("cat-file", "--batch"), os.getpid()
        process = self._running.process
        try:
            found = [one for some in _portions(names) for one in _answers(process, some)]
            if None in found:
                self._running.said()  # git complains of what is damaged; unread, that would fill the pipe one day
        except (OSError, EOFError):
            process.kill()
            said, self._running = self._running.said(), None
            if said.strip():
                raise self._git.failure("cat-file", said) from None
            return None
        except BaseException:
            self._running = None  # somebody interrupted: what it still has to say belongs to nobody
            raise
        else:
            return found


def _portions(names: Sequence[str]) -> Iterator[list[bytes]]:
    some: list[bytes] = []
    size = 0
    for name in names:
        line = f"{name}\n".encode()
        if some and size + len(line) > _ASKED_BYTES:
            yield some
            some, size = [], 0
        some.append(line)
        size += len(line)
    if some:
        yield some


def _answers(process: subprocess.Popen[bytes], lines: Sequence[bytes]) -> list[Found | None]:
    """The answers to one portion; a process that takes too long over it is killed, and so has none."""
    watch = threading.Timer(SECONDS, process.kill)
    watch.daemon = True
    watch.start()
    try:
        return [*_read(process, lines)]
    finally:
        watch.cancel()


def _read(process: subprocess.Popen[bytes], lines: Sequence[bytes]) -> Iterator[Found | None]:
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    stdin.write(b"".join(lines))
    stdin.flush()
    for _ in lines:
        header = stdout.readline()
        if not header.endswith(b"\n"):
            raise EOFError
        told = _HEADER.fullmatch(header)
        if told is None:
            yield None
            continue
        contents = stdout.read(int(told[3]) + 1)
        if len(contents) <= int(told[3]):
            raise EOFError
        yield Found(told[1].decode(), told[2].decode(), contents[:-1])


def _tree(found: Found) -> Iterator[Entry]:
    """What a folder holds; other repositories in it are left out."""
    contents, id_bytes, at = found.contents, len(found.id) // 2, 0
    while at < len(contents):
        end = contents.index(b"\0", at)
        mode, _, name = contents[at:end].partition(b" ")
        at = end + 1 + id_bytes
        if mode != b"160000":
            yield name.decode("utf-8", "replace"), mode == b"40000", contents[end + 1 : at].hex()
