# %% tool
def is_palindrome(text: str) -> bool:
    """Tell whether a text reads the same backwards; only letters and digits count, capitals as small ones.

    Args:
        text: any; one without letters and digits is a palindrome.
    """
    letters = [letter for letter in text.casefold() if letter.isalnum()]
    return letters == letters[::-1]
# %% cases
[
    (("A man, a plan, a canal: Panama",), True),
    (("Otto",), True),
    (("Ottos",), False),
    (("ab",), False),
    (("",), True),
    (("?!",), True),
    (("1a2",), False),
    (("1 a 1",), True),
    (("Straß ssarts",), True),
    (("Reliefpfeiler",), True),
    (("éé",), True),
    (("éa",), False),
    (("abca",), False),
]
# %% examples
[{"text": "Never odd or even"}, {"text": "hello"}, {"text": "Anna"}, {"text": "12321"}, {"text": "ab a"}]
# %% fresh
{"text": (lambda half: half + pick("", "x", "?", "ab1") + pick(half[::-1], half[::-1].upper(), half))(chars("abAB1,é ", 0, 4))}
# %% wrong no_digits: digits do not count
#-     letters = [letter for letter in text.casefold() if letter.isalnum()]
#+     letters = [letter for letter in text.casefold() if letter.isalpha()]
# %% wrong ascii: letters beyond a to z do not count
#-     letters = [letter for letter in text.casefold() if letter.isalnum()]
#+     letters = [letter for letter in text.casefold() if letter in "abcdefghijklmnopqrstuvwxyz0123456789"]
# %% wrong ends: only both ends are compared
#-     return letters == letters[::-1]
#+     return letters[:2] == letters[::-1][:2]
