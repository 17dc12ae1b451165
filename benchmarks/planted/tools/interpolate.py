# %% tool
def interpolate(points: list[list[int]], x: int) -> float:
    """Read a value off a table of points, on the straight line between the two nearest ones.

    Args:
        points: [x, y] pairs of whole numbers within a million either way, by rising x.
        x: where to read; within the first and the last x.

    Returns:
        The value, rounded to 3 decimals.

    Raises:
        ValueError: points are malformed or not rising, or x lies outside of them.
    """
    if any(len(point) != 2 or max(map(abs, point)) > 10**6 for point in points):
        raise ValueError("a point is a pair of numbers within a million")
    if any(one[0] >= other[0] for one, other in zip(points, points[1:])):
        raise ValueError("the points must rise")
    for (left, low), (right, high) in zip(points, points[1:]):
        if left <= x <= right:
            return round(low + (high - low) * (x - left) / (right - left), 3)
    if len(points) == 1 and points[0][0] == x:
        return float(points[0][1])
    raise ValueError("x lies outside of the points")
# %% cases
[
    (([[0, 0], [10, 100]], 5), 50.0),
    (([[0, 0], [10, 100]], 0), 0.0),
    (([[0, 0], [10, 100]], 10), 100.0),
    (([[0, 0], [10, 100], [20, 0]], 15), 50.0),
    (([[0, 0], [10, 100], [20, 0]], 10), 100.0),
    (([[0, 1], [3, 2]], 1), 1.333),
    (([[-10, 5], [-4, 2]], -8), 4.0),
    (([[2, 7]], 2), 7.0),
    (([[0, 10**6], [10**6, -(10**6)]], 250000), 500000.0),
    (([[2, 7]], 3), ValueError),
    (([[0, 0], [10, 100]], 11), ValueError),
    (([[0, 0], [10, 100]], -1), ValueError),
    (([], 0), ValueError),
    (([[0, 0], [0, 1]], 0), ValueError),
    (([[0, 0], [2, 1], [1, 1]], 0), ValueError),
    (([[0, 0, 0]], 0), ValueError),
    (([[0]], 0), ValueError),
    (([[0, 10**6 + 1]], 0), ValueError),
]
# %% examples
[
    {"points": [[0, 20], [100, 70]], "x": 50},
    {"points": [[0, 0], [2, 10], [4, 40]], "x": 3},
    {"points": [[0, 0], [2, 10], [4, 40]], "x": 2},
    {"points": [[0, 0], [2, 10]], "x": 9},
]
# %% fresh
{"points": [[x, num(-20, 40)] for x in sorted(set(many(lambda: num(0, 20), 1, 4)))], "x": num(-1, 21)}
# %% wrong nearest: the nearest point instead of the line between two
#-             return round(low + (high - low) * (x - left) / (right - left), 3)
#+             return float(low if 2 * x < left + right else high) if 2 * x != left + right else (low + high) / 2
# %% wrong whole: divides whole numbers
#-             return round(low + (high - low) * (x - left) / (right - left), 3)
#+             return float(low + (high - low) * (x - left) // (right - left))
