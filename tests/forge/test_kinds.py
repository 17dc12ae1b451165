"""What a purpose asks of the tests: read from words and types alone, no box needed."""

from __future__ import annotations

import pytest

from agentforge.forge.additions import additions_of
from agentforge.forge.clauses import purpose_of
from agentforge.forge.gates.kinds import Input, Missing, missing
from agentforge.forge.kinds import can_be, met, offered
from agentforge.registry.contract import parse_signature
from agentforge.settings import GateSettings

DOC = """Clean a list of names.

Args:
    names: white space around a name is removed, capitals do not matter, each counts once.
    most: from 1 to 12.

Returns:
    The names in alphabetical order.

Raises:
    ValueError: a name is empty, or most is out of range.
"""
PARAMETERS = parse_signature("(names: list[str], most: int = 5) -> list[str]").parameters
WELL = [
    Input({"names": ["b ", "a", "A"]}, value=["a", "b"]),
    Input({"names": []}, value=[]),
    Input({"names": ["a", "a"], "most": 1}, value=["a"]),
    Input({"names": ["c"], "most": 12}, value=["c"]),
    Input({"names": ["c", "d"]}, value=["c", "d"]),
    Input({"names": ["", "x"]}, "ValueError"),
    Input({"names": ["x"], "most": 0}, "ValueError"),
    Input({"names": ["x"], "most": 13}, "ValueError"),
]


def judge(known: list[Input], doc: str = DOC, **settings: float) -> Missing:
    chosen = GateSettings(**{"inputs_per_clause": 0, "results_per_clause": 0, "edges": 0, **settings})
    names = list(PARAMETERS["properties"])  # type: ignore[arg-type]  a schema of parameters has an object there
    answered = [one.args for one in known if not one.raised]
    return missing(purpose_of(doc, names), PARAMETERS, known, answered, chosen)


def told(found: Missing) -> list[str]:
    return [*found.certain, *found.perhaps]


def test_a_suite_with_an_input_for_every_clause_leaves_nothing_out():
    assert told(judge(WELL, inputs_per_clause=0.75, results_per_clause=0.6, edges=0.5)) == []


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (lambda one: one.args["names"] == ["", "x"], "is refused with empty text"),
        (lambda one: one.args.get("most") == 13, "refused with most above 12"),
        (lambda one: one.args.get("most") == 0, "refused with most below 1"),
        (lambda one: "b " in one.args["names"], "has a capital letter for names, though the purpose says 'capitals"),
        (lambda one: "b " in one.args["names"], "white space at an end, or in a row for names"),
        (lambda one: one.raised, "no test or example is refused, though 2 cases are refused"),
    ],
)
def test_what_no_input_shows_is_told(gone, words):
    found = judge([one for one in WELL if not gone(one)])
    assert words in "; ".join(told(found))


def test_each_parameter_needs_its_own_refusal_where_any_number_is_meant():
    doc = "Add.\n\nRaises:\n    ValueError: a number is negative.\n"
    parameters = parse_signature("(one: int, other: float) -> float").parameters
    known = [Input({"one": -1, "other": 2.0}, "ValueError"), Input({"one": 1, "other": 0.5}, value=1.5)]
    settings = GateSettings(inputs_per_clause=0, results_per_clause=0, edges=0)
    problems = missing(purpose_of(doc, ["one", "other"]), parameters, known, [], settings).perhaps
    assert problems == [
        "no test or example is refused with a negative number for other: ValueError: a number is negative"
    ]
    known.append(Input({"one": 1, "other": -0.5}, "ValueError"))
    assert missing(purpose_of(doc, ["one", "other"]), parameters, known, [], settings).perhaps == []


def test_few_inputs_for_many_clauses_are_too_few_and_examples_are_no_tests():
    few = [Input(one.args, one.raised, one.value, tested=number < 3) for number, one in enumerate(WELL)]
    (problem,) = judge(few, inputs_per_clause=0.75).certain
    assert problem == "the tests hold 3 different inputs for 8 clauses of the purpose, 6 are needed"


def test_a_long_purpose_needs_no_more_inputs_than_are_many_anyway():
    doc = DOC.replace("Clean a list", "Take it. Look at it. Sort it, and so on. Then think: it is done. Clean a list")
    assert judge(WELL[:7], doc, inputs_per_clause=0.75).certain != []
    assert judge(WELL, doc, inputs_per_clause=0.75).certain == []
    assert judge(WELL, doc, results_per_clause=0.9).certain == []


def test_edges_of_the_types_that_nobody_tests_are_named():
    plain = [Input({"names": ["a"], "most": 2})]
    names = ["names", "most"]
    answered = [{"names": []}, {"names": ["b", "a"], "most": 0}]
    found = missing(purpose_of("Do it.", names), PARAMETERS, plain, answered, GateSettings(inputs_per_clause=0))
    (problem,) = found.perhaps
    assert "of 5 edges of its types 5 have no test and no example" in problem
    assert "most left out" in problem


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("from 1 to 12.", (1, 12)),
        ("1 to a million pixels", (1, 1_000_000)),
        ("0 to ten thousand million.", (0, 10_000_000_000)),
        ("in cents, from 0.", (0, None)),
        ("at most 500 of them", (None, 500)),
        ("12 to 3", None),
        ("of any size", None),
    ],
)
def test_ranges_are_read_in_figures_and_words(text, bounds):
    found = list(purpose_of(f"Do it.\n\nArgs:\n    n: {text}\n", ["n"]).bounds())
    assert found == ([] if bounds is None else [("n", *bounds)])


def test_refusals_are_read_from_the_section_and_from_running_text():
    told = purpose_of("Halve it. ValueError if n is odd or n is negative.", ["n"]).refusals
    assert [(one.words, one.parameters, sorted(one.kinds)) for one in told] == [
        ("n is odd", ("n",), []),
        ("n is negative", ("n",), ["negative"]),
    ]


@pytest.mark.parametrize(
    ("doc", "words"),
    [
        ("Halve it. If n is odd, a ValueError is raised.", ["n is odd"]),
        ("Halve it. A ValueError is raised when n is odd.", ["n is odd"]),
        ("Halve it. If n is odd, it raises a ValueError.", ["If n is odd"]),
        ("Halve it. ValueError if n is odd (1 or 3), such as 5 or 7, or empty.", ["n is odd", "empty"]),
        ("Halve it. ValueError if n isn't either even or zero.", ["n isn't either even / zero"]),
    ],
)
def test_a_refusal_is_one_case_however_it_is_told(doc, words):
    assert [one.words for one in purpose_of(doc, ["n"]).refusals] == words


@pytest.mark.parametrize(
    "doc",
    [
        "The checksum as four upper-case hexadecimal digits.",
        "Find a name in a sorted list.",
        "Merge two sorted lists.",
        "Drop the first of zero or more names, rounded away from zero, zero-padded.",
        "Take all names minus most.",
        "Clean it.\n\nArgs:\n    names: sorted, distinct names.\n    most: non-negative, above zero.\n",
    ],
)
def test_words_about_results_and_about_what_is_given_ask_for_no_input(doc):
    assert judge([Input({"names": ["a"], "most": 1}, value="A")], doc).perhaps == []


@pytest.mark.parametrize(
    ("doc", "kind"),
    [
        ("Names in lower case.", "a capital letter"),
        ("Give a sorted list of the names.", "not in order"),
        ("Clean it.\n\nArgs:\n    names: in any order.\n", "not in order"),
        ("Clean it. Spaces, dots and hyphens are dropped.", "white space"),
        (
            "Clean it.\n\nArgs:\n    most: not negative.\n\nRaises:\n    ValueError: most is wrong.\n",
            "a negative number",
        ),
    ],
)
def test_words_about_what_is_done_with_an_input_ask_for_it(doc, kind):
    assert kind in "; ".join(judge([Input({"names": ["a"], "most": 1}, value="A")], doc).perhaps)


def test_a_negative_result_shows_what_is_said_of_results():
    doc = "The places from one name to the other, negative where the second comes first."
    given = [Input({"names": ["a", "b"], "most": 1}, value=1)]
    assert "a negative number" in "; ".join(judge(given, doc).perhaps)
    assert judge([*given, Input({"names": ["b", "a"], "most": 1}, value=-1)], doc).perhaps == []


def test_signs_that_stand_twice_are_equal_values():
    assert ("paths", "duplicate") in met({"paths": ["/a//b"]}, ["paths"])
    assert ("paths", "duplicate") not in met({"paths": ["/aa/b"]}, ["paths"])


def test_values_and_asides_make_no_more_clauses():
    assert purpose_of('Shares (the, a, or an) become "1, 2" or [3, 4] and {5, 6}.', ["n"]).told == 2


def test_a_result_that_the_type_cannot_hold_is_not_asked_for():
    doc = "Its medians, or none where there are too few."
    numbers = parse_signature("() -> list[float]").returns
    maybe = parse_signature("() -> float | None").returns
    settings = GateSettings(inputs_per_clause=0, results_per_clause=0, edges=0)
    for returns, asked in (
        (numbers, []),
        (maybe, ["no test or example gives none, though the purpose says 'none where'"]),
    ):
        assert missing(purpose_of(doc, ["names"]), PARAMETERS, [], [], settings, returns).perhaps == asked


def test_a_result_that_is_named_with_its_case_must_be_given_once():
    doc = "Find it.\n\nReturns:\n    Its place; -1 where there is none, None if nothing was asked.\n"
    assert [value for _, value in purpose_of(doc, ["names"]).results()] == ["-1", "none"]
    given = [*WELL, Input({"names": ["u"]}, value=-1)]
    assert judge(given, doc).perhaps == ["no test or example gives none, though the purpose says 'None if'"]
    assert judge([*given, Input({"names": ["v"]}, value=[None])], doc).perhaps == []


def test_a_manifest_may_say_what_the_docstring_does_not():
    said = "Halve n. Negative numbers raise ValueError."
    (refusal,) = purpose_of("Halve a number.", ["n"], said).refusals
    assert (refusal.error, refusal.words, refusal.kinds) == ("ValueError", "Negative numbers", frozenset({"negative"}))
    assert len(purpose_of("Halve it. ValueError if n is odd.", ["n"], said).refusals) == 1


def test_signs_in_words_and_by_themselves_need_an_input():
    purpose = purpose_of("Do it.\n\nArgs:\n    text: with hyphens, and a # in front.\n", ["text"])
    assert [(word, sign) for word, _, sign in purpose.signs()] == [("hyphens", "-"), ("#", "#")]


def test_kinds_of_values():
    kinds = met({"text": " Ä", "items": [{"n": 1}, {"n": 1}], "count": -2}, ["text", "items", "count", "more"])
    assert {("text", "blank around"), ("text", "upper"), ("text", "non-ASCII"), ("more", "left out")} <= kinds
    assert {("items", "duplicate"), ("items", "two"), ("items", "nested"), ("count", "negative")} <= kinds
    assert ("items", "out of order") not in kinds
    assert ("items", "empty item") in met({"items": ["a", ""]}, ["items"])


def test_what_types_offer():
    assert ("most", "left out") in offered(PARAMETERS)
    assert ("names", "duplicate") in offered(PARAMETERS)
    assert can_be({"type": "string"}, "upper")
    assert not can_be({"type": "integer"}, "upper")
    assert not can_be({"enum": ["a"], "type": "string"}, "upper")


def test_clauses_are_put_on_from_outside_where_the_purpose_speaks_of_them():
    purpose = purpose_of(f"{DOC}", ["names", "most"])
    added = {addition.what: addition for _, addition in additions_of(purpose)}
    stripped = added["white space around texts were removed before"].of_arguments({"names": [" a "], "most": 2})
    assert stripped == {"names": ["a"], "most": 2}
    assert added["lists in results were sorted"].of(["b", "a"]) == ["a", "b"]
    assert added["repeated items were left out before"].of(["a", "b", "a"]) == ["a", "b"]
    rounded = next(additions_of(purpose_of("The share, rounded to 2 decimals.", ["n"])))[1]
    assert rounded.of({"x": [0.123, True]}) == {"x": [0.12, True]}
    assert list(additions_of(purpose_of("Without white space at its end, 3 of them.", ["n"]))) == []


def test_a_clause_about_the_whole_is_put_on_all_arguments_at_once():
    purpose = purpose_of("Share of the words that two lists have in common; case and order do not matter.", ["a", "b"])
    small, capital = (addition for _, addition in additions_of(purpose))
    assert small.of_arguments({"a": ["Up"], "b": ["UP"]}) == {"a": ["up"], "b": ["up"]}
    assert capital.of_arguments({"a": ["Up"], "b": 1}) == {"a": ["UP"], "b": 1}
