"""A writer that is killed blocks nobody and loses nothing that it had acknowledged."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from agentforge.errors import RegistryError
from agentforge.gitstore import lock as locking
from agentforge.gitstore.lock import writing
from agentforge.gitstore.store import GitStore

WRITER = """
import sys
from pathlib import Path
from agentforge.gitstore.store import GitStore
store = GitStore.open(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    sha = store.commit({f"n/{number}": b"x" * 5000}, subject=f"Commit {number}", trailers={}, expected=store.head())
    print(number, sha, flush=True)
    number += 1
"""


@pytest.fixture
def store(tmp_path):
    with GitStore.create(tmp_path / "r.git", {"a": b"1"}) as made:
        yield made


@pytest.mark.parametrize("whole_group", [False, True], ids=["process", "process-and-its-git"])
def test_kill_9_at_any_moment_keeps_every_acknowledged_commit(store, whole_group):
    chance = random.Random(7 + whole_group)
    acknowledged = []
    for start in range(0, 5000, 1000):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, store.path, str(start)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        acknowledged.append(child.stdout.readline().split())
        time.sleep(chance.uniform(0, 0.4))
        if whole_group:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        rest, _ = child.communicate(timeout=10)
        acknowledged += [
            line.split() for line in rest.splitlines() if line.count(" ") == 1 and len(line.split()[1]) == 40
        ]
    with writing(store.path):  # a git command that outlived its parent still counts as writing
        pass
    kept = {commit.sha for commit in store.log()}
    assert {sha for _, sha in acknowledged} <= kept
    assert store.read_many([f"n/{number}" for number, _ in acknowledged]).keys() == {f"n/{n}" for n, _ in acknowledged}
    assert store.check() == []
    store.commit({"a": b"2"}, subject="Goes on", trailers={}, expected=store.head())


LEFT_BEHIND = (
    "HEAD.lock",
    "refs/heads/main.lock",
    "refs/agentforge/staging.lock",
    "refs/agentforge/lease.lock",
    "packed-refs.lock",
    "packed-refs.new",
)


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_a_lock_file_that_a_killed_git_left_is_swept_away(store, name):
    lock = store.path / name
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("")
    store.commit({"a": b"2"}, subject="After the crash", trailers={}, expected=store.head())
    assert store.read("a") == b"2"
    assert not lock.exists()


def test_what_a_killed_git_was_packing_is_swept_away_when_nobody_wrote_to_it_for_long(store):
    packs = store.path / "objects" / "pack"
    packs.mkdir(exist_ok=True)
    for name, age in (("tmp_pack_old", 2 * 3600), ("tmp_pack_of_a_slow_fetch", 60)):
        (packs / name).touch()
        os.utime(packs / name, (time.time() - age, time.time() - age))
    store.commit({"a": b"2"}, subject="After the crash", trailers={}, expected=store.head())
    assert [path.name for path in packs.glob("tmp_*")] == ["tmp_pack_of_a_slow_fetch"]


def test_a_git_that_is_killed_between_prepare_and_commit_blocks_nobody(store):
    head = store.head()
    store.commit({"a": b"2"}, subject="Before", trailers={}, expected=head)
    command = ["git", "-C", store.path, "update-ref", "--stdin"]
    killed = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    killed.stdin.write(f"start\nupdate refs/heads/main {head}\nprepare\n")
    killed.stdin.flush()
    assert [killed.stdout.readline() for _ in range(2)] == ["start: ok\n", "prepare: ok\n"]
    left = {file.relative_to(store.path).as_posix() for file in store.path.rglob("*.lock")} - {"agentforge.lock"}
    killed.kill()
    killed.communicate()
    assert "HEAD.lock" in left
    assert left <= set(LEFT_BEHIND)
    store.commit({"a": b"3"}, subject="After the crash", trailers={}, expected=store.head())
    assert store.read("a") == b"3"


def test_a_lock_file_that_appears_while_we_write_is_named_with_the_fix(store, monkeypatch):
    monkeypatch.setattr(locking, "_sweep", lambda repository: None)
    (store.path / "HEAD.lock").touch()
    with pytest.raises(RegistryError) as caught:
        store.commit({"a": b"2"}, subject="In the way", trailers={}, expected=store.head())
    assert f"the lock file {store.path / 'HEAD.lock'} is in the way" in caught.value.message
    assert ".." not in caught.value.message
    assert f"rm {store.path / 'HEAD.lock'}" in caught.value.fix


def test_writers_wait_for_each_other_but_not_for_ever(store):
    with (
        writing(store.path),
        pytest.raises(RegistryError, match=r"writing.*Try again"),
        writing(store.path, wait=0.1),
    ):
        pass
    with writing(store.path, wait=0.1):
        pass


def test_the_lock_lasts_as_long_as_a_child_that_inherited_it(store):
    with writing(store.path) as lock:
        child = subprocess.Popen(["sleep", "30"], pass_fds=(lock,))
    try:
        with pytest.raises(RegistryError), writing(store.path, wait=0.1):
            pass
    finally:
        child.kill()
        child.wait()
    with writing(store.path, wait=5):
        pass
