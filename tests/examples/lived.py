"""A scripted life for a module's tests: lived once, in a home of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from examples.living import Person

FEW_MUTANTS: dict[str, object] = {"gates.mutants": 6}
"""What a forging tries on a suite, so that the days pass in seconds; all else is as it is set by default."""


@contextmanager
def lived(user: str, folder: Path, days: Sequence[Callable[[Person], None]]) -> Iterator[Person]:
    """The user after these days; her home stays the one of the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTFORGE_HOME", str(folder / "home"))
        desk = folder / "desk"
        desk.mkdir()
        person = Person(user, desk, settings=FEW_MUTANTS)
        with person.clock:
            for number, day in enumerate(days, 1):
                person.wakes(number)
                day(person)
            person.wakes(len(days) + 1)
            yield person


def git(person: Person, *words: str) -> str:
    """What git says in the user's registry."""
    done = subprocess.run(["git", *words], cwd=person.registry, capture_output=True, text=True, check=True)
    return done.stdout
