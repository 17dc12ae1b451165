"""A clock that is put to other days, for the whole process."""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from agentforge import clock


class MovedClock:
    """A context manager in which it is another time for everything that AgentForge dates: commits, rows, entries.

    From the moment that it was put to, it goes on as the machine's own does. At the end it is as it was before::

        with MovedClock(datetime(2026, 3, 2, 9, tzinfo=UTC)) as clock:
            ...
            clock.put_to(datetime(2026, 3, 3, 9, tzinfo=UTC))
    """

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def put_to(self, moment: datetime) -> None:
        """Lets it be ``moment`` now; raises ValueError where it says no time zone."""
        if moment.tzinfo is None:
            raise ValueError(f"{moment} says no time zone")
        clock.put_ahead(moment - datetime.now(UTC))

    def __enter__(self) -> Self:
        self._before = clock.put_ahead(self._moment - datetime.now(UTC))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        clock.put_ahead(self._before)
