"""Whether one signature can stand for another."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.registry.contract import parse_signature
from agentforge.registry.fitting import Fit, accepts, fit, renamed
from agentforge.registry.schema import mismatches


def fitted(need, tool):
    return fit(parse_signature(need), parse_signature(tool))


@pytest.mark.parametrize(
    ("need", "tool", "names"),
    [
        ("(text: str) -> int", "(text: str) -> int", {"text": "text"}),
        ("(duration: str) -> int", "(text: str) -> int", {"duration": "text"}),
        ("(n: int) -> float", "(x: float) -> int", {"n": "x"}),
        (
            "(width: int, line: str) -> list[str]",
            "(text: str, width: int) -> list[str]",
            {"width": "width", "line": "text"},
        ),
        ("(count: int, name: str) -> str", "(text: str, n: int) -> str", {"count": "n", "name": "text"}),
        ("(a: list[int]) -> dict", "(a: list[float]) -> dict[str, int]", {"a": "a"}),
        ("(unit: Literal['kg', 'g']) -> str", "(unit: str) -> str", {"unit": "unit"}),
    ],
)
def test_parameters_match_by_name_or_by_the_only_order_that_types_allow(need, tool, names):
    assert fitted(need, tool) == Fit(names)


def test_parameters_of_one_type_match_by_their_order_and_that_is_told():
    assert fitted("(a: str, b: str) -> str", "(x: str, y: str) -> str") == Fit({"a": "x", "b": "y"}, ("a", "b"))
    assert fitted("(b: str, c: str) -> str", "(a: str, b: str) -> str") == Fit({"b": "b", "c": "a"})


@pytest.mark.parametrize(
    ("need", "tool"),
    [
        ("(text: str) -> int", "(text: str, width: int) -> int"),
        ("(text: str) -> int", "(text: int) -> int"),
        ("(x: float) -> int", "(x: int) -> int"),
        ("(x: int) -> int", "(x: int) -> float"),
        ("(x: int) -> str", "(x: int) -> str | None"),
        ("(x: str | None) -> str", "(x: str) -> str"),
        ("(unit: str) -> str", "(unit: Literal['kg', 'g']) -> str"),
        ("(a: list) -> str", "(a: list[str]) -> str"),
    ],
)
def test_what_takes_less_or_gives_more_does_not_fit(need, tool):
    assert fitted(need, tool) is None


def test_arguments_are_renamed_and_defaults_of_the_need_filled_in():
    need = parse_signature("(line: str, width: int = 8) -> str")
    names = {"line": "text", "width": "columns"}
    assert renamed({"line": "a"}, names, need) == {"text": "a", "columns": 8}
    assert renamed({"line": "a", "width": 3}, names, need) == {"text": "a", "columns": 3}
    assert renamed({"other": "a"}, names, need) is None


SCALARS = st.sampled_from([{"type": kind} for kind in ("string", "integer", "number", "boolean", "null")])
SCHEMAS = st.recursive(
    st.one_of(SCALARS, st.just({"type": "array"}), st.just({"type": "object"}), st.just({"enum": ["a", 1]})),
    lambda inner: st.one_of(
        inner.map(lambda one: {"type": "array", "items": one}),
        inner.map(lambda one: {"type": "object", "additionalProperties": one}),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: {"anyOf": some}),
        st.tuples(inner, st.booleans()).map(
            lambda pair: {
                "type": "object",
                "properties": {"a": pair[0]},
                "required": ["a"] if pair[1] else [],
                "additionalProperties": False,
            }
        ),
    ),
    max_leaves=4,
)
VALUES = st.recursive(
    st.sampled_from(["a", "b", 1, 2, 1.5, True, None]),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["a", "b"]), inner)),
    max_leaves=4,
)


@given(SCHEMAS, SCHEMAS, st.lists(VALUES, max_size=20))
def test_what_accepts_a_type_takes_every_value_of_it(wide, narrow, values):
    if accepts(wide, narrow):
        for value in values:
            assert mismatches(value, narrow) or not mismatches(value, wide), json.dumps([value, wide, narrow])


@given(SCHEMAS)
def test_every_type_accepts_itself(schema):
    assert accepts(schema, schema)
