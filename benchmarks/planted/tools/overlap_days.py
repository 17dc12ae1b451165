# %% tool
from datetime import date


def overlap_days(first_start: str, first_end: str, second_start: str, second_end: str) -> int:
    """Count the days that two periods have in common; both ends of a period belong to it.

    Args:
        first_start: first day of the first period, YYYY-MM-DD.
        first_end: its last day.
        second_start: first day of the second period.
        second_end: its last day.

    Returns:
        The number of common days, 0 where there is none.

    Raises:
        ValueError: a day is not valid, or a period ends before it starts.
    """
    a, b = date.fromisoformat(first_start), date.fromisoformat(first_end)
    c, d = date.fromisoformat(second_start), date.fromisoformat(second_end)
    if b < a or d < c:
        raise ValueError("a period ends before it starts")
    return max(0, (min(b, d) - max(a, c)).days + 1)
# %% cases
[
    (("2024-01-01", "2024-01-10", "2024-01-05", "2024-01-20"), 6),
    (("2024-01-05", "2024-01-20", "2024-01-01", "2024-01-10"), 6),
    (("2024-01-01", "2024-01-31", "2024-01-10", "2024-01-12"), 3),
    (("2024-01-10", "2024-01-12", "2024-01-01", "2024-01-31"), 3),
    (("2024-01-01", "2024-01-10", "2024-01-10", "2024-01-20"), 1),
    (("2024-01-01", "2024-01-10", "2024-01-11", "2024-01-20"), 0),
    (("2024-01-01", "2024-01-10", "2024-03-11", "2024-03-20"), 0),
    (("2024-03-11", "2024-03-20", "2024-01-01", "2024-01-10"), 0),
    (("2024-01-01", "2024-01-01", "2024-01-01", "2024-01-01"), 1),
    (("2024-01-02", "2024-01-01", "2024-01-01", "2024-01-05"), ValueError),
    (("2024-01-01", "2024-01-05", "2024-01-02", "2024-01-01"), ValueError),
    (("x", "2024-01-05", "2024-01-02", "2024-01-03"), ValueError),
]
# %% examples
[
    {"first_start": "2024-06-01", "first_end": "2024-06-15", "second_start": "2024-06-10", "second_end": "2024-06-30"},
    {"first_start": "2024-06-01", "first_end": "2024-06-30", "second_start": "2024-06-10", "second_end": "2024-06-12"},
    {"first_start": "2024-06-01", "first_end": "2024-06-05", "second_start": "2024-06-05", "second_end": "2024-06-09"},
    {"first_start": "2024-06-01", "first_end": "2024-06-05", "second_start": "2024-06-06", "second_end": "2024-06-09"},
    {"first_start": "2024-06-05", "first_end": "2024-06-01", "second_start": "2024-06-06", "second_end": "2024-06-09"},
]
# %% fresh
(lambda a, c: {"first_start": a, "first_end": later(a, -1, 30), "second_start": c, "second_end": later(c, -1, 30)})(day(2024, 2024, 60), day(2024, 2024, 60))
# %% wrong negative: periods apart have a negative number of days in common
#-     return max(0, (min(b, d) - max(a, c)).days + 1)
#+     return (min(b, d) - max(a, c)).days + 1
# %% wrong order: the second period is taken to begin later
#-     return max(0, (min(b, d) - max(a, c)).days + 1)
#+     return max(0, (min(b, d) - c).days + 1)
