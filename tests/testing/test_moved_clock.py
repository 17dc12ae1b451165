"""Another day for everything that is dated, and the machine's own time again afterwards."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from agentforge import Forge, clock
from agentforge.testing import MovedClock, ScriptedModel

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROOM = Path(clock.__file__).parent
OWN_CLOCK = re.compile(r"datetime\.now\(|date\.today\(|utcnow\(")


async def test_commits_entries_and_sessions_are_of_the_day_that_it_was_put_to() -> None:
    with MovedClock(MONDAY) as moved:
        async with Forge(user="ada", models=ScriptedModel(["Noted."])) as forge:
            forge.memory.add("I live in Paris")
            moved.put_to(MONDAY + timedelta(days=3))
            forge.memory.add("I own a boat")
            assert [commit.time.date() for commit in forge.log()] == [
                date(2026, 3, 5),
                date(2026, 3, 2),
                date(2026, 3, 2),
            ]
            assert {entry.created for entry in forge.memory.list()} == {date(2026, 3, 2), date(2026, 3, 5)}
            episodes = await forge._opened().the_episodes()
            assert episodes.load(episodes.start("Hello")).created.startswith("2026-03-05T09:")


def test_it_goes_on_from_there_and_afterwards_it_is_what_it_was() -> None:
    before = clock.now()
    with MovedClock(MONDAY):
        first = clock.now()
        assert MONDAY <= first <= clock.now() < MONDAY + timedelta(minutes=1)
    assert before <= clock.now() < before + timedelta(minutes=1)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with MovedClock(MONDAY) as moved, pytest.raises(ValueError, match="no time zone"):
        moved.put_to(datetime(2026, 3, 2, 9))


def test_nothing_else_reads_the_time_of_day() -> None:
    own = {ROOM / "clock.py", ROOM / "testing" / "clock.py"}
    found = [path.name for path in ROOM.rglob("*.py") if path not in own and OWN_CLOCK.search(path.read_text("utf-8"))]
    assert found == []
