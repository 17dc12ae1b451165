# %% tool
from typing import Optional


def discounted_price(cents: int, percent: int, most_off: Optional[int] = None) -> int:
    """Take a discount off a price; the discount is rounded down to whole cents and may have a limit.

    Args:
        cents: the price, 0 to a thousand million.
        percent: the discount, 0 to 100.
        most_off: the largest discount in cents; None for no limit.

    Returns:
        What is left to pay, in cents.

    Raises:
        ValueError: a number is out of range.
    """
    if not 0 <= cents <= 10**11 or not 0 <= percent <= 100 or (most_off is not None and most_off < 0):
        raise ValueError("a number is out of range")
    off = cents * percent // 100
    return cents - (off if most_off is None else min(off, most_off))
# %% cases
[
    ((1000, 10), 900),
    ((999, 10), 900),
    ((1000, 0), 1000),
    ((1000, 100), 0),
    ((0, 50), 0),
    ((1000, 50, 300), 700),
    ((1000, 50, 500), 500),
    ((1000, 50, 600), 500),
    ((1000, 50, 0), 1000),
    ((1000, 33, None), 670),
    ((10**11, 1), 99 * 10**9),
    ((-1, 10), ValueError),
    ((10**11 + 1, 10), ValueError),
    ((10, -1), ValueError),
    ((10, 101), ValueError),
    ((10, 10, -1), ValueError),
]
# %% examples
[
    {"cents": 5000, "percent": 20},
    {"cents": 5000, "percent": 20, "most_off": 500},
    {"cents": 5000, "percent": 20, "most_off": 5000},
    {"cents": 1999, "percent": 15},
    {"cents": 1999, "percent": 150},
]
# %% fresh
{"cents": num(-1, 5000), "percent": num(-1, 101), "most_off": pick(None, 0, num(-2, 800))}
# %% wrong zero_is_none: a limit of 0 counts as no limit
#-     return cents - (off if most_off is None else min(off, most_off))
#+     return cents - (min(off, most_off) if most_off else off)
# %% wrong up: the price instead of the discount is rounded down
#-     off = cents * percent // 100
#-     return cents - (off if most_off is None else min(off, most_off))
#+     left = cents * (100 - percent) // 100
#+     return left if most_off is None else max(left, cents - most_off)
# %% wrong ignores_limit: the limit is not looked at [plain]
#-     return cents - (off if most_off is None else min(off, most_off))
#+     return cents - off
