"""A purpose is the same in every usual style of docstring."""

from __future__ import annotations

import pytest

from agentforge.forge.clauses import purpose_of
from agentforge.forge.docstrings import MOST_READ, parts

GOOGLE = """Cut a text.

Args:
    text (str): what is cut; white space around it is dropped.
    width: from 1 to 80.

Returns:
    The beginning of it.

Raises:
    ValueError: width is out of range.
    TypeError: text is None.
"""
NUMPY = """Cut a text.

Parameters
----------
text : str, the text, or None
    what is cut; white space around it is dropped.
width : int
    from 1 to 80.

Returns
-------
str
    The beginning of it.

Raises
------
ValueError
    width is out of range.
TypeError
    If text is None.

Examples
--------
Empty ones, negative ones, or sorted ones.
"""
SPHINX = """Cut a text.

:param str text: what is cut; white space around it is dropped.
:param width: from 1 to 80.
:type width: int, or negative
:returns: The beginning of it.
:rtype: str
:raises ValueError: width is out of range.
:raise TypeError: if text is None.
"""


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, SPHINX])
def test_every_style_says_the_same(docstring):
    purpose = purpose_of(docstring, ["text", "width"])
    assert purpose.of == {"text": "what is cut; white space around it is dropped.", "width": "from 1 to 80."}
    assert purpose.whole == "Cut a text. The beginning of it."
    assert [(one.error, one.words) for one in purpose.refusals] == [
        ("ValueError", "width is out of range"),
        ("TypeError", "text is None"),
    ]
    assert list(purpose.bounds()) == [("width", 1, 80)]
    assert purpose.told == 5


def test_names_that_share_their_words_say_them_once():
    purpose = purpose_of("Add.\n\nParameters\n----------\na, b : int\n    Cents, not negative.\n", ["a", "b"])
    assert purpose.of == {"a": "Cents, not negative.", "b": "Cents, not negative."}
    assert purpose.told == 3


def test_the_words_of_a_session_are_data():
    doc = "Order them.\n\n>>> order(['zero', 'empty'])\n['negative', 'sorted']\n\nCapitals do not matter.\n"
    assert [word for word, _, _ in purpose_of(doc, ["items"]).named()] == ["Capitals"]


def test_a_plain_paragraph_is_of_the_whole():
    assert purpose_of("Cut a text.\n\nIt takes:\nall of it.", ["text"]).whole == "Cut a text. It takes: all of it."


@pytest.mark.parametrize(
    "title",
    ["Warning", "Warnings", "Warns", "Yield", "Todo", "Attributes", "Complexity", "Side effects", "Side Effects"],
)
def test_a_title_at_the_margin_ends_what_is_said_of_errors(title):
    doc = f"Do it.\n\nRaises:\n    ValueError: text is odd.\n\n{title}:\n    Slow, or late.\n"
    assert [one.words for one in purpose_of(doc, ["text"]).refusals] == ["text is odd"]


def test_a_title_that_nobody_knows_ends_what_is_said_of_a_parameter_and_is_of_the_whole():
    purpose = purpose_of("Do it.\n\nArgs:\n    text: any.\n\nSide effects:\n    Files are sorted.\n", ["text"])
    assert purpose.of == {"text": "any."}
    assert purpose.whole == "Do it. Files are sorted."


def test_a_title_ends_a_field_and_a_rule_below_makes_a_title_of_numpy_style():
    field = purpose_of(":raises ValueError: text is odd.\n\nWarning:\n    Slow, or late.\n", ["text"])
    assert [one.words for one in field.refusals] == ["text is odd"]
    ruled = "Raises\n------\nValueError\n    text is odd.\n\nComplexity\n----------\nLinear, or more.\n"
    assert [one.words for one in purpose_of(ruled, ["text"]).refusals] == ["text is odd"]


def test_what_stands_further_in_is_no_title_and_neither_is_an_error():
    doc = "Do it.\n\nArgs:\n    Text:\n        any.\n\nRaises:\nValueError:\n    Text is odd.\n"
    purpose = purpose_of(doc, ["Text"])
    assert purpose.of == {"Text": "any."}
    assert [one.words for one in purpose.refusals] == ["Text is odd"]


@pytest.mark.parametrize(
    "doc",
    [
        "Raises:\n    ValueError, TypeError: if a is empty.\n",
        "Raises:\n    ValueError or TypeError: if a is empty.\n",
        "Raises\n------\nValueError, TypeError\n    If a is empty.\n",
        ":raises ValueError, TypeError: if a is empty\n",
    ],
)
def test_several_errors_of_one_case_are_one_case(doc):
    assert [(one.error, one.words) for one in purpose_of(doc, ["a"]).refusals] == [
        ("ValueError or TypeError", "a is empty")
    ]


@pytest.mark.parametrize("between", ["", "\n"])
def test_a_session_ends_where_a_section_begins(between):
    doc = f"Do it.\n\n>>> do('Any')\n'sorted'\n{between}Raises:\n    ValueError: a is odd.\n"
    purpose = purpose_of(doc, ["a"])
    assert [one.words for one in purpose.refusals] == ["a is odd"]
    assert purpose.whole == "Do it."


def test_the_beginning_of_a_docstring_is_read_and_blanks_in_a_row_count_once():
    assert sum(len(text) for _, text in parts("word " * MOST_READ)) == MOST_READ
    blank = " " * MOST_READ + "\n" * MOST_READ
    assert purpose_of(f"Do{blank}it.\n\nRaises:\n    ValueError:{blank}    a is odd.\n", ["a"]).refusals
