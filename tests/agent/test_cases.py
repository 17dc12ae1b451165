"""Worked examples on lines of their own are read without a model, or not at all."""

from __future__ import annotations

import pytest

from agentforge.agent.cases import read_cases, worked_lines
from agentforge.registry.contract import parse_signature
from agentforge.types import JSON


def read(text: str, signature: str) -> list[tuple[dict[str, JSON], JSON]]:
    return [(case.args, case.returns) for case in read_cases(text, parse_signature(signature))]


ORDERS = """Order numbers get a letter:
- order 1000 has the letter "P"
- order 38 has the letter "A"
Which letter does 93482 get?"""


def test_lines_with_values_are_cases() -> None:
    assert read(ORDERS, "(order: int) -> str") == [({"order": 1000}, "P"), ({"order": 38}, "A")]


@pytest.mark.parametrize(
    ("lines", "signature", "first"),
    [
        ('- "DE44" → "DE##"\n- "FR76" → "FR##"', "(account: str) -> str", ({"account": "DE44"}, "DE##")),
        ("1. [7, 9, 8] gives 8\n2. [5, 5, 6, 9] gives 11", "(marks: list[int]) -> int", ({"marks": [7, 9, 8]}, 8)),
        ("* 1,200 grams cost 6.50\n* 300 grams cost 4.20", "(grams: int) -> float", ({"grams": 1200}, 6.5)),
        ("- code '0482' gets 4\n- code '12' gets 3", "(code: str) -> int", ({"code": "0482"}, 4)),
        ("- code 0482 gets 4\n- code 12 gets 3", "(code: str) -> int", ({"code": "0482"}, 4)),
        ('- "a \\"b\\"" has 1\n- "c" has 2', "(text: str) -> int", ({"text": 'a "b"'}, 1)),
        (
            "'a b' -> 'A B'\n'c' -> 'C'",
            "(text: str) -> str",
            ({"text": "a b"}, "A B"),
        ),  # an arrow is as good as a bullet
        ("- 'at most 3' has 1\n- 'if' has 0", "(text: str) -> int", ({"text": "at most 3"}, 1)),
        ("- -3 becomes 3\n- 4 becomes 4", "(number: int) -> int", ({"number": -3}, 3)),
    ],
)
def test_values_are_read_as_the_types_of_the_tool(lines: str, signature: str, first: object) -> None:
    assert read(lines, signature)[0] == first


GRADES = """- 0 late deliveries and 1 defects: grade "A"
- 3 late deliveries and 0 defects: grade "A"
- 5 late deliveries and 2 defects: grade "B" """


@pytest.mark.parametrize(
    "signature", ["(late_deliveries: int, defects: int) -> str", "(defects: int, late: int) -> str"]
)
def test_several_arguments_are_told_apart_by_the_words_beside_them(signature: str) -> None:
    late = "late_deliveries" if "late_deliveries" in signature else "late"
    assert read(GRADES, signature)[2] == ({late: 5, "defects": 2}, "B")


def test_several_arguments_are_told_apart_by_their_types() -> None:
    text = '- "abc" with 3 gives "x"\n- "d" with 4 gives "y"'
    assert read(text, "(count: int, what: str) -> str")[0] == ({"count": 3, "what": "abc"}, "x")


def test_where_the_order_of_arguments_is_in_doubt_nothing_is_read() -> None:
    assert read("- 3 and 4 give 7\n- 1 and 2 give 3", "(first: int, second: int) -> int") == []


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        (ORDERS, "(order: int, year: int) -> str"),  # another number of values
        (ORDERS, "(order: list[int]) -> str"),  # another type
        ("IX is 9 and XIV is 14.", "(text: str) -> int"),  # prose is for a model
        ("- one line with 1 and 2", "(number: int) -> int"),  # a single line may be anything
    ],
)
def test_what_does_not_fit_is_not_read(text: str, signature: str) -> None:
    assert read(text, signature) == []


def test_lists_without_values_are_no_cases() -> None:
    assert worked_lines("- apples\n- pears\n- plums") == []


@pytest.mark.parametrize(
    "rules",
    [
        "- over 10 items: 5 percent off\n- over 20 items: 8 percent off",
        "- up to 500 grams: 4 dollars\n- each further 1000 grams: 2 dollars",
        "- from 5 to 9 pieces 1 is free\n- from 10 to 14 pieces 2 are free",
    ],
)
def test_rules_with_values_in_them_are_no_cases(rules: str) -> None:
    assert worked_lines(rules) == []


@pytest.mark.parametrize(
    ("lines", "signature", "first"),
    [
        ("- 2024-01-15 -> 2024-02-14\n- 2023-03-01 -> 2023-03-31", "(date: str) -> str", ("2024-01-15", "2024-02-14")),
        ("CS 101 -> 4\nCS 205 -> 6", "(course: str) -> int", ("CS 101", 4)),
        ("Bolt M8 x 40 -> 340\nBolt M6 x 30 -> 210", "(part: str) -> int", ("Bolt M8 x 40", 340)),
        ("12.50 EUR -> 13\n9.20 EUR -> 9", "(price: str) -> int", ("12.50 EUR", 13)),
        ("12.50 EUR -> 13\n9.20 EUR -> 9", "(price: float) -> int", (12.5, 13)),
        ("09:30 -> 570\n10:00 -> 600", "(time: str) -> int", ("09:30", 570)),
        ("4 kg -> 12 euro\n9 kg -> 20 euro", "(weight: int) -> int", (4, 12)),
        ("4 kg -> 12 euro\n9 kg -> 20 euro", "(weight: str) -> str", ("4 kg", "12 euro")),
    ],
)
def test_a_side_of_an_arrow_is_one_value_as_it_stands(lines: str, signature: str, first: tuple[JSON, JSON]) -> None:
    args, result = read(lines, signature)[0]
    assert (next(iter(args.values())), result) == first


@pytest.mark.parametrize(
    ("lines", "signature"),
    [
        ("- 2024-01-15 is followed by 2024-02-14\n- 2023-03-01 by 2023-03-31", "(date: str) -> str"),
        ("- CS 101 has 4\n- CS 205 has 6", "(course: str) -> int"),  # 101 is a part of a name
        ("- 3 rolls cost 1,50\n- 4 rolls cost 2,00", "(rolls: int) -> int"),  # no thousands
        ("- 09:30 has 570\n- 10:00 has 600", "(hour: int, minute: int) -> int"),
        ("1. Multiply by 7 and add 3\n2. Divide by 10 and add 1", "(number: int) -> int"),  # steps
        ("- breakfast 12 euro for 1 person\n- dinner 30 euro for 1 person", "(price: int) -> int"),
        ("- zone 1 costs 5\n- zone 2 costs 8\nWhat do 4 kg to zone 2 cost?", "(zone: int) -> int"),  # a price table
    ],
)
def test_parts_of_something_longer_and_steps_and_tables_are_no_cases(lines: str, signature: str) -> None:
    assert read(lines, signature) == []


def test_values_are_for_the_parameters_without_a_default() -> None:
    assert read("- 3 -> 6\n- 4 -> 8", "(number: int, factor: int = 2) -> int")[0] == ({"number": 3}, 6)


PARTS = "Dashes go. So 'ab-12' should give 'AB12', and 'x-9' gives 'X9'; a plain 'T5' just stayed 'T5'. And 'kd-30'?"


def test_clauses_with_two_quoted_texts_are_cases_as_well() -> None:
    assert read(PARTS, "(part: str) -> str") == [
        ({"part": "ab-12"}, "AB12"),
        ({"part": "x-9"}, "X9"),
        ({"part": "T5"}, "T5"),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        "cubic metres    dollars\n4               16\n12              32",
        "| 4 | 16 |\n|---|---|\n| 12 | 32 |",
        "4\t16\n12\t32",
    ],
)
def test_rows_of_values_in_columns_are_cases(rows: str) -> None:
    assert read(rows, "(metres: int) -> int") == [({"metres": 4}, 16), ({"metres": 12}, 32)]
    assert worked_lines("4 16\n12 32") == []


@pytest.mark.parametrize(
    "text",
    [
        "The letter 'a' becomes 'e' and 'e' becomes 'i'.",  # a rule
        "Only 'ab-12' becomes 'AB12'.",  # a single one may be anything
        "Here 'ab' is never 'AB', and 'cd' is always 'CD'.",
    ],
)
def test_other_clauses_with_quoted_texts_are_none(text: str) -> None:
    assert worked_lines(text) == []
