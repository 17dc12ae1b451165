import pytest
from tool import records_to_csv


def test_header_and_one_row_for_each_record():
    assert records_to_csv([{"name": "Ada", "age": 36}, {"name": "Bob", "age": 7}]) == "name,age\nAda,36\nBob,7\n"


def test_columns_stand_in_order_of_first_appearance():
    assert records_to_csv([{"z": 1}, {"a": 2, "z": 3}]) == "z,a\n1,\n3,2\n"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("plain", "plain"),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say ""hi"""'),
        ("two\nlines", '"two\nlines"'),
        (" spaced ", " spaced "),
        (1.5, "1.5"),
        (-3, "-3"),
        (0, "0"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ("True", "True"),
        ("", ""),
    ],
)
def test_how_a_value_is_written(value, field):
    assert records_to_csv([{"v": value, "w": "x"}]) == f"v,w\n{field},x\n"


@pytest.mark.parametrize(
    ("delimiter", "expected"), [(";", "a;b\n1,5;2\n"), ("\t", "a\tb\n1,5\t2\n"), (",", 'a,b\n"1,5",2\n')]
)
def test_another_delimiter(delimiter, expected):
    assert records_to_csv([{"a": "1,5", "b": "2"}], delimiter) == expected


def test_the_delimiter_in_a_column_name_is_quoted():
    assert records_to_csv([{"a;b": "1"}], ";") == '"a;b"\n1\n'


def test_nothing_gives_nothing():
    assert records_to_csv([]) == ""
    assert records_to_csv([{}, {}]) == ""


def test_a_record_without_any_value_keeps_its_row():
    assert records_to_csv([{"a": 1, "b": 2}, {}]) == "a,b\n1,2\n,\n"


@pytest.mark.parametrize("value", [[1], {"x": 1}, [], {}])
def test_a_nested_value_is_refused(value):
    with pytest.raises(ValueError):
        records_to_csv([{"a": value}])


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "\r"])
def test_an_unusable_delimiter_is_refused(delimiter):
    with pytest.raises(ValueError):
        records_to_csv([{"a": 1}], delimiter)
