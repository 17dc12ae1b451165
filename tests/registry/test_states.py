"""``state.toml``: what it says is read strictly, and what a change does not concern is left alone."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.registry.states import REJECTED_KEPT, Rejection, Reviews, Standing, Waiting, read_states
from agentforge.types import State

HASHES = st.integers(0, 16**8).map(lambda number: f"{number:064x}")
LINES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=60)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
STANDINGS = st.builds(
    Standing,
    state=st.sampled_from(State),
    version=HASHES,
    unconfirmed=st.booleans(),
    pinned=st.booleans(),
    reason=LINES,
)
WAITING = st.builds(Waiting, version=HASHES, unconfirmed=st.booleans(), reason=LINES)
REJECTIONS = st.builds(Rejection, number=st.integers(1, 99), version=HASHES, reason=LINES)
REVIEWS = st.builds(
    Reviews,
    last=st.integers(0, 99),
    waiting=st.dictionaries(st.integers(1, 99).map(str), WAITING, max_size=3),
    rejected=st.lists(REJECTIONS, max_size=3).map(tuple),
)
ODD = """
format = 1
since = 2026-01-02
[tools.future]
state = "asleep"
[reviews.future]
last = -1
[elsewhere]
kept = true
"""


@given(st.dictionaries(NAMES, STANDINGS, max_size=4), st.dictionaries(NAMES, REVIEWS, max_size=4))
def test_what_is_written_is_read_again(tools, reviews):
    read = read_states(read_states("format = 1").text(tools=tools, reviews=reviews))
    assert (dict(read.tools), dict(read.reviews), read.problems) == (tools, reviews, ())


@given(NAMES, STANDINGS, REVIEWS)
def test_a_change_leaves_everything_else_alone(name, standing, reviews):
    text = read_states(ODD).text(tools={name: standing}, reviews={name: reviews})
    before, after = tomllib.loads(ODD), tomllib.loads(text)
    for key in ("tools", "reviews"):
        after[key].pop(name)
        before[key].pop(name, None)
    assert before == after


def test_malformed_entries_are_told_and_the_others_are_read():
    states = read_states(ODD + f'[tools.good]\nstate = "live"\nversion = "{"0" * 64}"\n')
    assert list(states.tools) == ["good"]
    assert [problem.split(":")[0] for problem in states.problems] == ["future", "future"]


@pytest.mark.parametrize("text", ["format = 1\nreviews = 3\n", "format = 1\ntools = []\n"])
def test_what_is_no_table_is_malformed(text):
    with pytest.raises(ValueError, match="is no table"):
        read_states(text)


def test_numbers_only_grow_and_old_rejections_make_room():
    reviews = Reviews()
    for number in range(1, REJECTED_KEPT + 3):
        waiting = Waiting(version=f"{number:064x}")
        reviews = reviews.proposed(number, waiting)
        reviews = reviews.decided(number, Rejection(number=number, version=waiting.version))
    assert reviews.last == REJECTED_KEPT + 2
    assert reviews.waiting == {}
    assert [one.number for one in reviews.rejected] == list(range(3, REJECTED_KEPT + 3))
