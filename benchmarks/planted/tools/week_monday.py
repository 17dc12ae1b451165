# %% tool
import re
from datetime import date


def week_monday(week: str) -> str:
    """Give the Monday with which an ISO calendar week begins.

    Args:
        week: such as 2024-W05.

    Returns:
        The day as YYYY-MM-DD.

    Raises:
        ValueError: it is no week of the form YYYY-Www, or the year has no such week.
    """
    found = re.fullmatch(r"([0-9]{4})-W([0-9]{2})", week)
    if not found:
        raise ValueError(f"{week!r} is no week of the form YYYY-Www")
    return date.fromisocalendar(int(found[1]), int(found[2]), 1).isoformat()
# %% cases
[
    (("2024-W05",), "2024-01-29"),
    (("2024-W01",), "2024-01-01"),
    (("2025-W01",), "2024-12-30"),
    (("2020-W53",), "2020-12-28"),
    (("2021-W01",), "2021-01-04"),
    (("2026-W53",), "2026-12-28"),
    (("2024-W53",), ValueError),
    (("2024-W00",), ValueError),
    (("2024-W5",), ValueError),
    (("2024W05",), ValueError),
    (("2024-05",), ValueError),
    (("0000-W01",), ValueError),
    ((" 2024-W05",), ValueError),
]
# %% examples
[{"week": "2024-W10"}, {"week": "2024-W31"}, {"week": "2018-W02"}, {"week": "2024-W01"}, {"week": "2024-W60"}]
# %% fresh
{"week": f"{num(2015, 2030)}-W{num(1, 53):02d}"}
# %% wrong january_first: week 1 is taken to begin with the first Monday of January
#-     return date.fromisocalendar(int(found[1]), int(found[2]), 1).isoformat()
#+     if not 1 <= int(found[2]) <= 53 or int(found[1]) < 1:
#+         raise ValueError("there is no such week")
#+     first = date(int(found[1]), 1, 1).toordinal()
#+     return date.fromordinal(first - (first - 1) % -7 + 7 * (int(found[2]) - 1)).isoformat()
# %% wrong always_53: a week that the year does not have is counted on
#-     return date.fromisocalendar(int(found[1]), int(found[2]), 1).isoformat()
#+     if not 1 <= int(found[2]) <= 53:
#+         raise ValueError("there is no such week")
#+     first = date.fromisocalendar(int(found[1]), 1, 1)
#+     return date.fromordinal(first.toordinal() + 7 * int(found[2]) - 7).isoformat()
