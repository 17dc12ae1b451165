import pytest
from tool import records_to_markdown


def test_header_rule_and_rows():
    table = records_to_markdown([{"name": "Ada", "team": "red"}, {"name": "Bob", "team": "blue"}])
    assert table == "| name | team |\n| --- | --- |\n| Ada | red |\n| Bob | blue |"


def test_columns_of_numbers_are_aligned_to_the_right():
    table = records_to_markdown([{"n": 1, "x": 2.5, "t": "a"}, {"n": -2, "x": 3, "t": 4}])
    assert table.splitlines()[1] == "| ---: | ---: | --- |"


@pytest.mark.parametrize("values", [["1", "2"], [1, None], [True, False], [1, "n/a"]])
def test_other_columns_are_not(values):
    assert records_to_markdown([{"v": value} for value in values]).splitlines()[1] == "| --- |"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("a|b", "a\\|b"),
        ("two\nlines", "two<br>lines"),
        ("two\r\nlines\n", "two<br>lines"),
        (None, ""),
        ("", ""),
        (True, "true"),
        (False, "false"),
        ("True", "True"),
        (0, "0"),
        (1.5, "1.5"),
    ],
)
def test_how_a_cell_is_written(value, cell):
    assert records_to_markdown([{"k": value, "w": "x"}]).splitlines()[2] == f"| {cell} | x |"


def test_columns_can_be_chosen_and_ordered():
    rows = [{"a": 1, "b": 2, "c": 3}]
    assert records_to_markdown(rows, ["c", "a"]) == "| c | a |\n| ---: | ---: |\n| 3 | 1 |"


def test_a_chosen_column_that_no_record_has_is_empty():
    assert records_to_markdown([{"a": 1}], ["a", "z"]).splitlines()[2] == "| 1 |  |"


def test_a_missing_value_is_an_empty_cell():
    assert records_to_markdown([{"a": 1}, {"b": "x"}]) == "| a | b |\n| --- | --- |\n| 1 |  |\n|  | x |"


def test_columns_without_records_give_a_header_alone():
    assert records_to_markdown([], ["a", "b"]) == "| a | b |\n| --- | --- |"


def test_a_pipe_in_a_column_name_is_escaped():
    assert records_to_markdown([{"a|b": "x"}]).splitlines()[0] == "| a\\|b |"


@pytest.mark.parametrize(("records", "columns"), [([], None), ([{}], None), ([{"a": 1}], [])])
def test_no_column_gives_no_table(records, columns):
    assert records_to_markdown(records, columns) == ""


@pytest.mark.parametrize("value", [[1], {"x": 1}, []])
def test_a_nested_value_is_refused(value):
    with pytest.raises(ValueError):
        records_to_markdown([{"a": value}])
