import calendar
import re
from datetime import date as Date


def add_months(date: str, months: int) -> str:
    """Move a date by a number of calendar months, keeping the day where the month has it.

    Where the target month is shorter, its last day is taken: one month after 2024-01-31 is
    2024-02-29.

    Args:
        date: a day as YYYY-MM-DD.
        months: months to go forward, negative to go back.

    Returns:
        The resulting day as YYYY-MM-DD.

    Raises:
        ValueError: date is no valid YYYY-MM-DD, or the result lies outside the years 1 to 9999.
    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date):
        raise ValueError(f"{date!r} is not a date of the form YYYY-MM-DD")
    start = Date.fromisoformat(date)
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(f"{months} months from {date} lies outside the years 1 to 9999")
    last = calendar.monthrange(year, month0 + 1)[1]
    return start.replace(year=year, month=month0 + 1, day=min(start.day, last)).isoformat()
