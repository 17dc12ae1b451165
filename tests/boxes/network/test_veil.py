"""Secrets under their names: what may be one, and that no text shows it."""

from __future__ import annotations

import base64
import json
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.network.grants import parse_origin
from agentforge.boxes.network.veil import LONGEST, Secret, Veil, fill, names_in
from agentforge.errors import ConfigurationError

from .sites import UNHURRIED

HOST = "api.example.com"
VALUES = st.text([chr(code) for code in range(33, 127)], min_size=8, max_size=40)
LONG = st.text(string.ascii_letters + string.digits, min_size=16, max_size=40)


def veil(value: str) -> Veil:
    return Veil([Secret("KEY", value, HOST)])


@pytest.mark.parametrize(
    "value", ["", "short", "with blank", "line\nbreak", "über-geheim", "a\0bcdefgh", "x" * (LONGEST + 1), "tab\tinside"]
)
def test_a_value_that_no_header_carries_is_not_taken_and_not_repeated(value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Secret("KEY", value, HOST)
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "host"), [("", HOST), ("A B", HOST), ("K}}", HOST), ("KEY", ""), ("KEY", "POST a.example")]
)
def test_a_name_or_a_host_that_is_none_is_not_taken(name: str, host: str) -> None:
    with pytest.raises(ConfigurationError):
        Secret(name, "0123456789", host)


def test_its_text_does_not_show_the_value() -> None:
    assert "0123456789" not in repr(Secret("KEY", "0123456789", HOST))


@UNHURRIED
@given(VALUES, st.text(max_size=30), st.text(max_size=30))
def test_a_value_is_hidden_wherever_it_stands(value: str, before: str, after: str) -> None:
    if any(0xD800 <= ord(char) < 0xE000 for char in before + after):
        return
    shown = veil(value).text(f"{before}{value}{after}")
    assert value.lower() not in shown.replace("[secret KEY]", "\0").lower()
    assert "[secret KEY]" in shown


@UNHURRIED
@given(VALUES, st.text(max_size=40))
def test_a_text_without_it_stays_as_it_is(value: str, text: str) -> None:
    if veil(value).text(text) != text:
        assert len(text) >= 8


@UNHURRIED
@given(LONG, st.binary(max_size=7), st.binary(max_size=7))
def test_base64_around_a_value_gives_away_less_than_one_character_at_each_end(
    value: str, before: bytes, after: bytes
) -> None:
    encoded = base64.b64encode(before + value.encode() + after).decode()
    shown = veil(value).text(f'"{encoded}"')
    assert "[secret KEY]" in shown
    kept = sum(len(piece) for piece in shown.strip('"').rstrip("=").split("[secret KEY]")) * 6
    assert kept - (len(before) + len(after)) * 8 < 24


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a'b\"c<d>e&f", "a&#x27;b&quot;c&lt;d&gt;e&amp;f"),
        ("a'b\"c<d>e&f", "a&#39;b&#34;c&lt;d&gt;e&amp;f"),
        ("a'b\"c<d>e&f", r"a'b\"c\u003cd\u003ee\u0026f"),
        ('a\\b/c"d/ef', r"a\\b\/c\"d\/ef"),
        ("a'b\"c<d>e&f", r"a\u0027b\u0022c\u003Cd\u003Ee\u0026f"),
        ('a\\b/c"d/ef', r"a\\\\b/c\\\"d\\/ef"),
        ("ab&c<d>efg", r"ab\\u0026c\\u003cd\\\\u003eefg"),
        ("ab+c/d=efg", "ab%252Bc%252Fd%253Defg"),
        ("ab+c/d=efg", "ab&plus;c&sol;d&#x3D;efg"),
        ("~~~???>>>", "fn5-Pz8_Pj4-"),
        ("~~~???>>>", "fn5+Pz8/Pj4+"),
        ("AbCdEfGh", "4162436445664768"),
        ("AbCdEfGh", "%41%62%43%64%45%66%47%68"),
    ],
)
def test_a_value_is_hidden_in_the_usual_spellings(value: str, told: str) -> None:
    assert veil(value).text(f"<{told}>") == "<[secret KEY]>"


@UNHURRIED
@given(VALUES)
def test_json_stays_json(value: str) -> None:
    shown = veil(value).text(json.dumps({"a": [value, f"x{value}"], value: 1}))
    assert json.loads(shown) == {"a": ["[secret KEY]", "x[secret KEY]"], "[secret KEY]": 1}


def test_overlapping_values_leave_nothing_between() -> None:
    both = Veil([Secret("A", "0123456789", HOST), Secret("B", "6789abcdef", HOST)])
    assert both.text("<0123456789abcdef>") == "<[secret A]>"
    assert veil("abababab").text("ababababab!") == "[secret KEY]!"


def test_a_large_hostile_text_takes_no_time() -> None:
    hidden = Veil([Secret("A", "\\/\\/\\/\\/", HOST), Secret("B", "%%%%&&&&", HOST), Secret("C", "sk-abc/123", HOST)])
    started = time.process_time()
    for text in ("\\" * 300_000, "%25" * 100_000, "&#0000" * 50_000, "sk-abc/12" * 30_000, "\\/" * 6 + "\\" * 300_000):
        hidden.text(text)
    assert time.process_time() - started < 10


def test_the_same_name_may_have_a_value_at_each_of_two_hosts() -> None:
    two = Veil([Secret("KEY", "value-one", "a.example"), Secret("KEY", "value-two", "b.example")])
    assert two.value("KEY", parse_origin("b.example")) == "value-two"
    assert two.value("KEY", parse_origin("c.example")) is None
    assert two.text("value-one value-two") == "[secret KEY] [secret KEY]"


def test_placeholders_are_named_and_filled() -> None:
    template = "id={{secret:ID}}, key={{secret:KEY}}{{other}}"
    assert names_in(template) == ["ID", "KEY"]
    assert fill(template, {"ID": "{{secret:KEY}}", "KEY": r"\1"}) == r"id={{secret:KEY}}, key=\1{{other}}"


@pytest.mark.parametrize(
    "template", ["{{secret:}}", "{{secret:A", "{{secret:A B}}", "{{secret:{{secret:A}}}}", "{{secret:1}}"]
)
def test_a_broken_placeholder_is_noticed(template: str) -> None:
    with pytest.raises(ValueError, match="placeholder"):
        names_in(template)
