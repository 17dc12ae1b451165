# %% tool
from datetime import date, timedelta


def notice_end(given: str, weeks: int) -> str:
    """Tell when a contract ends: some weeks after notice was given, then at the end of that month.

    Args:
        given: the day of the notice, YYYY-MM-DD, up to the year 2999.
        weeks: the period of notice, 0 to 520.

    Returns:
        The last day of the contract as YYYY-MM-DD.

    Raises:
        ValueError: the day is not valid or the weeks are out of range.
    """
    day = date.fromisoformat(given)
    if not 0 <= weeks <= 520 or day.year > 2999:
        raise ValueError("0 to 520 weeks from a day up to the year 2999")
    earliest = day + timedelta(weeks=weeks)
    after = date(earliest.year + earliest.month // 12, earliest.month % 12 + 1, 1)
    return (after - timedelta(days=1)).isoformat()
# %% cases
[
    (("2024-01-10", 4), "2024-02-29"),
    (("2024-01-03", 4), "2024-01-31"),
    (("2024-01-04", 4), "2024-02-29"),
    (("2023-01-31", 0), "2023-01-31"),
    (("2024-12-01", 4), "2024-12-31"),
    (("2024-12-15", 4), "2025-01-31"),
    (("2024-11-05", 4), "2024-12-31"),
    (("2024-02-01", 2), "2024-02-29"),
    (("2999-12-31", 520), "3009-12-31"),
    (("2024-01-10", -1), ValueError),
    (("2024-01-10", 521), ValueError),
    (("3000-01-01", 1), ValueError),
    (("2024-01-32", 1), ValueError),
]
# %% examples
[
    {"given": "2024-05-02", "weeks": 4},
    {"given": "2024-05-20", "weeks": 4},
    {"given": "2024-07-15", "weeks": 6},
    {"given": "2024-01-20", "weeks": 3},
    {"given": "2024-01-20", "weeks": -3},
]
# %% fresh
{"given": day(), "weeks": num(-1, 30)}
# %% wrong no_month_end: the contract ends on the very day [plain]
#-     return (after - timedelta(days=1)).isoformat()
#+     return earliest.isoformat()
# %% wrong next_month: December has no next year
#-     after = date(earliest.year + earliest.month // 12, earliest.month % 12 + 1, 1)
#+     after = date(earliest.year, earliest.month % 12 + 1, 1)
