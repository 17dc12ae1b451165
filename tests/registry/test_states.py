"""``state.toml``: what it says is read strictly, and what a change does not concern is left alone."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.errors import RegistryError
from agentforge.registry import pages
from agentforge.registry.pages import Pages, page_of
from agentforge.registry.states import (
    REJECTED_KEPT,
    STATE_FILE,
    Rejection,
    Reviews,
    Standing,
    States,
    Waiting,
    read_states,
)
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


def states_of(files: dict[str, bytes]) -> States:
    beside = {path: contents for path, contents in files.items() if path != STATE_FILE}
    return read_states(files[STATE_FILE].decode(), Pages.of(beside))


@given(st.dictionaries(NAMES, STANDINGS, max_size=4), st.dictionaries(NAMES, REVIEWS, max_size=4))
def test_what_is_written_is_read_again(tools, reviews):
    read = states_of(read_states("format = 1").files(tools=tools, reviews=reviews))
    assert (dict(read.tools), dict(read.reviews), read.problems) == (tools, reviews, ())


@given(NAMES, STANDINGS, REVIEWS)
def test_a_change_leaves_everything_else_alone(name, standing, reviews):
    text = read_states(ODD).files(tools={name: standing}, reviews={name: reviews})[STATE_FILE].decode()
    before, after = tomllib.loads(ODD), tomllib.loads(text)
    for key in ("tools", "reviews"):
        after[key].pop(name)
        before[key].pop(name, None)
    assert before == after


CHANGES = st.lists(
    st.tuples(st.dictionaries(NAMES, STANDINGS, max_size=3), st.dictionaries(NAMES, REVIEWS, max_size=2)), max_size=6
)


@given(CHANGES, st.integers(0, 6))
def test_any_changes_are_read_again_and_their_order_leaves_no_trace(changes, whole):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agentforge.registry.states.WHOLE", whole)
        files, tools, reviews = {STATE_FILE: ODD.encode()}, {}, {}
        for some, more in changes:
            files |= states_of(files).files(tools=some, reviews=more)
            tools, reviews = {**tools, **some}, {**reviews, **more}
        read = states_of(files)
        assert (dict(read.tools), dict(read.reviews)) == (tools, reviews)
        assert {problem.split(":")[0] for problem in read.problems} <= {"future"}
        assert read.stale() == []
        at_once = {STATE_FILE: ODD.encode()}
        at_once |= states_of(at_once).files(tools=tools, reviews=reviews)
        if changes:
            assert files == at_once, "registries that hold the same are the same"


def many(number: int) -> dict[str, Standing]:
    return {f"tool_{each}": Standing(state=State.LIVE, version=f"{each:064x}") for each in range(number)}


def test_where_there_are_many_names_a_change_writes_one_page_and_a_look_parses_one(monkeypatch):
    files = read_states("format = 1").files(tools=many(1_000))
    assert tomllib.loads(files[STATE_FILE].decode()) == {"format": 2}
    parsed: list[str] = []
    read = pages._page
    monkeypatch.setattr(pages, "_page", lambda path, contents: parsed.append(path) or read(path, contents))
    states = states_of(files)
    assert states.tools["tool_7"].version == f"{7:064x}"
    retired = Standing(state=State.RETIRED, version=f"{7:064x}", stale=("p1",))
    written = states.files(tools={"tool_7": retired})
    assert [*written] == parsed == [page_of("tool_7")]
    assert states_of({**files, **written}).stale() == ["tool_7"]
    assert parsed == [page_of("tool_7")] * 2, "no other page speaks of anything stale"


def test_an_entry_that_a_hand_put_beside_the_pages_moves_into_its_page():
    files = read_states("format = 1").files(tools=many(200))
    by_hand = f'format = 2\n[tools.strange]\nstate = "live"\nversion = "{"1" * 64}"\n'.encode()
    states = states_of({**files, STATE_FILE: by_hand})
    assert states.tools["strange"].state is State.LIVE
    written = states.files(tools={"tool_7": many(8)["tool_7"]})
    assert {*written} == {STATE_FILE, page_of("strange"), page_of("tool_7")}
    assert dict(states_of({**files, **written}).tools) == {**many(200), "strange": states.tools["strange"]}


def test_pages_that_stand_as_before_are_not_read_again():
    files = {
        path: data for path, data in read_states("format = 1").files(tools=many(200)).items() if path != STATE_FILE
    }
    ids = {path: str(at) for at, path in enumerate(files)}
    asked: list[str] = []

    def read(paths):
        asked.extend(paths)
        return {path: files[path] for path in paths}

    first = Pages(ids, read)
    assert first[page_of("tool_7")].tools["tool_7"].state is State.LIVE
    assert asked == [page_of("tool_7")], "one name is in one page"
    assert len(first.all()) == len(files)
    assert len(asked) == len(files)
    asked.clear()
    changed = page_of("tool_7")
    second = Pages({**ids, changed: "new"}, read, first)
    assert second.all() == first.all()
    assert asked == [changed]


def test_a_page_that_is_lost_is_told_and_not_taken_for_an_empty_one():
    pages = Pages({page_of("tool_7"): "1"}, lambda _: {})
    states = read_states("format = 2", pages)
    for look in (lambda: states.tools.get("tool_7"), lambda: [*states.tools], states.stale):
        with pytest.raises(RegistryError, match="missing"):
            look()


def test_a_malformed_page_is_told_and_never_written_over():
    files = read_states("format = 1").files(tools=many(200))
    states = states_of({**files, page_of("tool_7"): b"[tools"})
    with pytest.raises(RegistryError, match="state/"):
        states.files(tools={"tool_7": many(8)["tool_7"]})
    assert states.tools["tool_8"].state is State.LIVE


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
