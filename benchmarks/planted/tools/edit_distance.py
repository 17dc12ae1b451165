# %% tool
def edit_distance(one: str, other: str) -> int:
    """Count the fewest changes from one text to another: a letter added, removed or replaced (Levenshtein).

    Args:
        one: at most 500 characters.
        other: at most 500 characters.

    Raises:
        ValueError: a text is too long.
    """
    if max(len(one), len(other)) > 500:
        raise ValueError("at most 500 characters")
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row = row, [number]
        for at, wanted in enumerate(other):
            row.append(min(above[at + 1] + 1, row[at] + 1, above[at] + (letter != wanted)))
    return row[-1]
# %% cases
[
    (("kitten", "sitting"), 3),
    (("saturday", "sunday"), 3),
    (("same", "same"), 0),
    (("", "abc"), 3),
    (("abc", ""), 3),
    (("", ""), 0),
    (("ab", "ba"), 2),
    (("a", "A"), 1),
    (("flaw", "lawn"), 2),
    (("größe", "grosse"), 3),
    (("abcdef", "azced"), 3),
    (("a" * 500, "b" * 500), 500),
    (("a" * 501, ""), ValueError),
    (("", "a" * 501), ValueError),
]
# %% examples
[
    {"one": "house", "other": "mouse"},
    {"one": "cat", "other": "cart"},
    {"one": "book", "other": "back"},
    {"one": "", "other": "xy"},
]
# %% fresh
(lambda most: {"one": chars("abc", most // 2, most), "other": chars("abc", most // 2, most)})(pick(1, 3, 5, 5, 7, 30))
# %% wrong hamming: only compares place by place
#-     row = list(range(len(other) + 1))
#-     for number, letter in enumerate(one, 1):
#-         above, row = row, [number]
#-         for at, wanted in enumerate(other):
#-             row.append(min(above[at + 1] + 1, row[at] + 1, above[at] + (letter != wanted)))
#-     return row[-1]
#+     differing = sum(left != right for left, right in zip(one, other))
#+     return differing + abs(len(one) - len(other))
# %% wrong swaps: two letters in the wrong order count once
#-             row.append(min(above[at + 1] + 1, row[at] + 1, above[at] + (letter != wanted)))
#-     return row[-1]
#+             row.append(min(above[at + 1] + 1, row[at] + 1, above[at] + (letter != wanted)))
#+     return row[-1] - (sorted(one) == sorted(other) and one != other)
# %% wrong recursion: tries all ways without remembering any
#-     row = list(range(len(other) + 1))
#-     for number, letter in enumerate(one, 1):
#-         above, row = row, [number]
#-         for at, wanted in enumerate(other):
#-             row.append(min(above[at + 1] + 1, row[at] + 1, above[at] + (letter != wanted)))
#-     return row[-1]
#+     if not one or not other:
#+         return len(one) + len(other)
#+     ways = [edit_distance(one[1:], other) + 1, edit_distance(one, other[1:]) + 1]
#+     return min(*ways, edit_distance(one[1:], other[1:]) + (one[0] != other[0]))
