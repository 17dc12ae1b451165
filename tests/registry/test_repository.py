"""One layer in one repository: what is added stands, whole and told in the history, or is refused."""

import contextlib
import dataclasses
import itertools
import subprocess
import threading

import pytest
import tomli_w
from sample_tools import make_tool

from agentforge.errors import NotARegistry, RegistryConflict, RegistryError, ToolInvalid, ToolNotFound, UsageError
from agentforge.gitstore.lock import writing
from agentforge.gitstore.store import GitStore
from agentforge.registry import repository
from agentforge.registry.repository import Registry
from agentforge.registry.tool import to_files
from agentforge.types import Layer, State


def put(registry, files, subject="By hand"):
    """A commit that somebody made with git, past all checks."""
    return registry.store.commit(files, subject=subject, trailers={}, expected=registry.head())


def test_a_new_registry_is_empty_and_explains_itself(registry):
    assert registry.names() == []
    assert registry.problems() == []
    assert b"What your agent has learned" in registry.store.read("README.md")


def test_a_live_tool_can_be_got_again_also_by_another_process(registry):
    tool = make_tool(job="j1")
    version = registry.add(tool, state=State.LIVE, unconfirmed=True)
    with Registry.open(registry.path) as other:
        assert other.names() == ["slugify"]
        assert other.get("slugify") == dataclasses.replace(tool, unconfirmed=True)
        assert other.get("slugify").version == version


def test_where_a_tool_stands_is_no_part_of_its_folder(registry):
    registry.add(make_tool(), state=State.LIVE, unconfirmed=True)
    registry.set_state("slugify", State.QUARANTINED, "two defects\nin eight calls")
    standing = registry.store.read("state.toml").decode()
    assert 'state = "quarantined"' in standing
    assert "unconfirmed = true" in standing
    assert 'reason = "two defects in eight calls"' in standing
    assert registry.get("slugify").state is State.QUARANTINED
    assert (registry.names(), registry.names(State.QUARANTINED)) == ([], ["slugify"])
    registry.set_state("slugify", State.LIVE, unconfirmed=False)
    assert registry.get("slugify") == make_tool()


def test_every_addition_names_its_origin_in_ids(registry):
    tool = make_tool(
        job="j1", episodes=("e1", "e2"), models={"generate": "qwen"}, prompts={"p": "h1"}, image="sha256:1"
    )
    version = registry.add(tool, state=State.LIVE, trailers={"Approver": ["ada"]})
    newest = registry.log("slugify")[0]
    assert newest.message == "Add slugify"
    assert newest.trailers == {
        "Tool": ("slugify",),
        "Version": (version,),
        "State": ("live",),
        "Job": ("j1",),
        "Episode": ("e1", "e2"),
        "Model": ("generate=qwen",),
        "Prompt": ("p=h1",),
        "Image": ("sha256:1",),
        "Approver": ("ada",),
    }


def test_an_invalid_tool_is_refused_with_all_problems_and_nothing_is_written(registry):
    tool = dataclasses.replace(make_tool(), source="def to_slug(text):\n    return text\n", tests="")
    head = registry.head()
    with pytest.raises(ToolInvalid) as caught:
        registry.add(tool, state=State.LIVE)
    assert "the function must be named slugify, found: to_slug" in caught.value.problems
    assert len(caught.value.problems) >= 3
    assert registry.head() == head


@pytest.mark.parametrize("name", ["sum", "class", "test_it", "run_python"])
def test_an_illegal_name_is_refused(registry, name):
    good = make_tool()
    tool = dataclasses.replace(good, manifest=good.manifest.model_copy(update={"name": name}))
    with pytest.raises(ToolInvalid, match=repr(name)):
        registry.add(tool, state=State.PROPOSED)


def test_a_taken_name_is_refused_unless_the_new_version_names_its_parent(registry):
    first = registry.add(make_tool(), state=State.LIVE)
    with pytest.raises(ToolInvalid, match=rf"the name is taken: slugify is live in version {first[:12]}"):
        registry.add(make_tool(body="return text"), state=State.LIVE)
    second = registry.add(make_tool(body="return text", parent=first), state=State.LIVE)
    assert registry.get("slugify").version == second
    assert [version.version for version in registry.versions("slugify")] == [second, first]
    assert registry.log("slugify")[0].message == "Update slugify"


def test_adding_the_same_twice_changes_nothing(registry):
    for state in (State.LIVE, State.PROPOSED):
        registry.add(make_tool(), state=state)
        head = registry.head()
        registry.add(make_tool(), state=state)
        assert registry.head() == head


def test_only_live_and_proposed_can_be_added_and_nothing_goes_back_to_proposed(registry):
    with pytest.raises(UsageError, match="live or proposed"):
        registry.add(make_tool(), state=State.RETIRED)
    registry.add(make_tool(), state=State.LIVE)
    with pytest.raises(UsageError, match="cannot go back"):
        registry.set_state("slugify", State.PROPOSED)


def test_proposals_wait_beside_each_other_and_are_not_live(registry):
    registry.add(make_tool(), state=State.PROPOSED)
    registry.add(make_tool(body="return text"), state=State.PROPOSED)
    assert registry.names() == []
    assert registry.names(State.PROPOSED) == ["slugify"]
    assert [tool.state for tool in registry.proposed()] == [State.PROPOSED] * 2
    assert {path.split("/")[2] for path in registry.store.list("proposed")} == {"1", "2"}
    assert "return text\n" in registry.get("slugify").source


def test_the_history_keeps_every_version(registry):
    first = registry.add(make_tool(), state=State.LIVE)
    second = registry.add(make_tool(body="return text", parent=first), state=State.LIVE)
    commits = [version.commit for version in registry.versions("slugify")]
    assert registry.get_version("slugify", first) == dataclasses.replace(make_tool(), state=State.RETIRED)
    assert registry.get_version("slugify", first[:12]).version == first
    assert registry.get_version("slugify", commits[0]).version == second
    assert registry.get_version("slugify", second).state is State.LIVE
    with pytest.raises(ToolNotFound, match="has no version 'abc'"):
        registry.get_version("slugify", "abc")


def test_the_log_tells_of_states_and_of_what_was_changed_by_hand(registry):
    registry.add(make_tool(), state=State.LIVE)
    registry.set_state("slugify", State.RETIRED)
    put(registry, {"tools/slugify/report.json": b"{}"})
    registry.add(make_tool("other"), state=State.LIVE)
    assert [commit.message for commit in registry.log("slugify")] == [
        "By hand",
        "Set slugify to retired",
        "Add slugify",
    ]
    assert registry.log("unknown") == []


@pytest.mark.parametrize("name", ["../x", "", "nope", "a b", "\ud800"])
def test_an_unknown_tool_is_told_by_name(registry, name):
    with pytest.raises(ToolNotFound):
        registry.get(name)
    with pytest.raises(ToolNotFound):
        registry.set_state(name, State.RETIRED)
    with pytest.raises(ToolNotFound):
        registry.get_version(name, "abcdefg")


def test_one_malformed_tool_is_reported_and_the_others_still_work(registry):
    for name in ("good", "malformed", "forged", "gone"):
        registry.add(make_tool(name), state=State.LIVE)
    put(registry, {"tools/malformed/tool.toml": b"name = ", "proposed/odd/1/tool.py": b""})
    put(registry, {"tools/forged/tool.py": to_files(make_tool("forged", "return text * 2"))["tool.py"]})
    put(registry, {f"tools/gone/{file}": None for file in to_files(make_tool("gone"))})
    put(registry, {f"tools/stray/{file}": data for file, data in to_files(make_tool("stray")).items()})
    put(registry, {"tools/Weird name/x": b"", "proposed/x/99999999999/y": b"", "tools/loose.txt": b""})
    assert [tool.name for tool in registry.tools()] == ["good"]
    assert [problem.split(":")[0] for problem in registry.problems()] == ["stray", "forged", "gone", "malformed", "odd"]
    with pytest.raises(ToolInvalid, match=r"tool\.toml is no TOML"):
        registry.get("malformed")
    with pytest.raises(ToolInvalid, match="that met the gates"):
        registry.get("forged")
    registry.add(make_tool("another"), state=State.LIVE)
    assert [tool.name for tool in registry.tools()] == ["another", "good"]


def test_a_malformed_entry_of_the_state_file_is_reported_and_kept(registry):
    registry.add(make_tool(), state=State.LIVE)
    text = registry.store.read("state.toml") + b'\n[tools.future]\nstate = "asleep"\nversion = "1"\n'
    put(registry, {"state.toml": text})
    assert registry.problems()[0].startswith("future: state.toml: state:")
    registry.add(make_tool("other"), state=State.LIVE)
    assert registry.names() == ["other", "slugify"]
    assert b'state = "asleep"' in registry.store.read("state.toml")


@pytest.mark.parametrize("text", [b"format = ", b"format = 99\n", b"\xff", b"format = 1\ntools = 3\n"])
def test_a_malformed_state_file_is_one_clear_error(registry, text):
    put(registry, {"state.toml": text})
    with pytest.raises(RegistryError, match=r"state\.toml in the registry .* is malformed"):
        Registry.open(registry.path)


def test_a_folder_that_is_no_registry_is_named_with_the_fix(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(NotARegistry, match="no bare git repository") as caught:
        Registry.open_or_create(tmp_path / "notes")
    assert caught.value.exit_code == 3
    assert "move this one away" in caught.value.fix
    with GitStore.create(tmp_path / "other.git", {"a": b""}), pytest.raises(NotARegistry, match=r"no state\.toml"):
        Registry.open_or_create(tmp_path / "other.git")


def test_a_bare_repository_without_a_commit_is_no_registry(tmp_path):
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "r.git"], check=True)
    with pytest.raises(NotARegistry):
        Registry.open(tmp_path / "r.git")


def test_opening_or_creating_at_the_same_time_gives_the_same_registry(tmp_path):
    heads = []

    def enter():
        with Registry.open_or_create(tmp_path / "a" / "r.git", layer=Layer.COMPANY) as opened:
            heads.append(opened.head())

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heads) == 4
    assert len(set(heads)) == 1


def test_writers_at_the_same_time_all_get_through(registry):
    def write(name):
        with Registry.open(registry.path) as other:
            other.add(make_tool(name), state=State.LIVE)

    names = ["one", "two", "three", "four"]
    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [tool.name for tool in registry.tools()] == sorted(names)


def test_a_lost_race_is_checked_again_before_the_retry(registry, monkeypatch):
    rival = make_tool(body="return text.upper()", examples=())
    honest = GitStore.commit

    def beaten(self, *args, **kwargs):
        monkeypatch.setattr(GitStore, "commit", honest)
        with Registry.open(registry.path) as other:
            other.add(rival, state=State.LIVE)
        return honest(self, *args, **kwargs)

    monkeypatch.setattr(GitStore, "commit", beaten)
    with pytest.raises(ToolInvalid, match="the name is taken"):
        registry.add(make_tool(), state=State.LIVE)
    assert registry.get("slugify").version == rival.version


def test_a_race_that_is_always_lost_ends_as_a_conflict(registry, monkeypatch):
    def beaten(self, *args, **kwargs):
        raise RegistryConflict("beaten")

    monkeypatch.setattr(GitStore, "commit", beaten)
    monkeypatch.setattr(repository, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(RegistryConflict):
        registry.add(make_tool(), state=State.LIVE)


def test_a_writer_that_lost_a_race_shuts_the_others_out_until_it_has_won(registry, monkeypatch):
    """However many others want to write: once beaten, a change is made anew under the write lock."""
    honest = GitStore.commit
    numbers = itertools.count()

    def beaten(self, *args, **kwargs):
        with contextlib.suppress(RegistryError), writing(registry.path, wait=0) as held:
            put_first = {f"rival/{next(numbers)}": b""}
            honest(self, put_first, subject="Rival", trailers={}, expected=self.head(), lock=held)
        return honest(self, *args, **kwargs)

    monkeypatch.setattr(GitStore, "commit", beaten)
    registry.add(make_tool(), state=State.LIVE)
    assert registry.names() == ["slugify"]
    assert registry.store.list("rival") == ["rival/0"]


@pytest.mark.parametrize("text", ["garbage\n", "", "0" * 40 + "\n", "1" * 40 + "\n", None])
def test_a_registry_whose_branch_is_broken_is_called_damaged_and_not_none_at_all(registry, text):
    branch = registry.path / "refs" / "heads" / "main"
    branch.unlink() if text is None else branch.write_text(text)
    _told_as_damaged(registry.path)


@pytest.mark.parametrize("name", ["main", "main^{tree}", "main:state.toml"])
@pytest.mark.parametrize("how", ["lost", "overwritten", "emptied"])
def test_a_registry_that_lost_objects_is_called_damaged_and_not_none_at_all(registry, name, how):
    sha = subprocess.run(
        ["git", "-C", registry.path, "rev-parse", name], capture_output=True, text=True, check=True
    ).stdout.strip()
    file = registry.path / "objects" / sha[:2] / sha[2:]
    file.chmod(0o600)
    if how == "lost":
        file.unlink()
    else:
        file.write_bytes(b"garbage" if how == "overwritten" else b"")
    _told_as_damaged(registry.path)


@pytest.mark.parametrize("name", ["HEAD", "config", "objects"])
def test_a_registry_that_lost_one_of_gits_own_files_is_called_damaged(registry, name):
    if name == "config":
        (registry.path / name).write_text("[[garbage")
    else:
        (registry.path / name).rename(registry.path / "elsewhere")
    _told_as_damaged(registry.path)


def _told_as_damaged(path):
    with pytest.raises(RegistryError) as caught:
        Registry.open_or_create(path)
    assert caught.value.message.startswith(f"The registry {path} is damaged: ")
    assert ".." not in caught.value.message
    assert f"git -C {path} fsck" in caught.value.fix
    assert "copy" in caught.value.fix
    assert caught.value.exit_code == 1


def test_a_clone_is_all_a_person_needs_to_carry_it_away(registry, tmp_path):
    registry.add(make_tool(), state=State.LIVE)
    subprocess.run(["git", "clone", "-q", registry.path, tmp_path / "clone"], check=True)
    text = (tmp_path / "clone" / "tools" / "slugify" / "tool.py").read_text()
    assert text == make_tool().source
    assert tomli_w.dumps({"format": 1}) in (tmp_path / "clone" / "state.toml").read_text()


def test_what_the_agent_remembers_makes_no_tool_be_read_again(registry, monkeypatch):
    registry.add(make_tool(), state=State.LIVE)
    before, (tool,) = registry.fingerprint(), registry.tools()
    for path in ("memory/facts.toml", "lessons/l1.toml"):
        registry.store.commit({path: b""}, subject="Remember", trailers={}, expected=registry.head())
    assert registry.head() == registry.store.head()
    assert registry.fingerprint() == before
    assert registry.tools()[0] is tool
    registry.store.commit({"packages.lock": b""}, subject="Lock", trailers={}, expected=registry.head())
    assert registry.fingerprint() != before
