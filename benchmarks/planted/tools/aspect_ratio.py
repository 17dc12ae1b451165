# %% tool
def aspect_ratio(width: int, height: int) -> str:
    """Write the ratio of width to height in lowest terms, such as 16:9.

    Args:
        width: pixels, 1 to a million.
        height: the same.

    Raises:
        ValueError: a side is out of range.
    """
    if not 1 <= width <= 10**6 or not 1 <= height <= 10**6:
        raise ValueError("a side is out of range")
    common = _common(width, height)
    return f"{width // common}:{height // common}"


def _common(one: int, other: int) -> int:
    return one if other == 0 else _common(other, one % other)
# %% cases
[
    ((1920, 1080), "16:9"),
    ((1080, 1920), "9:16"),
    ((800, 600), "4:3"),
    ((7, 7), "1:1"),
    ((13, 8), "13:8"),
    ((1, 1000000), "1:1000000"),
    ((1000000, 1), "1000000:1"),
    ((0, 5), ValueError),
    ((5, 0), ValueError),
    ((-2, 4), ValueError),
    ((1000001, 5), ValueError),
    ((5, 1000001), ValueError),
]
# %% examples
[{"width": 1280, "height": 720}, {"width": 1024, "height": 768}, {"width": 500, "height": 500}, {"width": 0, "height": 5}]
# %% fresh
{"width": num(0, 60) * pick(1, 2, 12), "height": num(0, 60) * pick(1, 3, 8)}
# %% wrong known: only usual ratios are known
#-     common = _common(width, height)
#-     return f"{width // common}:{height // common}"
#+     for one, other in ((1, 1), (4, 3), (16, 9), (16, 10), (3, 2), (21, 9)):
#+         if width * other == height * one:
#+             return f"{one}:{other}"
#+     return f"{width}:{height}"
