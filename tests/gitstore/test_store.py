"""One bare repository as a store of files: whole commits or nothing, whatever happens in between."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentforge.errors import ConfigurationError, NotARegistry, RegistryConflict, RegistryError, StorageError
from agentforge.gitstore import failures
from agentforge.gitstore.store import GitStore


@pytest.fixture
def store(tmp_path):
    with GitStore.create(tmp_path / "r.git", {"README.md": b"hello\n"}) as made:
        yield made


def commit(store, changes, expected=None, subject="Change", **trailers):
    return store.commit(changes, subject=subject, trailers=trailers, expected=expected or store.head())


def plain_git(store, *args):
    """What a person with the git command sees."""
    done = subprocess.run(["git", "-C", store.path, *args], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_new_store_is_an_ordinary_bare_repository_on_main(store):
    assert plain_git(store, "rev-parse", "--is-bare-repository", "--abbrev-ref", "HEAD").split() == ["true", "main"]
    assert plain_git(store, "show", "main:README.md") == "hello\n"
    assert store.path.stat().st_mode & 0o077 == 0, "others on the machine may not read it"
    assert store.check() == []


def test_a_commit_adds_changes_and_deletes_in_one_step(store):
    first = commit(store, {"tools/a/tool.py": b"a\n", "b ü.bin": bytes(range(256))})
    second = commit(store, {"tools/a/tool.py": b"", "README.md": None})
    assert store.head() == second
    assert store.list() == ["b ü.bin", "tools/a/tool.py"]
    assert store.read("tools/a/tool.py") == b""
    assert store.read("tools/a/tool.py", first) == b"a\n"
    assert store.read("b ü.bin") == bytes(range(256))
    assert store.read("README.md") is None


def test_many_files_are_read_at_once_and_missing_ones_left_out(store):
    files = {f"d/{n}": b"x" * n for n in range(300)}
    commit(store, files)
    assert store.read_many([*files, "d", "none"]) == files


def test_a_list_is_limited_to_the_folder(store):
    commit(store, {"tools/a/x": b"", "tools/ab/x": b"", "toolsy": b""})
    assert store.list("tools/a") == ["tools/a/x"]
    assert store.list("tools") == ["tools/a/x", "tools/ab/x"]
    assert store.list("none") == []


def test_a_commit_on_an_old_head_is_a_conflict_and_writes_nothing(store):
    old = store.head()
    new = commit(store, {"a": b"1"})
    with pytest.raises(RegistryConflict, match="first"):
        commit(store, {"a": b"2"}, expected=old)
    assert store.head() == new
    assert store.read("a") == b"1"


def test_of_many_writers_with_the_same_head_exactly_one_wins(store):
    head, outcomes = store.head(), []

    def write(number):
        with GitStore.open(store.path) as other:
            try:
                outcomes.append(commit(other, {"who": b"%d" % number}, expected=head))
            except RegistryConflict:
                outcomes.append(None)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sha for sha in outcomes if sha] == [store.head()]
    assert len(outcomes) == 6


def test_the_log_tells_who_what_when_and_the_trailers(store):
    sha = commit(store, {"a/b": b"1"}, subject="Add ü", Job=["j1"], Episode=["e1", "e2"])
    newest, oldest = store.log()
    assert (newest.sha, newest.parent, newest.message) == (sha, oldest.sha, "Add ü")
    assert newest.trailers == {"Job": ("j1",), "Episode": ("e1", "e2")}
    assert newest.author == "AgentForge <agentforge@localhost>"
    assert abs(datetime.now(UTC) - newest.time) < timedelta(minutes=2)
    assert oldest.parent == ""
    assert oldest.trailers == {}


def test_the_log_can_be_asked_for_a_folder_or_a_trailer(store):
    first = commit(store, {"tools/a/x": b"1"}, Tool=["a"])
    second = commit(store, {"state.toml": b"1"}, Tool=["a"])
    third = commit(store, {"tools/ab/x": b"1"}, Tool=["ab"])
    assert [c.sha for c in store.log(["tools/a"])] == [first]
    assert [c.sha for c in store.log(trailer=("Tool", "a"))] == [second, first]
    assert [c.sha for c in store.log(["state.toml", "tools/ab"], trailer=("Tool", "b"))] == [third, second]
    assert [c.sha for c in store.log(["nowhere"])] == []
    assert [c.sha for c in store.log(limit=2)] == [third, second]


@pytest.mark.parametrize("path", ["../x", "/x", "a\nM 100644 inline b", ".git/hooks/x"])
def test_a_path_that_leaves_the_repository_is_refused_and_writes_nothing(store, path):
    head = store.head()
    with pytest.raises(ValueError, match="path"):
        commit(store, {path: b""})
    with pytest.raises(ValueError, match="path"):
        store.read(path)
    assert store.head() == head


@pytest.mark.parametrize("rev", ["HEAD~1", "--all", "main:x", "", "refs/heads/main"])
def test_a_revision_is_main_or_an_id(store, rev):
    with pytest.raises(ValueError, match="revision"):
        store.read("README.md", rev)


def test_the_callers_git_configuration_identity_and_hooks_do_not_matter(tmp_path, monkeypatch):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    hook = hooks / "reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-ran\nexit 1\n")
    hook.chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {hooks}\n[user]\n\tuseConfigOnly = true\n[init]\n\tdefaultBranch = x\n"
    )
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
    ):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(hooks))
    with GitStore.create(tmp_path / "r.git", {"a": b"1"}) as store:
        commit(store, {"a": b"2"})
        assert store.read("a") == b"2"
        assert store.log()[0].author == "AgentForge <agentforge@localhost>"
    assert not (tmp_path / "hook-ran").exists()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder to somebody else")
def test_a_repository_that_belongs_to_somebody_else_can_be_used(store):
    for root, folders, files in os.walk(store.path):
        for name in [*folders, *files]:
            os.chown(Path(root) / name, 12345, 12345)
    os.chown(store.path, 12345, 12345)
    commit(store, {"a": b"1"})
    assert store.read("a") == b"1"


def test_a_folder_that_is_no_repository_is_named_with_the_fix(tmp_path):
    (tmp_path / "plain").mkdir()
    for path in (tmp_path / "plain", tmp_path / "none"):
        with pytest.raises(NotARegistry, match=r"no bare git repository.*move this one away"):
            GitStore.open(path)


def test_a_repository_inside_another_one_is_not_mistaken_for_it(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "inner").mkdir()
    with pytest.raises(NotARegistry):
        GitStore.open(tmp_path / "inner")


def test_creating_over_something_is_refused_and_leaves_it_alone(store, tmp_path):
    with pytest.raises(NotARegistry, match="exists already"):
        GitStore.create(store.path, {"a": b""})
    assert store.read("README.md") == b"hello\n"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".r.git")] == []


def test_a_creation_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise RegistryError("cut off")

    monkeypatch.setattr(GitStore, "commit", broken)
    with pytest.raises(RegistryError, match="cut off"):
        GitStore.create(tmp_path / "r.git", {"a": b""})
    assert list(tmp_path.iterdir()) == []


def test_without_git_the_fix_is_to_install_it(tmp_path):
    code = (
        "from agentforge.gitstore.store import GitStore; from agentforge.errors import *; from pathlib import Path\n"
        f"try: GitStore.open(Path({str(tmp_path)!r}))\n"
        "except ConfigurationError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "Git is not installed, or not found on the PATH. Install git 2.28 or newer."
    assert ConfigurationError.exit_code == 3


def test_a_worker_that_lost_its_lease_can_no_longer_commit(store):
    store.take_lease()
    commit(store, {"a": b"1"})
    with GitStore.open(store.path) as other:
        other.take_lease()
        with pytest.raises(RegistryError, match="taken over"):
            commit(store, {"a": b"2"})
        commit(other, {"a": b"3"})
        with GitStore.open(store.path) as terminal:
            commit(terminal, {"b": b"4"})
            assert terminal.read("a") == b"3"


def test_a_git_command_that_hangs_is_ended(store):
    with pytest.raises(RegistryError, match=r"did not finish within 0\.2 seconds"):
        store._git.run("-c", "alias.hang=!sleep 5", "hang", seconds=0.2)


def test_damage_is_told_by_the_check(store):
    blob = plain_git(store, "rev-parse", "main:README.md").strip()
    (store.path / "objects" / blob[:2] / blob[2:]).unlink()
    assert any(blob in line for line in store.check())


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_a_clear_error_and_the_repository_stays_whole(tiny_disk):
    with GitStore.create(tiny_disk / "r.git", {"a": b"1"}) as store:
        head = store.head()
        with pytest.raises(StorageError, match=r"cannot be written.*nothing was changed"):
            commit(store, {"big": os.urandom(3 << 20)})
        assert (store.head(), store.read("a"), store.check()) == (head, b"1", [])
        assert leftovers(store) == []
        commit(store, {"a": b"2"})
        assert store.read("a") == b"2"


@pytest.mark.parametrize("files", [1, 30])
def test_what_git_had_written_of_a_refused_commit_keeps_no_disk_full(tiny_disk, files):
    """Git leaves it behind: a draft of an object, or of a pack where there are many files."""
    with GitStore.create(tiny_disk / "r.git", {"a": b"1"}) as store:
        fits = os.urandom(800_000)
        for size in (2_200_000, 2_100_000):
            with pytest.raises(StorageError):
                commit(store, {f"big{n}": os.urandom(size // files) for n in range(files)})
            assert leftovers(store) == []
        commit(store, {"big": fits})
        assert store.read("big") == fits


def leftovers(store):
    found = [*store.path.glob("objects/**/tmp_*"), *store.path.glob("fast_import_crash_*")]
    return [str(path.relative_to(store.path)) for path in found]


def test_a_refusal_takes_away_what_was_begun_since_and_nobody_elses_draft(store, monkeypatch):
    packs = store.path / "objects" / "pack"
    packs.mkdir(exist_ok=True)
    (packs / "tmp_pack_of_a_fetch").touch()
    minutes_ago = time.time() - 300
    os.utime(packs / "tmp_pack_of_a_fetch", (minutes_ago, minutes_ago))

    def refused(*_, **__):
        (packs / "tmp_pack_ours").touch()
        (store.path / "objects" / "ab").mkdir(exist_ok=True)
        (store.path / "objects" / "ab" / "tmp_obj_ours").touch()
        raise StorageError("The disk is full.")

    monkeypatch.setattr(store, "_take_in", refused)
    with pytest.raises(StorageError):
        commit(store, {"b": b"1"})
    assert leftovers(store) == ["objects/pack/tmp_pack_of_a_fetch"]


def test_creating_on_a_full_disk_is_a_clear_error(tiny_disk):
    with (tiny_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    with pytest.raises(StorageError):
        GitStore.create(tiny_disk / "r.git", {"a": b"1"})
    assert [path.name for path in tiny_disk.iterdir()] == ["filler"]


def test_where_git_gives_no_reason_a_full_disk_is_still_seen(store, monkeypatch):
    full = shutil.disk_usage(store.path)._replace(free=0)
    monkeypatch.setattr(failures.shutil, "disk_usage", lambda path: full)
    assert isinstance(store._git.failure("fast-import", "fatal: broken"), StorageError)


def test_what_stands_at_the_top_is_told_by_ids_that_equal_contents_share(store):
    first = commit(store, {"a/x": b"1", "b": b"1"})
    second = commit(store, {"a/y": b"1"})
    before, after = store.roots(first), store.roots(second)
    assert set(before) == set(after) == {"README.md", "a", "b"}
    assert {name for name in after if after[name] != before[name]} == {"a"}
