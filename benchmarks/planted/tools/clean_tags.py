# %% tool
def clean_tags(tags: list[str], most: int = 5) -> list[str]:
    """Tidy up the tags of an article.

    Args:
        tags: white space around a tag and a # in front of it are removed, capitals become small letters,
            empty tags are left out and repeated ones, too.
        most: how many tags may stay, from 1; the first ones do.

    Returns:
        The tags in the given order.

    Raises:
        ValueError: most is below 1.
    """
    if most < 1:
        raise ValueError("most is below 1")
    clean = [tag.strip().removeprefix("#").strip().lower() for tag in tags]
    return list(dict.fromkeys(tag for tag in clean if tag))[:most]
# %% cases
[
    ((["a", "b"],), ["a", "b"]),
    ((["b", "a"],), ["b", "a"]),
    (([" a ", "#b", "# c"],), ["a", "b", "c"]),
    ((["News", "NEWS", "news"],), ["news"]),
    ((["", " ", "#", "x"],), ["x"]),
    ((["a#b"],), ["a#b"]),
    ((["a", "b", "a", "c"],), ["a", "b", "c"]),
    (([],), []),
    ((list("abcdefg"),), ["a", "b", "c", "d", "e"]),
    ((["a", "a", "b"], 2), ["a", "b"]),
    ((["a", "b"], 1), ["a"]),
    ((["a"], 0), ValueError),
    ((["a"], -1), ValueError),
]
# %% examples
[{"tags": ["travel", "food"]}, {"tags": ["one"]}, {"tags": ["Sea", "Sun"]}, {"tags": ["x", "y", "z"], "most": 2}]
# %% fresh
{"tags": many(lambda: pick("", " ", "#") + pick("", "a", "A", word(), "b"), 0, 8), "most": num(0, 7)}
