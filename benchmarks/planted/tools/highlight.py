# %% tool
def highlight(text: str, term: str) -> str:
    """Mark each place of a term in a text with ** on both sides, whatever its capitals; places do not overlap.

    Args:
        text: ASCII text.
        term: what is looked for; not empty, ASCII.

    Returns:
        The text with the marks; its own capitals stay.

    Raises:
        ValueError: the term is empty, or something is not ASCII.
    """
    if not term or not (text + term).isascii():
        raise ValueError("a term and ASCII text are needed")
    small, wanted = text.lower(), term.lower()
    parts, at = [], 0
    while (found := small.find(wanted, at)) >= 0:
        parts += [text[at:found], "**", text[found : found + len(term)], "**"]
        at = found + len(term)
    return "".join([*parts, text[at:]])
# %% cases
[
    (("Tax and more tax", "tax"), "**Tax** and more **tax**"),
    (("Tax and more tax", "TAX"), "**Tax** and more **tax**"),
    (("nothing here", "tax"), "nothing here"),
    (("taxtax", "tax"), "**tax****tax**"),
    (("aaa", "aa"), "**aa**a"),
    (("", "a"), ""),
    (("a.c abc", "a.c"), "**a.c** abc"),
    (("x", "x"), "**x**"),
    (("x", ""), ValueError),
    (("ü", "u"), ValueError),
    (("u", "ü"), ValueError),
]
# %% examples
[
    {"text": "Invoice for May", "term": "invoice"},
    {"text": "pay the pay slip", "term": "pay"},
    {"text": "no match", "term": "zzz"},
    {"text": "anything", "term": ""},
]
# %% fresh
{"text": chars("aAb. ", 0, 12), "term": chars("aAb.", 0, 2)}
# %% wrong pattern: the term is taken for a pattern
#- def highlight(text: str, term: str) -> str:
#+ import re
#+
#+
#+ def highlight(text: str, term: str) -> str:
#~
#-     small, wanted = text.lower(), term.lower()
#-     parts, at = [], 0
#-     while (found := small.find(wanted, at)) >= 0:
#-         parts += [text[at:found], "**", text[found : found + len(term)], "**"]
#-         at = found + len(term)
#-     return "".join([*parts, text[at:]])
#+     return re.sub(f"({term})", r"**\1**", text, flags=re.IGNORECASE)
# %% wrong small: all becomes small letters
#-         parts += [text[at:found], "**", text[found : found + len(term)], "**"]
#+         parts += [text[at:found], "**", wanted, "**"]
