"""Decisions of people: each falls on what was looked at, is one commit that names who made it, and can be undone."""

import dataclasses

import pytest
from sample_tools import make_tool

from agentforge.errors import ApprovalNeeded, ToolInvalid, ToolNotFound, UsageError
from agentforge.gitstore.store import GitStore
from agentforge.registry import review
from agentforge.registry.differences import difference
from agentforge.registry.history import history, since
from agentforge.registry.pending import find, pending
from agentforge.registry.repository import Registry
from agentforge.registry.tool import contents_of, to_files
from agentforge.types import Capabilities, Example, State

REPORT = {"gates": [{"gate": "visible tests", "verdict": "passed", "summary": "3 tests pass"}]}


def judged(*args, **kwargs):
    """A tool whose report names a gate that it passed, and the files that it is about."""
    tool = make_tool(*args, **kwargs)
    return dataclasses.replace(tool, report={**REPORT, "contents": contents_of(tool.source, tool.tests)})


def put(registry, files, subject="By hand"):
    """A commit that somebody made with git, past all checks."""
    return registry.store.commit(files, subject=subject, trailers={}, expected=registry.head())


@pytest.fixture
def waiting(registry):
    """A registry in which ``slugify`` waits."""
    registry.add(judged(job="j1"), state=State.PROPOSED, reason="It asks for capabilities.")
    return registry


def approve(registry, target="slugify", **kwargs):
    return review.approve(registry, target, approver="ada", **kwargs)


def test_what_is_approved_is_live_and_waits_no_longer(waiting):
    version = find(waiting, "slugify").version
    done = approve(waiting)
    assert (done.did, done.state, done.version) == ("approved", "live", version)
    assert waiting.get("slugify").version == version
    assert (waiting.names(), waiting.names(State.PROPOSED), waiting.problems()) == (["slugify"], [], [])
    assert waiting.store.list("proposed") == []
    newest = waiting.log("slugify")[0]
    assert newest.sha == done.commit
    assert newest.message == "Approve slugify"
    expected = {"Approver": ("ada",), "Tool": ("slugify",), "Version": (version,), "State": ("live",), "Job": ("j1",)}
    assert newest.trailers == {**expected, "Proposal": ("1",)}


def test_a_doubt_about_a_proposal_stays_with_the_live_tool(registry):
    registry.add(judged("sure"), state=State.PROPOSED)
    registry.add(judged("unsure"), state=State.PROPOSED, unconfirmed=True)
    assert [approve(registry, name).state for name in ("sure", "unsure")] == ["live", "live"]
    assert [tool.unconfirmed for tool in registry.tools()] == [False, True]


def test_without_a_record_a_tool_is_confirmed_only_by_an_example_that_was_kept_back(registry):
    kept = Example({"text": "B"}, "b", source="user", held_out=True)
    for name, example in (("kept", kept), ("spent", dataclasses.replace(kept, spent=True))):
        files = to_files(judged(name, examples=(example,)))
        put(registry, {f"proposed/{name}/1/{file}": data for file, data in files.items()})
    assert [one.unconfirmed for one in pending(registry)] == [False, True]


def test_a_rejection_takes_the_proposal_away_and_keeps_the_reason(waiting):
    version = find(waiting, "slugify").version
    done = review.reject(waiting, "slugify/1", "It eats\nevery umlaut.", approver="bob")
    assert (done.did, done.version) == ("rejected", version)
    assert waiting.store.list("proposed") == []
    newest = history(waiting, "slugify")[0]
    assert (newest.what, newest.reason, newest.approver) == ("Reject slugify/1", "It eats every umlaut.", "bob")
    assert "umlaut" not in str(waiting.log("slugify")[0])


def test_a_number_is_never_given_twice(waiting):
    review.reject(waiting, "slugify", "no", approver="ada")
    waiting.add(judged(body="return text"), state=State.PROPOSED)
    assert [one.target for one in pending(waiting)] == ["slugify/2"]
    approve(waiting, "slugify/2")
    parent = waiting.get("slugify").version
    waiting.add(judged(body="return text * 2", parent=parent), state=State.PROPOSED)
    assert [one.target for one in pending(waiting)] == ["slugify/3"]


def test_several_proposals_are_told_apart_and_the_others_are_said_to_be_stale(waiting):
    waiting.add(judged(body="return text"), state=State.PROPOSED)
    with pytest.raises(UsageError, match="slugify has 2 proposals") as caught:
        approve(waiting)
    assert "slugify/1, slugify/2" in caught.value.fix
    done = approve(waiting, "slugify/2")
    assert done.remarks == ("slugify/1 can no longer be approved: it was made for what stood before.",)
    with pytest.raises(ToolInvalid, match="made as a new tool, but slugify is live in version"):
        approve(waiting, "slugify/1", version=find(waiting, "slugify/1").version)
    assert review.reject(waiting, "slugify", "stale", approver="ada").did == "rejected"


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        ("nothing", ToolNotFound, "Nothing waits under the name 'nothing'"),
        ("live", UsageError, "Nothing waits under the name live: it is live in version"),
        ("slugify/7", UsageError, "slugify has no proposal 7; slugify/1 wait"),
        ("slugify/0", UsageError, "neither NAME nor NAME/N"),
        ("../x", UsageError, "neither NAME nor NAME/N"),
        ("Slugify/1", UsageError, "neither NAME nor NAME/N"),
        ("", UsageError, "neither NAME nor NAME/N"),
    ],
)
def test_a_target_that_means_nothing_is_told_in_one_sentence(waiting, target, error, words):
    waiting.add(make_tool("live"), state=State.LIVE)
    head = waiting.head()
    for decide in (approve, lambda registry, target: review.reject(registry, target, "no", approver="ada")):
        with pytest.raises(error, match=words):
            decide(waiting, target)
    assert waiting.head() == head


@pytest.mark.parametrize("approver", ["", "Ada Lovelace", "ada\n", "a" * 200, "-ada", "ünal"])
def test_who_decides_must_be_an_id(waiting, approver):
    head = waiting.head()
    for decide in (
        lambda: review.approve(waiting, "slugify", approver=approver),
        lambda: review.reject(waiting, "slugify", "no", approver=approver),
        lambda: review.put(waiting, "slugify", State.RETIRED, approver=approver),
        lambda: review.pin(waiting, "slugify", approver=approver),
        lambda: review.rollback(waiting, "slugify", approver=approver),
    ):
        with pytest.raises(UsageError, match="cannot stand for a person"):
            decide()
    assert waiting.head() == head


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_rejection_without_a_reason_is_refused(waiting, reason):
    with pytest.raises(UsageError, match="needs a reason"):
        review.reject(waiting, "slugify", reason, approver="ada")


def test_only_the_version_that_was_looked_at_is_decided_about(waiting):
    version = find(waiting, "slugify").version
    for decide in (
        lambda said: approve(waiting, version=said),
        lambda said: review.reject(waiting, "slugify", "no", approver="ada", version=said),
    ):
        with pytest.raises(UsageError, match=f"slugify/1 is version {version[:12]}, not 0000000"):
            decide("0" * 64)
        with pytest.raises(UsageError, match="too short"):
            decide(version[:3])
    assert approve(waiting, version=version[:7]).version == version


CONTENTS = judged().report["contents"]


def about(*verdicts, contents=CONTENTS):
    gates = [{"gate": "fuzz", "verdict": verdict} for verdict in verdicts]
    return {"gates": gates, **({} if contents is None else {"contents": contents})}


DOUBTS = {
    "its report holds no gate": about(),
    "its report says that it failed 'fuzz'": about("passed", "failed"),
    "its report gives no verdict on 'fuzz'": about("passed", "perhaps"),
    "its report says that every gate was skipped": about("skipped", "skipped"),
    "its report does not say which contents it is about": about("passed", contents=None),
    "its report is about another tool.py": about("passed", contents={**CONTENTS, "tool.py": "0" * 64}),
    "its report is not about test_tool.py": about("passed", contents={"tool.py": CONTENTS["tool.py"]}),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_report_that_does_not_speak_for_the_contents_needs_the_very_version(registry, doubt):
    registry.add(dataclasses.replace(make_tool(), report=DOUBTS[doubt]), state=State.PROPOSED)
    found = find(registry, "slugify")
    assert found.doubts == (doubt,)
    with pytest.raises(ApprovalNeeded, match=doubt) as caught:
        approve(registry)
    assert caught.value.exit_code == 6
    assert f"--version {found.version[:12]}" in caught.value.fix
    assert approve(registry, version=found.version).state == "live"


def test_contents_that_changed_since_need_the_very_version(waiting):
    first = find(waiting, "slugify").version
    changed = to_files(judged(body="return text.upper()"))
    put(waiting, {"proposed/slugify/1/tool.py": changed["tool.py"]})
    found = find(waiting, "slugify")
    since = f"its contents have changed since it was proposed as version {first[:12]}"
    assert found.doubts == (since, "its report is about another tool.py")
    with pytest.raises(ApprovalNeeded, match="have changed"):
        approve(waiting)
    with pytest.raises(UsageError, match="is version"):
        approve(waiting, version=first)
    assert approve(waiting, version=found.version).version == found.version


def test_what_was_put_there_by_hand_met_no_gate_here(registry):
    put(registry, {f"proposed/slugify/4/{file}": data for file, data in to_files(judged()).items()})
    with pytest.raises(ApprovalNeeded, match="not proposed here"):
        approve(registry)
    assert approve(registry, "slugify/4", version=find(registry, "slugify").version).state == "live"


def test_no_version_makes_a_broken_contract_good(registry):
    good = judged()
    bad = dataclasses.replace(good, source=good.source.replace("def slugify", "print(1)\n\n\ndef slugify"))
    put(registry, {f"proposed/slugify/1/{file}": data for file, data in to_files(bad).items()})
    put(registry, {"proposed/torn/1/tool.toml": b"name = [", "proposed/torn/1/odd/deep": b""})
    for name in ("slugify", "torn"):
        with pytest.raises(ToolInvalid):
            approve(registry, name, version=find(registry, name).version)
    assert registry.names() == []
    assert review.reject(registry, "torn", "torn", approver="ada").did == "rejected"
    assert registry.names(State.PROPOSED) == ["slugify"]


def test_what_depends_on_a_tool_that_is_not_live_is_not_approved(registry):
    registry.add(judged(imports=("other",)), state=State.PROPOSED)
    with pytest.raises(ToolInvalid, match="depends on other, which is not live"):
        approve(registry)
    assert approve(registry, live={"other"}).state == "live"


def test_a_repair_of_a_quarantined_tool_makes_it_live(registry):
    first = registry.add(judged(), state=State.LIVE)
    review.put(registry, "slugify", State.QUARANTINED, approver="ada", reason="two defects")
    registry.add(judged(body="return text.lower()", parent=first), state=State.PROPOSED)
    assert approve(registry).state == "live"
    assert registry.snapshot().states.tools["slugify"].reason == ""


MOVES = {
    (State.LIVE, State.QUARANTINED),
    (State.LIVE, State.RETIRED),
    (State.QUARANTINED, State.LIVE),
    (State.QUARANTINED, State.RETIRED),
    (State.RETIRED, State.LIVE),
    (State.RETIRED, State.QUARANTINED),
}
STOOD = [State.LIVE, State.QUARANTINED, State.RETIRED]


@pytest.mark.parametrize("before", STOOD)
@pytest.mark.parametrize("after", STOOD)
def test_a_tool_that_stands_moves_between_all_states_and_staying_is_told(registry, before, after):
    registry.add(judged(), state=State.LIVE, unconfirmed=True)
    review.pin(registry, "slugify", approver="ada")
    if before is not State.LIVE:
        registry.set_state("slugify", before)
    if (before, after) not in MOVES:
        with pytest.raises(UsageError, match=f"slugify is {after} already"):
            review.put(registry, "slugify", after, approver="ada")
        return
    done = review.put(registry, "slugify", after, approver="ada", reason="because")
    standing = registry.snapshot().states.tools["slugify"]
    assert (done.state, standing.state, standing.reason) == (after, after, "because")
    assert (standing.unconfirmed, standing.pinned) == (True, True)
    assert registry.log("slugify")[0].trailers["Approver"] == ("ada",)


def test_changed_contents_are_not_released(registry):
    registry.add(judged(), state=State.LIVE)
    review.put(registry, "slugify", State.RETIRED, approver="ada")
    put(registry, {"tools/slugify/tool.py": to_files(judged(body="return text"))["tool.py"]})
    with pytest.raises(ToolInvalid, match="that met the gates"):
        review.put(registry, "slugify", State.LIVE, approver="ada")


def test_a_pinned_tool_gets_new_versions_as_proposals_only(registry):
    first = registry.add(judged(), state=State.LIVE)
    review.pin(registry, "slugify", approver="ada")
    with pytest.raises(UsageError, match="pinned already"):
        review.pin(registry, "slugify", approver="ada")
    second = registry.add(judged(body="return text.lower()", parent=first), state=State.LIVE)
    assert registry.get("slugify").version == first
    assert registry.log("slugify")[0].trailers["State"] == ("proposed",)
    assert [(one.version, one.reason) for one in pending(registry)] == [(second, "slugify is pinned.")]
    approve(registry)
    third = registry.add(judged(body="return text", parent=second), state=State.LIVE)
    assert registry.get("slugify").version == second, "it is pinned still"
    review.pin(registry, "slugify", approver="ada", pinned=False)
    with pytest.raises(UsageError, match="not pinned"):
        review.pin(registry, "slugify", approver="ada", pinned=False)
    assert registry.add(judged(body="return text", parent=second), state=State.LIVE) == third
    assert registry.get("slugify").version == third


@pytest.mark.parametrize("state", [State.QUARANTINED, State.RETIRED])
def test_a_tool_that_was_set_aside_gets_new_versions_as_proposals_only(registry, state):
    first = registry.add(judged(), state=State.LIVE)
    review.put(registry, "slugify", state, approver="ada", reason="It is wrong.")
    second = registry.add(judged(body="return text", parent=first), state=State.LIVE)
    standing = registry.snapshot().states.tools["slugify"]
    assert (standing.state, standing.version, standing.reason) == (state, first, "It is wrong.")
    assert [(one.version, one.reason) for one in pending(registry)] == [(second, f"slugify is {state}.")]
    assert approve(registry).state == "live", "a person may"


@pytest.mark.parametrize("state", [State.QUARANTINED, State.RETIRED])
def test_a_tool_that_is_set_aside_in_between_keeps_a_new_version_out(registry, monkeypatch, state):
    first = registry.add(judged(), state=State.LIVE)
    beaten_by(monkeypatch, lambda other: review.put(other, "slugify", state, approver="bob"))
    registry.add(judged(body="return text", parent=first), state=State.LIVE)
    standing = registry.snapshot().states.tools["slugify"]
    assert (standing.state, standing.version) == (state, first)
    assert [one.reason for one in pending(registry)] == [f"slugify is {state}."]


def test_a_version_that_wants_more_waits_whoever_adds_it(registry):
    clock = registry.add(judged(capabilities=Capabilities(clock=True)), state=State.LIVE)
    both = Capabilities(clock=True, hosts=("api.example.com",))
    wants = judged(body="return text", capabilities=both, parent=clock)
    registry.add(wants, state=State.LIVE)
    found = find(registry, "slugify")
    assert found.more == ("fetch GET api.example.com",)
    assert found.reason == "It wants more than the version that stands: fetch GET api.example.com."
    assert registry.get("slugify").version == clock
    registry.add(judged(body="return text * 2", parent=clock), state=State.LIVE)
    assert registry.get("slugify").pure, "one that wants less need not wait"


def test_rolling_back_is_undone_by_rolling_back(registry):
    first = registry.add(judged(), state=State.LIVE, unconfirmed=True)
    second = registry.add(judged(body="return text.lower()", parent=first), state=State.LIVE)
    third = registry.add(judged(body="return text", parent=second), state=State.LIVE)
    versions = [review.rollback(registry, "slugify", approver="ada").version for _ in range(3)]
    assert versions == [second, third, second]
    assert review.rollback(registry, "slugify", first[:9], approver="ada").version == first
    assert registry.get("slugify") == dataclasses.replace(judged(), unconfirmed=True)
    assert registry.problems() == []
    with pytest.raises(UsageError, match="already"):
        review.rollback(registry, "slugify", first, approver="ada")


def test_a_version_comes_back_as_it_last_stood(registry):
    first = registry.add(judged(), state=State.LIVE)
    second = registry.add(judged(body="return text", parent=first), state=State.LIVE)
    review.put(registry, "slugify", State.QUARANTINED, approver="ada", reason="two defects")
    back = review.rollback(registry, "slugify", approver="ada")
    assert (back.version, back.state, back.remarks) == (first, "live", ())
    undone = review.rollback(registry, "slugify", approver="ada")
    assert (undone.version, undone.state) == (second, "quarantined")
    assert "as it last was" in undone.remarks[0]
    assert registry.snapshot().states.tools["slugify"].reason == "two defects"


def test_contents_made_by_hand_are_no_version_to_go_back_to(registry):
    first = registry.add(judged(), state=State.LIVE)
    with pytest.raises(ToolNotFound, match="has no earlier version"):
        review.rollback(registry, "slugify", approver="ada")
    put(registry, {"tools/slugify/tool.py": to_files(judged(body="return text * 9"))["tool.py"]})
    by_hand = registry.versions("slugify")[0].version
    assert by_hand != first
    with pytest.raises(ToolNotFound, match="that ever stood"):
        review.rollback(registry, "slugify", by_hand, approver="ada")
    with pytest.raises(UsageError, match="too short"):
        review.rollback(registry, "slugify", "ab", approver="ada")
    with pytest.raises(ToolNotFound, match="no tool named 'unknown'"):
        review.rollback(registry, "unknown", approver="ada")


def test_a_version_whose_needs_are_gone_does_not_come_back(registry):
    first = registry.add(judged(imports=("other",)), state=State.LIVE)
    registry.add(judged(body="return text", parent=first), state=State.LIVE)
    with pytest.raises(ToolInvalid, match="depends on other, which is not live"):
        review.rollback(registry, "slugify", approver="ada", live=())
    assert review.rollback(registry, "slugify", approver="ada", live=("other",)).version == first


def test_a_proposal_can_only_be_approved_or_rejected(waiting):
    for decide in (
        lambda: review.put(waiting, "slugify", State.RETIRED, approver="ada"),
        lambda: review.pin(waiting, "slugify", approver="ada"),
        lambda: review.rollback(waiting, "slugify", approver="ada"),
    ):
        with pytest.raises(UsageError, match="slugify is only proposed"):
            decide()


def test_the_history_tells_all_of_it(registry):
    first = registry.add(judged(), state=State.LIVE)
    second = registry.add(judged(body="return text", parent=first), state=State.PROPOSED, reason="Read a page.")
    third = registry.add(judged(body="return text * 2", parent=first), state=State.PROPOSED)
    review.reject(registry, "slugify/2", "doubles", approver="bob")
    approve(registry)
    review.pin(registry, "slugify", approver="ada")
    review.put(registry, "slugify", State.QUARANTINED, approver="eve", reason="wrong twice")
    review.rollback(registry, "slugify", approver="ada")
    told = [(one.what, one.version, one.state, one.approver, one.reason) for one in history(registry, "slugify")]
    assert told == [
        ("Roll back slugify", first, "live", "ada", ""),
        ("Set slugify to quarantined", second, "quarantined", "eve", "wrong twice"),
        ("Pin slugify", second, "live", "ada", ""),
        ("Approve slugify", second, "live", "ada", ""),
        ("Reject slugify/2", third, "live", "bob", "doubles"),
        ("Propose slugify", third, "live", "", ""),
        ("Propose slugify", second, "live", "", "Read a page."),
        ("Add slugify", first, "live", "", ""),
    ]
    newest = history(registry, "slugify")[0]
    assert since(registry, "slugify") == newest.time
    assert history(registry, "unknown") == []


def test_a_difference_names_rights_and_lines(registry):
    first = registry.add(judged(), state=State.LIVE)
    new = judged(body="return text  # \u202e", capabilities=Capabilities(clock=True), parent=first)
    registry.add(new, state=State.PROPOSED)
    found = difference(registry, "slugify")
    assert (found.standing, found.more, found.less) == (first, ("clock",), ())
    assert set(found.files) == {"tool.py", "tool.toml"}
    assert "-    return text.strip().lower()" in found.files["tool.py"]
    assert "+    return text  # \u202e" in found.files["tool.py"]
    assert "+clock = true" in found.files["tool.toml"]


def test_a_new_tool_is_all_new(waiting):
    found = difference(waiting, "slugify")
    assert found.standing == ""
    assert set(found.files) == {"tool.py", "test_tool.py", "tool.toml", "examples.jsonl"}
    assert not [line for lines in found.files.values() for line in lines[3:] if line.startswith("-")]


def beaten_by(monkeypatch, act):
    """The next commit loses its race: somebody else does ``act`` just before it."""
    honest = GitStore.commit

    def beaten(self, *args, **kwargs):
        monkeypatch.setattr(GitStore, "commit", honest)
        with Registry.open(self.path) as other:
            act(other)
        return honest(self, *args, **kwargs)

    monkeypatch.setattr(GitStore, "commit", beaten)


CHANGED = {"proposed/slugify/1/tool.py": to_files(judged(body="return text.upper()"))["tool.py"]}
RIVALS = {
    "live already: somebody else approved it first": lambda other: review.approve(other, "slugify", approver="bob"),
    "was decided by somebody else": lambda other: review.reject(other, "slugify", "no", approver="bob"),
    "has changed: it is version": lambda other: put(other, CHANGED),
}


@pytest.mark.parametrize("told", RIVALS)
@pytest.mark.parametrize(
    "decide",
    [approve, lambda registry: review.reject(registry, "slugify", "no", approver="ada")],
    ids=["approve", "reject"],
)
def test_what_happens_in_between_is_noticed_and_nothing_is_decided_about_it(waiting, monkeypatch, decide, told):
    beaten_by(monkeypatch, RIVALS[told])
    with pytest.raises(UsageError, match=told):
        decide(waiting)
    assert all(commit.trailers.get("Approver") != ("ada",) for commit in waiting.log("slugify"))
    assert waiting.store.check() == []


def test_a_version_that_came_in_between_is_not_rolled_back(registry, monkeypatch):
    first = registry.add(judged(), state=State.LIVE)
    second = registry.add(judged(body="return text", parent=first), state=State.LIVE)
    newer = judged(body="return text * 2", parent=second)
    beaten_by(monkeypatch, lambda other: other.add(newer, state=State.LIVE))
    with pytest.raises(UsageError, match="has changed meanwhile"):
        review.rollback(registry, "slugify", approver="ada")
    assert registry.get("slugify").version == newer.version


def test_a_pin_that_came_in_between_keeps_a_new_version_out(registry, monkeypatch):
    first = registry.add(judged(), state=State.LIVE)
    beaten_by(monkeypatch, lambda other: review.pin(other, "slugify", approver="bob"))
    registry.add(judged(body="return text", parent=first), state=State.LIVE)
    assert registry.get("slugify").version == first
    assert [one.reason for one in pending(registry)] == ["slugify is pinned."]


def test_what_somebody_else_changed_meanwhile_stays(waiting, monkeypatch):
    beaten_by(monkeypatch, lambda other: other.add(make_tool("other"), state=State.LIVE))
    approve(waiting)
    assert waiting.names() == ["other", "slugify"]


def test_a_pin_and_a_rollback_are_not_explained_by_what_was_said_of_something_earlier(registry):
    first = registry.add(judged(), state=State.LIVE)
    review.put(registry, "slugify", State.QUARANTINED, approver="ada", reason="It eats umlauts.")
    registry.add(judged(body="return text", parent=first), state=State.PROPOSED)
    approve(registry)
    review.rollback(registry, "slugify", approver="ada")
    review.pin(registry, "slugify", approver="ada")
    review.pin(registry, "slugify", approver="ada", pinned=False)
    told = {one.what: one.reason for one in history(registry, "slugify")}
    assert registry.snapshot().states.tools["slugify"].reason == "It eats umlauts.", "it came back with it"
    assert {what: told[what] for what in ("Roll back slugify", "Pin slugify", "Unpin slugify")} == {
        "Roll back slugify": "",
        "Pin slugify": "",
        "Unpin slugify": "",
    }
    assert told["Set slugify to quarantined"] == "It eats umlauts."


CLOCK = Capabilities(clock=True)


def test_a_new_version_that_reaches_more_through_another_tool_waits_and_that_is_told(registry):
    registry.add(judged("now", capabilities=CLOCK), state=State.LIVE)
    registry.add(judged("plain"), state=State.LIVE)
    first = registry.add(judged("label", imports=["plain"]), state=State.LIVE)
    registry.add(judged("label", imports=["now", "plain"], parent=first), state=State.LIVE)
    assert registry.get("label").version == first
    (one,) = pending(registry)
    assert one.reason == "It wants more than the version that stands: clock through now."
    assert (one.reaches, one.more) == (("clock through now",), ("clock through now",))
    assert difference(registry, "label").more == one.more
    done = approve(registry, "label", live=("now", "plain"))
    assert done.remarks == ("It may reach from now on: clock through now.",)
    registry.add(judged("label", imports=["now"], body="return text", parent=done.version), state=State.LIVE)
    assert pending(registry) == []


def test_what_a_tool_wants_more_is_told_of_those_that_need_it_too(registry):
    first = registry.add(judged("now"), state=State.LIVE)
    registry.add(judged("label", imports=["now"]), state=State.LIVE)
    registry.add(judged("page", imports=["label"]), state=State.LIVE)
    registry.add(judged("other"), state=State.LIVE)
    registry.add(judged("now", capabilities=CLOCK, parent=first), state=State.LIVE)
    (one,) = pending(registry)
    assert (one.more, one.passed_on) == (("clock",), ("label", "page"))
    assert approve(registry, "now").remarks == (
        "It may reach from now on: clock.",
        "So may label, page, which need it.",
    )


def test_of_several_the_only_one_that_can_be_approved_is_meant(registry):
    first = registry.add(judged(), state=State.LIVE)
    for body in ("return text", "return text * 2"):
        registry.add(judged(body=body, parent=first), state=State.PROPOSED)
    with pytest.raises(UsageError, match="slugify has 2 proposals"):
        approve(registry, "slugify")
    second = approve(registry, "slugify", version=find(registry, "slugify/2").version).version
    registry.add(judged(body="return text * 3", parent=second), state=State.PROPOSED)
    assert [(one.number, bool(one.stale)) for one in pending(registry)] == [(1, True), (3, False)]
    assert difference(registry, "slugify").pending.target == "slugify/3"
    with pytest.raises(UsageError, match="slugify has 2 proposals"):
        review.reject(registry, "slugify", "no", approver="ada")
    assert approve(registry, "slugify").state == "live"
    assert [one.target for one in pending(registry)] == ["slugify/1"]


def test_what_was_decided_before_is_told(waiting):
    waiting.add(judged(body="return text"), state=State.PROPOSED)
    review.reject(waiting, "slugify/1", "It eats umlauts.", approver="ada")
    with pytest.raises(UsageError, match=r"^slugify/1 was rejected: It eats umlauts\. slugify/2 waits now\."):
        approve(waiting, "slugify/1")
    approve(waiting, "slugify")
    with pytest.raises(UsageError, match=r"^slugify/2 was decided before, and waits no longer\."):
        approve(waiting, "slugify/2")
    waiting.add(judged("other"), state=State.PROPOSED)
    review.reject(waiting, "other", "Not needed", approver="ada")
    with pytest.raises(UsageError, match=r"^other/1 was rejected: Not needed\."):
        approve(waiting, "other")


def test_what_wants_more_is_approved_by_its_name_and_that_is_told(registry):
    first = registry.add(judged(), state=State.LIVE)
    registry.add(judged(capabilities=CLOCK, parent=first), state=State.LIVE)
    done = approve(registry, "slugify")
    assert (done.state, done.remarks) == ("live", ("It may reach from now on: clock.",))


def test_why_something_was_approved_or_rolled_back_stays_in_the_history(waiting):
    approve(waiting, reason="Checked on our titles.")
    first = waiting.get("slugify").version
    waiting.add(judged(body="return text.lower()", parent=first), state=State.LIVE)
    review.pin(waiting, "slugify", approver="ben")
    review.rollback(waiting, "slugify", approver="ada", reason="Spaces\nstayed.")
    review.rollback(waiting, "slugify", approver="ben")
    told = [(one.what, one.approver, one.reason) for one in history(waiting, "slugify")]
    assert told == [
        ("Roll back slugify", "ben", ""),
        ("Roll back slugify", "ada", "Spaces stayed."),
        ("Pin slugify", "ben", ""),
        ("Update slugify", "", ""),
        ("Approve slugify", "ada", "Checked on our titles."),
        ("Propose slugify", "", "It asks for capabilities."),
    ]


def test_a_decision_about_what_stands_falls_on_what_was_seen(waiting):
    approve(waiting)
    saw = review.Saw("live", waiting.get("slugify").version)
    review.put(waiting, "slugify", State.RETIRED, approver="ben", saw=saw)
    head = waiting.head()
    for decision in (
        lambda: review.put(waiting, "slugify", State.QUARANTINED, approver="ada", saw=saw),
        lambda: review.rollback(waiting, "slugify", approver="ada", saw=saw),
        lambda: review.put(waiting, "slugify", State.LIVE, approver="ada", saw=review.Saw("retired", "0" * 64)),
    ):
        with pytest.raises(UsageError, match="has changed meanwhile: it is retired"):
            decision()
    assert waiting.head() == head
    review.put(waiting, "slugify", State.LIVE, approver="ada", saw=review.Saw("retired", saw.version))
