"""How well the agent does over time, from a program: ``forge.learning``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from agentforge import clock
from agentforge.api.opened import Opened
from agentforge.errors import UsageError
from agentforge.settings import Settings
from agentforge.types import Usage

if TYPE_CHECKING:
    from agentforge.memory.measures import Day

Step: TypeAlias = Literal["day", "week", "month"]
PERIODS: Final[Mapping[Step, int]] = {"day": 14, "week": 12, "month": 12}
"""So many are told of each."""


@dataclass(frozen=True, slots=True)
class Period:
    """One day, week (from Monday) or month, by its first day; all is counted, nothing estimated.

    ``answers`` of ``turns`` that ended were completed; of these ``reused`` needed a tool that was there before, and
    ``used`` any. ``right`` and ``wrong`` are answers of which the user said so. ``wrong_calls`` are calls of tools
    that gave something wrong. ``tokens`` were sent and generated, ``usd`` is what they cost by the prices in the
    settings, None where an endpoint has none.
    """

    begins: date
    turns: int
    answers: int
    used: int
    reused: int
    made: int
    right: int
    wrong: int
    wrong_calls: int
    tokens: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Measures:
    """The newest periods, oldest first; ``wrong_tools`` are the tools with the most wrong calls in them."""

    step: Step
    periods: tuple[Period, ...]
    wrong_tools: tuple[tuple[str, int], ...]
    unpriced: tuple[str, ...]


class Learning:
    """What is recorded of one user's agent, in numbers. Made by ``Forge.learning``; it blocks."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings

    def measures(self, step: Step | None = None) -> Measures:
        """The newest :data:`PERIODS`; by default days where the first turn is less than three weeks ago, else weeks
        (raises StorageError).
        """
        from agentforge.memory.measures import days, first_day

        owner = {"org": self._settings.org, "user": self._opened.owner}
        rows, today = self._opened.rows(), clock.now().date()
        if step is None:
            first = first_day(rows, **owner)
            step = "week" if first and date.fromisoformat(first) <= today - timedelta(weeks=3) else "day"
        begins = _begins(step, today)
        found = days(rows, **owner, since=begins[0].isoformat())
        unpriced = sorted({one for day in found.values() for one in day.spent if self._cost(one, Usage()) is None})
        wrong = Counter[str]()
        for day in found.values():
            wrong.update(day.wrong)
        ends = [*begins[1:], date.max]
        periods = [
            self._period(begin, [day for key, day in found.items() if begin <= date.fromisoformat(key) < end])
            for begin, end in zip(begins, ends, strict=True)
        ]
        return Measures(step, tuple(periods), tuple(wrong.most_common(10)), tuple(unpriced))

    def cost(self, spent: Iterable[tuple[str, Usage]]) -> float | None:
        """What so much of each endpoint, by its name, costs in US dollars; None where one has no price."""
        costs = [self._cost(endpoint, usage) for endpoint, usage in spent]
        return None if None in costs else sum(one for one in costs if one is not None)

    def _cost(self, endpoint: str, usage: Usage) -> float | None:
        from agentforge.models.limited import cost

        with suppress(UsageError, KeyError):
            return cost(usage, self._settings.endpoints[endpoint])
        return None

    def _period(self, begins: date, days: list[Day]) -> Period:
        spent = [(endpoint, usage) for day in days for endpoint, usage in day.spent.items()]
        return Period(
            begins=begins,
            turns=sum(day.turns.total() for day in days),
            answers=sum(day.turns["completed"] for day in days),
            used=sum(day.used for day in days),
            reused=sum(day.reused for day in days),
            made=sum(day.made for day in days),
            right=sum(day.words["right"] for day in days),
            wrong=sum(day.words["wrong"] for day in days),
            wrong_calls=sum(day.wrong.total() for day in days),
            tokens=sum(usage.input_tokens + usage.output_tokens for _, usage in spent),
            usd=self.cost(spent),
        )


def _begins(step: Step, today: date) -> list[date]:
    """The first days of the newest periods, oldest first."""
    many = PERIODS[step]
    if step == "month":
        months = [today.year * 12 + today.month - 1 - back for back in reversed(range(many))]
        return [date(month // 12, month % 12 + 1, 1) for month in months]
    last = today if step == "day" else today - timedelta(days=today.weekday())
    return [last - timedelta(days=(1 if step == "day" else 7) * back) for back in reversed(range(many))]
