"""Objects that are written without git are as git would have written them."""

import os
import subprocess

import pytest

from agentforge.errors import StorageError
from agentforge.gitstore import loose
from agentforge.gitstore.store import GitStore


@pytest.fixture
def store(tmp_path):
    with GitStore.create(tmp_path / "r.git", {"a": b"1"}) as made:
        yield made


def commit(store, changes):
    return store.commit(changes, subject="Change", trailers={}, expected=store.head())


def test_whoever_shares_a_registry_with_a_group_can_read_and_write_what_is_new_in_it(store):
    for folder in [store.path / "objects", *store.path.glob("objects/*")]:
        folder.chmod(0o2770)
    old = set(store.path.glob("objects/??"))
    before = os.umask(0o077)
    try:
        commit(store, {f"f{n}": b"%d" % n for n in range(9)})
    finally:
        os.umask(before)
    made = [folder for folder in store.path.glob("objects/??") if folder not in old]
    assert {folder.stat().st_mode & 0o7777 for folder in made} == {0o2770}
    assert {file.stat().st_mode & 0o777 for folder in made for file in folder.iterdir()} == {0o440}


def test_what_is_there_already_is_left_alone(store):
    blob = subprocess.run(["git", "-C", store.path, "rev-parse", "main:a"], capture_output=True, text=True, check=True)
    name = blob.stdout.strip()
    file = store.path / "objects" / name[:2] / name[2:]
    before = file.stat()
    commit(store, {"b": b"1"})
    assert file.stat() == before
    assert store.read("b") == b"1"


def test_an_object_has_its_name_only_once_it_is_on_the_disk(store, monkeypatch):
    """The registry of a process that is killed, or of a disk that refuses, is the one of before."""
    head, calls = store.head(), []

    def refusing(handle):
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(loose.os, "fsync", refusing)
    with pytest.raises(StorageError, match=r"No space left on device.*nothing was changed"):
        commit(store, {"b": b"2", "c": b"3"})
    monkeypatch.undo()
    assert (store.head(), store.check(), [*store.path.glob("objects/*/tmp_*")]) == (head, [], [])
    commit(store, {"b": b"2", "c": b"3"})
    assert store.check() == []
