"""The time of day, read in one place: what is dated anywhere (commits, rows, entries, events) asks here.

Tests and replays put another time in its place (:class:`agentforge.testing.MovedClock`), so that days pass in seconds.
What measures how long something takes, or how old a file is, reads the machine's own clocks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_ahead = timedelta()


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC) + _ahead


def put_ahead(by: timedelta) -> timedelta:
    """Lets :func:`now` be ``by`` ahead of the machine's clock, for the whole process; returns what it was before."""
    global _ahead
    before, _ahead = _ahead, by
    return before
