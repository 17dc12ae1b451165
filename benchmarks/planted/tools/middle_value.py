# %% tool
def middle_value(values: list[float], skip_zero: bool = False) -> float:
    """Give the median of some values, rounded to 2 decimals; of an even number it is the mean of the middle two.

    Args:
        values: in any order, none negative.
        skip_zero: whether values of 0 are left out.

    Raises:
        ValueError: there is no value, or one is negative.
    """
    if any(value < 0 for value in values):
        raise ValueError("a value is negative")
    kept = sorted(value for value in values if value or not skip_zero)
    if not kept:
        raise ValueError("there is no value")
    half = len(kept) // 2
    return round(kept[half] if len(kept) % 2 else (kept[half - 1] + kept[half]) / 2, 2)
# %% cases
[
    (([3, 1, 2],), 2),
    (([4, 1, 3, 2],), 2.5),
    (([5],), 5),
    (([1.005, 1.118],), 1.06),
    (([2.3456],), 2.35),
    (([7, 7, 1],), 7),
    (([0, 0, 6],), 0),
    (([0, 0, 6], True), 6),
    (([0, 2, 4, 0], True), 3),
    (([9, 0],), 4.5),
    (([0],), 0),
    (([],), ValueError),
    (([0, 0], True), ValueError),
    (([1, -1],), ValueError),
]
# %% examples
[{"values": [1, 2, 3]}, {"values": [10, 30, 20]}, {"values": [4, 8]}, {"values": [0, 5, 7], "skip_zero": True}]
# %% fresh
{"values": many(lambda: pick(0, num(-1, 9), dec(0, 5, 3), num(0, 20)), 0, 6), "skip_zero": pick(True, False)}
