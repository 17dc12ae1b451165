"""Strangers' docstrings and examples are read on the host: none of them may take a time that grows faster than it."""

from __future__ import annotations

import time
from itertools import repeat

import pytest

from agentforge.forge import docstrings, kinds
from agentforge.forge.additions import additions_of
from agentforge.forge.clauses import purpose_of
from agentforge.forge.kinds import met

LONG = 64_000
BOUND = 3.0
"""Seconds of the processor for one input, and no measurement: when this was written each took 0.8 at the most, and
patterns that tried the same characters again and again took 3 to many times that.
"""
ARGS = "Do it.\n\nArgs:\n    n: "
RAISES = "Do it.\n\nRaises:\n    ValueError: "


def filled(unit: str) -> str:
    return unit * (LONG // len(unit))


@pytest.fixture(autouse=True)
def read_to_the_end(monkeypatch):
    """The patterns must do without the bound on what is read."""
    monkeypatch.setattr(docstrings, "MOST_READ", 2 * LONG)
    monkeypatch.setattr(kinds, "MOST_OF_TEXT", 2 * LONG)


@pytest.mark.parametrize(
    "docstring",
    [
        pytest.param(filled("if "), id="if"),
        pytest.param(f"Do it.\n\nRaises:\n{' ' * LONG}\n    x", id="a line of blanks"),
        pytest.param(f"Do it.\n\nRaises:\n{' ' * LONG}x", id="blanks in front"),
        pytest.param(RAISES + filled("either "), id="either"),
        pytest.param(ARGS + filled("1,"), id="figures with commas"),
        pytest.param(ARGS + filled("0"), id="one long figure"),
        pytest.param(f"{ARGS}one {filled('hundred ')}", id="hundreds"),
        pytest.param(f"Do it.\n\nParameters\n---\n{filled('n,')}\n    {filled('a ')}", id="names that share words"),
    ],
)
def test_a_long_docstring_is_read_in_a_time_that_grows_with_its_length(docstring):
    began = time.process_time()
    purpose = purpose_of(docstring, ["n"])
    for read in (purpose.named(), purpose.signs(), purpose.results(), purpose.bounds(), additions_of(purpose)):
        list(read)
    assert purpose.told >= 0
    assert time.process_time() - began < BOUND


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("0" * LONG + "1", id="zeros"),
        pytest.param("".join(map(chr, range(0x20000, 0x20000 + LONG))), id="different characters"),
        pytest.param([{f"a{number}": number} for number in range(16_000)], id="different fields"),
    ],
)
def test_kinds_of_a_long_value_are_read_in_a_time_that_grows_with_its_length(value):
    began = time.process_time()
    assert met({"n": value}, ["n"])
    assert time.process_time() - began < BOUND


def test_many_arguments_are_compared_in_a_time_that_grows_with_their_number():
    args = dict(zip((f"a{number}" for number in range(10_000)), repeat("x" * 10), strict=False))
    began = time.process_time()
    assert ("a7", "duplicate") in met(args, args)
    assert time.process_time() - began < BOUND
