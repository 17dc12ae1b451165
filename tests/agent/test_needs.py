"""A need carries the user's own rules, shows no example, and has a signature that can be built on."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agentforge.agent.cases import read_cases
from agentforge.agent.needs import (
    need_problems,
    need_schema,
    rules_of,
    shape_problems,
    shown_schema,
    with_shown_result,
)
from agentforge.registry.contract import parse_signature
from agentforge.registry.schema import mismatches
from agentforge.types import Example


@pytest.mark.parametrize(
    "signature",
    [
        "(text: str) -> int",
        "(year: int, running_number: int) -> str",
        "(points: list[list[int]]) -> dict[str, list[str]]",
    ],
)
def test_signatures_of_the_schema_are_signatures_of_the_contract(signature: str) -> None:
    assert mismatches({"name": "make_it", "signature": signature}, need_schema()) == []
    assert parse_signature(signature).parameters


@pytest.mark.parametrize(
    "signature", ["() -> str", "(text) -> str", "(x: set) -> str", "(a: str, b: int)", "(X: str) -> int"]
)
def test_other_signatures_do_not_fit_the_schema(signature: str) -> None:
    assert mismatches({"name": "make_it", "signature": signature}, need_schema())


def test_the_patterns_are_plain_enough_for_every_grammar() -> None:
    properties: Any = need_schema()["properties"]
    for part in properties.values():
        assert re.compile(part["pattern"])
        assert "(?" not in part["pattern"]


def test_a_tool_that_would_have_to_understand_language_is_refused() -> None:
    stated: Any = {"name": "solve_it", "signature": "(question: str) -> str"}
    assert "'question' is no value" in need_problems(stated)[0]


@pytest.mark.parametrize("name", ["read_roman", "run_python"])
def test_names_that_are_taken_or_reserved_are_refused(name: str) -> None:
    stated: Any = {"name": name, "signature": "(text: str) -> str"}
    assert "is taken" in need_problems(stated, ["read_roman"])[0]


@pytest.mark.parametrize(
    ("results", "shown"),
    [
        (("4", "15"), "int"),
        (("4.5", "3"), "float"),
        (("0", "-2"), "int"),
        (('"4"', '"15"'), "str"),
        (("007", "12"), "str"),
    ],
)
def test_bare_numbers_as_results_are_no_text(results: tuple[str, ...], shown: str) -> None:
    text = "A rule:\n" + "\n".join(f"- {weight} grams cost {result}" for weight, result in enumerate(results))
    stated: Any = {"name": "shipping_fee", "signature": "(grams: int) -> str"}
    assert with_shown_result(stated, text)["signature"] == f"(grams: int) -> {shown}"


def test_as_many_parameters_as_the_worked_examples_give_values() -> None:
    text = 'Masked:\n- "AB1234" → "##1234"\n- "9081726354" → "######6354"'
    two: Any = {"name": "mask_text", "signature": "(text: str, width: int) -> str"}
    one: Any = {"name": "mask_text", "signature": "(text: str) -> str"}
    assert shape_problems(two, text) == [
        "each worked example gives one value and a result, so it takes one value, not text, width"
    ]
    assert shape_problems(one, text) == []
    assert shape_problems(two, "No examples here.") == []


def case(returns: Any, **args: Any) -> Example:
    return Example(args, returns, source="user")


def test_the_rules_are_what_is_left_without_examples_and_question() -> None:
    text = 'Codes have a letter. It is the first one. For example:\n- "ab" gives "A"\n- "cd" gives "C"\nWhich has "ef"?'
    assert rules_of(text, [case("A", code="ab"), case("C", code="cd")]) == "Codes have a letter. It is the first one."


def test_bulleted_rules_stay_where_bulleted_cases_go() -> None:
    text = "Discounts:\n- over 10 items: 5 percent\n- over 20 items: 8 percent\n- 11 items cost 209\n- 2 items cost 40"
    rules = rules_of(f"{text}\nWhat do 7 cost?", [case(209, items=11), case(40, items=2)])
    assert "over 10 items: 5 percent" in rules
    assert "over 20 items: 8 percent" in rules
    assert "209" not in rules


def test_a_sentence_that_is_an_example_goes() -> None:
    text = "Letters are added up. The sum of XI is 11. A smaller letter is subtracted. What is IX?"
    assert rules_of(text, [case(11, text="XI")]) == "Letters are added up. A smaller letter is subtracted."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It is never more than 40. Round down to whole dollars.", "Round down to whole dollars."),
        ("The surcharge is 3 euro plus 2 per kilogram:\n- 4 kg cost 11\n- 6 kg cost 15", "3 euro plus 2 per kilogram"),
        ("Members pay:\n2 per item\nGuests pay:\n5 per item", "Members pay: 2 per item Guests pay: 5 per item"),
        ("The first 4 kg cost 11 dollars. The next ones are free.", "The first 4 kg cost 11 dollars."),
        ("- breakfast 12 euro for 1 person\n- dinner 30 euro for 2 people", "dinner 30 euro for 2 people"),
    ],
)
def test_no_rule_is_lost(text: str, kept: str) -> None:
    assert kept in rules_of(f"{text}\nWhat is it for 7 kg?", [case(11, kg=4), case(15, kg=6)])
    assert "What is it" not in rules_of(f"{text}\nWhat is it for 7 kg?", [])


def test_a_command_at_the_end_goes_like_a_question() -> None:
    assert rules_of("Double it. Tell me the result for 7.", []) == "Double it."
    assert rules_of("Double it. Then add 1.", []) == "Double it. Then add 1."


def test_a_rule_that_only_names_the_same_values_stays() -> None:
    rule = "Up to and including 500 grams it costs 4 dollars, and for each further kilogram that was begun 2 more."
    assert rules_of(f"{rule} What do 700 grams cost?", [case(4, grams=500)]) == rule


@pytest.mark.parametrize(
    ("examples", "signature", "other"),
    [
        (["4 kg -> 12", "7 kg -> 21"], "(weight: int) -> int", "(weight: int, express: bool) -> int"),
        (["4 kg -> 12", "7 kg -> 21"], "(weight: float) -> int", "(weight: str) -> int"),
        (["4 kg -> 12", "7 kg -> 21"], "(weight: int) -> int", "(weight: int) -> str"),
        (
            ["2 nights, 1 guests -> 110", "1 nights, 4 guests -> 100"],
            "(nights: int, guests: int) -> int",
            "(a: int, b: int) -> int",
        ),
        (
            ["bill 54 EUR, 4 people -> 15.00", "bill 30 EUR, 3 people -> 12.00"],
            "(bill: int, people: int) -> str",
            "(bill: int, people: int) -> float",
        ),
        (
            ["year 2025, number 7 -> R-7", "year 2026, number 31 -> R-31"],
            "(year: int, number: int) -> str",
            "(year: float, number: int) -> str",
        ),
        (['"ab" -> 2', '"abc" -> 3'], "(text: str) -> int", "(text: int) -> int"),
        (["1.5 -> 3.0", "2 -> 4.0"], "(value: float) -> float", "(value: int) -> float"),
    ],
)
def test_worked_examples_tell_how_many_parameters_there_are_and_of_what_types(
    examples: list[str], signature: str, other: str
) -> None:
    schema: Any = shown_schema("The rule is simple. Examples:\n" + "\n".join(f"- {one}" for one in examples))
    pattern = schema["properties"]["signature"]["pattern"]
    assert re.fullmatch(pattern, signature)
    assert not re.fullmatch(pattern, other)


def test_without_worked_examples_any_signature_may_be_stated() -> None:
    assert shown_schema("A parcel costs 4 EUR for each kilogram.") is None


def test_values_of_one_type_are_read_in_the_order_in_which_they_stand() -> None:
    text = "- 2 x 1 -> 110\n- 1 x 4 -> 100"
    signature = parse_signature("def f(first: int, second: int) -> int")
    assert read_cases(text, signature) == []
    (one, two) = read_cases(text, signature, in_order=True)
    assert (one.args, two.args) == ({"first": 2, "second": 1}, {"first": 1, "second": 4})
