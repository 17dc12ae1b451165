import pytest
from tool import group_sum

SALES = [
    {"customer": "Ada", "amount": 10, "note": "x"},
    {"customer": "Bob", "amount": 2.5, "note": "y"},
    {"customer": "Ada", "amount": 5, "note": "z"},
]


def test_amounts_are_added_for_each_group():
    assert group_sum(SALES, "customer", "amount") == {"Ada": 15.0, "Bob": 2.5}


def test_groups_stand_in_order_of_first_appearance():
    rows = [{"k": "z", "v": 1}, {"k": "a", "v": 2}, {"k": "z", "v": 3}]
    assert list(group_sum(rows, "k", "v").items()) == [("z", 4.0), ("a", 2.0)]


def test_decimals_are_added_exactly():
    assert group_sum([{"k": "a", "v": 0.1}, {"k": "a", "v": 0.2}], "k", "v") == {"a": 0.3}
    assert group_sum([{"k": "a", "v": "0.7"}] * 3, "k", "v") == {"a": 2.1}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.50", 12.5),
        ("-3", -3.0),
        ("+4", 4.0),
        (" 7 ", 7.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("2.", 2.0),
        ("0", 0.0),
        (1e-7, 1e-7),
    ],
)
def test_numeric_text_counts_as_a_number(text, number):
    assert group_sum([{"k": "a", "v": text}], "k", "v") == {"a": number}


def test_amounts_that_cancel_leave_zero():
    assert group_sum([{"k": "a", "v": 5}, {"k": "a", "v": -5}], "k", "v") == {"a": 0.0}


def test_a_whole_number_can_name_a_group():
    assert group_sum([{"k": 7, "v": 1}, {"k": "7", "v": 2}], "k", "v") == {"7": 3.0}


def test_empty_text_can_name_a_group():
    assert group_sum([{"k": "", "v": 1}], "k", "v") == {"": 1.0}


def test_no_records_give_no_groups():
    assert group_sum([], "k", "v") == {}


@pytest.mark.parametrize(
    "amount", ["", "abc", "1,000", "1 000", "0x10", "nan", "inf", "1e9999", None, True, [1], {"x": 1}]
)
def test_an_amount_that_is_no_number_is_refused(amount):
    with pytest.raises(ValueError):
        group_sum([{"k": "a", "v": amount}], "k", "v")


@pytest.mark.parametrize("group", [None, True, 1.5, ["a"], {"x": 1}])
def test_what_cannot_name_a_group_is_refused(group):
    with pytest.raises(ValueError):
        group_sum([{"k": group, "v": 1}], "k", "v")


@pytest.mark.parametrize("record", [{"v": 1}, {"k": "a"}, {}])
def test_a_record_without_one_of_the_fields_is_refused(record):
    with pytest.raises(ValueError) as caught:
        group_sum([{"k": "a", "v": 1}, record], "k", "v")
    assert "record 2" in str(caught.value)


def test_a_sum_too_large_for_a_float_is_refused():
    with pytest.raises(ValueError):
        group_sum([{"k": "a", "v": 1e308}, {"k": "a", "v": 1e308}], "k", "v")
    with pytest.raises(ValueError):
        group_sum([{"k": "a", "v": "1e999"}], "k", "v")
