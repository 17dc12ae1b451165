"""What a remote holds, looked at before any of it is taken: whether it is a registry, whether it goes on from what was
there before, and who vouches for how much of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from agentforge.errors import RegistryError, RemoteRefused
from agentforge.gitstore.ancestry import Ancestry
from agentforge.gitstore.apart import listing
from agentforge.gitstore.joining import signed, signer
from agentforge.gitstore.store import GitStore
from agentforge.registry.merging.layout import strange
from agentforge.registry.merging.tools import check_whole
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import FILES, contents_version
from agentforge.sync.parts import Claim, SyncParts

MOST_CLAIMS = 1_000
MOST_CLAIMED_BYTES = 64 << 20
"""Tools of one sync that nobody known vouches for, and what they hold: each is read and run, whoever sent it."""
_LOOKED_AT = 50
"""Signatures that are looked at, from the newest on."""


@dataclass(frozen=True, slots=True)
class Looked:
    """``commit`` is what the remote holds. ``vouched`` is the newest commit of it that somebody known signed, empty
    where there is none; ``signer`` is who. ``loose`` counts the new commits behind which nobody known stands.
    """

    commit: str
    vouched: str = ""
    signer: str = ""
    loose: int = 0


def look(parts: SyncParts, apart: GitStore, commit: str, before: str) -> Looked:
    """Checks what arrived; ``before`` is what the remote held when it was last heard, empty where it never was.

    Raises:
        RemoteRefused: it is no registry, or its history does not go on from there.
    """
    head = parts.registry.head()
    ancestry = Ancestry.of(apart.path, *filter(None, (commit, head, before)))
    if before and not ancestry.reaches(commit, before):
        raise _rewritten(parts, len(ancestry.unsent(before, commit)))
    if problems := strange(listing(apart, commit, parts.bounds)):
        raise RemoteRefused(
            f"What {parts.remote.address} holds is no registry: {'; '.join(problems)}.",
            fix="Nothing of it was taken. Whoever pushed that can take it away again.",
        )
    new = ancestry.beyond(commit, head)
    unheard = {*new} & {*(ancestry.unsent(commit, before) if before else new)}
    for each in signed(apart, new)[:_LOOKED_AT]:
        if before and not ancestry.shared(head, each):
            continue  # signed for another registry: whoever can push could have brought it here
        if who := signer(apart, each, parts.allowed):
            _check(parts, apart, each)
            return Looked(commit, each, who, len(unheard & {*ancestry.unsent(commit, each)}))
    return Looked(commit, loose=len(unheard))


def _check(parts: SyncParts, apart: GitStore, commit: str) -> None:
    try:
        snapshot = Snapshot.take(apart, commit, parts.registry.layer)
        if snapshot is not None:
            check_whole(snapshot)
            return
        why = "It has no state.toml."
    except RegistryError as error:
        why = error.message
    raise RemoteRefused(f"What {parts.remote.address} holds is no registry. {why}")


def _rewritten(parts: SyncParts, lost: int) -> RemoteRefused:
    return RemoteRefused(
        f"The history of {parts.remote.address} was rewritten: {lost} commits that it held before, with what was"
        " reviewed in them, are not in it any more.",
        fix="Nothing was taken and nothing was sent. If you know why (something was forgotten here, or the remote was"
        f" restored from a copy), put yours there: git -C {parts.registry.path} push --force-with-lease"
        f" {parts.remote.address} main",
    )


def claims(registry: Registry, apart: GitStore, looked: Looked, before: str) -> list[Claim]:
    """The tools on a remote that nobody known vouches for, and that are neither here nor were looked at before.

    Raises:
        RemoteRefused: there are too many. One text costs a remote nothing however often it stands in a commit.
    """
    known = [rev for rev in (looked.vouched, before) if rev]
    seen = {each for rev in known for each in _folders(apart, rev).values()}
    fresh = {path: each for path, each in _folders(apart, looked.commit).items() if each not in seen}
    _bound(apart, looked.commit, fresh)
    found: dict[tuple[str, str], Claim] = {}
    for path, files in apart.read_folders(fresh, FILES).items():
        name, version = path.split("/")[1], contents_version(files)
        if (name, version) not in found and not _here(registry, name, version):
            found[name, version] = Claim(name, files)
    return list(found.values())


def _bound(apart: GitStore, commit: str, fresh: Collection[str]) -> None:
    sizes = (file.size for path, file in listing(apart, commit).items() if path.rpartition("/")[0] in fresh)
    size = sum(sizes)
    if len(fresh) > MOST_CLAIMS or size > MOST_CLAIMED_BYTES:
        raise RemoteRefused(
            f"The remote holds {len(fresh)} tools of {size >> 20} MB that nobody known vouches for;"
            f" {MOST_CLAIMS} of {MOST_CLAIMED_BYTES >> 20} MB are tried in one sync at the most.",
            fix="If they are yours, sign them: sync.signing_key there, and allowed_signers here.",
        )


def _folders(store: GitStore, rev: str) -> dict[str, str]:
    return dict(_each_folder(store, rev))


def _each_folder(store: GitStore, rev: str) -> Iterator[tuple[str, str]]:
    """Every tool folder of a commit with the id of its contents."""
    roots = store.roots(rev)
    if "tools" in roots:
        yield from ((f"tools/{name}", each) for name, each in store.folders("tools", rev).items())
    for name in store.folders("proposed", rev) if "proposed" in roots else ():
        for number, each in store.folders(f"proposed/{name}", rev).items():
            yield f"proposed/{name}/{number}", each


def _here(registry: Registry, name: str, version: str) -> bool:
    """Whether a version stands here, stood, waits, or was rejected."""
    snapshot = registry.snapshot()
    standing, reviews = snapshot.states.tools.get(name), snapshot.states.review_of(name)
    decided = {one.version for one in (*reviews.waiting.values(), *reviews.rejected)}
    if version in decided or (standing is not None and standing.version == version):
        return True
    return standing is not None and any(version == one.version for one in registry.versions(name))
