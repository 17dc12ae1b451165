"""What somebody typed in ``chat``, so that the next conversation finds it again: a file of theirs, without secrets.

Nobody else may read it, and what is erased of the sessions (``agentforge sessions delete``) leaves it as well.
"""

from __future__ import annotations

from collections.abc import Collection, Container
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from prompt_toolkit.history import FileHistory

from agentforge.secrecy import redact
from agentforge.settings import Settings

MOST_LINES = 5_000
"""Older ones are dropped when a conversation begins."""


def history_file(settings: Settings) -> Path:
    """Where it is kept for one user."""
    return settings.home / "history" / settings.org / settings.user


class History(FileHistory):
    """The library's history in a file; ``secrets`` are texts that must never be written, exactly.

    A file that cannot be written is no reason to fall silent: the line is kept for this conversation only.
    """

    def __init__(self, file: Path, secrets: Collection[str] = ()) -> None:
        self._secrets = tuple(secrets)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(0o600)
            _keep(file, [*read(file)][-MOST_LINES:], only_if_fewer=True)
        super().__init__(str(file))

    def store_string(self, string: str) -> None:
        """Appends one line, or several that were sent at once."""
        with suppress(OSError):
            super().store_string(redact(string, self._secrets))


def read(file: Path) -> list[tuple[datetime | None, str]]:
    """What stands in such a file, oldest first: when it was typed, and what.

    Raises:
        OSError: it cannot be read.
    """
    found: list[tuple[datetime | None, str]] = []
    when: datetime | None = None
    lines: list[str] = []
    for line in [*file.read_text("utf-8", errors="replace").splitlines(), ""]:
        if line.startswith("+"):
            lines.append(line[1:])
            continue
        if lines:
            found.append((when, "\n".join(lines)))
            lines = []
        if line.startswith("# "):
            when = _moment(line[2:])
    return found


def erase(file: Path, *, said: Container[str] = (), before: datetime | None = None, everything: bool = False) -> int:
    """Takes out what is in ``said``, what was typed before a time, or everything; returns how many went.

    Raises:
        OSError: the file cannot be written.
    """
    if not file.exists():
        return 0
    lines = read(file)
    if everything:
        file.unlink()
        return len(lines)
    kept = [
        (when, text)
        for when, text in lines
        if text not in said and not (before is not None and when is not None and when < before)
    ]
    _keep(file, kept, only_if_fewer=False)
    return len(lines) - len(kept)


def _keep(file: Path, lines: list[tuple[datetime | None, str]], *, only_if_fewer: bool) -> None:
    """Writes the file anew, whole or not at all."""
    if only_if_fewer and len(read(file)) <= len(lines):
        return
    fresh = file.with_name(f"{file.name}.new")
    fresh.touch(0o600)
    with fresh.open("w", encoding="utf-8") as out:
        for when, text in lines:
            stamp = "" if when is None else f"# {when.astimezone().replace(tzinfo=None)}\n"
            out.write(f"\n{stamp}" + "".join(f"+{line}\n" for line in text.split("\n")))
    fresh.replace(file)


def _moment(text: str) -> datetime | None:
    """The library writes local times without a zone."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except ValueError:
        return None
