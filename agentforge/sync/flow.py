"""A sync: fetch, look, take what somebody known vouches for, let the rest wait, send.

Every step is one commit or one ref, and can be done again: a sync that is killed anywhere loses nothing, and the next
one goes on from what it finds. Nothing is ever sent that does not come from what the remote holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

from agentforge.errors import RegistryConflict
from agentforge.gitstore.ancestry import HEARD, MERGED, SIGNED, TRAILER, Ancestry
from agentforge.gitstore.apart import bring_in, set_apart
from agentforge.gitstore.joining import forward, join, note, signed
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.remote import ARRIVED, fetch, push
from agentforge.gitstore.store import GitStore
from agentforge.registry.merging.tools import Merged, Settled, Three, merge_tools
from agentforge.registry.revocation import revocations, revoke
from agentforge.registry.snapshot import Snapshot
from agentforge.sync.looking import Looked, claims, look
from agentforge.sync.others import Others, merge_others
from agentforge.sync.parts import Claim, SyncParts
from agentforge.sync.report import Arrived, Synced

TRIES = 8
"""How often others may push, or commit here, while a sync is at work, before it gives up."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """What merging a commit would do to the registry as it stands at ``head``."""

    head: str
    merged: Merged
    others: Others
    forward: bool

    @property
    def files(self) -> Mapping[str, bytes | None]:
        return {**self.merged.files, **self.others.files}


@dataclass(slots=True)
class _Run:
    parts: SyncParts
    apart: GitStore
    report: Synced
    settled: dict[tuple[str, str, str], Settled] = field(default_factory=lambda: {})
    told: list[str] = field(default_factory=lambda: [])

    @property
    def store(self) -> GitStore:
        return self.parts.registry.store

    @property
    def dry_run(self) -> bool:
        return self.report.dry_run


async def synchronise(parts: SyncParts, *, dry_run: bool = False) -> Synced:
    """Makes the registry and the remote one; with ``dry_run`` nothing is changed on either side.

    Raises:
        RemoteUnreachable, RemoteRefused: nothing was changed by that.
        RegistryConflict: others pushed faster, again and again; what came is taken in.
        RegistryError, StorageError: the registry cannot be written.
        ConfigurationError: the key cannot sign.
        SandboxError: what came cannot be tried; nothing of it is callable.
    """
    with ExitStack() as stack:
        apart = await asyncio.to_thread(stack.enter_context, set_apart(parts.registry.store))
        run = _Run(parts, apart, Synced(parts.remote.address, parts.registry.head(), dry_run))
        stack.callback(parts.bounds.stop.set)  # a thread that still waits for a remote when nobody waits for it
        for _ in range(TRIES):
            with suppress(RegistryConflict):
                if await _once(run):
                    return replace(run.report, head=parts.registry.head(), told=tuple(dict.fromkeys(run.told)))
    raise RegistryConflict(
        f"Others kept changing {parts.remote.address}, or the registry, at the same time.",
        fix="What came was taken in; sync again to send what is yours.",
    )


async def _once(run: _Run) -> bool:
    """Whether both sides hold the same, as far as this one believes the other."""
    parts, apart, git = run.parts, run.apart, GitProcess(run.apart.path)
    parts.tell(f"asking {parts.remote.address}")
    before = await asyncio.to_thread(_named, run.store, parts.heard)
    arrived = await asyncio.to_thread(fetch, git, parts.remote, parts.bounds)
    if arrived is None:
        if before:
            run.told.append("The remote is empty, and was not when it was last asked: all of yours goes there again.")
        return await _send(run, "")
    looked = await asyncio.to_thread(look, parts, apart, arrived, before)
    claimed = await asyncio.to_thread(claims, parts.registry, apart, looked, before) if looked.loose else []
    if not run.dry_run and arrived != before:
        await asyncio.to_thread(bring_in, run.store, apart)
    if looked.vouched:
        await _take(run, looked)
    if looked.loose:
        await _hear(run, looked, claimed)
    return await _send(run, arrived)


async def _take(run: _Run, looked: Looked) -> None:
    """Merges what somebody known vouches for."""
    draft = await asyncio.to_thread(_draft, run, looked.vouched)
    while draft is not None and draft.merged.contests and not run.dry_run:
        for one in draft.merged.contests:
            run.parts.tell(f"{one.name} was changed on both sides: running the tests of both")
            run.settled[one.name, one.ours.version, one.theirs.version] = await run.parts.settle(one)
        draft = await asyncio.to_thread(_draft, run, looked.vouched)
    if draft is None:
        return
    merged, others = draft.merged, draft.others
    run.told += [f"{each}." for each in (*merged.told, *others.told)]
    if run.dry_run:
        run.told += [f"{one.name} was changed on both sides: a sync runs the tests of both." for one in merged.contests]
    else:
        await asyncio.to_thread(_commit, run, draft, looked)
    run.report = replace(
        run.report,
        signer=looked.signer,
        took=(*run.report.took, *merged.took),
        others=(*run.report.others, *others.took),
        waits=(*run.report.waits, *merged.waits),
    )


def _draft(run: _Run, vouched: str) -> _Draft | None:
    """None where all of it was taken over before."""
    head, layer, apart = run.parts.registry.head(), run.parts.registry.layer, run.apart
    ancestry = Ancestry.of(apart.path, head, vouched)
    if ancestry.took(head, vouched):
        return None
    base = ancestry.shared(head, vouched)
    ours, theirs = (_snapshot(apart, rev, run) for rev in (head, vouched))
    three = Three(Snapshot.take(apart, base, layer) if base else None, ours, theirs)
    settled = {name: one for (name, mine, other), one in run.settled.items() if _still(three, name, mine, other)}
    merged, others = merge_tools(three, settled), merge_others(apart, base, head, vouched)
    clean = not (merged.told or others.told or merged.contests)
    return _Draft(head, merged, others, clean and ancestry.took(vouched, head))


def _still(three: Three, name: str, mine: str, other: str) -> bool:
    sides = (side.states.tools.get(name) for side in (three.ours, three.theirs))
    return [side and side.version for side in sides] == [mine, other]


def _snapshot(store: GitStore, rev: str, run: _Run) -> Snapshot:
    found = Snapshot.take(store, rev, run.parts.registry.layer)
    if found is None:
        raise RegistryConflict("What was fetched is no registry any more.")
    return found


def _commit(run: _Run, draft: _Draft, looked: Looked) -> None:
    if draft.forward:
        return forward(run.store, looked.vouched, draft.head)
    names = sorted({one.name for one in draft.merged.took})
    join(
        run.store,
        draft.files,
        subject="Merge what came from the remote",
        trailers={TRAILER: [MERGED], "Tool": names},
        expected=draft.head,
        others=[looked.vouched],
        key=run.parts.key,
    )
    return None


async def _hear(run: _Run, looked: Looked, found: Sequence[Claim]) -> None:
    """Lets tools wait that nobody known vouches for; nothing else of that is believed."""
    plural = "commit carries" if looked.loose == 1 else "commits carry"
    run.told.append(
        f"{looked.loose} {plural} no signature of anybody known: of these only tools were taken, to wait for you; what"
        " they say of where tools stand, of what once went wrong, of memory and of all else was left."
    )
    done = [Arrived(one.name, "unseen") for one in found] if run.dry_run else await run.parts.receive(found)
    run.report = replace(run.report, arrived=(*run.report.arrived, *done))


def _revoke_again(parts: SyncParts) -> None:
    """What came in may come from what is revoked here, or was revoked there."""
    for entry in revocations(parts.registry).values():
        if not entry.undone:
            revoke(parts.registry, entry.origin)


async def _send(run: _Run, arrived: str) -> bool:
    if run.dry_run:
        await asyncio.to_thread(_foresee, run, arrived)
        return True
    await asyncio.to_thread(_revoke_again, run.parts)
    return await asyncio.to_thread(_sent, run, arrived)


def _sent(run: _Run, arrived: str) -> bool:
    """Sends what the remote has not; False where somebody else pushed first."""
    parts, store, head = run.parts, run.store, run.parts.registry.head()
    ancestry = Ancestry.of(store.path, *filter(None, (head, arrived)))
    if not (arrived and ancestry.reaches(arrived, head)):
        heard = [arrived] if arrived and not ancestry.reaches(head, arrived) else []
        if heard or (parts.key is not None and not signed(store, [head])):
            told = {TRAILER: [HEARD if heard else SIGNED]}
            subject = "Hear what the remote holds" if heard else "Sign what stands"
            head = join(store, {}, subject=subject, trailers=told, expected=head, others=heard, key=parts.key)
        parts.tell("sending")
        if not push(GitProcess(run.apart.path), parts.remote, head, parts.bounds):
            return False
        _tell_of_sent(run, store, arrived, head)
        arrived = head
    note(store, {parts.heard: arrived, ARRIVED: None})
    return True


def _foresee(run: _Run, arrived: str) -> None:
    _tell_of_sent(run, run.apart, arrived, run.parts.registry.head())


def _tell_of_sent(run: _Run, store: GitStore, arrived: str, head: str) -> None:
    """Notes which commits the remote has not, and the tools that stand there otherwise or not at all."""
    unsent = Ancestry.of(store.path, *filter(None, (head, arrived))).unsent(head, arrived)
    there = store.folders("tools", arrived) if arrived and "tools" in store.roots(arrived) else {}
    here = store.folders("tools", head) if unsent and "tools" in store.roots(head) else {}
    went = sorted(name for name, each in here.items() if there.get(name) != each)
    run.report = replace(run.report, went=tuple(went), commits=len(unsent))


def _named(store: GitStore, ref: str) -> str:
    """The commit that a ref of ours names; empty where there is no such ref."""
    code, out, _ = GitProcess(store.path).attempt("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    return "" if code else out.decode().strip()
