# %% tool
def align_columns(rows: list[list[str]], gap: int = 2) -> list[str]:
    """Lay out rows of cells as text columns, each as wide as its widest cell.

    Args:
        rows: rows may have different numbers of cells.
        gap: spaces between columns, 1 to 20.

    Returns:
        One line for each row, without spaces at its end.

    Raises:
        ValueError: the gap is out of range.
    """
    if not 1 <= gap <= 20:
        raise ValueError("the gap must be from 1 to 20")
    count = max(map(len, rows), default=0)
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(count)]
    return [(" " * gap).join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(" ") for row in rows]
# %% cases
[
    (([["a", "b"], ["long", "c"]],), ["a     b", "long  c"]),
    (([["a", "b"], ["long", "c"]], 1), ["a    b", "long c"]),
    (([["x"]],), ["x"]),
    (([["a", "bb", "c"], ["dd"]],), ["a   bb  c", "dd"]),
    (([["dd"], ["a", "bb", "c"]],), ["dd", "a   bb  c"]),
    (([["a", ""], ["", "b"]],), ["a", "   b"]),
    (([],), []),
    (([[], ["a"]],), ["", "a"]),
    (([["ä", "b"], ["öü", "c"]], 3), ["ä    b", "öü   c"]),
    (([["a", "b"]], 20), ["a" + " " * 20 + "b"]),
    (([["a"]], 0), ValueError),
    (([["a"]], 21), ValueError),
]
# %% examples
[
    {"rows": [["item", "qty"], ["pen", "12"]]},
    {"rows": [["a", "b"], ["ccc", "d"]], "gap": 1},
    {"rows": []},
    {"rows": [["alone"]], "gap": 0},
]
# %% fresh
{"rows": many(lambda: many(lambda: chars("ab", 0, 5), 0, 3), 0, 4), "gap": num(0, 4)}
# %% wrong first_row: the widths are those of the first row
#-     widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(count)]
#+     widths = [len(rows[0][at]) if at < len(rows[0]) else 0 for at in range(count)]
# %% wrong ragged: a short row ends in an undeclared error
#-     widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(count)]
#+     widths = [max(len(row[at]) for row in rows) for at in range(count)]
