# %% tool
def flatten_lists(items: list) -> list[str]:
    """Flatten lists in lists to one list of texts; whole numbers become text, None is left out.

    Args:
        items: texts, whole numbers, None and further lists, at most 50 deep.

    Raises:
        ValueError: something else stands in it, or it is deeper.
    """
    return _flat(items, 1)


def _flat(items: list, depth: int) -> list[str]:
    if depth > 50:
        raise ValueError("more than 50 lists stand in each other")
    texts: list[str] = []
    for item in items:
        if isinstance(item, list):
            texts += _flat(item, depth + 1)
        elif isinstance(item, (str, int)) and not isinstance(item, bool):
            texts.append(item if isinstance(item, str) else _digits(item))
        elif item is not None:
            raise ValueError(f"{item!r} is neither text nor a whole number")
    return texts


def _digits(number: int) -> str:
    if abs(number) >= 10**30:
        raise ValueError("a number has more than 30 digits")
    return str(number)
# %% cases
[
    ((["a", ["b", ["c"]], "d"],), ["a", "b", "c", "d"]),
    (([1, [2, "3"], None],), ["1", "2", "3"]),
    (([[], [[]]],), []),
    (([],), []),
    ((["", 0],), ["", "0"]),
    (([-5],), ["-5"]),
    (([True],), ValueError),
    (([1.5],), ValueError),
    ((["a", [{}]],), ValueError),
    (([10**30],), ValueError),
    (([10**30 - 1],), ["9" * 30]),
]
# %% tests
def nested(depth):
    items = ["x"]
    for _ in range(depth - 1):
        items = [items]
    return items


def test_fifty_lists_are_allowed_and_no_more():
    assert flatten_lists(nested(50)) == ["x"]
    with pytest.raises(ValueError):
        flatten_lists(nested(51))
# %% examples
[{"items": ["a", ["b", "c"]]}, {"items": [1, [2, [3]]]}, {"items": []}, {"items": ["a", None]}, {"items": [1.5]}]
# %% fresh
{"items": many(lambda: pick("a", "b", 7, None, 1.5, True, [], ["c", [8]], [[None, "d"]]), 0, 4)}
# %% wrong one_level: only one level is flattened
#-             texts += _flat(item, depth + 1)
#+             texts += [str(part) for part in item if part is not None]
# %% wrong none_text: None becomes a text
#-         elif item is not None:
#-             raise ValueError(f"{item!r} is neither text nor a whole number")
#+         elif item is None or item is True or item is False:
#+             texts.append(str(item))
#+         else:
#+             raise ValueError(f"{item!r} is neither text nor a whole number")
