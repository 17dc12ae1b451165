"""Where a branch stands is read from git's own files, and only what they say plainly is believed."""

import subprocess

import pytest

from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.refs import read_ref
from agentforge.gitstore.store import MAIN, GitStore


@pytest.fixture
def store(tmp_path):
    with GitStore.create(tmp_path / "r.git", {"README.md": b"hello\n"}) as made:
        yield made


def git(store, *args):
    return subprocess.run(["git", "-C", store.path, *args], capture_output=True, text=True, check=True).stdout.strip()


def commit(store, content):
    return store.commit({"a": content}, subject="Change", trailers={}, expected=store.head())


def test_asking_where_main_stands_starts_no_process(store, monkeypatch):
    head = git(store, "rev-parse", "main")
    monkeypatch.setattr(GitProcess, "_started", lambda *_, **__: pytest.fail("git was started"))
    assert store.head() == head
    assert read_ref(store.path, MAIN) == head


def test_packed_refs_are_read_and_a_loose_one_is_newer(store):
    git(store, "pack-refs", "--all")
    packed = git(store, "rev-parse", "main")
    assert not (store.path / MAIN).exists()
    assert read_ref(store.path, MAIN) == packed
    newer = commit(store, b"1")
    assert f"{packed} {MAIN}" in (store.path / "packed-refs").read_text()
    assert read_ref(store.path, MAIN) == store.head() == newer != packed


def test_a_ref_whose_name_another_one_ends_with_is_not_taken_for_it(store):
    git(store, "update-ref", f"refs/mirror/{MAIN}", "main")
    git(store, "pack-refs", "--all")
    git(store, "update-ref", "-d", MAIN)
    assert read_ref(store.path, MAIN) is None
    assert store.head() is None


@pytest.mark.parametrize("content", [b"", b"ref: refs/heads/other\n", b"0123abc\n", b"x" * 40 + b"\n", b"a" * 41])
def test_what_only_git_can_interpret_is_left_to_git(tmp_path, content):
    (tmp_path / "refs/heads").mkdir(parents=True)
    (tmp_path / MAIN).write_bytes(content)
    (tmp_path / "packed-refs").write_text(f"{'a' * 40} {MAIN}\n")
    assert read_ref(tmp_path, MAIN) is None


def test_a_symbolic_main_is_followed_all_the_same(store):
    git(store, "update-ref", "refs/heads/real", "main")
    git(store, "symbolic-ref", MAIN, "refs/heads/real")
    assert store.head() == git(store, "rev-parse", "refs/heads/real")


def test_there_is_none_before_the_first_commit(tmp_path):
    assert read_ref(tmp_path, MAIN) is None
