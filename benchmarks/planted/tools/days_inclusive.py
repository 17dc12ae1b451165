# %% tool
from datetime import date


def days_inclusive(start: str, end: str) -> int:
    """Count the days of a stay or project, with its first and its last day.

    Args:
        start: first day, YYYY-MM-DD.
        end: last day, YYYY-MM-DD.

    Raises:
        ValueError: a day is not valid, or the end lies before the start.
    """
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    if last < first:
        raise ValueError("the end lies before the start")
    return (last - first).days + 1
# %% cases
[
    (("2024-03-01", "2024-03-01"), 1),
    (("2024-03-01", "2024-03-02"), 2),
    (("2024-02-27", "2024-03-01"), 4),
    (("2023-02-27", "2023-03-01"), 3),
    (("2023-12-30", "2024-01-02"), 4),
    (("2024-01-01", "2024-12-31"), 366),
    (("2024-03-02", "2024-03-01"), ValueError),
    (("2024-02-30", "2024-03-01"), ValueError),
    (("", "2024-03-01"), ValueError),
]
# %% examples
[
    {"start": "2024-05-06", "end": "2024-05-10"},
    {"start": "2024-05-06", "end": "2024-05-06"},
    {"start": "2023-12-30", "end": "2024-01-02"},
    {"start": "2023-02-20", "end": "2023-03-05"},
    {"start": "2024-05-06", "end": "2024-05-01"},
]
# %% fresh
(lambda one: {"start": one, "end": later(one, -20, 400)})(day())
# %% wrong off_by_one: the last day is not counted [plain]
#-     return (last - first).days + 1
#+     return (last - first).days
# %% wrong swapped: a stay that ends before it begins is turned round instead of refused
#-     if last < first:
#-         raise ValueError("the end lies before the start")
#-     return (last - first).days + 1
#+     return abs((last - first).days) + 1
# %% wrong thirty_days: months are taken to have thirty days
#-     return (last - first).days + 1
#+     return (last.year - first.year) * 360 + (last.month - first.month) * 30 + last.day - first.day + 1
