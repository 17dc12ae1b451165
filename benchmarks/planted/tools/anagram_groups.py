# %% tool
def anagram_groups(words: list[str]) -> list[list[str]]:
    """Group words that are made of the same letters, whatever their capitals.

    Args:
        words: any.

    Returns:
        Groups in order of their first word, the words of a group in the given order; also groups of one.
    """
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault("".join(sorted(word.lower())), []).append(word)
    return list(groups.values())
# %% cases
[
    ((["listen", "silent", "cat"],), [["listen", "silent"], ["cat"]]),
    ((["Tea", "eat", "ATE", "tab"],), [["Tea", "eat", "ATE"], ["tab"]]),
    ((["a", "b", "a"],), [["a", "a"], ["b"]]),
    ((["aab", "abb"],), [["aab"], ["abb"]]),
    (([],), []),
    ((["", "x", ""],), [["", ""], ["x"]]),
    ((["z", "y"],), [["z"], ["y"]]),
]
# %% examples
[
    {"words": ["night", "thing", "day"]},
    {"words": ["one"]},
    {"words": ["stop", "tops", "pots", "cat", "act"]},
    {"words": []},
]
# %% fresh
{"words": many(lambda: chars("abA", 1, 3), 0, 7)}
# %% wrong letters_once: letters that are repeated are counted once
#-         groups.setdefault("".join(sorted(word.lower())), []).append(word)
#+         groups.setdefault("".join(sorted(set(word.lower()))), []).append(word)
# %% wrong set_order: the groups stand in the order of a set
#-     return list(groups.values())
#+     return [groups[key] for key in set(groups)]
