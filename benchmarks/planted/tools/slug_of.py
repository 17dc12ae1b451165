# %% tool
import re
import unicodedata


def slug_of(title: str, most: int = 40) -> str:
    """Make the part of an address from a title.

    Args:
        title: any text; accents are dropped, capitals become small letters, and whatever else is no letter or digit
            becomes one hyphen, but none at either end.
        most: the largest length, from 1.

    Raises:
        ValueError: nothing is left, or most is below 1.
    """
    if most < 1:
        raise ValueError("most is below 1")
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most].rstrip("-")
    if not slug:
        raise ValueError("nothing is left")
    return slug
# %% cases
[
    (("Hello World",), "hello-world"),
    (("Éclair à la crème",), "eclair-a-la-creme"),
    (("  spaced  out  ",), "spaced-out"),
    (("a & b -- c!",), "a-b-c"),
    (("C3PO 2024",), "c3po-2024"),
    (("ab cd", 3), "ab"),
    (("abcdef", 4), "abcd"),
    (("x", 1), "x"),
    (("",), ValueError),
    (("!?",), ValueError),
    (("abc", 0), ValueError),
    (("abc", -2), ValueError),
]
# %% examples
[{"title": "Spring sale"}, {"title": "Café Noir"}, {"title": "Top 10: tips"}, {"title": "news", "most": 10}]
# %% fresh
{"title": pick("", " ", "!") + " ".join(many(lambda: pick(word(), "Éa", "X1", "b!"), 0, 4)), "most": num(0, 15)}
