# %% tool
def month_length(year: int, month: int) -> int:
    """Tell how many days a month has; February has 29 in leap years.

    Every fourth year is a leap year, but of the full centuries only those that 400 divides.

    Args:
        year: from 1583 to 9999.
        month: from 1 to 12.

    Raises:
        ValueError: the year or the month is out of range.
    """
    if not 1583 <= year <= 9999:
        raise ValueError("the year is out of range")
    if not 1 <= month <= 12:
        raise ValueError("the month is out of range")
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31
# %% cases
[
    ((2023, 1), 31),
    ((2023, 2), 28),
    ((2024, 2), 29),
    ((1900, 2), 28),
    ((2000, 2), 29),
    ((2023, 4), 30),
    ((2023, 6), 30),
    ((2023, 9), 30),
    ((2023, 11), 30),
    ((2023, 12), 31),
    ((1583, 7), 31),
    ((9999, 8), 31),
    ((1582, 1), ValueError),
    ((10000, 1), ValueError),
    ((2024, 0), ValueError),
    ((2024, 13), ValueError),
]
# %% examples
[{"year": 2022, "month": 3}, {"year": 2022, "month": 4}, {"year": 2021, "month": 2}, {"year": 2025, "month": 12}]
# %% fresh
{"year": pick(num(1580, 2100), 100 * num(15, 100), 4 * num(396, 600)), "month": pick(2, num(0, 13))}
