# %% tool
import re


def different_words(text: str, shortest: int = 1) -> list[str]:
    """List the different words of a text in alphabetical order; capitals do not matter.

    Args:
        text: words are letters, with apostrophes inside them.
        shortest: words with fewer letters are left out.

    Returns:
        The words in small letters, each once; empty where there is none.
    """
    words = [word.strip("'") for word in re.findall(r"[^\W\d_']+(?:'[^\W\d_']+)*", text.lower())]
    return sorted({word for word in words if len(word) >= shortest})
# %% cases
[
    (("the cat the dog",), ["cat", "dog", "the"]),
    (("The THE the",), ["the"]),
    (("b a",), ["a", "b"]),
    (("don't, won't!",), ["don't", "won't"]),
    (("'quoted'",), ["quoted"]),
    (("a1b 2",), ["a", "b"]),
    (("Über über",), ["über"]),
    (("",), []),
    (("... 12",), []),
    (("to be or not", 3), ["not"]),
    (("to be", 0), ["be", "to"]),
    (("tree is", 2), ["is", "tree"]),
]
# %% examples
[{"text": "one two one"}, {"text": "Red and red"}, {"text": "a big house", "shortest": 2}, {"text": ""}]
# %% fresh
{"text": " ".join(many(lambda: pick("The", "the", "a", "B", "Zoo", "it's", "12", word()), 0, 6)), "shortest": num(1, 4)}
