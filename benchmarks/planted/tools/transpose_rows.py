# %% tool
from typing import Optional


def transpose_rows(rows: list[list[Optional[str]]]) -> list[list[Optional[str]]]:
    """Turn the rows of a table into columns; short rows are filled up with None.

    Args:
        rows: cells of text or None.
    """
    width = max(map(len, rows), default=0)
    return [[row[at] if at < len(row) else None for row in rows] for at in range(width)]
# %% cases
[
    (([["a", "b"], ["c", "d"]],), [["a", "c"], ["b", "d"]]),
    (([["a", "b", "c"]],), [["a"], ["b"], ["c"]]),
    (([["a"], ["b"], ["c"]],), [["a", "b", "c"]]),
    (([["a"], ["b", "c"]],), [["a", "b"], [None, "c"]]),
    (([["b", "c"], ["a"]],), [["b", "a"], ["c", None]]),
    (([["a", None]],), [["a"], [None]]),
    (([],), []),
    (([[], ["a"]],), [[None, "a"]]),
    (([[]],), []),
]
# %% examples
[{"rows": [["x", "y"], ["1", "2"]]}, {"rows": [["x"]]}, {"rows": []}, {"rows": [["a", "b", "c"], ["d", "e", "f"]]}]
# %% fresh
{"rows": many(lambda: many(lambda: pick("a", "b", None), 0, 3), 0, 3)}
# %% wrong shortest: cells beyond the shortest row get lost
#-     width = max(map(len, rows), default=0)
#+     width = min(map(len, rows), default=0)
# %% wrong first_width: the first row's width counts
#-     width = max(map(len, rows), default=0)
#+     width = len(rows[0]) if rows else 0
