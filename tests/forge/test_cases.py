"""What a model wrote is read as data; nothing of it runs on the host."""

import ast
import json
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentforge.boxes.protocol import CallResult
from agentforge.forge.cases import equal, fenced, holds, outcome, read_asserts, render_suite
from agentforge.types import Example

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "answer",
    ["```python\nx = 1\n```", "Sure!\n```py\nx = 1\n```\nbye ```", "```\nx = 1\n```", "```python\nx = 1", "x = 1"],
)
def test_the_first_fenced_block_is_the_code(answer):
    assert fenced(answer) == "x = 1\n"


def test_a_block_with_the_function_is_preferred():
    answer = "```python\nx = 1\n```\nthen\n```python\ndef f(a):\n    return a\n```"
    assert fenced(answer, holding="def f(") == "def f(a):\n    return a\n"
    assert fenced(answer, holding="def g(") == "x = 1\n"


def test_assert_lines_become_generated_cases():
    answer = """```python
assert f(text="a", n=2) == ["a", 1.5]  # rule 1
assert f("b", 3) is None
assert f("c", 1) is True
assert not f("d", 1)
raises(ValueError, lambda: f("", 0))
with pytest.raises(KeyError):
    f("k", 1)
def test_more():
    assert f("e", 1) == (1, 2)
```"""
    cases = read_asserts(answer, "f", ["text", "n"])
    assert [(case.args, case.returns, case.raises) for case in cases] == [
        ({"text": "a", "n": 2}, ["a", 1.5], None),
        ({"text": "b", "n": 3}, None, None),
        ({"text": "c", "n": 1}, True, None),
        ({"text": "d", "n": 1}, False, None),
        ({"text": "", "n": 0}, None, "ValueError"),
        ({"text": "k", "n": 1}, None, "KeyError"),
        ({"text": "e", "n": 1}, [1, 2], None),
    ]
    assert not any(case.ground_truth for case in cases)


@pytest.mark.parametrize(
    "line",
    [
        "assert f(open('x').read()) == 1",
        "assert g('a') == 1",
        "assert f('a') == h()",
        "assert f(*x) == 1",
        "assert f(**x) == 1",
        "assert f('a', 1, 2) == 1",
        "assert f(other='a') == 1",
        "assert f('a') == float('nan')",
        "assert f('a') == {1, 2}",
        "raises(os.error, lambda: f('a'))",
        "raises(NoSuchError, lambda: f('a'))",
        "f('a')",
    ],
)
def test_anything_but_a_literal_case_is_left_out(line):
    assert read_asserts(line, "f", ["text", "n"]) == []


def test_a_broken_line_does_not_cost_the_others():
    assert [case.returns for case in read_asserts("assert f(1) == 2\nassert f(\nassert f(3) == 4", "f", ["n"])] == [
        2,
        4,
    ]


@given(st.text())
def test_reading_never_fails(text):
    assert isinstance(read_asserts(text, "f", ["a"]), list)


@given(JSON)
def test_every_value_equals_itself(value):
    assert equal(value, value)


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (0, False), (1, "1"), ([1], [1, 2]), ({"a": 1}, {"a": 2}), (None, 0)]
)
def test_different_values_differ(one, other):
    assert not equal(one, other)
    assert not equal(other, one)


def test_numbers_are_compared_by_value_with_a_tolerance():
    assert equal(6, 6.0)
    assert equal(0.1 + 0.2, 0.3)
    assert not equal(1.0, 1.0001)


def test_an_example_holds_only_for_its_own_outcome():
    returning, raising = Example({}, returns=1), Example({}, raises="ValueError")
    assert holds(returning, CallResult("returned", 1))
    assert not holds(returning, CallResult("raised", error="ValueError"))
    assert holds(raising, CallResult("raised", error="ValueError"))
    assert not holds(raising, CallResult("raised", error="TypeError"))
    assert not holds(raising, CallResult("returned", None))
    assert not holds(returning, CallResult("died", 1))


def test_outcomes_tell_behaviours_apart():
    assert outcome(CallResult("returned", 6)) == outcome(CallResult("returned", 6.0))
    assert outcome(CallResult("returned", 0.1 + 0.2)) == outcome(CallResult("returned", 0.3))
    assert outcome(CallResult("returned", math.pi)) != outcome(CallResult("returned", 3))
    assert outcome(CallResult("raised", error="ValueError", message="x")) == outcome(
        CallResult("raised", error="ValueError")
    )
    assert outcome(CallResult("timed_out")) == "timed_out"


def test_a_rendered_suite_is_plain_pytest_with_ground_truth_first():
    cases = [
        Example({"a": 2}, returns=4, source="generated"),
        Example({"a": 1}, returns=2.5),
        Example({"a": -1}, raises="ValueError"),
        Example({"a": 0}, returns=False),
    ]
    suite = render_suite("double", cases)
    assert [node.name for node in ast.parse(suite).body if isinstance(node, ast.FunctionDef)] == [
        "test_example_1",
        "test_example_2",
        "test_example_3",
        "test_agreed_1",
    ]
    assert "assert double(a=1) == pytest.approx(2.5)" in suite
    assert "with pytest.raises(ValueError):\n        double(a=-1)" in suite
    assert "assert double(a=0) is False" in suite


@given(st.dictionaries(st.sampled_from("ab"), JSON, min_size=1), JSON)
def test_a_rendered_suite_reads_back_as_the_cases_it_was_made_of(args, value):
    case = Example(args, returns=value, source="generated")
    suite = render_suite("f", [case]).replace("pytest.approx", "")
    assume("def alike" not in suite)
    (read,) = read_asserts(suite, "f", ["a", "b"])
    assert read.args == args
    assert equal(read.returns, value)


def run_suite(value, returned):
    """Runs the test rendered for ``value`` against a tool that returns ``returned``."""
    suite = render_suite("f", [Example({}, returns=value)]).replace("from tool import f", "")
    names = {"f": lambda: returned}
    exec(compile(suite, "test_tool.py", "exec"), names)  # rendered from the data above, no model's
    names["test_example_1"]()


@given(JSON)
def test_a_rendered_suite_passes_with_a_tool_that_gives_the_case(value):
    run_suite(value, value)


@pytest.mark.parametrize("value", [0.3, [0.1, 0.3], {"total": 0.3, "n": 2}, [["a", 0.3], {"b": [0.3, True]}]])
def test_floats_are_compared_with_a_tolerance_wherever_they_stand(value):
    near, other = (json.loads(json.dumps(value).replace("0.3", text)) for text in ("0.30000000000000004", "0.31"))
    run_suite(value, near)
    with pytest.raises(AssertionError):
        run_suite(value, other)


@pytest.mark.parametrize(("value", "returned"), [([["a", 1.0]], [["a", True]]), ([["a", 1.5]], [["b", 1.5]])])
def test_the_tolerance_is_for_numbers_alone(value, returned):
    with pytest.raises(AssertionError):
        run_suite(value, returned)
