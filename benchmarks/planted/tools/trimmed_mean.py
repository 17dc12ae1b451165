# %% tool
def trimmed_mean(values: list[float], cut: int) -> float:
    """Average values without the smallest and the largest ones, as judges' scores are averaged.

    Args:
        values: at most 10000, each within a thousand million either way.
        cut: how many are left out at each end, from 0.

    Returns:
        The mean of the rest, rounded to 3 decimals.

    Raises:
        ValueError: nothing would be left, cut is negative, or values are too many or too large.
    """
    if cut < 0 or len(values) > 10000 or any(not -1e9 <= value <= 1e9 for value in values):
        raise ValueError("a number is out of range")
    kept = sorted(values)[cut : len(values) - cut]
    if not kept or 2 * cut >= len(values):
        raise ValueError("nothing would be left")
    return round(sum(kept) / len(kept), 3)
# %% cases
[
    (([1, 2, 3, 4, 100], 1), 3.0),
    (([100, 1, 4, 3, 2], 1), 3.0),
    (([1, 2, 3], 0), 2.0),
    (([5.5], 0), 5.5),
    (([1, 2, 9, 10], 1), 5.5),
    (([1, 1, 2], 0), 1.333),
    (([-5, 0, 5, 7], 1), 2.5),
    (([1, 2, 3, 4, 5, 60], 2), 3.5),
    (([1e9, -1e9], 0), 0.0),
    (([], 0), ValueError),
    (([1, 2], 1), ValueError),
    (([1, 2, 3], 2), ValueError),
    (([1, 2, 3], 9), ValueError),
    (([1, 2, 3], -1), ValueError),
    (([1, 2, 2e9], 1), ValueError),
    (([1, 2, -2e9], 1), ValueError),
]
# %% examples
[
    {"values": [7.5, 8.0, 9.5, 8.5, 3.0], "cut": 1},
    {"values": [1, 2, 4], "cut": 0},
    {"values": [10, 20, 30, 40, 50, 60], "cut": 2},
    {"values": [1, 2], "cut": 1},
]
# %% fresh
{"values": many(lambda: dec(-20, 20, 1), 0, 8), "cut": num(0, 3)}
# %% wrong unsorted: the first and the last one are left out instead of the extremes
#-     kept = sorted(values)[cut : len(values) - cut]
#+     kept = values[cut : len(values) - cut]
# %% wrong one_end: only the smallest are left out [plain]
#-     kept = sorted(values)[cut : len(values) - cut]
#+     kept = sorted(values)[cut:]
# %% wrong mutates: the caller's list is sorted
#-     kept = sorted(values)[cut : len(values) - cut]
#+     values.sort()
#+     kept = values[cut : len(values) - cut]
# %% wrong default: gives 0.0 where nothing is left
#-     if not kept or 2 * cut >= len(values):
#-         raise ValueError("nothing would be left")
#+     if not kept:
#+         return 0.0
