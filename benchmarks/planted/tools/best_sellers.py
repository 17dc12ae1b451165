# %% tool
def best_sellers(sold: dict[str, int], count: int) -> list[str]:
    """Name the articles that sold best: most pieces first, those with equal numbers by name.

    Args:
        sold: pieces by article; articles that sold none are left out.
        count: how many names at the most, from 0.

    Raises:
        ValueError: a number is negative.
    """
    if count < 0 or any(pieces < 0 for pieces in sold.values()):
        raise ValueError("a number is negative")
    names = sorted((name for name in sold if sold[name]), key=lambda name: (-sold[name], name))
    return names[:count]
# %% cases
[
    (({"pen": 3, "cup": 9}, 2), ["cup", "pen"]),
    (({"b": 2, "a": 2}, 2), ["a", "b"]),
    (({"z": 5, "y": 5, "x": 9}, 2), ["x", "y"]),
    (({"pen": 0, "cup": 1}, 5), ["cup"]),
    (({"pen": 0}, 1), []),
    (({}, 3), []),
    (({"pen": 4}, 0), []),
    (({"c": 10, "d": 9, "e": 100}, 3), ["e", "c", "d"]),
    (({"pen": -1}, 1), ValueError),
    (({"pen": 1, "cup": -4}, 0), ValueError),
    (({"pen": 1}, -1), ValueError),
]
# %% examples
[{"sold": {"tea": 4, "rum": 7}, "count": 1}, {"sold": {"tea": 4, "rum": 7, "gin": 5}, "count": 3}, {"sold": {"oil": 2}, "count": 4}, {"sold": {}, "count": 2}]
# %% fresh
{"sold": {word(): num(-1, 4) if num(0, 3) == 0 else num(0, 4) for _ in range(num(0, 5))}, "count": num(-1, 5)}
