"""Writing although others write: a lost race is run again, and not for ever."""

import time

import pytest

from agentforge.errors import RegistryConflict
from agentforge.gitstore.outlast import outlast
from agentforge.gitstore.store import GitStore


@pytest.fixture
def store(tmp_path):
    with GitStore.create(tmp_path / "r.git", {"README.md": b"hello\n"}) as made:
        yield made


def test_what_loses_no_race_is_done_once_and_without_the_lock(store):
    locks = []
    assert outlast(store.path, lambda lock: locks.append(lock) or "done") == "done"
    assert locks == [None]


def test_what_lost_a_race_is_done_anew_under_the_lock(store):
    locks = []

    def attempt(lock):
        locks.append(lock)
        if lock is None:
            raise RegistryConflict("beaten")
        return store.commit({"a": b"a"}, subject="A", trailers={}, expected=store.head(), lock=lock)

    assert outlast(store.path, attempt) == store.head()
    assert len(locks) == 2


def test_what_is_always_beaten_ends(store):
    def attempt(lock):
        raise RegistryConflict("beaten")

    begun = time.monotonic()
    with pytest.raises(RegistryConflict):
        outlast(store.path, attempt, seconds=0.1)
    assert time.monotonic() - begun < 30


def test_equal_contents_have_equal_ids_whatever_they_are_called(store):
    files = {"memory/a/x": b"one", "memory/b/x": b"one", "memory/b/ü y": b"two", "memoryless": b"one"}
    commit = store.commit(files, subject="A", trailers={}, expected=store.head())
    found = store.entries("memory")
    assert sorted(found) == ["memory/a/x", "memory/b/x", "memory/b/ü y"]
    assert found["memory/a/x"] == found["memory/b/x"] != found["memory/b/ü y"]
    assert store.entries("memory/", commit) == found
    assert store.entries("nothing") == {}
