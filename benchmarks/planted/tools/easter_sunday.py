# %% tool
def easter_sunday(year: int) -> str:
    """Give the day of Easter Sunday in the Gregorian calendar (the anonymous algorithm).

    Args:
        year: from 1583 to 4099.

    Returns:
        The day as YYYY-MM-DD.

    Raises:
        ValueError: the year is out of range.
    """
    if not 1583 <= year <= 4099:
        raise ValueError("the year must be from 1583 to 4099")
    golden, century, rest = year % 19, year // 100, year % 100
    shift = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - century // 4 - shift + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return f"{year}-{month:02d}-{day + 1:02d}"
# %% cases
[
    ((2024,), "2024-03-31"),
    ((2025,), "2025-04-20"),
    ((2023,), "2023-04-09"),
    ((2000,), "2000-04-23"),
    ((1999,), "1999-04-04"),
    ((1961,), "1961-04-02"),
    ((1818,), "1818-03-22"),
    ((2038,), "2038-04-25"),
    ((1981,), "1981-04-19"),
    ((1954,), "1954-04-18"),
    ((2049,), "2049-04-18"),
    ((2076,), "2076-04-19"),
    ((1583,), "1583-04-10"),
    ((4099,), "4099-04-19"),
    ((2100,), "2100-03-28"),
    ((1900,), "1900-04-15"),
    ((2285,), "2285-03-22"),
    ((3000,), "3000-04-13"),
    ((1582,), ValueError),
    ((4100,), ValueError),
]
# %% examples
[{"year": 2024}, {"year": 2025}, {"year": 2019}, {"year": 2008}, {"year": 1066}]
# %% fresh
{"year": num(1500, 4200)}
# %% wrong this_century: only right from 1900 to 2099
#-     golden, century, rest = year % 19, year // 100, year % 100
#-     shift = (century - (century + 8) // 25 + 1) // 3
#-     moon = (19 * golden + century - century // 4 - shift + 15) % 30
#-     week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
#-     late = (golden + 11 * moon + 22 * week) // 451
#-     month, day = divmod(moon + week - 7 * late + 114, 31)
#-     return f"{year}-{month:02d}-{day + 1:02d}"
#+     moon = (19 * (year % 19) + 24) % 30
#+     week = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7
#+     day = 22 + moon + week
#+     return f"{year}-03-{day:02d}" if day <= 31 else f"{year}-04-{day - 31:02d}"
# %% wrong lookup: remembers the examples
#= lookup
