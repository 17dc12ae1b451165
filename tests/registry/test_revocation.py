"""Revoking an origin in a real registry: all that comes from it leaves use, nothing else does, and it can come back."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_tools import make_tool

from agentforge.errors import RegistryError, ToolInvalid, UsageError
from agentforge.gitstore.store import GitStore
from agentforge.registry.ancestry import family_of
from agentforge.registry.references import Origin
from agentforge.registry.repository import Registry
from agentforge.registry.review import approve, put, rollback
from agentforge.registry.revocation import revocations, revoke, undo
from agentforge.registry.tool import to_files
from agentforge.types import Example, State

PAGE = Origin("source", "page:x.com")


def live(registry, name, body="return text.strip().lower()", **facts):
    tool = make_tool(name, body, **facts)
    return registry.add(tool, state=State.LIVE)


def proposed(registry, name, body="return text.lower()", **facts):
    return registry.add(make_tool(name, body, **facts), state=State.PROPOSED, reason="It waits.", unconfirmed=True)


def standing(registry):
    return {name: (each.state, each.version, each.reason) for name, each in registry.snapshot().states.tools.items()}


def whole(registry):
    """Everything that a registry holds, but for what it remembers of revocations; ``state.toml`` by its meaning."""
    store, states = registry.store, registry.snapshot().states
    files = store.read_many([path for path in store.list() if path not in ("state.toml", "revoked.toml")])
    return files, dict(states.tools), {name: one for name, one in states.reviews.items() if one.waiting}


@pytest.fixture
def poisoned(registry):
    """A page from which three tools and a proposal come, one over a repair; ``clean`` has nothing to do with it."""
    live(registry, "first", sources=["page:x.com"], episodes=["e1"])
    old = live(registry, "second", sources=["page:x.com"])
    live(registry, "second", "return text.lower()", parent=old, episodes=["e2"])
    live(registry, "third", imports=["first"])
    live(registry, "clean", sources=["page:y.com"])
    proposed(registry, "clean", sources=["page:x.com"])
    return registry


def test_all_that_comes_from_it_is_taken_in_one_commit_and_nothing_else(poisoned):
    before, clean = len(poisoned.store.log()), standing(poisoned)["clean"]
    done = revoke(poisoned, PAGE, reason="It was hacked", approver="ada")
    assert len(poisoned.store.log()) == before + 1
    assert (sorted(done.tools), done.proposals) == (["first", "second", "third"], ("clean/1",))
    assert poisoned.names(State.LIVE) == ["clean"]
    assert poisoned.names(State.QUARANTINED) == ["first", "second", "third"]
    assert (poisoned.proposed(), standing(poisoned)["clean"]) == ([], clean)
    assert standing(poisoned)["first"][2] == f"Revocation {done.id} of source:page:x.com: It was hacked"
    assert poisoned.problems() == []


def test_the_commit_names_ids_only(poisoned):
    done = revoke(poisoned, PAGE, reason="It was hacked", approver="ada")
    newest = poisoned.store.log()[0]
    assert (newest.sha, newest.message) == (done.commit, f"Revoke {done.id}")
    assert dict(newest.trailers) == {
        "Approver": ("ada",),
        "Revocation": (done.id,),
        "Revoked": ("source:page:x.com",),
        "Tool": ("clean", "first", "second", "third"),
        "Proposal": ("clean/1",),
    }
    assert poisoned.log("third")[0].sha == newest.sha


def test_undoing_it_gives_everything_back(poisoned):
    before = whole(poisoned)
    done = revoke(poisoned, PAGE)
    back = undo(poisoned, done.id, approver="ada")
    assert whole(poisoned) == before
    assert (sorted(back.tools), back.proposals, back.kept) == (["first", "second", "third"], ("clean/1",), ())


def test_doing_either_twice_changes_nothing(poisoned):
    done = revoke(poisoned, PAGE)
    head = poisoned.head()
    again = revoke(poisoned, PAGE, reason="Once more")
    assert (again.id, again.tools, again.commit, poisoned.head()) == (done.id, (), "", head)
    undo(poisoned, done.id)
    head = poisoned.head()
    assert (undo(poisoned, done.id).commit, poisoned.head()) == ("", head)
    assert {key: one.undone for key, one in revocations(poisoned).items()} == {done.id: True}


def test_it_can_be_revoked_again_after_it_was_undone(poisoned):
    first = revoke(poisoned, PAGE)
    undo(poisoned, first.id)
    second = revoke(poisoned, PAGE)
    assert (second.id != first.id, poisoned.names()) == (True, ["clean"])
    undo(poisoned, second.id)
    assert poisoned.names() == ["clean", "first", "second", "third"]


def test_an_unknown_revocation_cannot_be_undone(registry):
    with pytest.raises(UsageError, match="no revocation 'r1'"):
        undo(registry, "r1")


def test_what_somebody_changed_since_stays_as_it_is_and_is_told(poisoned):
    done = revoke(poisoned, PAGE)
    poisoned.set_state("first", State.RETIRED, "Not needed")
    poisoned.set_state("third", State.QUARANTINED, "It is also slow")
    back = undo(poisoned, done.id)
    assert back.tools == ("second",)
    assert sorted(line[:30] for line in back.kept) == [
        "first was changed since: it is",
        "third was changed since: it is",
    ]
    assert standing(poisoned)["first"][::2] == (State.RETIRED, "Not needed")
    assert standing(poisoned)["third"][::2] == (State.QUARANTINED, "It is also slow")


def test_a_proposal_whose_place_was_taken_is_told_and_not_lost(poisoned):
    done = revoke(poisoned, PAGE)
    store = poisoned.store
    store.commit({"proposed/clean/1/tool.py": b"#"}, subject="By hand", trailers={}, expected=store.head())
    back = undo(poisoned, done.id)
    assert (back.proposals, back.kept) == ((), ("clean/1 was changed since: another proposal has its number",))
    assert store.read("revoked/clean/1/tool.py")


def test_what_two_revocations_hold_comes_back_with_the_last_of_them(poisoned):
    before = whole(poisoned)
    page, episode = revoke(poisoned, PAGE), revoke(poisoned, Origin("episode", "e1"))
    assert episode.tools == ()
    back = undo(poisoned, page.id)
    assert (back.tools, back.proposals) == (("second",), ("clean/1",))
    assert sorted(back.kept) == [f"{name} stays in quarantine for {episode.id}" for name in ("first", "third")]
    assert standing(poisoned)["first"][2] == f"Revocation {episode.id} of episode:e1"
    undo(poisoned, episode.id)
    assert whole(poisoned) == before


def test_what_a_person_released_is_taken_again_when_asked_again(poisoned):
    done = revoke(poisoned, PAGE)
    poisoned.set_state("first", State.LIVE, "I looked at it")
    assert revoke(poisoned, PAGE).tools == ("first",)
    undo(poisoned, done.id)
    assert standing(poisoned)["first"][::2] == (State.LIVE, "I looked at it")


@pytest.mark.parametrize("name", ["first", "second", "third"])
def test_no_tool_is_released_out_of_a_revocation_whatever_was_said_of_it_since(poisoned, name):
    """``first`` comes from the page, ``second`` over a repair, ``third`` only imports the first."""
    done = revoke(poisoned, PAGE)
    for since in (None, State.RETIRED):
        if since is not None:
            put(poisoned, name, since, approver="ada", reason="Not needed")
        head = poisoned.head()
        with pytest.raises(ToolInvalid, match=done.id) as caught:
            put(poisoned, name, State.LIVE, approver="ada")
        assert f"agentforge revoke --undo {done.id}" in caught.value.fix
        assert poisoned.head() == head
    undo(poisoned, done.id)
    assert put(poisoned, name, State.LIVE, approver="ada").state == State.LIVE


def test_a_tool_that_nothing_holds_is_released_while_another_is_revoked(poisoned):
    revoke(poisoned, PAGE)
    put(poisoned, "clean", State.QUARANTINED, approver="ada")
    assert put(poisoned, "clean", State.LIVE, approver="ada").state == State.LIVE


def test_a_release_that_a_revocation_overtakes_is_refused(poisoned, monkeypatch):
    put(poisoned, "first", State.QUARANTINED, approver="ada")
    honest = GitStore.commit

    def beaten(self, *args, **kwargs):
        monkeypatch.setattr(GitStore, "commit", honest)
        with Registry.open(self.path) as other:
            revoke(other, PAGE)
        return honest(self, *args, **kwargs)

    monkeypatch.setattr(GitStore, "commit", beaten)
    with pytest.raises(ToolInvalid, match="revo"):
        put(poisoned, "first", State.LIVE, approver="ada")
    assert "first" not in poisoned.names()


def test_retired_and_quarantined_tools_are_taken_too_and_come_back_as_they_were(registry):
    for name, state in (("old", State.RETIRED), ("bad", State.QUARANTINED)):
        live(registry, name, sources=["page:x.com"])
        registry.set_state(name, state, "For a reason")
    before = standing(registry)
    done = revoke(registry, PAGE)
    assert registry.names(State.QUARANTINED) == ["bad", "old"]
    undo(registry, done.id)
    assert standing(registry) == before


def test_a_version_is_revoked_with_what_was_made_on_top_of_it(registry):
    old = live(registry, "slug")
    new = live(registry, "slug", "return text.lower()", parent=old)
    other = proposed(registry, "slug", "return text.lower()[:]", parent=new)
    proposed(registry, "slug", "return text.lower()[0:]", parent=old)
    done = revoke(registry, Origin("tool", f"slug@{new}"))
    assert (done.tools, done.proposals) == (("slug",), ("slug/1",))
    assert [tool.version == other for tool in registry.proposed()] == [False]
    assert family_of(registry, f"slug@{old[:9]}").rows[0].node.id == f"slug@{old}"


def test_a_regression_example_makes_a_tool_come_from_the_correction(registry):
    call = Example({"text": "B"}, "b", source="feedback:call_1")
    registry.add(replace(make_tool("fixed"), examples=(call,)), state=State.LIVE)
    live(registry, "other")
    assert revoke(registry, Origin("source", "feedback:call_1")).tools == ("fixed",)


@pytest.mark.parametrize("facts", [{"sources": ["page:x.com"]}, {"episodes": ["e1"]}])
def test_nothing_comes_from_a_revoked_origin_any_more_until_it_is_undone(registry, facts):
    origin = Origin("episode", "e1") if "episodes" in facts else PAGE
    done = revoke(registry, origin)
    head = registry.head()
    for state in (State.LIVE, State.PROPOSED):
        with pytest.raises(ToolInvalid, match=rf"it comes from {origin}, which was revoked \({done.id}\)"):
            registry.add(make_tool("late", **facts), state=state)
    assert registry.head() == head
    undo(registry, done.id)
    live(registry, "late", **facts)


def test_nothing_is_made_on_top_of_a_version_that_is_held(poisoned):
    done = revoke(poisoned, PAGE)
    version = standing(poisoned)["second"][1]
    with pytest.raises(ToolInvalid, match=rf"on top of version {version[:12]}, which revocation {done.id} holds"):
        live(poisoned, "second", "return text", parent=version)


def test_no_earlier_version_that_comes_from_it_stands_again_but_another_may(registry):
    clean = live(registry, "slug")
    bad = live(registry, "slug", "return text.lower()", parent=clean, sources=["page:x.com"])
    worse = live(registry, "slug", "return text.lower()[:]", parent=bad)
    done = revoke(registry, PAGE)
    with pytest.raises(ToolInvalid, match=rf"version {bad[:12]} comes from {PAGE}, which was revoked \({done.id}\)"):
        rollback(registry, "slug", bad, approver="ada")
    assert rollback(registry, "slug", clean, approver="ada").state == State.LIVE
    with pytest.raises(ToolInvalid, match=worse[:12]):
        rollback(registry, "slug", worse, approver="ada")
    assert undo(registry, done.id).kept == (f"slug was changed since: it is live in version {clean[:12]}",)


def test_a_proposal_that_a_pull_brought_is_not_approved_while_its_origin_is_revoked(registry):
    done = revoke(registry, PAGE)
    tool, store = make_tool("pulled", sources=["page:x.com"]), registry.store
    files = {f"proposed/pulled/1/{name}": contents for name, contents in to_files(tool).items()}
    store.commit(files, subject="By hand", trailers={}, expected=store.head())
    with pytest.raises(ToolInvalid, match=done.id):
        approve(registry, "pulled", approver="ada", version=tool.version)
    assert revoke(registry, PAGE).proposals == ("pulled/1",)
    undo(registry, done.id)
    assert approve(registry, "pulled", approver="ada", version=tool.version).state == State.LIVE


def test_where_nobody_knows_what_was_revoked_nothing_is_added_and_all_else_works(poisoned):
    store = poisoned.store
    store.commit({"revoked.toml": b"format = 9\n"}, subject="By hand", trailers={}, expected=store.head())
    with pytest.raises(RegistryError, match=r"revoked\.toml in the registry is malformed"):
        live(poisoned, "late")
    with pytest.raises(RegistryError, match="malformed"):
        revoke(poisoned, PAGE)
    assert poisoned.get("first").state is State.LIVE


def test_a_revocation_survives_another_writer(poisoned):
    with Registry.open(poisoned.path) as other:
        other.head()
        live(poisoned, "late", sources=["page:x.com"])
        assert "late" in revoke(other, PAGE).tools


NAMES = ("t0", "t1", "t2", "t3", "t4")
ORIGINS = st.lists(st.sampled_from(["1", "2", "3"]), unique=True, max_size=2)
STEP = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "episodes": ORIGINS,
        "sources": ORIGINS,
        "uses": st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
        "waits": st.booleans(),
        "approved": st.booleans(),
        "then": st.sampled_from([None, None, State.RETIRED, State.QUARANTINED]),
    }
)
FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], deadline=None)


class Plan:
    """Builds a registry step by step and keeps, in its own way, what each thing in it comes from."""

    def __init__(self, registry, steps):
        self.registry = registry
        self.stands, self.waits, self.roots, self.uses, self.given = {}, {}, {}, {}, {}
        for number, step in enumerate(steps):
            self._do(number, **step)

    def _do(self, number, name, episodes, sources, uses, waits, approved, then):
        registry, before = self.registry, self.stands.get(name)
        uses = [other for other in uses if other in registry.names() and other < name]
        facts = {"episodes": episodes, "sources": [f"page:{one}" for one in sources], "parent": before or ""}
        tool = make_tool(name, f"return text.lower()[: {number + 9}]", imports=uses, **facts)
        version = registry.add(tool, state=State.PROPOSED if waits else State.LIVE)
        inherited = self.roots[name, before] if before else set()
        own = {Origin("episode", one) for one in episodes} | {Origin("source", f"page:{one}") for one in sources}
        self.roots[name, version] = inherited | own
        if waits or version != registry.snapshot().states.tools[name].version:  # set aside: a new version waits
            self.given[name] = self.given.get(name, 0) + 1  # no number is given twice
            target = f"{name}/{self.given[name]}"
            self.waits[target] = (name, version, uses, before)
            if not approved:
                return
            approve(registry, target, approver="ada", version=version, live=registry.names())
            del self.waits[target]
        self.stands[name], self.uses[name] = version, uses
        if then is not None:
            registry.set_state(name, then, "Planned")

    def descendants(self, origin):
        """The tools that stand, and the proposals, that come from it."""
        states = self.registry.snapshot().states.tools
        tools = {name for name, version in self.stands.items() if self._from(name, version, origin)}
        while True:
            poisonous = {name for name in tools if states[name].state is not State.RETIRED}
            more = {name for name in self.stands if set(self.uses[name]) & poisonous} | tools
            if more == tools:
                break
            tools = more
        waiting = {
            target
            for target, (name, version, uses, parent) in self.waits.items()
            if self._from(name, version, origin)
            or set(uses) & poisonous
            or (name in tools and parent == self.stands.get(name))
        }
        return tools, waiting

    def _from(self, name, version, origin):
        return (origin.kind == "tool" and origin.ref == name) or origin in self.roots[name, version]


ANY = st.one_of(
    st.sampled_from(["1", "2", "3"]).map(lambda one: Origin("episode", one)),
    st.sampled_from(["1", "2", "3"]).map(lambda one: Origin("source", f"page:{one}")),
    st.sampled_from(NAMES).map(lambda name: Origin("tool", name)),
)


def in_use(registry):
    return (
        dict(registry.snapshot().states.tools),
        {f"{name}/{number}" for name, numbers in registry.snapshot().proposals.items() for number in numbers},
    )


@FEW
@given(st.lists(STEP, min_size=2, max_size=8), ANY)
def test_revocation_takes_all_descendants_and_nothing_else_and_undoing_it_restores(steps, origin):
    with tempfile.TemporaryDirectory() as folder, Registry.create(Path(folder) / "r.git") as registry:
        plan = Plan(registry, steps)
        before, (tools, proposals) = whole(registry), in_use(registry)
        taken, withdrawn = plan.descendants(origin)
        done = revoke(registry, origin)
        now, waiting = in_use(registry)
        assert {name for name in now if now[name] != tools[name]} == taken
        assert all(now[name].state is State.QUARANTINED for name in taken)
        assert proposals - waiting == withdrawn
        assert (set(done.tools), set(done.proposals)) == (taken, withdrawn)
        undo(registry, done.id)
        assert whole(registry) == before
        assert registry.store.check() == []


@FEW
@given(st.lists(STEP, min_size=2, max_size=6), st.lists(ANY, min_size=2, max_size=3, unique=True), st.data())
def test_revocations_that_overlap_can_be_undone_in_any_order(steps, several, data):
    with tempfile.TemporaryDirectory() as folder, Registry.create(Path(folder) / "r.git") as registry:
        plan = Plan(registry, steps)
        before, (tools, _) = whole(registry), in_use(registry)
        taken = {origin: plan.descendants(origin) for origin in several}
        ids = {origin: revoke(registry, origin).id for origin in several}
        left = list(several)
        for origin in data.draw(st.permutations(several)):
            undo(registry, ids[origin])
            left.remove(origin)
            now, _ = in_use(registry)
            assert {name for name in now if now[name] != tools[name]} == set().union(*(taken[one][0] for one in left))
        assert whole(registry) == before
