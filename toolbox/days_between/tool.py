import re
from datetime import date as Date


def days_between(start: str, end: str) -> int:
    """Count the calendar days from one date to another.

    The start is not counted and the end is, so that consecutive days are 1 apart and a date is 0
    away from itself.

    Args:
        start: a day as YYYY-MM-DD.
        end: a day as YYYY-MM-DD.

    Returns:
        Number of days; negative if end lies before start.

    Raises:
        ValueError: start or end is no valid YYYY-MM-DD.
    """
    return (_day(end) - _day(start)).days


def _day(text: str) -> Date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(f"{text!r} is not a date of the form YYYY-MM-DD")
    return Date.fromisoformat(text)
