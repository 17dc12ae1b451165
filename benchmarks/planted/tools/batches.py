# %% tool
def batches(items: list[str], size: int) -> list[list[str]]:
    """Divide a list into batches of equal size; the last one may be smaller.

    Args:
        items: in their order.
        size: from 1.

    Raises:
        ValueError: the size is below 1.
    """
    if size < 1:
        raise ValueError("the size must be at least 1")
    return [items[at : at + size] for at in range(0, len(items), size)]
# %% cases
[
    ((["a", "b", "c", "d", "e"], 2), [["a", "b"], ["c", "d"], ["e"]]),
    ((["a", "b"], 2), [["a", "b"]]),
    ((["a", "b"], 5), [["a", "b"]]),
    ((["a", "b"], 1), [["a"], ["b"]]),
    (([], 3), []),
    ((["a"], 0), ValueError),
    ((["a"], -1), ValueError),
]
# %% tests
def test_a_size_beyond_any_list():
    assert batches(["a"], 10**15) == [["a"]]
# %% examples
[
    {"items": ["a", "b", "c", "d"], "size": 2},
    {"items": ["x"], "size": 3},
    {"items": [], "size": 1},
    {"items": ["a", "b", "c", "d", "e", "f"], "size": 3},
    {"items": ["a"], "size": 0},
]
# %% fresh
{"items": many(lambda: chars("abc", 1, 1), 0, 7), "size": num(-1, 5)}
# %% wrong rest_lost: a smaller last batch gets lost
#-     return [items[at : at + size] for at in range(0, len(items), size)]
#+     return [items[at : at + size] for at in range(0, len(items) - size + 1, size)]
# %% wrong size_batches: size is taken for the number of batches
#-     return [items[at : at + size] for at in range(0, len(items), size)]
#+     each = -(-len(items) // size) or 1
#+     return [items[at : at + each] for at in range(0, len(items), each)]
