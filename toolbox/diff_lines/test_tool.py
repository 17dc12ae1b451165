import pytest
from tool import diff_lines


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a\nb\nc", "a\nb\nc", ["  a", "  b", "  c"]),
        ("a\nc", "a\nb\nc", ["  a", "+ b", "  c"]),
        ("a\nb\nc", "a\nc", ["  a", "- b", "  c"]),
        ("a\nb\nc", "a\nx\nc", ["  a", "- b", "+ x", "  c"]),
        ("a\nb", "x\ny", ["- a", "- b", "+ x", "+ y"]),
        ("", "a\nb", ["+ a", "+ b"]),
        ("a\nb", "", ["- a", "- b"]),
        ("", "", []),
        ("a\n\nb", "a\nb", ["  a", "- ", "  b"]),
    ],
)
def test_every_line_carries_its_sign(before, after, expected):
    assert diff_lines(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a\nb\nc", "a\nx\nc", ["- b", "+ x"]),
        ("a\nb", "a\nb", []),
        ("1\n2\n3\n4", "1\n3\n4\n5", ["- 2", "+ 5"]),
    ],
)
def test_changes_alone_on_request(before, after, expected):
    assert diff_lines(before, after, changes_only=True) == expected


def test_line_ends_are_not_compared_but_spaces_are():
    assert diff_lines("a\r\nb\n", "a\nb") == ["  a", "  b"]
    assert diff_lines("a ", "a", changes_only=True) == ["- a ", "+ a"]


def test_a_line_that_occurs_very_often_is_still_matched():
    before = "\n".join(["same"] * 300)
    assert diff_lines("first\n" + before, before + "\nlast", changes_only=True) == ["- first", "+ last"]


def test_both_texts_can_be_read_back_from_the_answer():
    before, after = "q\na\nb\nx\nc\nd", "a\nb\ny\nc\nd\nf"
    lines = diff_lines(before, after)
    assert "\n".join(line[2:] for line in lines if line[0] in " -") == before
    assert "\n".join(line[2:] for line in lines if line[0] in " +") == after
