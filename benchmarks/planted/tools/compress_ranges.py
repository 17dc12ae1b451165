# %% tool
def compress_ranges(pages: list[int]) -> str:
    """Write page numbers briefly: 1, 2, 3 and 5 as "1-3,5".

    Args:
        pages: numbers from 1 to 99999, in any order and perhaps repeated.

    Returns:
        Ranges from two pages on; empty where there are no pages.

    Raises:
        ValueError: a number is out of range.
    """
    if any(not 1 <= page <= 99999 for page in pages):
        raise ValueError("pages are from 1 to 99999")
    runs: list[list[int]] = []
    for page in sorted(set(pages)):
        if runs and runs[-1][1] == page - 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
# %% cases
[
    (([1, 2, 3, 5],), "1-3,5"),
    (([5, 3, 2, 1],), "1-3,5"),
    (([1, 2],), "1-2"),
    (([7],), "7"),
    (([],), ""),
    (([4, 4, 4],), "4"),
    (([1, 3, 5],), "1,3,5"),
    (([9, 10, 11],), "9-11"),
    (([1, 99999],), "1,99999"),
    (([0],), ValueError),
    (([100000],), ValueError),
    (([1, -1],), ValueError),
]
# %% examples
[{"pages": [1, 2, 3]}, {"pages": [2, 4, 5, 9]}, {"pages": [8]}, {"pages": []}, {"pages": [0, 1]}]
# %% fresh
{"pages": many(lambda: num(1, 12), 0, 9)}
# %% wrong repeated: a page that is named twice ends a range
#-     for page in sorted(set(pages)):
#+     for page in sorted(pages):
# %% wrong order: pages are taken to be in order
#-     for page in sorted(set(pages)):
#+     for page in dict.fromkeys(pages):
# %% wrong pairs: two pages are no range
#-     return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
#+     return ",".join(f"{first}-{last}" if last - first > 1 else ",".join(map(str, range(first, last + 1))) for first, last in runs)
