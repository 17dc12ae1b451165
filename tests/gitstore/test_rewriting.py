"""A history without what should not be read any more: in no object, on no ref, and nothing else is different."""

import subprocess

import pytest

from agentforge.errors import RegistryError
from agentforge.gitstore import rewriting
from agentforge.gitstore.lock import writing
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.rewriting import holding, rewrite
from agentforge.gitstore.store import GitStore

SECRET = b"the secret sentence"


@pytest.fixture
def store(tmp_path):
    with GitStore.create(tmp_path / "r.git", {"README.md": b"hello\n"}) as made:
        commit(made, {"tools/a/tool.py": b"data 3\nM 100644 x\n"}, Job=["j1"])
        commit(made, {"memory/f ü.toml": b"one\n" + SECRET + b"\n", "memory/other": SECRET})
        commit(made, {"memory/f ü.toml": b"one\n" + SECRET + b"\ntwo\n"}, Episode=["e1", "e2"])
        commit(made, {"memory/other": None, "tools/a/tool.py": None, "tools/b": bytes(range(256))})
        yield made


def commit(store, changes, **trailers):
    return store.commit(changes, subject="Change", trailers=trailers, expected=store.head())


def git(store, *args):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.run(
        ["git", *identity, "-C", store.path, *args], capture_output=True, text=True, check=True
    ).stdout.strip()


def without(path, contents):
    return None if path == "memory/other" else contents.replace(SECRET + b"\n", b"")


def told(store):
    return [(one.message, one.trailers, one.time, one.author) for one in store.log()]


def test_no_object_holds_it_and_everything_else_is_as_it_was(store):
    before, commits = told(store), [one.sha for one in store.log()]
    done = rewrite(store.path, ["memory"], without)
    assert holding(store.path, [SECRET]) == ()
    assert SECRET.decode() not in git(store, "log", "-p", "--all")
    assert (done.head, done.commits) == (store.head(), 3)
    assert [one.sha for one in store.log()][3:] == commits[3:], "what came before the first change keeps its id"
    assert not {*commits[:3]} & {*git(store, "cat-file", "--batch-all-objects", "--batch-check").split()}
    assert told(store) == before
    assert store.list() == ["README.md", "memory/f ü.toml", "tools/b"]
    assert store.read("memory/f ü.toml") == b"one\ntwo\n"
    assert store.read("tools/b") == bytes(range(256))
    assert store.check() == []
    assert git(store, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_the_search_tells_where_something_stands_also_in_objects_that_no_ref_reaches(store):
    assert holding(store.path, [SECRET]) == ("memory/f ü.toml", "memory/other")
    loose = GitProcess.attach(store.path).run("hash-object", "-w", "--stdin", feed=b"x" + SECRET).decode().strip()
    assert loose in holding(store.path, [SECRET])
    rewrite(store.path, ["memory"], without)
    assert holding(store.path, [SECRET]) == ()


def test_every_branch_and_tag_is_rewritten_and_merges_stay_merges(store):
    git(store, "branch", "other", "main~1")
    git(store, "tag", "plain", "main~2")
    git(store, "tag", "-a", "-m", "told", "annotated", "main~1")
    tree = git(store, "rev-parse", "main^{tree}")
    merge = git(store, "commit-tree", tree, "-p", "main", "-p", "other", "-m", "Merge")
    git(store, "update-ref", "refs/heads/main", merge)
    store.take_lease()
    rewrite(store.path, ["memory"], without)
    assert holding(store.path, [SECRET]) == ()
    assert len(git(store, "rev-list", "--parents", "-1", "main").split()) == 3
    assert git(store, "rev-parse", "annotated") == git(store, "rev-parse", "other")
    assert git(store, "merge-base", "--is-ancestor", "plain", "main") == ""
    commit(store, {"after": b"1"})


def test_two_roots_stay_two_roots(store):
    alone = git(store, "commit-tree", git(store, "rev-parse", "main~1^{tree}"), "-m", "Alone")
    git(store, "update-ref", "refs/heads/alone", alone)
    rewrite(store.path, ["memory"], without)
    assert git(store, "rev-list", "--max-parents=0", "--all").count("\n") == 1
    assert holding(store.path, [SECRET]) == ()


def test_other_folders_are_left_alone_and_nothing_to_do_changes_nothing(store):
    commit(store, {"tools/c": SECRET})
    head = store.head()
    assert rewrite(store.path, ["lessons"], lambda path, contents: None).commits == 0
    assert store.head() == head
    rewrite(store.path, ["memory"], without)
    assert holding(store.path, [SECRET]) == ("tools/c",)


def test_while_somebody_writes_nothing_happens(store, monkeypatch):
    monkeypatch.setattr(rewriting, "writing", lambda path: writing(path, wait=0.1))
    head = store.head()
    with writing(store.path), pytest.raises(RegistryError, match="Another process"):
        rewrite(store.path, ["memory"], without)
    assert store.head() == head


def test_one_that_was_cut_off_is_finished_by_the_next(store, monkeypatch):
    honest = rewriting._prune

    def killed(git, lock):
        raise RegistryError("killed")

    monkeypatch.setattr(rewriting, "_prune", killed)
    with pytest.raises(RegistryError, match="killed"):
        rewrite(store.path, ["memory"], without)
    assert holding(store.path, [SECRET]), "the old objects are still there"
    monkeypatch.setattr(rewriting, "_prune", honest)
    assert rewrite(store.path, ["memory"], without).commits == 0
    assert holding(store.path, [SECRET]) == ()
