"""What rules promise of every result is read without a model, and no more than they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.forge.promises import promises_of


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ("Rounded to 2 decimals.", 3.33, 3.333),
        ("Return the sum rounded to two decimals (0 if there is nothing to add).", -0.5, 0.125),
        ("The result is rounded to 1 decimal place.", 7, 7.25),
        ("The result is never negative and is rounded to 3 decimals.", 0.125, -1),
        ("Take 150 off, but the price never falls below 0.", 0, -1),
    ],
)
def test_a_promise_holds_for_some_results_and_not_for_others(rule, kept, broken):
    promises = promises_of(["Something else.", rule])
    assert all(promise.kept_by(kept) for promise in promises)
    assert [promise.rule for promise in promises if not promise.kept_by(broken)] == [rule]


@pytest.mark.parametrize(
    "rule",
    [
        "Each price is rounded to 2 decimals before it is added.",  # says nothing of the sum
        "The result is rounded to a whole byte.",  # an int says that by its type
        "ValueError if total_cents is negative.",
        "Weights are never negative.",
        "The result is not rounded to 2 decimals.",
        "The result must never be rounded to 2 decimals before the fee.",
        "Rounded to 2 decimals, the rate is multiplied by the hours.",
        "The answer is the rate rounded to two decimals times the quantity.",
        "The result is rounded to 2 decimals only for members.",
        "The result is almost never negative.",
        "Stock never falls below 0; return the change of the stock.",
        "Returns the temperature change; the input never drops below 0.",
    ],
)
def test_rules_about_something_else_promise_nothing(rule):
    assert promises_of([rule]) == []


@pytest.mark.parametrize("value", [None, "3.333", True, [3.333], {}])
def test_what_is_no_number_breaks_no_promise(value):
    assert all(promise.kept_by(value) for promise in promises_of(["Rounded to 2 decimals."]))


@given(st.floats(min_value=-1e12, max_value=1e12), st.integers(min_value=0, max_value=6))
def test_whatever_was_rounded_is_rounded(value, decimals):
    (promise,) = promises_of([f"The result is rounded to {decimals} decimals."])
    assert promise.kept_by(round(value, decimals))
