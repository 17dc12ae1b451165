"""Remotes that mean harm: nothing of what they hold is taken, nothing of them runs, and what stands here stays."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agentforge.errors import RemoteRefused, RemoteUnreachable, ToolNotFound, UsageError
from agentforge.gitstore.bounds import Bounds
from agentforge.gitstore.joining import join
from agentforge.gitstore.remote import remote_of
from agentforge.gitstore.rewriting import holding, rewrite
from agentforge.registry.effects import effect_of
from agentforge.registry.review import put, rollback
from agentforge.registry.tool import to_files
from agentforge.settings import transport_environment
from agentforge.sync.flow import synchronise
from agentforge.types import State
from tests.registry.sample_tools import make_tool
from tests.sync.conftest import Home, Meet, git


@pytest.fixture
def ada(home_of: Meet) -> Home:
    """A home that has synced once."""
    home = home_of("ada", knows=["ada"])
    home.add(make_tool())
    home.sync()
    return home


def plant(remote: Path, entries: dict[str, tuple[str, bytes]], *, parent: str = "main", said: str = "planted") -> str:
    """Pushes a commit with these files (path → mode and contents; mode 160000 names a commit)."""
    index = {"GIT_INDEX_FILE": str(remote / "planted.index")}
    if parent:
        git(remote, "read-tree", parent, **index)
    for path, (mode, contents) in entries.items():
        name = contents.decode() if mode == "160000" else git(remote, "hash-object", "-w", "--stdin", feed=contents)
        git(remote, "update-index", "--add", "--cacheinfo", f"{mode},{name},{path}", **index)
    tree = git(remote, "write-tree", "--missing-ok", **index)
    above = ("-p", parent) if parent else ()
    commit = git(remote, "commit-tree", tree, *above, "-m", said)
    git(remote, "update-ref", "refs/heads/main", commit)
    return commit


def refused(home: Home, bounds: Bounds | None = None) -> str:
    """What is said where a sync is refused; the registry stays as it was, and takes nothing of it in."""
    before = (home.registry.head(), git(home.registry.path, "for-each-ref"))
    with pytest.raises(RemoteRefused) as error:
        home.sync(bounds=bounds)
    assert (home.registry.head(), git(home.registry.path, "for-each-ref")) == before
    assert not list(home.registry.path.parent.glob(".*.sync/git"))
    return str(error.value)


@pytest.mark.parametrize(
    ("path", "mode", "contents", "said"),
    [
        ("tools/evil", "120000", b"/etc/passwd", "a link"),
        ("tools/evil", "160000", b"1" * 40, "another repository"),
        ("tools/evil/tool.py", "100755", b"print(1)", "a program"),
        (".gitattributes", "100644", b"* filter=evil\n", "no place in a registry"),
        (".gitmodules", "100644", b'[submodule "x"]\n\tpath = x\n\turl = https://example.com/x\n', "no place"),
        ("tools/evil/.gitattributes", "100644", b"* filter=evil\n", "no place in a registry"),
        ("hooks/post-checkout", "100644", b"#!/bin/sh\ntouch /tmp/evil\n", "no place in a registry"),
        ("tools/Evil/tool.py", "100644", b"", "no place in a registry"),
        ("tools/evil/setup.py", "100644", b"", "no place in a registry"),
        ("memory/documents/d1/run.exe", "100644", b"", "no place in a registry"),
        ("tools/evil/tool.py", "100644", b"#" * (2 << 20), "has 2097152 bytes"),
    ],
)
def test_what_has_no_place_in_a_registry_is_refused(
    ada: Home, path: str, mode: str, contents: bytes, said: str
) -> None:
    plant(ada.remote, {path: (mode, contents)})
    assert said in refused(ada)


def test_a_pack_that_is_too_large_is_cut_off(ada: Home) -> None:
    plant(ada.remote, {"memory/documents/d1/text.md": ("100644", os.urandom(3 << 20))})
    assert "sends more than 1 MB" in refused(ada, Bounds(file_bytes=1 << 20, environment=transport_environment()))
    assert sum(each.stat().st_size for each in ada.registry.path.rglob("*") if each.is_file()) < 1 << 20


def test_one_text_in_many_tools_is_not_read_a_thousand_times(ada: Home) -> None:
    text = b"# x\n" * (250 << 10)
    files = ("tool.py", "test_tool.py", "tool.toml", "examples.jsonl", "report.json")
    plant(ada.remote, {f"tools/t{number}/{file}": ("100644", text) for number in range(14) for file in files})
    assert "14 tools of 68 MB that nobody known vouches for" in refused(ada)


def test_a_main_that_is_no_commit_is_refused(ada: Home) -> None:
    blob = git(ada.remote, "hash-object", "-w", "--stdin", feed=b"x")
    (ada.remote / "refs" / "heads" / "main").write_text(f"{blob}\n")
    assert "is no commit" in refused(ada)


def test_trees_that_hold_each_other_without_end_are_not_followed(ada: Home) -> None:
    """A few kilobytes that unfold to 10 ** 12 files (https://kate.io/blog/git-bomb)."""
    blob = git(ada.remote, "hash-object", "-w", "--stdin", feed=b"x")
    lines = "".join(f"100644 blob {blob}\tf{number}\n" for number in range(10))
    for _ in range(11):
        tree = git(ada.remote, "mktree", feed=lines.encode())
        lines = "".join(f"040000 tree {tree}\td{number}\n" for number in range(10))
    git(ada.remote, "update-ref", "refs/heads/main", git(ada.remote, "commit-tree", tree, "-p", "main", "-m", "x"))
    began = time.monotonic()
    assert "more folders and files than any registry" in refused(
        ada, Bounds(seconds=30, out_bytes=1 << 20, environment=transport_environment())
    )
    assert time.monotonic() - began < 60


def test_an_object_that_git_does_not_write_is_refused(ada: Home) -> None:
    """A tree with a folder named .git, which a careless checkout would write over the clone's own."""
    inner = git(ada.remote, "mktree", feed=b"")
    words = ("hash-object", "-w", "-t", "tree", "--literally", "--stdin")
    tree = git(ada.remote, *words, feed=b"40000 .git\0" + bytes.fromhex(inner))
    git(ada.remote, "update-ref", "refs/heads/main", git(ada.remote, "commit-tree", tree, "-p", "main", "-m", "x"))
    assert "no sound repository" in refused(ada)


def test_history_that_drops_what_was_reviewed_is_refused(ada: Home) -> None:
    put(ada.registry, "slugify", State.QUARANTINED, approver="ada", reason="Wrong.")
    ada.sync()
    git(ada.remote, "update-ref", "refs/heads/main", "main~1")
    assert "was rewritten" in refused(ada)
    plant(ada.remote, {"README.md": ("100644", b"new")}, parent="")
    assert "commits that it held before" in refused(ada)


def test_a_state_that_is_forged_on_the_remote_moves_nothing(ada: Home) -> None:
    put(ada.registry, "slugify", State.QUARANTINED, approver="ada", reason="Wrong.")
    ada.sync()
    forged = (ada.registry.store.read("state.toml") or b"").replace(b"quarantined", b"live")
    plant(ada.remote, {"state.toml": ("100644", forged), "README.md": ("100644", b"new")})
    assert ada.sync().took == ()
    assert ada.state("slugify") == "quarantined"
    assert ada.registry.store.read("README.md") != b"new"


def test_what_was_only_heard_never_stood_here_and_cannot_be_rolled_back_to(ada: Home) -> None:
    tool = make_tool()
    evil = replace(tool, source=f"{tool.source}\n_EVIL = 1\n")
    files = {f"tools/slugify/{name}": ("100644", contents) for name, contents in to_files(evil).items()}
    state = git(ada.remote, "show", "main:state.toml").replace(tool.version, evil.version).encode()
    planted = plant(ada.remote, {**files, "state.toml": ("100644", state)})
    ada.sync()
    assert planted in ada.commits, "no push of ours drops it"
    assert {one.version for one in ada.registry.versions("slugify")} == {tool.version}
    assert planted not in {one.sha for one in ada.registry.log("slugify")}
    with pytest.raises(ToolNotFound, match="no earlier version"):
        rollback(ada.registry, "slugify", approver="ada")
    with pytest.raises(ToolNotFound, match="no version"):
        ada.registry.get_version("slugify", evil.version)


def test_what_somebody_known_signed_for_another_registry_does_not_count_here(home_of: Meet, tmp_path: Path) -> None:
    ada = home_of("ada", knows=["ada", "private"])
    time.sleep(1.1)  # two registries that are made in one second begin with the same commit
    private = home_of("private", knows=[])
    ada.add(make_tool())
    ada.sync()
    private.remote = tmp_path / "private.git"
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main", private.remote), check=True)
    private.add(make_tool("shorten"))
    private.sync()
    git(ada.remote, "fetch", "-q", str(private.remote), "main:refs/brought")
    words = ("commit-tree", "main^{tree}", "-p", "main", "-p", "refs/brought", "-m", "both")
    git(ada.remote, "update-ref", "refs/heads/main", git(ada.remote, *words))
    for _ in range(3):
        assert ada.sync().signer == ""
        assert ada.state("shorten") == ""
        ada.add(make_tool(body=f"return text.lower() or {ada.registry.head()!r}", parent=ada.version("slugify")))


def test_a_job_that_a_remote_names_has_not_happened_here(ada: Home) -> None:
    tool = make_tool("shorten")
    files = {f"tools/shorten/{name}": ("100644", contents) for name, contents in to_files(tool).items()}
    said = f"Add shorten\n\nJob: j-77\nTool: shorten\nVersion: {tool.version}\nState: live"
    plant(ada.remote, files, said=said)
    ada.sync()
    assert effect_of(ada.registry.store, "j-77") is None


def test_a_signed_state_that_is_malformed_is_refused(ada: Home, home_of: Meet) -> None:
    bea = home_of("bea", knows=["ada", "bea"])
    ada.allowed = bea.allowed
    bea.sync()
    bea.registry.store.commit(
        {"state.toml": b"format = 1\n[tools]\nslugify = 3\n"}, subject="x", trailers={}, expected=bea.registry.head()
    )
    store = bea.registry.store
    commit = join(store, {}, subject="x", trailers={}, expected=store.head() or "", key=bea.key)
    git(store.path, "push", "-q", str(ada.remote), f"{commit}:refs/heads/main")
    assert "malformed" in refused(ada)


def test_no_hook_and_no_configuration_of_a_remote_on_this_machine_runs(ada: Home, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    for name in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction", "proc-receive"):
        hook = ada.remote / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {proof}\n")
        hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    for key in ("core.hooksPath", "core.alternateRefsCommand", "uploadpack.packObjectsHook", "core.fsmonitor"):
        git(ada.remote, "config", key, str(ada.remote / "hooks" / "update") if "Path" not in key else "hooks")
    ada.add(make_tool("shorten"))
    assert ada.sync().went == ("shorten",)
    assert not proof.exists()


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c 'touch /tmp/evil'",
        "fd::3",
        "git://example.com/r.git",
        "ftp://example.com/r.git",
        "http://example.com/r.git",
        "https://me:word@example.com/r.git",
        "https://ghp_Zk3vQ9mT1xW7bR4nL8cY2dS6fH0jP5gA1eUi@example.com/r.git",
        "--upload-pack=touch /tmp/evil",
        "ssh://-oProxyCommand=evil/x",
        "file://elsewhere/r.git",
        "",
    ],
)
def test_addresses_that_are_not_asked(address: str) -> None:
    with pytest.raises(UsageError):
        remote_of(address)


@pytest.mark.parametrize(
    ("address", "protocol"),
    [
        ("https://example.com/r.git", "https"),
        ("git@example.com:me/r.git", "ssh"),
        ("ssh://git@example.com:2222/r.git", "ssh"),
        ("http://127.0.0.1:8000/r.git", "http"),
        ("file:///srv/r.git", "file"),
        ("/srv/r.git", "file"),
    ],
)
def test_addresses_that_are_asked_by_one_protocol_each(address: str, protocol: str) -> None:
    assert remote_of(address).protocol == protocol


def test_nothing_of_the_callers_git_gets_through(ada: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    for name, value in (
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", f"touch {proof}"),
        ("GIT_EXTERNAL_DIFF", f"touch {proof}"),
        ("GIT_ASKPASS", f"touch {proof}"),
        ("GIT_DIR", str(tmp_path)),
        ("GIT_EXEC_PATH", str(tmp_path)),
    ):
        monkeypatch.setenv(name, value)
    seen = transport_environment()
    assert [name for name in seen if name.startswith("GIT_")] == []
    monkeypatch.delenv("GIT_EXEC_PATH")  # git here reads it; the commands to a remote get nothing of it
    ada.add(make_tool("shorten"))
    ada.sync()
    assert not proof.exists()


class TestOffline:
    def test_a_remote_that_is_not_there_costs_nothing(self, ada: Home) -> None:
        ada.add(make_tool("shorten"))
        away = ada.remote.rename(ada.remote.with_suffix(".away"))
        head = ada.registry.head()
        with pytest.raises(RemoteUnreachable) as error:
            ada.sync()
        assert "cannot be reached" in error.value.message
        assert "\n" not in error.value.message
        assert (error.value.exit_code, ada.registry.head()) == (1, head)
        away.rename(ada.remote)
        assert ada.sync().went == ("shorten",)

    def test_a_remote_that_never_answers_is_given_up(self, ada: Home) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"http://127.0.0.1:{silent.getsockname()[1]}/r.git"
            began = time.monotonic()
            ada.remote = address  # type: ignore[assignment] # an address
            with pytest.raises(RemoteUnreachable, match="did not answer within 1 seconds"):
                ada.sync(bounds=Bounds(seconds=1, environment=transport_environment()))
            assert time.monotonic() - began < 30

    def test_who_does_not_want_to_wait_need_not(self, ada: Home) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            ada.remote = f"http://127.0.0.1:{silent.getsockname()[1]}/r.git"  # type: ignore[assignment] # an address

            async def interrupted() -> None:
                task = asyncio.ensure_future(synchronise(ada.parts()))
                caller, _ = await asyncio.to_thread(silent.accept)
                with caller:
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task

            began = time.monotonic()
            asyncio.run(interrupted())  # which waits for its threads
            assert time.monotonic() - began < 40  # and not for the 60 seconds that a fetch may take


def test_what_was_forgotten_here_is_not_brought_back(ada: Home) -> None:
    store = ada.registry.store
    for text in (b"one", b"one two"):
        store.commit({"memory/persona.md": text}, subject="x", trailers={}, expected=store.head())
    ada.sync()
    rewrite(store.path, ["memory"], lambda _, contents: contents.replace(b" two", b""))
    assert "was rewritten" in refused(ada)
    assert holding(store.path, [b"one two"]) == ()
    git(store.path, "push", "-q", "--force", str(ada.remote), "main")  # as the message says, with a lease
    assert ada.sync().quiet


def test_a_remote_that_was_emptied_gets_everything_again(ada: Home) -> None:
    git(ada.remote, "update-ref", "-d", "refs/heads/main")
    done = ada.sync()
    assert "The remote is empty" in done.told[0]
    assert git(ada.remote, "rev-parse", "main") == ada.registry.head()
