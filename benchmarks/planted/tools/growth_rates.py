# %% tool
from typing import Optional


def growth_rates(values: list[int]) -> list[Optional[float]]:
    """Give the change from each value to the next in percent, rounded to 1 decimal.

    Args:
        values: such as yearly sales, each from 0 to a million million.

    Returns:
        One fewer than the values; None where the earlier value is 0.

    Raises:
        ValueError: a value is out of range.
    """
    if any(not 0 <= value <= 10**12 for value in values):
        raise ValueError("a value is out of range")
    return [None if old == 0 else round((new - old) / old * 100, 1) for old, new in zip(values, values[1:])]
# %% cases
[
    (([100, 110, 99],), [10.0, -10.0]),
    (([0, 5, 0, 0],), [None, -100.0, None]),
    (([3, 4],), [33.3]),
    (([7],), []),
    (([],), []),
    (([200, 200],), [0.0]),
    (([1, 10**12],), [99999999999900.0]),
    (([0],), []),
    (([5, -1],), ValueError),
    (([10**12 + 1],), ValueError),
]
# %% examples
[{"values": [100, 150, 75]}, {"values": [80, 81]}, {"values": [50]}, {"values": [0, 20]}, {"values": [10, -10]}]
# %% fresh
{"values": many(lambda: pick(0, num(1, 400), num(-1, 400)), 0, 6)}
# %% wrong by_new: the change is set against the later value
#-     return [None if old == 0 else round((new - old) / old * 100, 1) for old, new in zip(values, values[1:])]
#+     return [None if old == 0 else round((new - old) / max(new, old) * 100, 1) for old, new in zip(values, values[1:])]
# %% wrong zero: nothing before counts as no growth
#-     return [None if old == 0 else round((new - old) / old * 100, 1) for old, new in zip(values, values[1:])]
#+     return [0.0 if old == 0 else round((new - old) / old * 100, 1) for old, new in zip(values, values[1:])]
