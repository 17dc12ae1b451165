import pytest
from tool import word_count


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one two three", 3),
        ("", 0),
        ("   ", 0),
        ("well-known", 1),
        ("it's fine, thanks", 3),
        ("a\nb\tc  d", 4),
        ("déjà vu", 2),
    ],
)
def test_words_stand_between_whitespace(text, words):
    assert word_count(text)["words"] == words


@pytest.mark.parametrize(
    ("text", "characters", "without_spaces"),
    [("one two", 7, 6), ("", 0, 0), (" a \n b\t", 7, 2), ("déjà", 4, 4), ("日本 語", 4, 3)],
)
def test_characters_with_and_without_whitespace(text, characters, without_spaces):
    size = word_count(text)
    assert size["characters"] == characters
    assert size["characters_without_spaces"] == without_spaces


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", 0), ("one", 1), ("one\n", 1), ("one\ntwo", 2), ("one\r\ntwo\r\n", 2), ("\n\n", 2), ("a\n\nb", 3)],
)
def test_a_final_line_end_opens_no_line(text, lines):
    assert word_count(text)["lines"] == lines


def test_the_whole_answer():
    assert word_count("Hello there,\nworld!\n") == {
        "words": 3,
        "characters": 20,
        "characters_without_spaces": 17,
        "lines": 2,
    }
