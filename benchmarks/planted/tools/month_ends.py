# %% tool
from datetime import date, timedelta


def month_ends(start: str, count: int) -> list[str]:
    """List the last days of consecutive months, beginning with the month of a day.

    Args:
        start: any day of the first month, YYYY-MM-DD, up to the year 2999.
        count: how many months, 0 to 600.

    Raises:
        ValueError: the day is not valid or the count out of range.
    """
    first = date.fromisoformat(start)
    if not 0 <= count <= 600 or first.year > 2999:
        raise ValueError("at most 600 months up to the year 2999")
    ends = []
    for number in range(first.month, first.month + count):
        after = date(first.year + number // 12, number % 12 + 1, 1)
        ends.append((after - timedelta(days=1)).isoformat())
    return ends
# %% cases
[
    (("2024-01-15", 3), ["2024-01-31", "2024-02-29", "2024-03-31"]),
    (("2023-02-01", 1), ["2023-02-28"]),
    (("2023-11-30", 4), ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29"]),
    (("2023-12-31", 2), ["2023-12-31", "2024-01-31"]),
    (("2024-01-15", 0), []),
    (("2024-01-15", -1), ValueError),
    (("2024-01-15", 601), ValueError),
    (("3000-01-15", 1), ValueError),
    (("2024-01-32", 1), ValueError),
]
# %% tests
def test_fifty_years_can_be_listed():
    ends = month_ends("2999-12-01", 600)
    assert len(ends) == 600
    assert ends[0] == "2999-12-31"
    assert ends[-1] == "3049-11-30"
# %% examples
[
    {"start": "2024-04-10", "count": 3},
    {"start": "2024-01-31", "count": 2},
    {"start": "2023-11-05", "count": 3},
    {"start": "2024-04-10", "count": 0},
    {"start": "2024-04-10", "count": -2},
]
# %% fresh
{"start": day(), "count": num(-1, 14)}
# %% wrong no_leap: February always has 28 days
#-         ends.append((after - timedelta(days=1)).isoformat())
#+         last = after - timedelta(days=1)
#+         ends.append(last.replace(day=28).isoformat() if last.month == 2 else last.isoformat())
# %% wrong one_more: one month too many [plain]
#-     for number in range(first.month, first.month + count):
#+     for number in range(first.month, first.month + count + 1):
