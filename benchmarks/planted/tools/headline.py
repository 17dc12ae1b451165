# %% tool
_SMALL = ("a", "an", "and", "in", "of", "or", "the", "to")


def headline(text: str) -> str:
    """Write a headline with capitals: every word begins with one, but small words do so only at either end.

    Args:
        text: words between white space, which becomes one space; a, an, and, in, of, or, the and to are small.
            Words that are all in capitals (NASA) stay as they are.

    Raises:
        ValueError: there is no word.
    """
    words = text.split()
    if not words:
        raise ValueError("there is no word")
    written = []
    for place, word in enumerate(words):
        if word.isupper() and len(word) > 1:
            written.append(word)
        elif word.lower() in _SMALL and 0 < place < len(words) - 1:
            written.append(word.lower())
        else:
            written.append(word[0].upper() + word[1:].lower())
    return " ".join(written)
# %% cases
[
    (("war and peace",), "War and Peace"),
    (("the end",), "The End"),
    (("what is it to",), "What Is It To"),
    (("news of NASA today",), "News of NASA Today"),
    (("lORD Of THe rings",), "Lord of the Rings"),
    (("  two   words ",), "Two Words"),
    (("i am",), "I Am"),
    (("X of A y",), "X of a Y"),
    (("über den fluss",), "Über Den Fluss"),
    (("one",), "One"),
    (("don't stop",), "Don't Stop"),
    (("",), ValueError),
    (("  ",), ValueError),
]
# %% examples
[{"text": "hello world"}, {"text": "bread and butter"}, {"text": "one"}, {"text": "a new day"}]
# %% fresh
{"text": " ".join(many(lambda: pick("the", "Of", "NASA", "aND", word(), "bIg", ""), 0, 5))}
