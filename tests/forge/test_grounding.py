"""Ground truth is what stands in the text, input and output, side by side; nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.forge.grounding import check_examples, stated_cases
from agentforge.forge.verbatim import places, stands_in
from agentforge.registry.contract import parse_signature
from agentforge.types import JSON, Example


def case(returns: JSON, **args: JSON) -> Example:
    return Example(dict(args), returns, source="generated")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("P", 'order 1000 has the letter "P"'),
        (14, "XIV is 14."),
        (1200, "a total of 1,200 euros"),
        (12.5, "it costs 12.50"),
        (3, "it is 3.0 exactly"),
        (-4, "the result is -4"),
        (True, "that one is valid"),
        (False, "no, it is not"),
        (None, "the answer is null"),
        ([34, 33, 33], "gives [34,33, 33]"),
        (["a", "b"], "gives ['a', 'b']"),
        ([7, 9, 8], "the marks 7, 9 and 8"),
        ({"port": 80}, 'gives {"port": 80}'),
        ("a\nb", "the text 'a\\nb'"),
        ("", 'the empty text ""'),
        (7, "the base-7 number 132"),
        (-7, "it is -7"),
        (-7, "from 3 to -7"),
    ],
)
def test_a_value_is_found_as_people_write_it(value: JSON, text: str) -> None:
    assert stands_in(value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (14, "XIV is 114."),
        (14, "it is 14.5"),
        (4, "the result is -4"),
        (4, "the result is x = -4"),
        (-7, "the base-7 number 132"),
        (5, "1.5e-5"),
        (7, "the model base-70"),
        ("P", "PQ and Pear"),
        ("cat", "concatenate"),
        (True, "it is valued"),
        ([7, 9], "the marks 9 and 7"),
        (5, ""),
    ],
)
def test_a_part_of_something_else_is_not_the_value(value: JSON, text: str) -> None:
    assert not stands_in(value, text)


def test_examples_are_kept_with_their_source_and_invented_ones_dropped_with_a_reason() -> None:
    text = "IX is 9. XIV is 14. Which number is XL?"
    kept, dropped = check_examples([case(9, text="IX"), case(14, text="XIV"), case(40, text="XL")], {"user": text})
    assert [(one.args["text"], one.source) for one in kept] == [("IX", "user"), ("XIV", "user")]
    assert [one.why for one in dropped] == ['its input {"text": "XL"} does not stand in the text as something given']


def test_a_result_that_belongs_to_another_input_is_no_ground_truth() -> None:
    text = "XIV is 14, MCMXC is 1990."
    kept, dropped = check_examples([case(1990, text="XIV"), case(1990, text="MCMXC")], {"user": text})
    assert [one.args["text"] for one in kept] == ["MCMXC"]
    assert "does not stand behind its input" in dropped[0].why


def test_all_arguments_have_to_stand_there() -> None:
    text = "With 3 late deliveries and 0 defects the grade is A."
    kept, dropped = check_examples([case("A", late=3, defects=0), case("A", late=5, defects=0)], {"user": text})
    assert [one.args for one in kept] == [{"late": 3, "defects": 0}]
    assert len(dropped) == 1


def test_input_and_output_far_apart_are_no_example() -> None:
    text = f"XIV is here. {'And so on and so forth. ' * 30} There is 14."
    assert check_examples([case(14, text="XIV")], {"user": text})[0] == []


def test_an_error_counts_where_the_text_says_so() -> None:
    text = "IC is an error. IX is 9."
    wrong = Example({"text": "IC"}, raises="ValueError", source="generated")
    assert check_examples([wrong], {"user": text})[0][0].raises == "ValueError"
    assert check_examples([wrong], {"user": "IC is 99."})[0] == []


@pytest.mark.parametrize(
    ("raises", "text"),
    [
        ("KeyError", "IC is an error."),  # nobody named it: only ValueError may stand for "an error"
        ("ValueError", "IC raises a KeyError."),
        ("RomanError", "IC raises a RomanError."),  # no builtin
        ("ValueError", "IC is 99. Anything else is an error."),
    ],
)
def test_an_error_that_the_text_does_not_give_is_no_ground_truth(raises: str, text: str) -> None:
    stated = Example({"text": "IC"}, raises=raises, source="generated")
    assert check_examples([stated], {"user": text})[0] == []


@pytest.mark.parametrize(
    "text",
    [
        "The fee is 5 per day. What is it for 5 items?",  # the input is what is being asked
        "It costs 12 for children. What do 7 cost?",
        "12 is a lot; we sold 7",  # the output stands before its input
        "There are 7 shops. The fee in winter is 12.",  # two sentences
        "- 7\n- 12",
        "Rates for 7 shops\n\nAll others pay 12",
    ],
)
def test_values_that_only_happen_to_stand_there_are_no_example(text: str) -> None:
    assert check_examples([case(12, count=7), case(5, count=5)], {"user": text})[0] == []


def test_an_example_inside_the_question_counts_as_far_as_it_is_given() -> None:
    text = "If 100 gives 4 and 200 gives 8, what does 300 give?"
    stated = [case(4, count=100), case(8, count=200), case(8, count=300)]
    assert [one.args["count"] for one in check_examples(stated, {"user": text})[0]] == [100, 200]


@pytest.mark.parametrize("bound", ["less than 7", "over 7", "at least 7", "up to 7", "every 7"])
def test_a_bound_is_no_input(bound: str) -> None:
    wrong = Example({"count": 7}, raises="ValueError", source="generated")
    assert check_examples([wrong], {"user": f"Orders of {bound} are an error."})[0] == []


@pytest.mark.parametrize(
    ("text", "signature", "stated"),
    [
        ("Units are left out. 0 is '0 fl'. Else", "(fleks: int) -> str", {"fleks": 0, "": "0 fl"}),
        ("Write it short. 0 seconds is '0s'.", "(seconds: int) -> str", {"seconds": 0, "": "0s"}),
        ("1 second is '1s'.", "(total_seconds: int) -> str", {"total_seconds": 1, "": "1s"}),
        ("'ab-1' becomes 'AB1'.", "(code: str) -> str", {"code": "ab-1", "": "AB1"}),
        ("5 shifts is 'full time'.", "(hours: int) -> str", {}),  # counts something else
        ("0 is '0 fl'.", "(fleks: int, width: int) -> str", {}),
        ("1 tindle is 12 fleks.", "(fleks: int) -> str", {}),  # a definition
        ("1 mile is 5280 feet.", "(feet: int) -> int", {}),
        ("Multiples of 3 and 5 become 'FizzBuzz', multiples of 3 'Fizz'.", "(number: int) -> str", {}),
        ("Your tool is wrong: 12 gives 'C', it should give 'D'.", "(points: int) -> str", {}),
        ("0 is not '0' but an empty text.", "(number: int) -> str", {}),
        ("0 is '0' only when nothing else is there.", "(number: int) -> str", {}),
        ("Month 5 is never 'MAI' but 'MAY'.", "(month: int) -> str", {}),
        ("Character 3 is '-'.", "(number: int) -> str", {}),
        ("The letter 'a' becomes 'e'.", "(text: str) -> str", {}),
        ("So 41 gives 'XLI', right?", "(number: int) -> str", {}),
    ],
)
def test_only_a_case_that_is_a_sentence_of_its_own_is_stated(
    text: str, signature: str, stated: dict[str, JSON]
) -> None:
    found = stated_cases(text, parse_signature(signature))
    assert [{**one.args, "": one.returns} for one in found] == ([stated] if stated else [])


@pytest.mark.parametrize(
    ("text", "given", "result"),
    [
        ("Compute the tax on 200 euro at a rate of 19 percent.", 200, 19),
        ("250 cm in inches, rounded to 1 decimal", 250, 1),
        ("Compute the price of 12 items, it should be about 50 euro.", 12, 50),
        ("Order 1000 has 'P', order 38 has 'A'.", 1000, "A"),
        ("'P' is for 1000, 'A' is for 38.", 1000, "A"),
        ("The first 5 cost 10 each.", 5, 10),
        ("Parcels weighing 5 kg or more cost 10 euro more.", 5, 10),
        ("Members who buy 5 get 10 percent off.", 5, 10),
        ("It is multiplied by 3 and increased by 1.", 3, 1),
    ],
)
def test_what_a_model_reads_out_of_a_task_or_a_rule_is_no_case(text: str, given: int, result: JSON) -> None:
    assert check_examples([case(result, number=given)], {"user": text})[0] == []


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("For instance, 'ab-12' should give 'AB12', and 'x-9' gives 'X9'.", "ab-12", "AB12"),
        ("Last week 'q 77 b' became 'Q77B', and a plain 'T5' just stayed 'T5'.", "T5", "T5"),
        ("cubic metres    dollars\n4               16\n12              32\n", 12, 32),
        ("Write it in capitals, for example 'a' as 'A'.", "a", "A"),
        ("| 4 | 16 |\n| 12 | 32 |", 4, 16),
    ],
)
def test_cases_as_people_write_them_in_prose_and_tables(text: str, value: JSON, result: JSON) -> None:
    assert check_examples([case(result, value=value)], {"user": text})[0]


def test_files_are_sources_of_their_own() -> None:
    kept, _ = check_examples([case(9, text="IX")], {"user": "Look into the file.", "file:a.txt": "IX is 9"})
    assert kept[0].source == "file:a.txt"


def test_the_same_arguments_count_once() -> None:
    kept, dropped = check_examples([case(9, text="IX"), case(9, text="IX")], {"user": "IX is 9"})
    assert (len(kept), len(dropped)) == (1, 1)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(_VALUES, st.text(max_size=200))
def test_any_value_can_be_looked_for_in_any_text(value: JSON, text: str) -> None:
    for start, end in places(value, text):
        assert 0 <= start <= end <= len(text)
