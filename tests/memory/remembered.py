"""What the tests of memory have in common."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from agentforge.gitstore.store import GitStore
from agentforge.memory.entries import Candidate
from agentforge.memory.keeping import Memory, Written

DAY = date(2026, 3, 1)


class Clock:
    """A day that only a test changes."""

    def __init__(self) -> None:
        self.day = DAY

    def __call__(self) -> date:
        return self.day


def new_store(path: Path) -> GitStore:
    """A registry without tools."""
    return GitStore.create(path, {"state.toml": b"format = 1\n"})


def say(memory: Memory, text: str, **facts: object) -> Written:
    """Remembers what nothing speaks against."""
    done = memory.add(Candidate(text, **facts))  # type: ignore[arg-type] -- facts are the fields of a candidate
    assert done.outcome == "accepted", done.why
    assert done.entry is not None
    return done


def texts(memory: Memory) -> set[str]:
    """What is used."""
    return {one.text for one in memory.known().current}
