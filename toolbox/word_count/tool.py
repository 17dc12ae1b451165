from typing import TypedDict


class TextSize(TypedDict):
    words: int
    characters: int
    characters_without_spaces: int
    lines: int


def word_count(text: str) -> TextSize:
    """Count the words, characters and lines of a text.

    Words are what stands between whitespace, so 'well-known' and 'it's' are one each. Characters
    are Unicode code points. A line end at the very end of the text opens no further line, and an
    empty text has no line.

    Args:
        text: any text.

    Returns:
        words, characters, characters_without_spaces (no whitespace of any kind) and lines.

    Raises:
        Nothing.
    """
    words = text.split()
    return {
        "words": len(words),
        "characters": len(text),
        "characters_without_spaces": sum(map(len, words)),
        "lines": len(text.splitlines()),
    }
