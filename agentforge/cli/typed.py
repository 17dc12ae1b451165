"""What somebody typed in ``chat``, as a file of theirs: where it is, what it holds, how it is taken out again."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime
from pathlib import Path

from agentforge.settings import Settings


def history_file(settings: Settings) -> Path:
    """Where it is kept for one user."""
    return settings.home / "history" / settings.org / settings.user


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
    _keep(file, kept)
    return len(lines) - len(kept)


def shorten(file: Path, most: int) -> None:
    """Leaves the newest lines (raises OSError)."""
    lines = read(file)
    if len(lines) > most:
        _keep(file, lines[-most:])


def _keep(file: Path, lines: list[tuple[datetime | None, str]]) -> None:
    """Writes the file anew, whole or not at all."""
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
