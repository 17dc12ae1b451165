"""Any sequence of decisions, and decisions at the same moment: a registry always holds what it says it holds."""

import dataclasses
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sample_tools import make_tool

from agentforge.errors import AgentForgeError, ToolInvalid, ToolNotFound, UsageError
from agentforge.registry import review
from agentforge.registry.history import history
from agentforge.registry.pending import find, pending
from agentforge.registry.repository import Registry
from agentforge.registry.tool import contents_of
from agentforge.types import Capabilities, State

REPORT = {"gates": [{"gate": "visible tests", "verdict": "passed", "summary": "ok"}]}


def reported(tool):
    return dataclasses.replace(tool, report={**REPORT, "contents": contents_of(tool.source, tool.tests)})


def version_of(number, parent="", capabilities=None):
    made = make_tool(body=f"return text + '{number}'", parent=parent, capabilities=capabilities)
    return reported(made)


class Decisions(RuleBasedStateMachine):
    """One name in one registry, beside a model of what must be: what stands, what stood, what waits."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.made = 0
        self.standing = None  # (version, state, pinned)
        self.stood = []  # (version, state), the newest last
        self.waiting = {}  # number → (version, parent)
        self.numbers = 0
        self.commits = 1

    @initialize()
    def begin(self):
        self.registry = Registry.create(self.folder / "r.git")

    def teardown(self):
        self.registry.close()
        shutil.rmtree(self.folder)

    def _stand(self, version, state, pinned):
        self.standing = (version, state, pinned)
        self.stood.append((version, state))
        self.commits += 1

    def _wait(self, version, parent):
        self.numbers += 1
        self.waiting[self.numbers] = (version, parent)
        self.commits += 1

    @rule(state=st.sampled_from([State.LIVE, State.PROPOSED]), clock=st.booleans())
    def add(self, state, clock):
        self.made += 1
        parent = self.standing[0] if self.standing else ""
        granted = self.standing is None or not self.registry.get("slugify").pure
        tool = version_of(self.made, parent, Capabilities(clock=True) if clock else None)
        self.registry.add(tool, state=state)
        pinned = self.standing is not None and self.standing[2]
        aside = self.standing is not None and self.standing[1] is not State.LIVE
        if state is State.PROPOSED or aside or pinned or (clock and not granted):
            self._wait(tool.version, parent)
        else:
            self._stand(tool.version, State.LIVE, False)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), approving=st.booleans())
    def decide(self, data, approving):
        number = data.draw(st.sampled_from(sorted(self.waiting)))
        version, parent = self.waiting[number]
        if not approving:
            review.reject(self.registry, f"slugify/{number}", "no", approver="ada", version=version)
            self.commits += 1
        elif self.standing is not None and self.standing[0] != parent:
            try:
                review.approve(self.registry, f"slugify/{number}", approver="ada")
            except ToolInvalid:
                return
            raise AssertionError("a stale proposal was approved")
        else:
            review.approve(self.registry, f"slugify/{number}", approver="ada")
            self._stand(version, State.LIVE, self.standing is not None and self.standing[2])
        del self.waiting[number]

    @precondition(lambda self: self.standing)
    @rule(state=st.sampled_from([State.LIVE, State.QUARANTINED, State.RETIRED]))
    def move(self, state):
        try:
            review.put(self.registry, "slugify", state, approver="ada")
        except UsageError:
            assert self.standing[1] is state
        else:
            assert self.standing[1] is not state
            self._stand(self.standing[0], state, self.standing[2])

    @precondition(lambda self: self.standing)
    @rule(pinned=st.booleans())
    def pin(self, pinned):
        try:
            review.pin(self.registry, "slugify", approver="ada", pinned=pinned)
        except UsageError:
            assert self.standing[2] is pinned
        else:
            self._stand(*self.standing[:2], pinned)

    @precondition(lambda self: self.standing)
    @rule()
    def roll_back(self):
        others = [(version, state) for version, state in self.stood if version != self.standing[0]]
        try:
            done = review.rollback(self.registry, "slugify", approver="ada")
        except ToolNotFound:
            assert not others
        else:
            assert (done.version, done.state) == others[-1]
            self._stand(*others[-1], self.standing[2])

    @invariant()
    def all_is_as_it_is_said_to_be(self):
        if not hasattr(self, "registry"):
            return
        assert self.registry.problems() == []
        found = self.registry.snapshot().states.tools.get("slugify")
        assert (found and (found.version, found.state, found.pinned)) == self.standing
        assert {one.number: one.version for one in pending(self.registry)} == {
            number: version for number, (version, _) in self.waiting.items()
        }
        assert len(self.registry.store.log()) == self.commits, "every transition is one commit"


TestDecisions = Decisions.TestCase
TestDecisions.settings = settings(
    max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


def at_once(registry, *acts):
    """What each of ``acts`` ended with, all begun at the same moment, each with a registry of its own."""
    start = threading.Barrier(len(acts))
    ended = [None] * len(acts)

    def run(place, act):
        with Registry.open(registry.path) as own:
            own.snapshot()
            start.wait(30)
            try:
                ended[place] = act(own)
            except AgentForgeError as error:
                ended[place] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return ended


def test_of_two_people_who_approve_at_once_one_does(registry):
    registry.add(version_of(1), state=State.PROPOSED)
    ended = at_once(
        registry, *(lambda own, who=who: review.approve(own, "slugify", approver=who) for who in ("ada", "bob", "eve"))
    )
    done = [one for one in ended if isinstance(one, review.Decision)]
    assert len(done) == 1
    assert all(isinstance(one, UsageError) and "live" in str(one) for one in ended if one is not done[0])
    assert len([one for one in history(registry, "slugify") if one.what == "Approve slugify"]) == 1


def test_of_one_who_approves_and_one_who_rejects_one_has_it(registry):
    for number in range(1, 4):
        name = f"tool{number}"
        made = reported(make_tool(name))
        registry.add(made, state=State.PROPOSED)
        ended = at_once(
            registry,
            lambda own, name=name: review.approve(own, name, approver="ada"),
            lambda own, name=name: review.reject(own, name, "no", approver="bob"),
        )
        [done] = [one for one in ended if isinstance(one, review.Decision)]
        assert (name in registry.names()) == (done.did == "approved")
    assert registry.names(State.PROPOSED) == []


def test_of_two_versions_approved_at_once_one_stands_and_the_other_still_waits(registry):
    for number in (1, 2):
        registry.add(version_of(number), state=State.PROPOSED)
    versions = [one.version for one in pending(registry)]
    ended = at_once(registry, *(lambda own, n=n: review.approve(own, f"slugify/{n}", approver="ada") for n in (1, 2)))
    assert sorted(isinstance(one, ToolInvalid) for one in ended) == [False, True]
    other = find(registry, "slugify")
    assert {registry.get("slugify").version, other.version} == set(versions)
    assert other.stale


def test_forgings_of_one_name_at_once_all_wait_or_one_is_live(registry):
    ended = at_once(registry, *(lambda own, n=n: own.add(version_of(n), state=State.PROPOSED) for n in range(4)))
    assert sorted(one.version for one in pending(registry)) == sorted(ended)
    assert [one.number for one in pending(registry)] == [1, 2, 3, 4]

    def admit(own, number):
        return own.add(dataclasses.replace(make_tool("other", f"return text + '{number}'")), state=State.LIVE)

    ended = at_once(registry, *(lambda own, n=n: admit(own, n) for n in range(4)))
    [version] = [one for one in ended if isinstance(one, str)]
    assert registry.get("other").version == version
    assert all("the name is taken" in str(one) for one in ended if one is not version)


def test_pushes_that_go_past_all_locks_are_outlasted(registry, tmp_path):
    """Somebody who pushes from a clone of their own holds no lock of ours."""
    names = [f"tool{number}" for number in range(6)]
    for name in names:
        registry.add(reported(make_tool(name)), state=State.PROPOSED)
    clone = tmp_path / "clone"
    done = threading.Event()
    pushed = []

    def git(*command):
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        return subprocess.run(["git", "-C", clone, *identity, *command], capture_output=True, timeout=60)

    def push():
        while not done.is_set():
            git("fetch", "-q")
            git("reset", "-q", "--hard", "origin/main")
            (clone / f"note{len(pushed)}").write_text("x")
            git("add", "-A")
            git("commit", "-qm", "Note")
            if git("push", "-q", "origin", "HEAD:main").returncode == 0:
                pushed.append(f"note{len(pushed)}")

    subprocess.run(["git", "clone", "-q", registry.path, clone], check=True, timeout=60)
    pusher = threading.Thread(target=push)
    pusher.start()
    try:
        for name in names:
            assert review.approve(registry, name, approver="ada").state == "live"
    finally:
        done.set()
        pusher.join(60)
    assert registry.names() == names
    assert set(pushed) <= set(registry.store.list())
    assert (registry.problems(), registry.store.check()) == ([], [])
