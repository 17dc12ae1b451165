"""Which documents were read from files of this machine, for those who want them read again.

A registry is pushed to and cloned: a path in it is a claim of whoever wrote it there, and the same path may be
another file here. So only what somebody gave on this machine is read again without being given.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agentforge.errors import StorageError


class ReadHere:
    """The ids of documents that were read here, a line each in the file at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ids(self) -> frozenset[str]:
        """All of them; none where the file is gone."""
        try:
            return frozenset(self._path.read_text("ascii", "replace").split())
        except OSError:
            return frozenset()

    def note(self, documents: Iterable[str]) -> None:
        """Adds some.

        Raises:
            StorageError: they cannot be written.
        """
        new = sorted({*documents} - self.ids())
        if not new:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="ascii") as file:
                file.write("".join(f"{one}\n" for one in new))  # one write: other processes may add some too
        except OSError as error:
            raise StorageError(
                f"{self._path} cannot be written: {error.strerror}.", fix="Free some space, or set AGENTFORGE_HOME."
            ) from error
