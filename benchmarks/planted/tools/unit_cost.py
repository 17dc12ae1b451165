# %% tool
from typing import Optional


def unit_cost(batches: list[list[int]], taken: int) -> Optional[int]:
    """Value what is taken from a store, oldest batch first (FIFO).

    Args:
        batches: [quantity, cents for one] pairs, oldest first; at most a million of each.
        taken: how many pieces are taken, from 0.

    Returns:
        Their value in cents; None where there are not enough.

    Raises:
        ValueError: a batch is no pair, or a number is out of range.
    """
    if taken < 0 or any(len(pair) != 2 or not all(0 <= number <= 10**6 for number in pair) for pair in batches):
        raise ValueError("a batch is no pair, or a number is out of range")
    value = 0
    for quantity, cents in batches:
        used = min(quantity, taken)
        value += used * cents
        taken -= used
    return None if taken else value
# %% cases
[
    (([[10, 100], [5, 200]], 12), 1400),
    (([[10, 100], [5, 200]], 10), 1000),
    (([[10, 100], [5, 200]], 15), 2000),
    (([[10, 100], [5, 200]], 16), None),
    (([[10, 100]], 3), 300),
    (([[10, 100]], 0), 0),
    (([], 0), 0),
    (([], 1), None),
    (([[0, 5], [2, 7]], 1), 7),
    (([[10**6, 10**6]], 10**6), 10**12),
    (([[1, 2, 3]], 1), ValueError),
    (([[1]], 1), ValueError),
    (([[-1, 5]], 0), ValueError),
    (([[1, -5]], 0), ValueError),
    (([[10**6 + 1, 5]], 0), ValueError),
    (([[1, 5]], -1), ValueError),
]
# %% examples
[
    {"batches": [[100, 250], [50, 300]], "taken": 120},
    {"batches": [[100, 250], [50, 300]], "taken": 80},
    {"batches": [[20, 90]], "taken": 20},
    {"batches": [[20, 90]], "taken": 21},
    {"batches": [[20, 90]], "taken": -1},
]
# %% fresh
{"batches": many(lambda: [num(0, 9), num(1, 50)], 0, 4), "taken": num(-1, 20)}
# %% wrong newest: the newest batch first
#-     for quantity, cents in batches:
#+     for quantity, cents in reversed(batches):
# %% wrong average: the average price counts
#-     value = 0
#-     for quantity, cents in batches:
#-         used = min(quantity, taken)
#-         value += used * cents
#-         taken -= used
#-     return None if taken else value
#+     total = sum(quantity for quantity, _ in batches)
#+     if taken > total:
#+         return None
#+     return taken * sum(quantity * cents for quantity, cents in batches) // total if total else 0
# %% wrong not_enough: what is missing costs nothing
#-     return None if taken else value
#+     return value
