"""Which errors are a mistake of the code, and which are how it refuses an input that nobody meant."""

import time

import pytest

from agentforge.forge.domain import declared_as, has_open_types, is_defect, is_misshapen, within
from agentforge.registry.contract import parse_signature

KNOWN = [{"n": 2, "t": "2h 30m", "xs": [1, 5], "unit": "km"}, {"n": 9, "t": "5m", "xs": [7], "unit": "mi"}]


def args(**changed):
    return {**KNOWN[0], **changed}


@pytest.mark.parametrize(
    "changed",
    [{}, {"n": 5}, {"n": 9}, {"t": "7h 12m"}, {"t": "9m"}, {"xs": [3]}, {"xs": [7, 1]}, {"unit": "mi"}],
)
def test_within_the_examples(changed):
    assert within(args(**changed), KNOWN)


@pytest.mark.parametrize(
    "changed",
    [
        {"n": 1},
        {"n": -5},
        {"t": ""},
        {"t": "h2"},
        {"t": "2h 30"},
        {"xs": []},
        {"xs": [1, 2, 3]},
        {"xs": [99]},
        {"unit": "m"},
    ],
)
def test_beyond_the_examples(changed):
    assert not within(args(**changed), KNOWN)


def test_without_an_example_nothing_is_within():
    assert not within({"n": 1}, [])


INSIDE, OUTSIDE = args(n=5), args(n=-1, xs=[])


@pytest.mark.parametrize(
    ("error", "where", "declared", "defect"),
    [
        ("ValueError", INSIDE, {"ValueError"}, False),
        ("JSONDecodeError", INSIDE, {"ValueError"}, False),  # no builtin: a ValueError of the standard library
        ("UnicodeDecodeError", INSIDE, {"ValueError"}, False),
        ("KeyError", INSIDE, {"LookupError"}, False),
        ("KeyError", INSIDE, {"ValueError"}, True),
        ("KeyError", OUTSIDE, {"ValueError"}, True),  # who names errors has said how bad input is refused
        ("IndexError", OUTSIDE, {"ValueError"}, True),
        ("ZeroDivisionError", OUTSIDE, {"ValueError"}, True),
        ("RecursionError", OUTSIDE, {"ValueError"}, True),
        ("AttributeError", OUTSIDE, {"ValueError"}, True),
        ("OverflowError", OUTSIDE, {"ValueError"}, False),
        ("ValueError", OUTSIDE, {"KeyError"}, False),
        ("ValueError", INSIDE, {"KeyError"}, True),
        ("IndexError", OUTSIDE, (), False),  # nobody said what happens to an empty list
        ("IndexError", INSIDE, (), True),
        ("ZeroDivisionError", INSIDE, (), True),
        ("ValueError", INSIDE, (), False),
    ],
)
def test_what_is_a_defect(error, where, declared, defect):
    assert is_defect(error, where, KNOWN, declared, open_types=False) is defect


def test_a_value_of_an_open_type_may_be_refused_with_a_type_error():
    assert not is_defect("TypeError", OUTSIDE, KNOWN, {"ValueError"}, open_types=True)
    assert is_defect("TypeError", INSIDE, KNOWN, {"ValueError"}, open_types=True)
    assert is_defect("TypeError", OUTSIDE, KNOWN, {"ValueError"}, open_types=False)


@pytest.mark.parametrize(
    ("text", "open_types"),
    [
        ("(a: list) -> int", True),
        ("(a: dict[str, list]) -> int", True),
        ("(a: list[int], b: dict[str, str] | None = None) -> int", False),
    ],
)
def test_open_types(text, open_types):
    assert has_open_types(parse_signature(text).parameters) is open_types


POINTS = [{"points": [[0, 0], [4, 0], [4, 3]], "tag": {"x": 1}}, {"points": [[1, 2]], "tag": {"y": 2}}]
TABLE = [{"rows": [[1, 2], [3, 4]]}, {"rows": [[5, 6], [7, 8], [9, 9]]}]
PEOPLE = [{"rows": [["Ada", 36], ["Bob", 7], ["Cy", 50.5]]}]
ROWS = [{"rows": [{"price": 2, "count": 1}, {"price": 5, "count": 3}]}, {"rows": [{"price": 1, "count": 9}]}]


@pytest.mark.parametrize(
    ("given", "known", "misshapen"),
    [
        ({"points": [[0, 0], []], "tag": {}}, POINTS, True),
        ({"points": [[0, 0, 0]], "tag": {}}, POINTS, True),
        ({"points": [[9, 9]] * 7, "tag": {}}, POINTS, False),
        ({"points": [], "tag": {"z": 1}}, POINTS, False),  # of lists only those within a list, and objects that agree
        ({"points": [[1]], "tag": {}}, POINTS[1:], False),  # one point says little
        ({"rows": [[1, 2, 3]]}, TABLE, False),  # that all rows were equally long says nothing about a longer one
        ({"rows": [["Ada"]]}, PEOPLE, True),  # but of a name and an age, each has its place
        ({"rows": [{"price": 2}]}, ROWS, True),
        ({"rows": [{"price": 2, "count": 4}]}, ROWS, False),
    ],
)
def test_a_record_always_has_the_same_shape(given, known, misshapen):
    assert is_misshapen(given, known) is misshapen


@pytest.mark.parametrize(
    ("purpose", "misshapen"),
    [
        ("Sum of goods given as [price in cents, count].", True),
        ("Rows are pairs of numbers.", True),
        ("Rows are [x, y, z] triples.", False),  # which these are not
        ("Sum of all numbers in a table, like [1, 2] or [a, b, ...].", False),
        ("Takes list[int, int] and f[a, b].", False),
        ("", False),
    ],
)
def test_the_purpose_says_whether_the_places_of_a_list_mean_something(purpose, misshapen):
    assert is_misshapen({"rows": [[1, 2, 3]]}, TABLE, purpose) is misshapen


@pytest.mark.parametrize(("name", "misshapen"), [("corner_points", True), ("intervals", True), ("matrix", False)])
def test_or_the_name_of_a_parameter_does(name, misshapen):
    known = [{name: one["rows"]} for one in TABLE]
    assert is_misshapen({name: [[1, 2, 3]]}, known) is misshapen


def test_a_crash_on_a_longer_row_than_the_examples_have_is_a_defect():
    given = {"rows": [[1, 2, 3]]}
    assert is_defect("IndexError", given, TABLE, {"ValueError"}, open_types=False, purpose="Column sums of a table.")
    assert not is_defect("IndexError", given, TABLE, {"ValueError"}, open_types=False, purpose="Sum of [x, y] pairs.")


def test_words_of_a_stranger_are_read_in_a_time_that_grows_with_their_length():
    began = time.monotonic()
    for text in ("[" + " " * 60_000, "[a, " * 15_000, "[a" + ", a" * 20_000, "[a " + " " * 60_000 + ","):
        assert not is_misshapen({"rows": [[1, 2, 3]]}, TABLE, text)
    assert time.monotonic() - began < 5


def test_a_record_of_another_shape_may_crash_like_a_value_of_another_type():
    short = {"points": [[0, 0], [1]], "tag": {}}
    assert not is_defect("IndexError", short, POINTS, {"ValueError"}, open_types=False)
    assert is_defect("ZeroDivisionError", short, POINTS, {"ValueError"}, open_types=False)
    assert is_defect("IndexError", {"points": [], "tag": {}}, POINTS, {"ValueError"}, open_types=False)


@pytest.mark.parametrize(
    ("error", "declared", "named"),
    [
        ("ValueError", {"ValueError"}, "ValueError"),
        ("UnicodeDecodeError", {"ValueError"}, "ValueError"),
        ("KeyError", {"LookupError", "KeyError"}, "KeyError"),
        ("statistics.StatisticsError", {"ValueError"}, "ValueError"),
        ("ValueError", {"UnicodeDecodeError"}, ""),
        ("KeyError", {"ValueError"}, ""),
        ("KeyError", set(), ""),
    ],
)
def test_an_error_counts_as_the_declared_one_that_covers_it(error, declared, named):
    assert declared_as(error, declared) == named


GRIDS = [{"grid": [[1, 0], [0, 1], [1, 1]]}, {"grid": [[1, 0, 1], [0, 1, 0], [1, 1, 1]]}]


@pytest.mark.parametrize(
    ("known", "grid", "defect"),
    [
        (GRIDS, [[1, 0], [0, 1, 1], [1, 1]], False),  # no grid
        (GRIDS, [[1, 0], [0, 1], [1, 1]], True),
        ([GRIDS[0], {"grid": [[1, 0, 1]]}], [[1, 0], [0, 1, 1]], True),  # one may be so by chance
        ([*GRIDS, {"grid": [[1], [1, 0]]}], [[1, 0], [0], [1, 1]], True),
    ],
)
def test_a_row_that_is_too_short_makes_no_grid(known, grid, defect):
    assert is_defect("IndexError", {"grid": grid}, known, (), open_types=False) is defect


def test_a_grid_is_judged_by_what_a_person_gave_where_a_model_forgot_a_cell():
    forgotten = [*GRIDS, {"grid": [[1, 0, 1], [0, 1], [1, 1, 1]]}]
    args = {"grid": [[1, 0], [0, 1, 1], [1, 1]]}

    assert is_defect("IndexError", args, forgotten, (), open_types=False)
    assert not is_defect("IndexError", args, forgotten, (), open_types=False, vouched=GRIDS)


def test_a_tool_that_divides_by_nothing_errs_on_ragged_rows_too():
    assert is_defect("ZeroDivisionError", {"grid": [[1, 0], [0, 1, 1], [1, 1]]}, GRIDS, (), open_types=False)
