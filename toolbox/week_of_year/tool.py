import re
from datetime import date as Date


def week_of_year(date: str) -> str:
    """Give the ISO 8601 calendar week of a date, such as 2024-W09.

    Weeks begin on Monday and week 1 holds the first Thursday of the year, so the first days of
    January may belong to the last week of the year before, and the last days of December to
    week 1 of the next; the year in the answer is the week's, not the date's.

    Args:
        date: a day as YYYY-MM-DD.

    Returns:
        The week as YYYY-Www, two digits from 01 to 53.

    Raises:
        ValueError: date is no valid YYYY-MM-DD.
    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date):
        raise ValueError(f"{date!r} is not a date of the form YYYY-MM-DD")
    week = Date.fromisoformat(date).isocalendar()
    return f"{week.year:04d}-W{week.week:02d}"
