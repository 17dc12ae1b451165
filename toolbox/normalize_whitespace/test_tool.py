import pytest
from tool import normalize_whitespace


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two", "one two"),
        ("  one   two  ", "one two"),
        ("one\ttwo\n\nthree\r\nfour", "one two three four"),
        ("one\u00a0\u00a0two\u3000three", "one two three"),
        ("", ""),
        (" \n\t ", ""),
        ("word", "word"),
    ],
)
def test_runs_of_whitespace_become_one_space(text, expected):
    assert normalize_whitespace(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a  b\nc   d", "a b\nc d"),
        ("  a \r\n b\t\tc ", "a\nb c"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("a\n \t \n\nb\nc", "a\n\nb\nc"),
        ("\n\n a\n\n", "a"),
        ("a\n", "a"),
        ("~ a ~\n\n", "~ a ~"),
        ("", ""),
        ("\n \n", ""),
    ],
)
def test_lines_are_kept_on_request(text, expected):
    assert normalize_whitespace(text, keep_lines=True) == expected


def test_lines_are_joined_unless_asked_for():
    assert normalize_whitespace("a\nb") == "a b"
    assert normalize_whitespace("a\nb", keep_lines=False) == "a b"


@pytest.mark.parametrize("keep_lines", [True, False])
def test_tidying_twice_changes_nothing_more(keep_lines):
    once = normalize_whitespace("  a\t b \n\n\n c ", keep_lines)
    assert normalize_whitespace(once, keep_lines) == once
