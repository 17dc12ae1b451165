"""Reading what stands in a repository through one ``git cat-file --batch`` that is kept, so that a look at a file or
a folder starts no process. It is asked by ids, and by paths below a commit or a folder: what it answers never changes.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import IO, TypeAlias, cast

from agentforge.errors import RegistryError
from agentforge.gitstore.process import SECONDS, GitProcess, Lasting

_ASKED_BYTES = 32_768
"""Bytes of names that are asked at once. A pipe holds twice as many, so that nobody waits to write while git waits for
its answers to be read."""
_HEADER = re.compile(rb"[0-9a-f]+ (blob|tree|commit|tag) (\d+)\n")

Found: TypeAlias = tuple[str, bytes]
"""The kind of an object (``blob``, ``tree``, ``commit``, ``tag``) and its contents."""

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
            RegistryError: the repository is damaged, or git did not answer within :data:`SECONDS`.
        """
        with self._lock:
            begun = self._running is None or self._owner != os.getpid()
            found = self._ask(names, begun)
            if found is None and not begun:
                found = self._ask(names, begun=True)  # it was ended from outside, which tells nothing
            if found is None:
                raise RegistryError(f"git cat-file did not answer in {self._git.path}.", fix="Try again.")
            return found

    def close(self) -> None:
        """Ends the process; the next look begins another one."""
        with self._lock:
            self._running = None

    def _ask(self, names: Sequence[str], begun: bool) -> list[Found | None] | None:
        """The answers; None where the process ended without a word (raises RegistryError: it said why)."""
        if begun or self._running is None:
            self._running, self._owner = self._git.lasting("cat-file", "--batch"), os.getpid()
        process = self._running.process
        watch = threading.Timer(SECONDS, process.kill)
        watch.daemon = True
        watch.start()
        try:
            return [found for some in _portions(names) for found in _answers(process, some)]
        except (OSError, EOFError):
            said = self._running.end()
            self._running = None
            if said.strip():
                raise self._git.failure("cat-file", said) from None
            return None
        except BaseException:
            self._running = None  # somebody interrupted: what it still has to say belongs to nobody
            raise
        finally:
            watch.cancel()


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


def _answers(process: subprocess.Popen[bytes], lines: Sequence[bytes]) -> Iterator[Found | None]:
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
        contents = stdout.read(int(told[2]) + 1)
        if len(contents) <= int(told[2]):
            raise EOFError
        yield told[1].decode(), contents[:-1]


def tree_of(contents: bytes, id_bytes: int) -> Iterator[Entry]:
    """What a folder holds, as git keeps it, with ids of so many bytes; other repositories in it are left out."""
    at = 0
    while at < len(contents):
        end = contents.index(b"\0", at)
        mode, _, name = contents[at:end].partition(b" ")
        at = end + 1 + id_bytes
        if mode != b"160000":
            yield name.decode("utf-8", "replace"), mode == b"40000", contents[end + 1 : at].hex()
