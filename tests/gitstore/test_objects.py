"""Reading through one process of git that is kept: it answers what git would, and its end is nobody's concern."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentforge.errors import RegistryError
from agentforge.gitstore import objects
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.store import GitStore

FILES = {f"tools/t{number}/{file}": f"{number} {file}\n".encode() for number in range(300) for file in ("a", "b")}


@pytest.fixture
def store(tmp_path):
    with GitStore.create(tmp_path / "r.git", {**FILES, "state.toml": b"one\n", "odd é/x y": b"\0\n\xff"}) as made:
        yield made


@pytest.fixture
def started(monkeypatch):
    """The git commands that are started from now on."""
    seen = []
    start = GitProcess._started
    monkeypatch.setattr(
        GitProcess, "_started", lambda self, args, *more: seen.append(args[0]) or start(self, args, *more)
    )
    return seen


def plain_git(store, *args):
    return subprocess.run(["git", "-C", store.path, *args], capture_output=True, check=True).stdout


def test_every_look_goes_through_one_process(store, started):
    head = store.head()
    assert store.read_many(FILES) == FILES
    assert store.read("odd é/x y", head) == b"\0\n\xff"
    assert store.read("tools") is store.read("nothing") is store.read("tools/t1/a/b") is None
    assert sorted(FILES) == store.list("tools")
    assert [*store.roots()] == ["odd é", "state.toml", "tools"]
    assert started == ["cat-file"]


def test_what_is_listed_is_what_git_lists(store):
    rows = plain_git(store, "ls-tree", "-r", "-z", "main").decode().split("\0")[:-1]
    assert store.entries() == {path: facts.split()[2] for facts, _, path in (row.partition("\t") for row in rows)}
    rows = plain_git(store, "ls-tree", "-z", "main:tools").decode().split("\0")[:-1]
    folders = {name: facts.split()[2] for facts, _, name in (row.partition("\t") for row in rows)}
    assert store.folders("tools", store.head()) == folders
    wanted = {name: folders[name] for name in ("t1", "t299")}
    assert store.read_folders(wanted, ("a", "c")) == {"t1": {"a": b"1 a\n"}, "t299": {"a": b"299 a\n"}}
    assert store.folders("tools/t1", store.head()) == store.folders("state.toml", store.head()) == {}


def test_a_short_id_of_a_commit_is_enough(store):
    assert store.list("tools/t7", store.head()[:10]) == ["tools/t7/a", "tools/t7/b"]


def test_a_process_that_is_killed_is_replaced(store, started):
    assert store.read("state.toml") == b"one\n"
    running = store._objects._running.process
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert store.read("state.toml") == b"one\n"
    assert started == ["cat-file"] * 2


def test_a_commit_of_another_process_is_seen(store):
    assert store.read("state.toml") == b"one\n"
    with GitStore.open(store.path) as other:
        other.commit({"state.toml": b"two\n"}, subject="Change", trailers={}, expected=other.head())
    plain_git(store, "gc", "--quiet", "--prune=now")
    assert store.read("state.toml") == b"two\n"
    assert store.read_many(FILES) == FILES


def test_threads_are_answered_what_they_asked(store):
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda path: store.read(path), FILES)
    assert dict(zip(FILES, answers, strict=True)) == FILES


def test_a_git_that_does_not_answer_is_given_up(store, monkeypatch):
    assert store.read("state.toml") == b"one\n"
    monkeypatch.setattr(objects, "SECONDS", 0.2)
    hung = GitProcess.lasting
    monkeypatch.setattr(GitProcess, "lasting", lambda self, *_: hung(self, "hash-object", "--stdin"))
    store.close()
    with pytest.raises(RegistryError, match="did not answer"):
        store.read("state.toml")


def test_a_damaged_file_is_none_and_a_damaged_folder_is_told_however_often(store, started):
    commit = store.commit({"new/file": b"new\n"}, subject="Change", trailers={}, expected=store.head())
    started.clear()
    store.close()
    damage(store, store.entries("", commit)["new/file"])
    for _ in range(500):
        assert store.read("new/file") is None
    assert started == ["cat-file"], "what git says of it fills no pipe"
    damage(store, store.roots(commit)["new"])
    for look in (store.list, lambda: store.list("new"), lambda: store.read("new/file")):
        with pytest.raises(RegistryError, match="damaged"):
            look()
    assert store.read("state.toml") == b"one\n"


def damage(store, broken):
    loose = store.path / "objects" / broken[:2] / broken[2:]
    loose.chmod(0o600)
    loose.write_bytes(b"not zlib at all")


def test_a_commit_that_is_missing_is_damage_and_a_folder_that_never_was_is_none(store):
    assert store.list("never") == []
    with pytest.raises(RegistryError, match="damaged"):
        store.roots("0123456789" * 4)


def test_closing_ends_it_and_reading_begins_anew(store):
    store.read("state.toml")
    running = store._objects._running.process
    store.close()
    assert running.poll() is not None
    assert store.read("state.toml") == b"one\n"
