# %% tool
def moving_average(values: list[float], window: int) -> list[float]:
    """Smooth a series: each result is the mean of as many neighbouring values as the window is wide.

    Args:
        values: the series, each value within a thousand million either way.
        window: from 1 to 1000.

    Returns:
        One mean for each full window, rounded to 2 decimals; empty where the series is shorter.

    Raises:
        ValueError: the window or a value is out of range.
    """
    if not 1 <= window <= 1000 or any(abs(value) > 1e9 for value in values):
        raise ValueError("the window or a value is out of range")
    return [round(sum(values[at : at + window]) / window, 2) for at in range(len(values) - window + 1)]
# %% cases
[
    (([1, 2, 3, 4], 2), [1.5, 2.5, 3.5]),
    (([1, 2, 3, 4], 1), [1.0, 2.0, 3.0, 4.0]),
    (([1, 2, 6], 3), [3.0]),
    (([1, 2], 3), []),
    (([], 1), []),
    (([1, 1, 2, 0], 3), [1.33, 1.0]),
    (([-1, -2], 2), [-1.5]),
    (([1e9], 1), [1e9]),
    (([1, 2], 0), ValueError),
    (([1, 2], -1), ValueError),
    (([1, 2], 1001), ValueError),
    (([2e9], 1), ValueError),
    (([-2e9], 1), ValueError),
]
# %% tests
def test_the_widest_window():
    assert moving_average([1] * 1001, 1000) == [1.0, 1.0]
# %% examples
[
    {"values": [10, 20, 30, 40], "window": 2},
    {"values": [3, 4, 8], "window": 3},
    {"values": [5], "window": 2},
    {"values": [1, 2], "window": 0},
]
# %% fresh
{"values": many(lambda: dec(0, 50, 1), 0, 9), "window": num(0, 5)}
# %% wrong partial: windows that are not full are averaged, too [plain]
#-     return [round(sum(values[at : at + window]) / window, 2) for at in range(len(values) - window + 1)]
#+     return [round(sum(values[at : at + window]) / len(values[at : at + window]), 2) for at in range(len(values))]
# %% wrong last_missing: the last window is left out
#-     return [round(sum(values[at : at + window]) / window, 2) for at in range(len(values) - window + 1)]
#+     return [round(sum(values[at : at + window]) / window, 2) for at in range(len(values) - window)]
