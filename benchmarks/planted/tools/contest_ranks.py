# %% tool
def contest_ranks(points: list[int]) -> list[int]:
    """Rank by points, most first; equal points share a rank and the following ranks are left out (1, 2, 2, 4).

    Args:
        points: one number for each competitor.

    Returns:
        The rank of each, in the given order.
    """
    return [1 + sum(other > own for other in points) for own in points]
# %% cases
[
    (([30, 20, 20, 10],), [1, 2, 2, 4]),
    (([10, 20, 30],), [3, 2, 1]),
    (([5, 5],), [1, 1]),
    (([7],), [1]),
    (([],), []),
    (([-1, 0, -1],), [2, 1, 2]),
    (([1, 3, 2, 3, 3],), [5, 1, 4, 1, 1]),
]
# %% examples
[{"points": [50, 40, 60]}, {"points": [9, 9, 5]}, {"points": [3]}, {"points": []}]
# %% fresh
{"points": many(lambda: num(-2, 6), 0, 7)}
# %% wrong dense: no rank is left out
#-     return [1 + sum(other > own for other in points) for own in points]
#+     return [1 + len({other for other in points if other > own}) for own in points]
# %% wrong ascending: fewest points first [plain]
#-     return [1 + sum(other > own for other in points) for own in points]
#+     return [1 + sum(other < own for other in points) for own in points]
# %% wrong ties: equal points get ranks in the given order
#-     return [1 + sum(other > own for other in points) for own in points]
#+     order = sorted(range(len(points)), key=lambda at: -points[at])
#+     return [order.index(at) + 1 for at in range(len(points))]
