"""Objects out of what models write, and schemas as endpoints can enforce them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.models.capabilities import FEATURES
from agentforge.models.schemas import enforceable, fenced_blocks, first_object, mismatches
from agentforge.testing.refusals import problems_of
from agentforge.types import JSONObject

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)
PROSE = st.text().filter(lambda text: "{" not in text and "`" not in text)


@given(OBJECTS, st.sampled_from([None, 2]), PROSE, PROSE)
def test_an_object_in_prose_is_found(value: dict[str, Any], indent: int | None, before: str, after: str) -> None:
    assert first_object(f"{before}{json.dumps(value, indent=indent)}{after}") == value


@given(OBJECTS, st.sampled_from(["```json", "```", "``` JSON", "```JSON5"]), PROSE)
def test_an_object_in_a_fenced_block_is_found(value: dict[str, Any], fence: str, before: str) -> None:
    lines = " ".join(before.splitlines())
    assert first_object(f"{lines}\n{fence}\n{json.dumps(value)}\n```\nbye") == value


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    found = first_object(text)
    assert found is None or isinstance(found, dict)


@given(OBJECTS.filter(bool), st.data())
def test_a_cut_object_is_never_taken_for_a_whole_one(value: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = first_object(text[: data.draw(st.integers(0, len(text) - 1))])
    assert cut != value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('A set {1, 2} and then {"a": 1} and {"b": 2}', {"a": 1}),
        ('```python\ndef f(): return {}\n```\n```json\n{"a": 1}\n```', {"a": 1}),
        ('{"a": "one\ntwo"}', {"a": "one\ntwo"}),  # a raw line break, which small models write
        ('```json\n{"a": 1}', {"a": 1}),  # never closed
        ('{"a": NaN}', None),
        ("[1, 2]", None),
        ("", None),
        ("{", None),
    ],
)
def test_odd_answers(text: str, found: JSONObject | None) -> None:
    assert first_object(text) == found


def test_hostile_text_costs_little() -> None:
    start = time.monotonic()
    first_object("{" * 100_000)
    first_object('{"a":' * 20_000)
    assert time.monotonic() - start < 5


def test_all_fenced_blocks_in_order() -> None:
    assert fenced_blocks("x\n```a\n1\n2\n```\ny\n```\n3\n```") == ["1\n2", "3"]


def test_mismatches_name_the_place_and_are_few() -> None:
    schema: JSONObject = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    assert mismatches(schema, {"a": [1]}) == []
    assert mismatches(schema, {"a": [1, "x"]}) == ["$.a[1]: 'x' is not of type 'integer'"]
    assert len(mismatches(schema, {"a": ["x"] * 50})) == 5


@pytest.mark.parametrize(
    "part",
    [
        {"type": "string", "pattern": "^[a-z]+$", "minLength": 1, "maxLength": 9},
        {"type": "integer", "minimum": 0, "maximum": 9},
        {"type": ["string", "null"]},
        {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 5},
        {"enum": ["a", 1, None]},
        {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"x": {"type": "integer"}}}]},
    ],
)
def test_what_claude_gets_is_what_claude_accepts(part: JSONObject) -> None:
    schema: JSONObject = {"type": "object", "properties": {"part": part}, "required": ["part"]}
    sent = enforceable(schema, FEATURES["claude"])
    assert sent is not None
    body = {
        "model": "claude-opus-5-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
        "output_config": {"format": {"type": "json_schema", "schema": sent}},
    }
    assert problems_of(body) == []
    assert schema["properties"] == {"part": part}  # the original is untouched
    assert enforceable(schema, FEATURES["vllm"]) == schema


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {
            "type": "array",
            "items": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
        },
        {},
    ],
)
def test_what_claude_cannot_enforce_is_not_asked_of_it(part: JSONObject) -> None:
    schema: JSONObject = {"type": "object", "properties": {"part": part}}
    assert enforceable(schema, FEATURES["claude"]) is None
    assert enforceable(schema, FEATURES["vllm"]) == schema


def test_an_endpoint_without_schemas_enforces_nothing() -> None:
    assert enforceable({"type": "object"}, FEATURES["messages"]) is None
