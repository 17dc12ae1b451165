"""What a commit is made of is what git itself would have made of the same changes."""

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentforge.errors import RegistryError
from agentforge.gitstore.building import Building
from agentforge.gitstore.store import GitStore

NAMES = st.sampled_from(["a", "a-b", "a.b", "a0", "ab", "b ü"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CHANGES = st.dictionaries(PATHS, st.none() | st.binary(max_size=40), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with GitStore.create(tmp_path_factory.mktemp("r") / "r.git", {"first": b""}) as made:
        yield made


def imported(store, changes, parent):
    """The folder of the commit that ``git fast-import`` makes of these changes."""
    lines = [b"commit refs/x\ncommitter A <a@b> 0 +0000\ndata 0\nfrom %s\n" % parent.encode()]
    for path, contents in sorted(changes.items()):
        if contents is None:
            lines.append(b"D %s\n" % path.encode())
        else:
            lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(contents), contents))
    git = ["git", "-C", store.path]
    subprocess.run(
        [*git, "fast-import", "--quiet", "--force", "--done"], input=b"".join([*lines, b"done\n"]), check=True
    )
    return subprocess.run([*git, "rev-parse", "refs/x^{tree}"], check=True, capture_output=True, text=True).stdout


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES)
def test_files_and_folders_come_go_and_take_each_others_place_as_git_would_have_it(store, changes):
    parent = store.head()
    made = store.commit(changes, subject="Change", trailers={}, expected=parent)
    shown = ["git", "-C", store.path, "rev-parse", f"{made}^{{tree}}"]
    assert subprocess.run(shown, check=True, capture_output=True, text=True).stdout == imported(store, changes, parent)


def test_git_finds_nothing_wrong_with_any_of_it(store):
    before = store.head()
    head = store.commit({f"d/{n}": b"%d" % n for n in range(30)}, subject="Many", trailers={}, expected=before)
    store.commit({"d/7": None, "d/7/x": b"x" * 70_000}, subject="Few", trailers={"Job": ["j"]}, expected=head)
    assert store.check() == []


def test_a_repository_of_longer_ids_is_written_as_well(tmp_path):
    path = tmp_path / "long.git"
    subprocess.run(["git", "init", "-q", "--bare", "--object-format=sha256", "-b", "main", path], check=True)
    feed = b"commit refs/heads/main\ncommitter A <a@b> 0 +0000\ndata 1\nx\nM 644 inline a\ndata 1\n1\ndone\n"
    subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input=feed, check=True)
    with GitStore.open(path) as store:
        store.commit({"b/c": b"2"}, subject="More", trailers={}, expected=store.head())
        assert (store.read("a"), store.read("b/c"), store.check()) == (b"1", b"2", [])


def test_a_long_list_of_a_folder_is_written_without_compressing_it(store):
    """Compressing it takes longer than all else, and half of it are ids that do not compress."""
    many = {f"long/{n:05}": b"" for n in range(2_500)}
    head = store.commit(many, subject="Many", trailers={}, expected=store.head())
    store.commit({"long/new": b"1"}, subject="One", trailers={}, expected=head)
    made = store.folders("long", store.head()) == {} and store.roots()["long"]
    size = (store.path / "objects" / made[:2] / made[2:]).stat().st_size
    assert size > 2_500 * len("100644 00000\0" + 20 * "x")


def test_a_list_that_is_none_is_named_and_nothing_made_of_it():
    with pytest.raises(RegistryError, match="no list of a folder"):
        Building(lambda _: b"100644 a\0short", "1" * 40).commit({"a": b""}, text=b"x\n", time=0)


def test_a_commit_without_a_change_is_refused():
    with pytest.raises(ValueError, match="at least one change"):
        Building(lambda _: b"").commit({}, text=b"s\n", time=0)
