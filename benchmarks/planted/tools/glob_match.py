# %% tool
def glob_match(pattern: str, name: str) -> bool:
    """Tell whether a name fits a pattern in which * stands for any characters and ? for exactly one.

    Args:
        pattern: at most 50 characters.
        name: at most 200 characters; capitals count.

    Raises:
        ValueError: one of them is too long.
    """
    if len(pattern) > 50 or len(name) > 200:
        raise ValueError("the pattern or the name is too long")
    reached = {0}
    for sign in pattern:
        if sign == "*":
            reached = set(range(min(reached), len(name) + 1)) if reached else reached
        else:
            reached = {at + 1 for at in reached if at < len(name) and sign in ("?", name[at])}
    return len(name) in reached
# %% cases
[
    (("*.txt", "notes.txt"), True),
    (("*.txt", "notes.txt.bak"), False),
    (("*.txt", ".txt"), True),
    (("a?c", "abc"), True),
    (("a?c", "ac"), False),
    (("a?c", "abbc"), False),
    (("*", ""), True),
    (("", ""), True),
    (("", "a"), False),
    (("a", ""), False),
    (("?", ""), False),
    (("**a", "bba"), True),
    (("a*b*c", "aXbYbZc"), True),
    (("a*b*c", "acb"), False),
    (("A", "a"), False),
    (("[a]", "a"), False),
    (("[a]", "[a]"), True),
    (("x*y", "x"), False),
    (("a.c", "abc"), False),
    (("*a" * 25, "a" * 200), True),
    (("*" * 51, ""), ValueError),
    (("*", "a" * 201), ValueError),
]
# %% examples
[
    {"pattern": "*.pdf", "name": "bill.pdf"},
    {"pattern": "*.pdf", "name": "bill.png"},
    {"pattern": "img_??.png", "name": "img_07.png"},
    {"pattern": "img_??.png", "name": "img_7.png"},
    {"pattern": "a*z", "name": "abcz"},
]
# %% fresh
{"pattern": chars("ab*?", 0, 5), "name": chars("ab", 0, 6)}
# %% wrong first_star: only one star works
#-     reached = {0}
#-     for sign in pattern:
#-         if sign == "*":
#-             reached = set(range(min(reached), len(name) + 1)) if reached else reached
#-         else:
#-             reached = {at + 1 for at in reached if at < len(name) and sign in ("?", name[at])}
#-     return len(name) in reached
#+     head, star, tail = pattern.partition("*")
#+     if len(name) < len(head) + len(tail) or (not star and len(name) != len(head)):
#+         return False
#+     shown = name[: len(head)] + name[len(name) - len(tail) :]
#+     return all(sign in ("?", letter) for sign, letter in zip(head + tail, shown))
# %% wrong empty_question: ? stands for no character, too
#-             reached = {at + 1 for at in reached if at < len(name) and sign in ("?", name[at])}
#+             stayed = reached if sign == "?" else set()
#+             reached = stayed | {at + 1 for at in reached if at < len(name) and sign in ("?", name[at])}
