"""What was typed, found again in the next conversation: without secrets, and for nobody else to read.

What is erased of the sessions (``agentforge sessions delete``) leaves it as well (:mod:`agentforge.cli.typed`).
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import FileHistory

from agentforge.cli.typed import shorten
from agentforge.secrecy import redact

MOST_LINES = 5_000
"""Older ones are dropped when a conversation begins."""


class History(FileHistory):
    """The library's history in a file; ``secrets`` are texts that must never be written, exactly.

    A file that cannot be written is no reason to fall silent: the line is kept for this conversation only.
    """

    def __init__(self, file: Path, secrets: Collection[str] = ()) -> None:
        self._secrets = tuple(secrets)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(0o600)
            shorten(file, MOST_LINES)
        super().__init__(str(file))

    def store_string(self, string: str) -> None:
        """Appends one line, or several that were sent at once."""
        with suppress(OSError):
            super().store_string(redact(string, self._secrets))
