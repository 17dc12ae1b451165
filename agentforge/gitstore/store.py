"""One bare git repository as a store of files with a history, written without a working tree.

The objects of a commit are made and written here (:mod:`agentforge.gitstore.building`, ``loose``) and become visible
through *one* ``git update-ref --stdin`` transaction that moves ``refs/heads/main`` from its expected value. A process
that is killed anywhere leaves either the old state or the new one.
"""

from __future__ import annotations

import re
import secrets
import shutil
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from agentforge import clock
from agentforge.errors import NotARegistry, ReadOnly, RegistryConflict, RegistryError, StorageError
from agentforge.gitstore.ancestry import only_heard
from agentforge.gitstore.building import Building
from agentforge.gitstore.failures import damaged
from agentforge.gitstore.lock import leaving_no_drafts, writing
from agentforge.gitstore.loose import write_loose
from agentforge.gitstore.objects import Objects
from agentforge.gitstore.past import Commit, commits_of
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.refs import read_ref
from agentforge.gitstore.saying import check_path, message

MAIN = "refs/heads/main"
LEASE = "refs/agentforge/lease"

_NOTHING = "0" * 40
_SHA = re.compile(r"[0-9a-f]{7,64}")
_FEW = 64
"""So many paths are looked up one by one; git reads every folder above a path for each of them anew."""
_FEW_FILES = 20
"""So many files of a commit become a file of git's each; more stand together in a pack."""
_LONG_BYTES = 64 << 10
"""A list of a folder, some 1,500 entries, from which on a commit is written without compressing: half of such a list
are ids, which do not compress, and trying takes longer than all else that there is to do."""
_Key = TypeVar("_Key")


class GitStore:
    """A bare repository; a context manager. Revisions are ``main`` or a commit's id.

    One that is not ``writable`` refuses every change that is made through it.
    """

    def __init__(self, process: GitProcess, *, writable: bool = True) -> None:
        self._git = process
        self._objects = Objects(process)
        self._writable = writable
        self._lease: str | None = None
        self._unbelieved: tuple[str, frozenset[str]] = ("", frozenset())

    @classmethod
    def create(cls, path: Path, files: Mapping[str, bytes], *, subject: str = "Create the registry") -> GitStore:
        """A new repository at ``path`` whose first commit holds ``files``; appears whole or not at all.

        Raises:
            NotARegistry: something else stands there already.
            StorageError: it cannot be written.
        """
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            draft.mkdir(mode=0o700, parents=True)  # what was learned about a person is read by that person
            _initialise(draft, files, subject)
            draft.rename(path)
        except FileExistsError as error:
            raise _occupied(path) from error
        except OSError as error:
            if path.exists():
                raise _occupied(path) from error
            raise StorageError(
                f"No registry can be made at {path}: {error.strerror}.",
                fix="Free disk space, correct the permissions, or choose another AGENTFORGE_HOME.",
            ) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, *, writable: bool = True) -> GitStore:
        """The repository at ``path``.

        Raises:
            NotARegistry: there is none.
            RegistryError: there was one of ours, but it is damaged.
            ConfigurationError: git is not installed.
        """
        return cls(GitProcess.attach(path), writable=writable)

    def copy(self, path: Path) -> GitStore:
        """A new repository at ``path`` whose ``main`` stands where this one's does: what is tried there changes nothing
        here. It borrows the objects of this one, so it is quick for any size and good while this one stands.

        Raises:
            NotARegistry: something stands at ``path`` already.
            StorageError: it cannot be written.
        """
        head = self.head()
        try:
            path.mkdir(mode=0o700, parents=True)
            process = GitProcess(path)
            process.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={MAIN.rpartition('/')[2]}")
            lent = path / "objects" / "info" / "alternates"
            lent.parent.mkdir(exist_ok=True)
            lent.write_text(f"{(self.path / 'objects').absolute()}\n", "utf-8")
        except FileExistsError as error:
            raise _occupied(path) from error
        except OSError as error:
            raise StorageError(f"No copy of the registry can be made at {path}: {error.strerror}.") from error
        if head is not None:
            process.run("update-ref", MAIN, head)
        return GitStore(process)

    @property
    def path(self) -> Path:
        """The folder of the repository."""
        return self._git.path

    def close(self) -> None:
        """Releases git's processes; harmless when repeated, and what is read afterwards begins them anew."""
        self._objects.close()
        self._git.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def insist_on_writable(self) -> None:
        """Raises ReadOnly where nothing may be written through this store."""
        if not self._writable:
            raise ReadOnly(
                f"{self.path} is read here and never written.",
                fix="What belongs to a company is changed by an administrator, with --company.",
            )

    def head(self) -> str | None:
        """The commit that ``main`` names; None before the first one. Cheap: in most cases one small file is read.

        Raises:
            RegistryError: it is broken.
        """
        return read_ref(self.path, MAIN) or self._ref(MAIN)

    def read(self, path: str, rev: str = "main") -> bytes | None:
        """A file's contents at a revision; None where it has no such file."""
        return self.read_many([path], rev).get(path)

    def read_many(self, paths: Iterable[str], rev: str = "main") -> dict[str, bytes]:
        """The contents of those of ``paths`` that are files at a revision."""
        wanted = list(dict.fromkeys(paths))
        for path in wanted:
            check_path(path)
        commit = self._commit_of(rev)
        if commit is None:
            return {}
        if len(wanted) <= _FEW:
            return self._objects.files({path: f"{commit}:{path}" for path in wanted})
        ids = self.roots(commit)
        for top in sorted({path.partition("/")[0] for path in wanted} & {*ids}):
            ids |= self.entries(top, commit)
        return self._objects.files({path: ids[path] for path in wanted if path in ids})

    def read_folders(self, folders: Mapping[str, str], names: Sequence[str]) -> dict[str, dict[str, bytes]]:
        """The files of these ``names`` in many folders, each given by the id that :meth:`folders` told, under the same
        key. Nothing else is looked at, however much stands beside them.
        """
        for name in names:
            check_path(name)
        wanted = {(key, name): f"{_rev(each)}:{name}" for key, each in folders.items() for name in names}
        found: dict[str, dict[str, bytes]] = {key: {} for key in folders}
        for (key, name), contents in self._objects.files(wanted).items():
            found[key][name] = contents
        return found

    def list(self, prefix: str = "", rev: str = "main") -> list[str]:
        """The paths of all files under a folder at a revision, sorted."""
        return sorted(self.entries(prefix, rev))

    def roots(self, rev: str = "main") -> dict[str, str]:
        """The id of each file and folder at the top of a revision, by name: equal ids are equal contents."""
        commit = self._commit_of(rev)
        return {name: each for name, _, each in self._objects.folder(commit, "")} if commit is not None else {}

    def folders(self, prefix: str, rev: str, names: Collection[str] | None = None) -> dict[str, str]:
        """The folders that stand directly in a folder at a commit, by name, each with the id of its contents; those of
        ``names`` alone, where given.
        """
        check_path(prefix)
        if names is None or len(names) > _FEW:
            found = {name: each for name, folder, each in self._objects.folder(_rev(rev), prefix) if folder}
            return {name: found[name] for name in names if name in found} if names is not None else found
        for name in names:
            check_path(name)
        asked = self._objects.read([f"{_rev(rev)}:{prefix}/{name}" for name in names])
        return {name: one.id for name, one in zip(names, asked, strict=True) if one and one.kind == "tree"}

    def entries(self, prefix: str = "", rev: str = "main") -> dict[str, str]:
        """The files under a folder at a revision, each with the id of its contents: equal ids, equal contents."""
        commit, folder = self._commit_of(rev), prefix.rstrip("/")
        if folder:
            check_path(folder)
        return self._objects.below(commit, folder) if commit is not None else {}

    def changed(self, before: str, after: str, paths: Sequence[str]) -> list[str] | None:
        """The files at or below ``paths`` that differ between two commits; None where one of these is not there."""
        for path in paths:
            check_path(path)
        options = ("-r", "-z", "--name-only", "--no-renames", _rev(before), _rev(after), "--", *paths)
        code, out, _ = self._git.attempt("diff-tree", *options)
        return None if code else [name for name in out.decode("utf-8", "replace").split("\0") if name]

    def _commit_of(self, rev: str) -> str | None:
        """The commit that a revision names; None for ``main`` before the first one."""
        return self.head() if rev == "main" else _rev(rev)

    def commit(
        self,
        changes: Mapping[str, bytes | None],
        *,
        subject: str,
        trailers: Mapping[str, Sequence[str]],
        expected: str | None,
        lock: int | None = None,
    ) -> str:
        """Commits ``changes`` (None deletes a path) on top of ``expected`` and returns the commit's id.

        Acknowledged means on disk. ``expected`` is what :meth:`head` gave when the changes were made;
        ``lock`` is what ``gitstore.lock.writing`` gave a caller that holds the write lock already.

        Raises:
            ReadOnly: it is not writable.
            RegistryConflict: ``main`` is no longer ``expected``; nothing was written.
            StorageError: the disk is full or may not be written; nothing was changed.
            RegistryError: the lease is lost, or git failed.
            ValueError: a path, the subject or a trailer is not allowed.
        """
        self.insist_on_writable()
        text = message(subject, trailers)
        with writing(self.path) if lock is None else nullcontext(lock) as held, leaving_no_drafts(self.path):
            self._expect(expected)
            sha = self.draft(changes, text=text, parent=expected or "", lock=held)
            self._move(sha, expected, held)
            return sha

    def draft(self, changes: Mapping[str, bytes | None], *, text: bytes, parent: str, lock: int) -> str:
        """Writes a commit of ``changes`` on top of ``parent`` (empty for none), to which nothing leads yet, and returns
        its id. ``text`` is what :func:`~agentforge.gitstore.saying.message` gave, ``lock`` what ``writing`` gave.

        Raises:
            StorageError, RegistryError, ValueError: as :meth:`commit`.
        """
        made = Building(self._objects.listed, parent)
        sha = made.commit(changes, text=text, time=int(clock.now().timestamp()))
        self._take_in(made, len(changes), lock)
        return sha

    def _take_in(self, made: Building, files: int, lock: int) -> None:
        """Writes objects to the disk; nothing leads to them yet."""
        if files > _FEW_FILES:
            self._git.run("index-pack", "--stdin", feed=made.pack(), keep=lock)
            return
        try:
            write_loose(self.path, made.objects, 0 if made.longest() >= _LONG_BYTES else zlib.Z_BEST_SPEED)
        except OSError as error:
            raise self._git.failure("commit", f"fatal: {error.strerror}") from error

    def _move(self, sha: str, expected: str | None, lock: int) -> None:
        """Lets ``main`` lead to a commit that was written."""
        steps = [f"update {MAIN} {sha} {expected or _NOTHING}"]
        if self._lease is not None:
            steps.append(f"verify {LEASE} {self._lease}")
        feed = "\n".join(["start", *steps, "prepare", "commit", ""]).encode()
        code, _, err = self._git.attempt("update-ref", "--stdin", feed=feed, keep=lock)
        if code:
            self._expect(expected)
            self._expect_lease()
            raise self._git.failure("update-ref", err)

    def take_lease(self) -> str:
        """Makes this store the repository's only leaseholder and returns the lease's id.

        From now on its commits fail once another one has taken the lease; stores that never took one
        rely on the expected value of ``main`` alone (raises ReadOnly where it is not writable).
        """
        self.insist_on_writable()
        with writing(self.path) as lock, leaving_no_drafts(self.path):
            feed = secrets.token_hex(16).encode()
            lease = self._git.run("hash-object", "-w", "--stdin", feed=feed, keep=lock).decode().strip()
            self._git.run("update-ref", LEASE, lease, keep=lock)
        self._lease = lease
        return lease

    def log(
        self,
        paths: Sequence[str] = (),
        *,
        trailer: tuple[str, str] | None = None,
        limit: int | None = None,
        heard: bool = False,
    ) -> list[Commit]:
        """The commits of ``main``, newest first; those that touch ``paths`` or carry a trailer, where given. What was
        only heard from a remote never stood here: it is left out, unless ``heard`` asks for it.
        """
        if (head := self.head()) is None:
            return []
        for path in paths:
            check_path(path.rstrip("/"))
        left_out = frozenset[str]() if heard else self._only_heard(head)
        return commits_of(self._git, MAIN, paths, trailer, limit, left_out)

    def _only_heard(self, head: str) -> frozenset[str]:
        if self._unbelieved[0] != head:
            self._unbelieved = (head, only_heard(self.path, head))
        return self._unbelieved[1]

    def check(self) -> list[str]:
        """What ``git fsck`` finds wrong; empty for a sound repository."""
        code, out, err = self._git.attempt("fsck", "--full", "--strict", "--no-dangling", "--no-progress", seconds=300)
        lines = [*out.decode("utf-8", "replace").splitlines(), *err.splitlines()]
        found = [line.strip() for line in lines if line.strip() and not line.startswith("notice:")]
        return found or ([f"git fsck ended with {code}"] if code else [])

    def _ref(self, ref: str) -> str | None:
        code, out, err = self._git.attempt("rev-parse", "--verify", "--quiet", f"{ref}^{{object}}")
        if code and err.strip():
            raise self._git.failure("rev-parse", err)
        if code and self._git.attempt("rev-parse", "--verify", "--quiet", ref)[1].strip():
            raise damaged(self.path, f"{ref} names an object that is missing")
        return out.decode().strip() or None

    def _expect(self, expected: str | None) -> None:
        found = self.head()
        if found != expected:
            raise RegistryConflict(
                f"Somebody else committed to {self.path} first ({(found or 'nothing')[:12]} is there).",
                fix="Nothing was written; try again.",
            )

    def _expect_lease(self) -> None:
        if self._lease is not None and self._ref(LEASE) != self._lease:
            raise RegistryError(
                f"Another worker has taken over {self.path}; nothing was written.",
                fix="Let that worker finish, or start this one anew.",
            )


def _initialise(draft: Path, files: Mapping[str, bytes], subject: str) -> None:
    """Makes the bare repository in ``draft`` with its first commit."""
    process = GitProcess(draft)
    with GitStore(process) as store:
        process.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={MAIN.rpartition('/')[2]}")
        store.commit(files, subject=subject, trailers={}, expected=None)


def _occupied(path: Path) -> NotARegistry:
    return NotARegistry(f"{path} exists already.", fix="Open it, or move it away to make a new registry there.")


def _rev(rev: str) -> str:
    if rev == "main":
        return MAIN
    if not _SHA.fullmatch(rev):
        raise ValueError(f"{rev[:80]!r} is no revision: give main or a commit's id")
    return rev
