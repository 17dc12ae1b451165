"""Commits that join histories, or say nothing but who vouches for what stands, signed where a key is there.

A signature (git's, by an ssh key) stands on the newest commit: it vouches for the files of that commit, and for all
history behind it, which its id holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from agentforge import clock
from agentforge.errors import ConfigurationError, RegistryConflict, RegistryError
from agentforge.gitstore.lock import leaving_no_drafts, writing
from agentforge.gitstore.objects import Objects
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.saying import AUTHOR, message
from agentforge.gitstore.store import MAIN, GitStore

_NO_OTHER_KIND = ("gpg.program=false", "gpg.x509.program=false", "gpg.ssh.program=ssh-keygen")
"""Only ssh's signatures: the others would be looked up in keyrings of the user's that were filled for other ends."""


def signer(store: GitStore, commit: str, allowed: Path | None) -> str:
    """Who signed a commit, by the name that the file of allowed signers gives; empty where nobody known did.

    Raises:
        RegistryError: the commit cannot be read.
    """
    if allowed is None or not allowed.is_file():
        return ""
    settings = (*_NO_OTHER_KIND, f"gpg.ssh.allowedSignersFile={allowed.absolute()}")
    words = ("log", "-1", "--no-show-signature", "--format=%G?%x00%GS", commit, "--")
    verdict, _, name = GitProcess(store.path).run(*words, settings=settings).decode("utf-8", "replace").partition("\0")
    return name.strip() if verdict == "G" else ""


def signed(store: GitStore, commits: Sequence[str]) -> list[str]:
    """Those of ``commits`` that carry a signature, whoever's (raises RegistryError)."""
    objects = Objects(GitProcess(store.path))
    try:
        found = zip(commits, objects.read(commits), strict=True)
        return [commit for commit, one in found if one and b"\ngpgsig" in one.contents.partition(b"\n\n")[0]]
    finally:
        objects.close()


def join(
    store: GitStore,
    changes: Mapping[str, bytes | None],
    *,
    subject: str,
    trailers: Mapping[str, Sequence[str]],
    expected: str,
    others: Sequence[str] = (),
    key: Path | None = None,
) -> str:
    """Commits ``changes`` (None deletes a path; there may be none) on top of ``expected`` with the further parents
    ``others``, signed by ``key``, and returns the commit's id. ``main`` moves as for :meth:`GitStore.commit`.

    Raises:
        ReadOnly, RegistryConflict, StorageError, RegistryError, ValueError: as there.
        ConfigurationError: ``key`` cannot sign.
    """
    store.insist_on_writable()
    git = GitProcess(store.path)
    text, now = message(subject, trailers), int(clock.now().timestamp())
    with writing(store.path) as lock, leaving_no_drafts(store.path):
        _expect(store, expected)
        draft = store.draft(changes, text=text, parent=expected, lock=lock) if changes else expected
        tree = git.run("rev-parse", "--verify", f"{draft}^{{tree}}").decode().strip()
        commit = _commit_tree(git, tree, (expected, *others), text, now, key, lock)
        _move(store, git, commit, lock, expected)
    return commit


def forward(store: GitStore, commit: str, expected: str) -> None:
    """Moves ``main`` to a commit that comes from ``expected`` (raises as :func:`join`)."""
    store.insist_on_writable()
    with writing(store.path) as lock:
        _expect(store, expected)
        _move(store, GitProcess(store.path), commit, lock, expected)


def note(store: GitStore, refs: Mapping[str, str | None]) -> None:
    """Lets refs of ours name commits; None takes one away (raises StorageError, RegistryError)."""
    steps = [f"delete {ref}" if commit is None else f"update {ref} {commit}" for ref, commit in refs.items()]
    with writing(store.path) as lock:
        feed = "\n".join(["start", *steps, "prepare", "commit", ""]).encode()
        GitProcess(store.path).run("update-ref", "--stdin", feed=feed, keep=lock)


def _commit_tree(
    git: GitProcess, tree: str, parents: Sequence[str], text: bytes, now: int, key: Path | None, lock: int
) -> str:
    name, _, address = AUTHOR.rstrip(">").partition(" <")
    who = [f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE")]
    environment = [f"{each}={value}" for each, value in zip(who, (name, address, f"{now} +0000") * 2, strict=True)]
    words = ["commit-tree", tree, *(part for parent in dict.fromkeys(parents) for part in ("-p", parent))]
    settings: tuple[str, ...] = ()
    if key is not None:
        words += ["-S"]
        settings = (*_NO_OTHER_KIND, "gpg.format=ssh", f"user.signingKey={key.expanduser().absolute()}")
    try:
        made = git.run(*words, feed=text, keep=lock, settings=settings, environment=environment, apart=key is not None)
    except RegistryError as error:
        if key is None:
            raise
        raise ConfigurationError(
            f"{key} cannot sign: {error.message}",
            fix="Name a key of ssh in sync.signing_key; one with a passphrase has to be in your agent.",
        ) from error
    return made.decode().strip()


def _move(store: GitStore, git: GitProcess, commit: str, lock: int, expected: str) -> None:
    feed = f"start\nupdate {MAIN} {commit} {expected}\nprepare\ncommit\n".encode()
    code, _, err = git.attempt("update-ref", "--stdin", feed=feed, keep=lock)
    if code:
        _expect(store, expected)
        raise git.failure("update-ref", err)


def _expect(store: GitStore, expected: str) -> None:
    if (found := store.head()) != expected:
        raise RegistryConflict(
            f"Somebody else committed to {store.path} first ({(found or 'nothing')[:12]} is there).",
            fix="Nothing was written; try again.",
        )
