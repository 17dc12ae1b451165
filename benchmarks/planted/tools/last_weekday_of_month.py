# %% tool
from datetime import date, timedelta
from typing import Literal

_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def last_weekday_of_month(
    year: int, month: int, weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
) -> str:
    """Find the last Monday, Tuesday, ... of a month, for meetings that are held then.

    Args:
        year: from 1900 to 2999.
        month: from 1 to 12.
        weekday: the English name of the day in lower case.

    Returns:
        The day as YYYY-MM-DD.

    Raises:
        ValueError: year, month or weekday is out of range.
    """
    if not 1900 <= year <= 2999 or not 1 <= month <= 12 or weekday not in _DAYS:
        raise ValueError("year, month or weekday is out of range")
    after = date(year + month // 12, month % 12 + 1, 1)
    last = after - timedelta(days=1)
    back = (last.weekday() - _DAYS.index(weekday)) % 7
    return (last - timedelta(days=back)).isoformat()
# %% cases
[
    ((2024, 1, "wednesday"), "2024-01-31"),
    ((2024, 1, "thursday"), "2024-01-25"),
    ((2024, 2, "thursday"), "2024-02-29"),
    ((2023, 2, "tuesday"), "2023-02-28"),
    ((2024, 12, "tuesday"), "2024-12-31"),
    ((2024, 12, "monday"), "2024-12-30"),
    ((2024, 12, "sunday"), "2024-12-29"),
    ((2024, 11, "friday"), "2024-11-29"),
    ((1900, 1, "saturday"), "1900-01-27"),
    ((2999, 12, "monday"), "2999-12-30"),
    ((2024, 0, "monday"), ValueError),
    ((2024, 13, "monday"), ValueError),
    ((1899, 5, "monday"), ValueError),
    ((3000, 5, "monday"), ValueError),
]
# %% examples
[
    {"year": 2024, "month": 5, "weekday": "friday"},
    {"year": 2024, "month": 2, "weekday": "thursday"},
    {"year": 2024, "month": 6, "weekday": "monday"},
    {"year": 2025, "month": 8, "weekday": "sunday"},
]
# %% fresh
{"year": num(1950, 2100), "month": num(1, 12), "weekday": pick("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}
# %% wrong december: December asks for a thirteenth month
#-     after = date(year + month // 12, month % 12 + 1, 1)
#+     after = date(year, month + 1, 1)
# %% wrong fourth: the fourth one is taken for the last
#-     return (last - timedelta(days=back)).isoformat()
#+     first = date(year, month, 1)
#+     ahead = (_DAYS.index(weekday) - first.weekday()) % 7
#+     return (first + timedelta(days=ahead + 21)).isoformat()
