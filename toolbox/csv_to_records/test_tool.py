import pytest
from tool import csv_to_records


def test_each_row_becomes_a_record_of_text():
    assert csv_to_records("name,age\nAda,36\nBob,7\n") == [{"name": "Ada", "age": "36"}, {"name": "Bob", "age": "7"}]


def test_columns_keep_their_order():
    assert list(csv_to_records("z,a,m\n1,2,3")[0]) == ["z", "a", "m"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('v,w\n"a,b",1', "a,b"),
        ('v,w\n"say ""hi""",1', 'say "hi"'),
        ('v,w\n"two\nlines",1', "two\nlines"),
        ("v,w\n  spaced  ,1", "  spaced  "),
        ("v,w\n,1", ""),
        ('v,w\n"",1', ""),
        ("v,w\n007,1", "007"),
    ],
)
def test_quoting_and_spaces_are_kept_exactly(text, value):
    assert csv_to_records(text) == [{"v": value, "w": "1"}]


@pytest.mark.parametrize(("text", "delimiter"), [("a;b\n1,5;2", ";"), ("a\tb\n1,5\t2", "\t"), ("a|b\n1,5|2", "|"), ("a~b\n1,5~2", "~")])
def test_another_delimiter(text, delimiter):
    assert csv_to_records(text, delimiter) == [{"a": "1,5", "b": "2"}]


@pytest.mark.parametrize("text", ["a,b\r\n1,2\r\n", "\ufeffa,b\n1,2", "a,b\n\n1,2\n\n", "\na,b\n1,2"])
def test_line_ends_byte_order_mark_and_blank_lines(text):
    assert csv_to_records(text) == [{"a": "1", "b": "2"}]


def test_a_header_alone_has_no_records():
    assert csv_to_records("a,b\n") == []
    assert csv_to_records("a") == []


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a,a\n1,2", "a,\n1,2", "a,b\n1", "a,b\n1,2,3", "a,b\n1,2\n3", 'a,b\n"1,2', 'a,b\n"1"x,2']
)
def test_a_broken_table_is_refused(text):
    with pytest.raises(ValueError):
        csv_to_records(text)


def test_a_row_of_the_wrong_length_is_named():
    with pytest.raises(ValueError) as caught:
        csv_to_records("a,b\n1,2\n3")
    assert "record 2" in str(caught.value)


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r"])
def test_an_unusable_delimiter_is_refused(delimiter):
    with pytest.raises(ValueError):
        csv_to_records("a,b\n1,2", delimiter)
