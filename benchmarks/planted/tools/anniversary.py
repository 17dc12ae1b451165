# %% tool
from datetime import date
from typing import Optional


def anniversary(begun: str, day: str) -> Optional[int]:
    """Tell which anniversary a day is; None where it is none. 29 February is kept on the 28th in other years.

    Args:
        begun: the first day, YYYY-MM-DD.
        day: the day asked about, YYYY-MM-DD.

    Returns:
        1 for the first anniversary and so on; None on any other day and on the first day itself.

    Raises:
        ValueError: a day is not valid.
    """
    first, now = date.fromisoformat(begun), date.fromisoformat(day)
    leap = now.year % 4 == 0 and (now.year % 100 != 0 or now.year % 400 == 0)
    kept = (2, 28) if (first.month, first.day) == (2, 29) and not leap else (first.month, first.day)
    years = now.year - first.year
    return years if years > 0 and (now.month, now.day) == kept else None
# %% cases
[
    (("2020-05-01", "2021-05-01"), 1),
    (("2020-05-01", "2030-05-01"), 10),
    (("2020-05-01", "2021-05-02"), None),
    (("2020-05-01", "2021-06-01"), None),
    (("2020-05-01", "2020-05-01"), None),
    (("2020-05-01", "2019-05-01"), None),
    (("2020-02-29", "2021-02-28"), 1),
    (("2020-02-29", "2021-03-01"), None),
    (("2020-02-29", "2024-02-28"), None),
    (("2020-02-29", "2024-02-29"), 4),
    (("1896-02-29", "1900-02-28"), 4),
    (("1996-02-29", "2000-02-29"), 4),
    (("1996-02-29", "2000-02-28"), None),
    (("2020-02-28", "2021-02-28"), 1),
    (("2020-03-29", "2021-03-29"), 1),
    (("2020-03-29", "2021-03-28"), None),
    (("2020-02-30", "2021-02-28"), ValueError),
    (("2020-02-20", "2021-02-29"), ValueError),
]
# %% examples
[
    {"begun": "2015-09-01", "day": "2024-09-01"},
    {"begun": "2015-09-01", "day": "2024-09-02"},
    {"begun": "2015-09-01", "day": "2015-09-01"},
    {"begun": "2020-02-29", "day": "2023-02-28"},
    {"begun": "2020-02-29", "day": "2024-02-29"},
    {"begun": "2020-02-31", "day": "2024-02-29"},
]
# %% fresh
(lambda one: {"begun": one, "day": pick(str(num(2019, 2032)) + one[4:], f"{num(2019, 2032)}-02-28", f"{num(2019, 2032)}-03-01")})(pick(day(), "2020-02-29", "2016-02-29"))
# %% wrong leap_only: 29 February is kept in leap years only
#-     kept = (2, 28) if (first.month, first.day) == (2, 29) and not leap else (first.month, first.day)
#+     kept = (first.month, first.day)
# %% wrong extra_leap: on 28 February of a leap year, too
#-     kept = (2, 28) if (first.month, first.day) == (2, 29) and not leap else (first.month, first.day)
#+     kept = (2, 28) if (first.month, first.day) == (2, 29) and now.day == 28 else (first.month, first.day)
# %% wrong zero: the first day is an anniversary
#-     return years if years > 0 and (now.month, now.day) == kept else None
#+     return years if years >= 0 and (now.month, now.day) == kept else None
