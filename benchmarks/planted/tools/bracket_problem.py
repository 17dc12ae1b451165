# %% tool
_PAIRS = {")": "(", "]": "[", "}": "{"}


def bracket_problem(text: str) -> int:
    """Find the first bracket that does not fit: one closed wrongly, else the last one left open.

    Args:
        text: any; only ( ) [ ] { } count.

    Returns:
        Its position from 0; -1 where all fit.
    """
    open_at: list[int] = []
    for at, letter in enumerate(text):
        if letter in "([{":
            open_at.append(at)
        elif letter in _PAIRS:
            if not open_at or text[open_at[-1]] != _PAIRS[letter]:
                return at
            open_at.pop()
    return open_at[-1] if open_at else -1
# %% cases
[
    (("(a[b]{c})",), -1),
    (("",), -1),
    (("abc",), -1),
    ((")",), 0),
    (("(]",), 1),
    (("a(b",), 1),
    (("((",), 1),
    (("(()",), 0),
    (("([)]",), 2),
    (("{}}",), 2),
    (("[{(",), 2),
    (("x{y]",), 3),
]
# %% examples
[{"text": "f(x[1])"}, {"text": "(a"}, {"text": "a)"}, {"text": "plain"}, {"text": "{[}"}]
# %% fresh
{"text": chars("()[]{}a", 0, 8)}
# %% wrong counts: only counts each kind
#-     open_at: list[int] = []
#-     for at, letter in enumerate(text):
#-         if letter in "([{":
#-             open_at.append(at)
#-         elif letter in _PAIRS:
#-             if not open_at or text[open_at[-1]] != _PAIRS[letter]:
#-                 return at
#-             open_at.pop()
#-     return open_at[-1] if open_at else -1
#+     for closing, opening in _PAIRS.items():
#+         if text.count(closing) > text.count(opening):
#+             return text.rindex(closing)
#+         if text.count(opening) > text.count(closing):
#+             return text.rindex(opening)
#+     return -1
# %% wrong first_open: the first one left open instead of the last
#-     return open_at[-1] if open_at else -1
#+     return open_at[0] if open_at else -1
