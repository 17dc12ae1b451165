# %% tool
from datetime import date


def age_on(born: str, day: str) -> int:
    """Give a person's age in whole years on a day; who was born on 29 February turns older on 1 March.

    Args:
        born: day of birth, YYYY-MM-DD.
        day: the day asked about, YYYY-MM-DD.

    Raises:
        ValueError: a day is not valid, or lies before the birth.
    """
    birth, now = date.fromisoformat(born), date.fromisoformat(day)
    if now < birth:
        raise ValueError("the day lies before the birth")
    had_birthday = (now.month, now.day) >= (birth.month, birth.day)
    return now.year - birth.year - (0 if had_birthday else 1)
# %% cases
[
    (("1990-06-15", "2024-06-14"), 33),
    (("1990-06-15", "2024-06-15"), 34),
    (("1990-06-15", "2024-06-16"), 34),
    (("1990-06-15", "2024-07-01"), 34),
    (("1990-06-15", "2024-05-20"), 33),
    (("2000-02-29", "2023-02-28"), 22),
    (("2000-02-29", "2023-03-01"), 23),
    (("2000-02-29", "2024-02-29"), 24),
    (("2024-01-01", "2024-01-01"), 0),
    (("2024-01-01", "2024-12-31"), 0),
    (("2024-01-02", "2024-01-01"), ValueError),
    (("1990-02-30", "2024-01-01"), ValueError),
    (("1990-02-20", "soon"), ValueError),
]
# %% examples
[
    {"born": "1985-03-10", "day": "2024-09-01"},
    {"born": "1985-03-10", "day": "2024-01-31"},
    {"born": "1999-12-31", "day": "2024-12-30"},
    {"born": "2024-01-01", "day": "2024-01-01"},
    {"born": "2025-01-01", "day": "2024-01-01"},
]
# %% fresh
(lambda one: {"born": one, "day": pick(later(one, -40, 9000), str(num(2006, 2030)) + one[4:])})(pick(day(1980, 2005), "1996-02-29"))
# %% wrong by_days: a year is taken to have 365.25 days
#-     had_birthday = (now.month, now.day) >= (birth.month, birth.day)
#-     return now.year - birth.year - (0 if had_birthday else 1)
#+     return int((now - birth).days / 365.25)
# %% wrong month_only: the birthday is taken to be the first of the month
#-     had_birthday = (now.month, now.day) >= (birth.month, birth.day)
#+     had_birthday = now.month >= birth.month
# %% wrong today: the day is ignored where the clock can be asked
#-     birth, now = date.fromisoformat(born), date.fromisoformat(day)
#+     birth, now = date.fromisoformat(born), date.today()
# %% wrong unborn: who is not born yet has a negative age instead of an error
#-     if now < birth:
#-         raise ValueError("the day lies before the birth")
