"""A need is taken apart into rules and dealt-out examples without asking a model."""

import ast
from dataclasses import replace

import pytest

from agentforge.errors import ToolInvalid
from agentforge.forge.spec import completed, deal, distinct, literals, make_spec, render_example, split_rules
from agentforge.types import Example, Need

RETURNS = [Example({"text": f"t{number}"}, returns=number) for number in range(6)]
RAISES = Example({"text": ""}, raises="ValueError")


def need(**changes):
    given = {
        "name": "word_score",
        "signature": "(text: str) -> int",
        "purpose": "Score a word. Vowels count double, e.g. 'A' is 2. ValueError if text is empty.",
        "examples": (*RETURNS[:3], RAISES),
    }
    return Need(**(given | changes))


def test_sentences_become_rules_and_abbreviations_end_none():
    assert split_rules(need().purpose) == (
        "Score a word.",
        "Vowels count double, e.g. 'A' is 2.",
        "ValueError if text is empty.",
    )


@pytest.mark.parametrize(("count", "held"), [(0, 0), (1, 0), (2, 0), (3, 1), (5, 1), (6, 2)])
def test_a_third_is_held_out_from_three_examples_on(count, held):
    visible, kept_back = deal(RETURNS[:count])
    assert (len(visible), len(kept_back)) == (count - held, held)
    assert all(example.held_out for example in kept_back)
    assert not any(example.held_out for example in visible)


def test_the_only_returning_example_and_every_raising_one_stay_visible():
    assert deal([RETURNS[0], RAISES, RAISES])[1] == ()
    visible, kept_back = deal([RETURNS[0], RETURNS[1], RAISES])
    assert RAISES in visible
    assert [example.args for example in kept_back] == [RETURNS[1].args]


def test_an_example_that_the_rules_give_away_cannot_be_held_out():
    visible, kept_back = deal(RETURNS[:3], "Count the digits. So t2 gives 2.")
    assert [example.args for example in kept_back] == [RETURNS[1].args]
    assert len(visible) == 2
    assert deal(RETURNS[:3], "t1 is 1. Then t2 is\n2.")[1] == ()


def test_an_example_of_several_sentences_is_found_in_the_rules_as_well():
    long = Example({"text": "Go now! Stop there! Come here! Sit down!"}, returns=4)
    rules = "Count.\nThe text 'Go now! Stop there!\nCome here! Sit down!' has 4."
    assert deal([*RETURNS[:2], long], rules)[1] == (replace(RETURNS[1], held_out=True),)


def test_a_need_whose_rules_give_all_examples_away_stays_unconfirmed():
    assert make_spec(need(purpose="t0 is 0. t1 is 1. t2 is 2.")).unconfirmed
    assert not make_spec(need()).unconfirmed


def test_an_empty_result_is_held_out_last():
    empty = Example({"text": "none"}, returns={"rows": [], "name": ""})
    assert [one.args for one in deal([RETURNS[0], RETURNS[3], empty])[1]] == [RETURNS[3].args]


def test_long_literals_are_repeated_as_code():
    rules = ["Letters of 'ABCDEFGHKLMN' count.", 'Or of "abcdefgh", by 23456789.', "ValueError if 'x'."]
    assert literals(rules) == ["ABCDEFGHKLMN", "abcdefgh", "23456789"]


def test_generated_examples_are_no_ground_truth():
    generated = tuple(Example({"text": f"g{n}"}, returns=n, source="generated") for n in range(5))
    spec = make_spec(need(examples=(RETURNS[0], *generated)))
    assert spec.visible == (RETURNS[0],)
    assert spec.unconfirmed


def test_an_unreadable_signature_names_the_tool():
    with pytest.raises(ToolInvalid, match="word_score"):
        make_spec(need(signature="(text: bytes) -> int"))


def test_the_docstring_comes_from_the_need_and_replaces_the_models_own():
    spec = make_spec(need())
    source = 'def word_score(text: str) -> int:\n    """I am wrong."""\n    # rule 1\n    return 1\n'
    made = completed(spec, source)
    function = ast.parse(made).body[0]
    assert ast.get_docstring(function) == (
        "Score a word.\n\nVowels count double, e.g. 'A' is 2.\nValueError if text is empty.\n\n"
        "Raises:\n    ValueError: if text is empty."
    )
    assert made.rstrip().endswith("return 1")
    assert "I am wrong" not in made


@pytest.mark.parametrize("source", ["def broken(:\n", "x = 1\n", ""])
def test_source_without_the_function_is_left_alone(source):
    assert completed(make_spec(need()), source) == source


def test_a_quote_in_the_purpose_cannot_end_the_docstring():
    spec = make_spec(need(purpose='Quote it as """. Then a backslash \\n too. End with "'))
    made = completed(spec, "def word_score(text: str) -> int:\n    return 1\n")
    assert '"""' in ast.get_docstring(ast.parse(made).body[0])


def test_examples_read_as_calls():
    assert render_example("f", RETURNS[1]) == "f(text='t1')  # returns 1"
    assert render_example("f", RAISES) == "f(text='')  # raises ValueError"


@pytest.mark.parametrize(
    "header",
    ["def word_score(text):", "def word_score(text: 'str'):", "def word_score(\n    text,  # the word\n) -> float:"],
)
def test_the_signature_of_the_need_replaces_the_models_own(header):
    made = completed(make_spec(need()), f"import re\n{header}\n    return len(text)\n")
    assert "import re\ndef word_score(text: str) -> int:\n" in made
    assert made.rstrip().endswith("return len(text)")


def test_other_parameters_are_left_for_the_contract_to_refuse():
    assert "def word_score(word):" in completed(make_spec(need()), "def word_score(word):\n    return 1\n")


def test_demonstrations_behind_the_function_are_taken_away():
    source = "def word_score(text: str) -> int:\n    return 1\n\nprint(word_score('a'))\nassert word_score('a') == 1\n"
    source += "if __name__ == '__main__':\n    print(\n        1)\n"
    assert completed(make_spec(need()), source).rstrip().endswith("return 1")


def test_helpers_and_constants_stay():
    source = "import re\nTABLE = {'a': 1}\n\ndef _help():\n    return 1\n\n"
    source += "def word_score(text: str) -> int:\n    return _help()\n"
    made = completed(make_spec(need()), source)
    assert "TABLE = {'a': 1}" in made
    assert "def _help():" in made


def test_copies_of_an_example_are_one_truth_and_are_dealt_once():
    spec = make_spec(need(examples=(RETURNS[0], RETURNS[0], replace(RETURNS[0], source="user"))))
    assert (spec.truths, len(spec.visible), spec.held_out, spec.unconfirmed) == (1, 1, (), True)
    assert make_spec(need(examples=(*RETURNS[:3], *RETURNS[:3]))).truths == 3


def test_a_copy_that_was_shown_makes_all_of_them_shown():
    kept = replace(RETURNS[0], held_out=True)
    assert distinct([kept, RETURNS[0]]) == [RETURNS[0]]
    assert distinct([kept, replace(kept, spent=True)]) == [replace(kept, spent=True)]


@pytest.mark.parametrize("other", [Example({"text": "t1"}, returns=2), Example({"text": "t1"}, raises="ValueError")])
def test_examples_that_contradict_each_other_are_told(other):
    with pytest.raises(ToolInvalid, match=r'two examples contradict each other: \{"text": "t1"\} gives 1, and'):
        make_spec(need(examples=(*RETURNS[:3], other)))
