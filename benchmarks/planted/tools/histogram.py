# %% tool
def histogram(values: list[float], edges: list[float]) -> list[int]:
    """Count values by classes; a class holds its lower edge, and only the last one its upper edge, too.

    Args:
        values: what is counted; those outside all classes are ignored.
        edges: the edges of the classes, at least two, rising.

    Raises:
        ValueError: there are fewer than two edges, or they do not rise.
    """
    if len(edges) < 2 or any(low >= high for low, high in zip(edges, edges[1:])):
        raise ValueError("at least two rising edges are needed")
    counts = [0] * (len(edges) - 1)
    for value in values:
        if edges[0] <= value <= edges[-1]:
            above = sum(edge <= value for edge in edges)
            counts[min(above, len(counts)) - 1] += 1
    return counts
# %% cases
[
    (([1, 2, 2.5, 3], [1, 2, 3]), [1, 3]),
    (([0, 10, 20, 30], [0, 10, 20]), [1, 2]),
    (([5], [0, 10, 20, 30]), [1, 0, 0]),
    (([10], [0, 10, 20, 30]), [0, 1, 0]),
    (([30], [0, 10, 20, 30]), [0, 0, 1]),
    (([-0.1, 30.1], [0, 10, 20, 30]), [0, 0, 0]),
    (([], [0, 1]), [0]),
    (([0, 1, 0.5], [0, 1]), [3]),
    (([-5, -3], [-5, -3, -1]), [1, 1]),
    (([1], [1]), ValueError),
    (([1], []), ValueError),
    (([1], [1, 1]), ValueError),
    (([1], [1, 3, 2]), ValueError),
]
# %% examples
[
    {"values": [12, 17, 23, 35], "edges": [10, 20, 30, 40]},
    {"values": [5, 15], "edges": [0, 10]},
    {"values": [], "edges": [0, 5, 10]},
    {"values": [1.5, 2.5, 3.5], "edges": [1, 2, 3, 4]},
    {"values": [1, 2], "edges": [2, 1]},
]
# %% fresh
{"values": many(lambda: pick(num(0, 40), dec(0, 40, 1)), 0, 9), "edges": pick([0, 10, 20], [0, 10, 20, 40], [5, 15], [10, 5])}
# %% wrong upper_edge: the upper edge of the last class is outside
#-         if edges[0] <= value <= edges[-1]:
#+         if edges[0] <= value < edges[-1]:
# %% wrong outside: values below all classes count in the first one
#-         if edges[0] <= value <= edges[-1]:
#-             above = sum(edge <= value for edge in edges)
#-             counts[min(above, len(counts)) - 1] += 1
#+         if value <= edges[-1]:
#+             above = max(1, sum(edge <= value for edge in edges))
#+             counts[min(above, len(counts)) - 1] += 1
# %% wrong open_below: a class holds its upper edge instead of its lower one
#-             above = sum(edge <= value for edge in edges)
#-             counts[min(above, len(counts)) - 1] += 1
#+             above = sum(edge < value for edge in edges)
#+             counts[max(above, 1) - 1] += 1
