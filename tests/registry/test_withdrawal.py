"""A revocation takes regressions that come from what is revoked out of force, nothing else; undoing puts them back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_tools import make_tool

from agentforge.errors import ToolInvalid, UsageError
from agentforge.registry.references import Origin
from agentforge.registry.regressions import keep_regression, read_regressions, withdraw_regression
from agentforge.registry.repository import Registry
from agentforge.registry.revocation import revoke, undo
from agentforge.types import Example, State


def kept(registry, name, call, episode="", kind="feedback"):
    example = Example({"text": call}, call, source=f"{kind}:{call}")
    trailers = {"Tool": [name], "Source": [f"feedback:{call}"], **({"Episode": [episode]} if episode else {})}
    keep_regression(registry, name, example, trailers)
    return example


def sources(registry, name):
    return [one.source for one in read_regressions(registry, name)]


@pytest.fixture
def lessons(registry):
    for name, call, episode in (("first", "c1", "e1"), ("first", "c2", "e2"), ("second", "c3", "e1")):
        kept(registry, name, call, episode)
    return registry


def test_a_revoked_call_is_no_longer_asked_for(lessons):
    done = revoke(lessons, Origin("source", "feedback:c1"), reason="A typing error")
    assert (done.regressions, done.tools) == (("first/feedback:c1",), ())
    assert (sources(lessons, "first"), sources(lessons, "second")) == (["feedback:c2"], ["feedback:c3"])
    newest = lessons.store.log()[0]
    assert (newest.sha, newest.trailers["Tool"]) == (done.commit, ("first",))


def test_a_revoked_episode_takes_those_of_all_tools_and_of_the_judge(lessons):
    kept(lessons, "first", "c9", "e1", kind="judge")
    done = revoke(lessons, Origin("episode", "e1"))
    assert sorted(done.regressions) == ["first/feedback:c1", "first/judge:c9", "second/feedback:c3"]
    assert (sources(lessons, "first"), sources(lessons, "second")) == (["feedback:c2"], [])


def test_undoing_it_puts_them_back_and_either_twice_changes_nothing(lessons):
    before = {one.source: one for one in read_regressions(lessons, "first")}
    done = revoke(lessons, Origin("episode", "e1"))
    assert revoke(lessons, Origin("episode", "e1")).commit == ""
    back = undo(lessons, done.id)
    assert (sorted(back.regressions), back.kept) == (["first/feedback:c1", "second/feedback:c3"], ())
    assert {one.source: one for one in read_regressions(lessons, "first")} == before
    assert undo(lessons, done.id).commit == ""
    assert not [path for path in lessons.store.list() if path.startswith("revoked/")]


def test_what_two_revocations_hold_comes_back_with_the_last_of_them(lessons):
    call, episode = revoke(lessons, Origin("source", "feedback:c1")), revoke(lessons, Origin("episode", "e1"))
    first = undo(lessons, call.id)
    assert first.kept == (f"the regression first/feedback:c1 stays withdrawn for {episode.id}",)
    assert sources(lessons, "first") == ["feedback:c2"]
    undo(lessons, episode.id)
    assert sorted(sources(lessons, "first")) == ["feedback:c1", "feedback:c2"]


def test_nothing_is_kept_that_comes_from_what_is_revoked(lessons):
    revoke(lessons, Origin("episode", "e1"))
    with pytest.raises(ToolInvalid, match="it comes from episode:e1, which was revoked"):
        kept(lessons, "third", "c4", "e1")
    revoke(lessons, Origin("source", "feedback:c2"))
    with pytest.raises(ToolInvalid, match="it comes from source:feedback:c2, which was revoked"):
        kept(lessons, "third", "c2")


def test_what_a_person_takes_back_meanwhile_stays_away(lessons):
    done = revoke(lessons, Origin("source", "feedback:c1"))
    assert withdraw_regression(lessons, "first", "feedback:c1", {})
    back = undo(lessons, done.id)
    assert (back.regressions, back.kept) == ((), ("the regression first/feedback:c1 was withdrawn since",))
    assert sources(lessons, "first") == ["feedback:c2"]


def test_a_malformed_file_keeps_nothing_else_from_being_revoked(lessons):
    lessons.store.commit({"regressions/broken.jsonl": b"{"}, subject="By hand", expected=lessons.head(), trailers={})
    done = revoke(lessons, Origin("episode", "e1"))
    assert sorted(done.regressions) == ["first/feedback:c1", "second/feedback:c3"]
    assert "regressions/broken.jsonl" in done.kept[0]


def test_a_version_made_from_it_is_quarantined_in_the_same_commit(lessons):
    lessons.add(make_tool("third", sources=["feedback:c1"]), state=State.LIVE)
    done = revoke(lessons, Origin("source", "feedback:c1"))
    assert (done.tools, done.regressions) == (("third",), ("first/feedback:c1",))
    back = undo(lessons, done.id)
    assert (back.tools, back.regressions) == (("third",), ("first/feedback:c1",))


ORIGINS = st.sampled_from(
    ["episode:e1", "episode:e2", "source:feedback:c1", "source:feedback:c2", "source:feedback:c3"]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    entries=st.lists(
        st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(["c1", "c2", "c3"]), st.sampled_from(["e1", "e2"])),
        min_size=1,
        max_size=5,
        unique_by=lambda entry: entry[1],
    ),
    steps=st.lists(st.tuples(st.booleans(), ORIGINS), max_size=6),
)
def test_just_what_comes_from_what_is_revoked_is_out_of_force(entries, steps):
    with tempfile.TemporaryDirectory() as folder, Registry.create(Path(folder) / "me.git") as registry:
        for name, call, episode in entries:
            kept(registry, name, call, episode)
        in_force: dict[str, str] = {}
        for take, origin in steps:
            kind, _, ref = origin.partition(":")
            if take:
                in_force[origin] = revoke(registry, Origin(kind, ref)).id
            elif origin in in_force:
                undo(registry, in_force.pop(origin))
            else:
                with pytest.raises(UsageError):
                    undo(registry, "none")
            expected = {
                (name, f"feedback:{call}")
                for name, call, episode in entries
                if f"episode:{episode}" not in in_force and f"source:feedback:{call}" not in in_force
            }
            assert {(name, source) for name in ("one", "two") for source in sources(registry, name)} == expected
