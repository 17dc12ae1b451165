# %% tool
import re
from datetime import date


def quarter_of(day: str, first_month: int = 1) -> str:
    """Name the quarter of the business year in which a day lies, such as 2024-Q1.

    A business year is named after the calendar year in which it begins.

    Args:
        day: YYYY-MM-DD.
        first_month: the month in which the business year begins, 1 to 12.

    Raises:
        ValueError: the day is not valid or the month is not from 1 to 12.
    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) or not 1 <= first_month <= 12:
        raise ValueError("a day as YYYY-MM-DD and a month from 1 to 12 are needed")
    found = date.fromisoformat(day)
    months = found.month - first_month
    year = found.year if months >= 0 else found.year - 1
    return f"{year:04d}-Q{months % 12 // 3 + 1}"
# %% cases
[
    (("2024-01-01",), "2024-Q1"),
    (("2024-03-31",), "2024-Q1"),
    (("2024-04-01",), "2024-Q2"),
    (("2024-09-30",), "2024-Q3"),
    (("2024-12-31",), "2024-Q4"),
    (("2024-03-31", 4), "2023-Q4"),
    (("2024-04-01", 4), "2024-Q1"),
    (("2024-01-15", 10), "2023-Q2"),
    (("2024-10-01", 10), "2024-Q1"),
    (("2024-12-01", 12), "2024-Q1"),
    (("2024-11-30", 12), "2023-Q4"),
    (("0007-02-01", 3), "0006-Q4"),
    (("2024-13-01",), ValueError),
    (("2024-1-1",), ValueError),
    (("2024-01-01", 0), ValueError),
    (("2024-01-01", 13), ValueError),
]
# %% examples
[
    {"day": "2024-02-29"},
    {"day": "2024-07-01"},
    {"day": "2024-12-31", "first_month": 1},
    {"day": "2024-05-02", "first_month": 4},
    {"day": "2024-02-10", "first_month": 4},
    {"day": "2024-02-30"},
]
# %% fresh
{"day": day(), "first_month": num(1, 12)}
# %% wrong year_of_day: the year is always that of the day
#-     year = found.year if months >= 0 else found.year - 1
#+     year = found.year
# %% wrong fixed_start: only calendar years work
#-     months = found.month - first_month
#+     months = found.month - 1
