# %% tool
from typing import Literal


def letter_grade(points: int, most: int) -> Literal["A", "B", "C", "D", "F"]:
    """Give a test's grade by the share of points: A from 90 percent, B from 80, C from 65, D from 50, else F.

    Args:
        points: reached, from 0 to most.
        most: the points that can be reached, from 1.

    Raises:
        ValueError: a number is out of range.
    """
    if most < 1 or not 0 <= points <= most:
        raise ValueError("points must be from 0 to the most that can be reached")
    if points * 100 >= 90 * most:
        return "A"
    if points * 100 >= 80 * most:
        return "B"
    if points * 100 >= 65 * most:
        return "C"
    return "D" if points * 100 >= 50 * most else "F"
# %% cases
[
    ((90, 100), "A"),
    ((89, 100), "B"),
    ((80, 100), "B"),
    ((79, 100), "C"),
    ((65, 100), "C"),
    ((64, 100), "D"),
    ((50, 100), "D"),
    ((49, 100), "F"),
    ((0, 100), "F"),
    ((100, 100), "A"),
    ((9, 10), "A"),
    ((13, 20), "C"),
    ((12, 20), "D"),
    ((1, 2), "D"),
    ((1, 1), "A"),
    ((27, 30), "A"),
    ((899, 1000), "B"),
    ((799, 1000), "C"),
    ((649, 1000), "D"),
    ((499, 1000), "F"),
    ((-1, 100), ValueError),
    ((101, 100), ValueError),
    ((0, 0), ValueError),
    ((0, -1), ValueError),
]
# %% examples
[
    {"points": 46, "most": 50},
    {"points": 41, "most": 50},
    {"points": 35, "most": 50},
    {"points": 28, "most": 50},
    {"points": 10, "most": 50},
    {"points": 60, "most": 50},
]
# %% fresh
(lambda most: {"points": num(-1, most + 1), "most": most})(pick(10, 20, 40, 100))
# %% wrong boundary: 90 percent is not enough for an A
#-     if points * 100 >= 90 * most:
#+     if points * 100 > 90 * most:
# %% wrong rounded: the share is rounded to whole percent first
#-     if points * 100 >= 90 * most:
#-         return "A"
#-     if points * 100 >= 80 * most:
#-         return "B"
#-     if points * 100 >= 65 * most:
#-         return "C"
#-     return "D" if points * 100 >= 50 * most else "F"
#+     share = round(points / most * 10) * 10
#+     if share >= 90:
#+         return "A"
#+     if share >= 80:
#+         return "B"
#+     if share >= 65:
#+         return "C"
#+     return "D" if share >= 50 else "F"
# %% wrong usual_c: C from 70 percent, as elsewhere
#-     if points * 100 >= 65 * most:
#+     if points * 100 >= 70 * most:
# %% wrong lookup: remembers the examples
#= lookup
# %% wrong always_a: everybody gets an A
#= constant
