# %% tool
def share_percent(part: float, whole: float) -> float:
    """Give the share of a part in percent, rounded to 1 decimal; more than the whole counts as 100.

    Args:
        part: from 0.
        whole: above 0.

    Raises:
        ValueError: the part is negative, or the whole is zero or negative.
    """
    if part < 0:
        raise ValueError("the part is negative")
    if whole <= 0:
        raise ValueError("the whole is zero or negative")
    return round(min(100 * part / whole, 100.0), 1)
# %% cases
[
    ((1, 4), 25),
    ((1, 3), 33.3),
    ((2, 3), 66.7),
    ((0, 5), 0),
    ((5, 5), 100),
    ((7, 5), 100),
    ((0.5, 2.5), 20),
    ((1, 1000), 0.1),
    ((-1, 5), ValueError),
    ((1, 0), ValueError),
    ((1, -5), ValueError),
    ((-1, -5), ValueError),
]
# %% examples
[{"part": 1, "whole": 2}, {"part": 3, "whole": 4}, {"part": 10, "whole": 40}, {"part": 2, "whole": 2}]
# %% fresh
{"part": pick(num(-2, 20), dec(0, 9, 2)), "whole": pick(num(-1, 15), dec(1, 9, 2))}
