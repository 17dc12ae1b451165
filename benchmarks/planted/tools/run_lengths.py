# %% tool
def run_lengths(text: str) -> str:
    """Shorten repeated letters: "aaab" becomes "3ab"; a single letter has no number.

    Args:
        text: without digits.

    Raises:
        ValueError: a digit stands in the text.
    """
    if any(letter.isdigit() for letter in text):
        raise ValueError("a digit stands in the text")
    parts, start = [], 0
    for at in range(1, len(text) + 1):
        if at == len(text) or text[at] != text[start]:
            parts.append((str(at - start) if at - start > 1 else "") + text[start])
            start = at
    return "".join(parts)
# %% cases
[
    (("aaab",), "3ab"),
    (("abc",), "abc"),
    (("aab",), "2ab"),
    (("abb",), "a2b"),
    (("aaaaaaaaaaaa",), "12a"),
    (("aAa",), "aAa"),
    (("a  b",), "a2 b"),
    (("abab",), "abab"),
    (("ßßü",), "2ßü"),
    (("x",), "x"),
    (("",), ""),
    (("a1",), ValueError),
]
# %% examples
[{"text": "wwwwb"}, {"text": "hello"}, {"text": "zz"}, {"text": ""}, {"text": "a2"}]
# %% fresh
{"text": "".join(many(lambda: pick("a", "b", "A", "ü") * num(1, 12), 0, 5)) + pick("", "", "3")}
# %% wrong last_run: the last run is missing where it is a single letter
#-         if at == len(text) or text[at] != text[start]:
#+         if at == len(text) and at - start > 1 or at < len(text) and text[at] != text[start]:
# %% wrong nine: a run is at most nine long
#-             parts.append((str(at - start) if at - start > 1 else "") + text[start])
#+             parts.append((str(min(9, at - start)) if at - start > 1 else "") + text[start])
# %% wrong shows_one: single letters have a number, too [plain]
#-             parts.append((str(at - start) if at - start > 1 else "") + text[start])
#+             parts.append(str(at - start) + text[start])
