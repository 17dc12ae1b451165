"""Probes stay near what is known, are reproducible, and never repeat it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.forge.probes import neighbours, same_shape

VALUES = st.booleans() | st.integers(-100, 100) | st.text(max_size=8) | st.lists(st.integers(0, 9), max_size=4)


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), max_size=4), st.integers(0, 60))
def test_probes_are_new_bounded_and_change_one_argument_or_exchange_two(known, most):
    probes = neighbours(known, most=most)
    assert len(probes) <= most
    assert len({repr(probe) for probe in probes}) == len(probes)
    for probe in probes:
        assert repr(probe) not in {repr(args) for args in known}
        changed = [sum(repr(args[name]) != repr(probe[name]) for name in args) for args in known]
        exchanged = [[repr(args["b"]), repr(args["a"])] == [repr(probe["a"]), repr(probe["b"])] for args in known]
        assert 1 in changed or any(exchanged)


def test_two_values_of_one_type_are_exchanged_first():
    assert neighbours([{"start": 3, "end": 9, "name": "x"}], most=1) == [{"start": 9, "end": 3, "name": "x"}]


@given(st.lists(st.fixed_dictionaries({"a": VALUES}), min_size=1, max_size=4))
def test_the_same_inputs_give_the_same_probes(known):
    assert neighbours(known) == neighbours(known)


def test_types_are_kept():
    kinds = {type(probe["a"]) for probe in neighbours([{"a": "abc"}])}
    assert kinds == {str}
    assert all(isinstance(probe["a"], int) for probe in neighbours([{"a": 5}]))


def test_borderline_values_are_among_them():
    assert {"a": ""} in neighbours([{"a": "abc"}])
    assert {"a": 0} in neighbours([{"a": 5}])
    assert {"a": []} in neighbours([{"a": [1, 2]}])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"n": 1}, {"n": 9}, True),
        ({"n": 1}, {"n": "x"}, False),
        ({"n": 1}, {"m": 1}, False),
        ({"points": [[0, 0]]}, {"points": [[1, 2], [3, 4]]}, True),
        ({"points": [[0]]}, {"points": [[1, 2], [3, 4]]}, False),
        ({"rows": [{"a": 1}]}, {"rows": [{"a": 2}, {"a": 3}]}, True),
        ({"rows": [{}]}, {"rows": [{"a": 2}]}, False),
        ({"items": []}, {"items": [1]}, True),
    ],
)
def test_same_shape_differs_in_scalars_and_outer_lengths_only(one, other, same):
    assert same_shape(one, other) is same
