"""A need that waits for a worker is the same need when it is read, and nothing else is read as one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.errors import UsageError
from agentforge.forge.payload import need_from_json, need_to_json
from agentforge.types import Capabilities, Example, Need

TEXTS = st.lists(st.text(max_size=9), max_size=3).map(tuple)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NEEDS = st.builds(
    Need,
    name=st.text(),
    signature=st.text(),
    purpose=st.text(),
    examples=st.lists(
        st.builds(
            Example,
            args=st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
            returns=VALUES,
            raises=st.none() | st.text(),
            source=st.text(),
            held_out=st.booleans(),
            spent=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    requests=TEXTS,
    text=st.text(),
    capabilities=st.builds(
        Capabilities,
        hosts=TEXTS,
        files=TEXTS,
        secrets=TEXTS,
        packages=TEXTS,
        clock=st.booleans(),
        randomness=st.booleans(),
    ),
    episode=st.text(),
    sources=TEXTS,
    tainted=st.booleans(),
    depends=TEXTS,
    forked_from=TEXTS,
)


@given(NEEDS)
def test_a_need_survives_being_written_down(need: Need) -> None:
    assert need_from_json(json.loads(json.dumps(need_to_json(need)))) == need


GOOD = need_to_json(Need("double", "(n: int) -> int", "Double n.", (Example({"n": 1}, returns=2),)))


@pytest.mark.parametrize(
    "change",
    [
        {"form": 2},
        {"form": None},
        {"name": 7},
        {"tainted": "no"},
        {"requests": "one"},
        {"requests": [1]},
        {"examples": [{"args": []}]},
        {"examples": [{"args": {}, "held_out": "yes"}]},
        {"examples": [{"nonsense": 1}]},
        {"examples": 3},
        {"capabilities": {"hosts": [1]}},
        {"capabilities": 1},
        {"unknown": "field"},
    ],
    ids=str,
)
def test_what_is_no_need_is_refused_in_one_sentence(change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"^The job's need .*\."):
        need_from_json({**GOOD, **change})
