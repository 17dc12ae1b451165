# %% tool
def matrix_product(left: list[list[int]], right: list[list[int]]) -> list[list[int]]:
    """Multiply two matrices of whole numbers.

    Args:
        left: rows of equal length.
        right: as many rows as left has columns, of equal length.

    Raises:
        ValueError: a matrix is empty or ragged, or their sizes do not fit.
    """
    if not left or not right or len({len(row) for row in left}) != 1 or len({len(row) for row in right}) != 1:
        raise ValueError("a matrix is empty or ragged")
    if len(left[0]) != len(right):
        raise ValueError("the sizes do not fit")
    return [[sum(a * b for a, b in zip(row, column)) for column in zip(*right)] for row in left]
# %% cases
[
    (([[1, 2], [3, 4]], [[5, 6], [7, 8]]), [[19, 22], [43, 50]]),
    (([[1, 2, 3]], [[4], [5], [6]]), [[32]]),
    (([[4], [5]], [[1, 2]]), [[4, 8], [5, 10]]),
    (([[2]], [[-3]]), [[-6]]),
    (([[1, 0], [0, 1]], [[9, 8, 7], [6, 5, 4]]), [[9, 8, 7], [6, 5, 4]]),
    (([[1, 2]], [[3, 4]]), ValueError),
    (([[1, 2], [3]], [[1], [2]]), ValueError),
    (([[1, 2]], [[1], [2, 3]]), ValueError),
    (([], [[1]]), ValueError),
    (([[1]], []), ValueError),
]
# %% examples
[
    {"left": [[1, 2], [0, 1]], "right": [[2, 0], [1, 3]]},
    {"left": [[2, 3]], "right": [[1], [4]]},
    {"left": [[5]], "right": [[6]]},
    {"left": [[1, 2]], "right": [[1, 2]]},
]
# %% fresh
(lambda n, k, m: {"left": [[num(-5, 5) for _ in range(k)] for _ in range(n)], "right": [[num(-5, 5) for _ in range(m)] for _ in range(pick(k, k, k, k + 1))]})(num(1, 3), num(1, 3), num(1, 3))
# %% wrong square_only: only as many results as the left matrix has rows
#-     return [[sum(a * b for a, b in zip(row, column)) for column in zip(*right)] for row in left]
#+     return [[sum(a * b for a, b in zip(row, column)) for column, _ in zip(zip(*right), left)] for row in left]
# %% wrong unchecked: sizes that do not fit are cut
#-     if len(left[0]) != len(right):
#-         raise ValueError("the sizes do not fit")
#+     if not left[0] or not right[0]:
#+         raise ValueError("the sizes do not fit")
