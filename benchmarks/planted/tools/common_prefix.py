# %% tool
def common_prefix(texts: list[str]) -> str:
    """Find the longest beginning that all texts share.

    Args:
        texts: none, one or many; capitals count as other letters than small ones.

    Returns:
        The beginning; empty where there is none or no text at all.
    """
    if not texts:
        return ""
    shortest = min(texts, key=len)
    for at, letter in enumerate(shortest):
        if any(text[at] != letter for text in texts):
            return shortest[:at]
    return shortest
# %% cases
[
    ((["flower", "flow", "flight"],), "fl"),
    ((["flow", "flower"],), "flow"),
    ((["same", "same"],), "same"),
    ((["dog", "car"],), ""),
    ((["alone"],), "alone"),
    (([],), ""),
    ((["", "x"],), ""),
    ((["Äpfel", "Äste"],), "Ä"),
    ((["Abc", "abc"],), ""),
    ((["abx", "aby", "acz"],), "a"),
    ((["invoice-2024-1", "invoice-2024-2", "invoice-2023"],), "invoice-202"),
]
# %% examples
[
    {"texts": ["report_jan.csv", "report_feb.csv"]},
    {"texts": ["north", "south"]},
    {"texts": ["single"]},
    {"texts": []},
]
# %% fresh
{"texts": many(lambda: pick("ab", "abc", "abd", "a", "b", "abcd") + pick("", "x", "cd"), 0, 4)}
# %% wrong first_two: only the first two are compared
#-         if any(text[at] != letter for text in texts):
#+         if any(text[at] != letter for text in texts[:2]):
# %% wrong letters: counts letters in common anywhere, in order of a set
#-     shortest = min(texts, key=len)
#-     for at, letter in enumerate(shortest):
#-         if any(text[at] != letter for text in texts):
#-             return shortest[:at]
#-     return shortest
#+     shared = set(texts[0]).intersection(*texts[1:])
#+     return "".join(letter for letter in shared if texts[0].startswith(letter))
# %% wrong empty: no text at all ends in an undeclared error
#-     if not texts:
#-         return ""
