"""A purpose is the same in every usual style of docstring."""

from __future__ import annotations

import pytest

from agentforge.forge.clauses import purpose_of

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
