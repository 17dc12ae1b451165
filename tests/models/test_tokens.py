"""The estimate of tokens: never more than a tenth too low. True counts are Qwen2.5's, recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.models.tokens import estimate

COUNTED = json.loads((Path(__file__).parent / "counted.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_never_more_than_a_tenth_too_low_nor_wildly_too_high(kind: str) -> None:
    text, tokens = COUNTED[kind]
    assert estimate(text) >= 0.9 * tokens
    assert estimate(text) <= 2.2 * tokens + 4


@given(st.text(), st.text())
def test_more_text_is_not_fewer_tokens(one: str, other: str) -> None:
    assert estimate(one + "\n" + other) >= max(estimate(one), estimate(other))


def test_nothing_is_nothing() -> None:
    assert estimate("") == 0


@given(st.text(st.characters()))  # lone surrogates too
def test_no_text_breaks_it(text: str) -> None:
    assert 0 <= estimate(text) <= 4 * len(text) + 1
