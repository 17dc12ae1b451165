"""Branches of a bare repository beside ``main``: one commit each, for somebody else to merge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentforge.errors import NotARegistry, RegistryConflict, UsageError
from agentforge.gitstore.lock import leaving_no_drafts, writing
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.saying import message
from agentforge.gitstore.store import MAIN, GitStore

_NAME = re.compile(r"[a-z]+/[a-z0-9_]+-[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch: its name without ``refs/heads/``, the commit that it names and the one before that."""

    name: str
    commit: str
    parent: str


class Branches:
    """The branches below one folder (``proposals``) of the bare repository at ``path``.

    ``main`` is never moved here, so that whoever only reads a company's registry may propose to it.
    """

    def __init__(self, path: Path, folder: str) -> None:
        self._git = GitProcess.attach(path)
        self._store = GitStore(self._git)
        self._folder = folder
        self.path = path

    def list(self) -> list[Branch]:
        """All of them, by name."""
        form = "%(refname:lstrip=2) %(objectname) %(parent)"
        told = self._git.run("for-each-ref", f"--format={form}", f"refs/heads/{self._folder}/").decode().splitlines()
        rows = [line.split(" ") for line in told]
        return [Branch(row[0], row[1], row[2] if len(row) > 2 else "") for row in rows if _NAME.fullmatch(row[0])]

    def make(
        self,
        name: str,
        changes: Mapping[str, bytes | None],
        *,
        subject: str,
        trailers: Mapping[str, Sequence[str]],
        parent: str,
    ) -> Branch:
        """A new branch whose one commit makes ``changes`` on top of ``parent``.

        Raises:
            UsageError: there is a branch of that name.
            StorageError: it cannot be written.
            ValueError: its name, a path or a trailer is not allowed.
        """
        branch = f"{self._folder}/{name}"
        if not _NAME.fullmatch(branch):
            raise ValueError(f"{branch[:80]!r} is no name of a branch here")
        text = message(subject, trailers)
        with writing(self.path) as held, leaving_no_drafts(self.path):
            commit = self._store.draft(changes, text=text, parent=parent, lock=held)
            steps = ["start", f"create refs/heads/{branch} {commit}", "prepare", "commit"]
            code, _, err = self._git.attempt("update-ref", "--stdin", feed="\n".join([*steps, ""]).encode(), keep=held)
        if code and any(one.name == branch for one in self.list()):
            raise UsageError(f"The branch {branch} is there already.")
        if code:
            raise self._git.failure("update-ref", err)
        return Branch(branch, commit, parent)

    def drop(self, branch: Branch) -> None:
        """Takes a branch away, unless it names another commit by now; harmless where it is gone."""
        with writing(self.path) as held:
            code, _, _ = self._git.attempt("update-ref", "-d", f"refs/heads/{branch.name}", branch.commit, keep=held)
        if code and any(one == branch for one in self.list()):
            raise RegistryConflict(f"The branch {branch.name} could not be taken away.", fix="Try again.")

    def trailers(self, commit: str) -> dict[str, tuple[str, ...]]:
        """The ids that the message of a commit names (raises RegistryError where there is no such commit)."""
        told = self._git.run("show", "--no-patch", "--format=%(trailers:only,unfold)", commit).decode(
            "utf-8", "replace"
        )
        found: dict[str, tuple[str, ...]] = {}
        for line in told.splitlines():
            key, mark, value = line.partition(": ")
            if mark:
                found[key] = (*found.get(key, ()), value.strip())
        return found

    def close(self) -> None:
        """Releases git; harmless when repeated."""
        self._store.close()


def commit_in(path: Path, rev: str) -> str:
    """The full id of the commit that ``rev`` names in a repository, bare or checked out.

    Raises:
        NotARegistry: there is no git repository.
        UsageError: it has no such commit.
    """
    process = GitProcess(_folder_of(path))
    if rev.startswith("-") or not rev.isprintable():
        raise UsageError(f"{rev[:80]!r} names no commit.")
    code, out, _ = process.attempt("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}")
    if code:
        raise UsageError(f"{rev[:80]!r} names no commit of {path}.", fix="A shallow clone has only few: fetch all.")
    return out.decode().strip()


def fork_of(path: Path, one: str, other: str) -> str:
    """The commit at which two others parted; the first one where they have none in common."""
    code, out, _ = GitProcess(_folder_of(path)).attempt("merge-base", one, other)
    return one if code else out.decode().strip()


def messages(path: Path, since: str, commit: str) -> str:
    """What the messages of the commits say that ``commit`` has and ``since`` has not."""
    said = GitProcess(_folder_of(path)).run("log", "--format=%B", f"{since}..{commit}", "--")
    return said.decode("utf-8", "replace")


def view(path: Path, commit: str, place: Path) -> GitStore:
    """A new repository at ``place`` whose ``main`` is a commit of the one at ``path``, whose objects it borrows."""
    process = GitProcess(place)
    place.mkdir(mode=0o700, parents=True)
    process.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={MAIN.rpartition('/')[2]}")
    lent = place / "objects" / "info" / "alternates"
    lent.parent.mkdir(exist_ok=True)
    lent.write_text(f"{(_folder_of(path) / 'objects').absolute()}\n", "utf-8")
    process.run("update-ref", MAIN, commit)
    return GitStore(process)


def _folder_of(path: Path) -> Path:
    """Git's own folder of a repository, bare or checked out (raises NotARegistry)."""
    found = path / ".git" if (path / ".git").is_dir() else path
    if not (found / "objects").is_dir():
        raise NotARegistry(f"{path} is no git repository.", fix="Give the folder of one, bare or checked out.")
    return found
