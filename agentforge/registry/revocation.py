"""Revoking an origin: everything that comes from it leaves use in one commit, and can be given back in another.

Tools that stand are quarantined, proposals leave the queue for ``revoked/NAME/N/``, regressions are set aside,
``revoked.toml`` remembers all of it. What several revocations hold comes back with the last of them, in whatever
order they are undone. What somebody changed since stays as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from agentforge import clock
from agentforge.errors import ToolInvalid, UsageError
from agentforge.gitstore.changing import Change
from agentforge.registry.ancestry import descents_of
from agentforge.registry.lineage import Descent, Node, descendants, graph_of
from agentforge.registry.manifest import one_line
from agentforge.registry.references import Origin
from agentforge.registry.repository import Registry
from agentforge.registry.revoked import REVOKED_FILE, Held, Revocation, Revoked, Withdrawn, read_revoked
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import REASON_CHARS, Reviews, Standing, Waiting
from agentforge.registry.tool import Tool
from agentforge.registry.withdrawal import Entries
from agentforge.types import State


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a revocation, or its undoing, did.

    ``tools`` were quarantined or given back, ``proposals`` (``NAME/N``) taken out of the queue or put back,
    ``regressions`` (``NAME/SOURCE``) no longer asked for, or asked for again; ``kept`` says of each thing that could
    not be taken or given back why. ``commit`` is empty where nothing was to be done. ``memory`` names what of memory
    left or came back with it, where somebody above this room says so: what is remembered is not told here.
    """

    id: str
    origin: Origin
    tools: tuple[str, ...] = ()
    proposals: tuple[str, ...] = ()
    regressions: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    commit: str = ""
    memory: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    """A change in the making: what will be written, and what will be told."""

    snapshot: Snapshot
    revoked: Revoked
    tools: dict[str, Standing] = field(default_factory=lambda: {})
    reviews: dict[str, Reviews] = field(default_factory=lambda: {})
    files: dict[str, bytes | None] = field(default_factory=lambda: {})
    moved: list[str] = field(default_factory=lambda: [])
    kept: list[str] = field(default_factory=lambda: [])
    revocations: dict[str, Revocation] = field(init=False)
    held: dict[str, Held] = field(init=False)
    withdrawn: dict[str, Withdrawn] = field(init=False)
    entries: Entries = field(init=False)

    def __post_init__(self) -> None:
        self.revocations = dict(self.revoked.revocations)
        self.held = dict(self.revoked.held)
        self.withdrawn = dict(self.revoked.withdrawn)
        self.entries = Entries(self.snapshot, dict(self.revoked.regressions))

    @property
    def after(self) -> Revoked:
        """``revoked.toml`` as it will be."""
        return Revoked(self.revocations, self.held, self.withdrawn, self.entries.aside)

    def review_of(self, name: str) -> Reviews:
        """What waits under a name, as it will be."""
        return self.reviews.get(name) or self.snapshot.states.review_of(name)

    def change(self, subject: str, origin: Origin, revocation: str) -> Change | None:
        """The commit; None where nothing is to be done."""
        entries = self.entries.files
        if not (self.tools or self.moved or self.files or entries) and self.after == self.revoked:
            return None
        touched = self.tools or self.reviews
        states = self.snapshot.states.files(tools=self.tools, reviews=self.reviews) if touched else {}
        moved = (target.partition("/")[0] for target in (*self.moved, *self.entries.moved))
        names = sorted({*self.tools, *moved})
        return Change(
            subject,
            {
                **self.files,
                **entries,
                **states,
                REVOKED_FILE: self.after.text(),
            },
            {"Revocation": [revocation], "Revoked": [str(origin)], "Tool": names, "Proposal": self.moved},
        )


def revoke(registry: Registry, origin: Origin, *, reason: str = "", approver: str = "") -> Outcome:
    """Takes everything that comes from ``origin`` out of use; doing it twice changes nothing.

    An episode or a source stays revoked: nothing is added that comes from it until the revocation is undone.
    What has come from it since an earlier revocation of it is taken under the id of that one.

    Raises:
        RegistryError: the registry is damaged, or its ``revoked.toml`` malformed.
        StorageError: the disk is full; nothing was changed.
    """
    fresh, now = f"r{uuid.uuid4().hex[:12]}", clock.now().isoformat(timespec="seconds")
    entry = Revocation(
        kind=origin.kind, ref=origin.ref, time=now, approver=approver, reason=one_line(reason, REASON_CHARS)
    )
    told: list[Outcome] = []

    def change(snapshot: Snapshot) -> Change | None:
        draft = _Draft(snapshot, read_revoked(snapshot))
        known = draft.revoked.of(origin)
        if not known:
            draft.revocations[fresh] = entry
        descents = descents_of(snapshot, registry.store)
        graph = graph_of(descents)
        roots = frozenset(origin.roots(graph))
        taken = descendants(graph, roots)
        for one in descents:
            if one.node in taken:
                _take(draft, one, known or fresh)
        draft.entries.take(registry.store, roots, known or fresh)
        told[:] = [_outcome(draft, known or fresh, origin, draft.tools)]
        return draft.change(f"Revoke {known or fresh}", origin, known or fresh)

    return _done(registry, change, told, approver)


def undo(registry: Registry, revocation: str, *, approver: str = "") -> Outcome:
    """Gives back what a revocation took, as far as nobody changed it since and no other one holds it.

    Undoing twice changes nothing.

    Raises:
        UsageError: there is no such revocation.
        RegistryError, StorageError: as :func:`revoke`.
    """
    told: list[Outcome] = []

    def change(snapshot: Snapshot) -> Change | None:
        draft = _Draft(snapshot, read_revoked(snapshot))
        entry = draft.revoked.revocations.get(revocation)
        if entry is None:
            raise UsageError(
                f"There is no revocation {revocation[:80]!r}.", fix="`agentforge revoke --list` shows all of them."
            )
        told[:] = [Outcome(revocation, entry.origin)]
        if entry.undone:
            return None
        draft.revocations[revocation] = entry.model_copy(update={"undone": True})
        for name, held in draft.revoked.held.items():
            if revocation in held.by:
                _give_back(draft, name, held, revocation)
        for target, withdrawn in draft.revoked.withdrawn.items():
            if revocation in withdrawn.by:
                _put_back(draft, target, withdrawn, revocation)
        draft.entries.give_back(revocation)
        given = [name for name, standing in draft.tools.items() if name not in draft.held and standing]
        told[:] = [_outcome(draft, revocation, entry.origin, given)]
        return draft.change(f"Undo revocation {revocation}", entry.origin, revocation)

    return _done(registry, change, told, approver)


def revocations(registry: Registry) -> dict[str, Revocation]:
    """All revocations by id, undone ones included, the oldest first (raises RegistryError)."""
    found = read_revoked(registry.snapshot()).revocations
    return dict(sorted(found.items(), key=lambda pair: (pair[1].time, pair[0])))


def refuse_descendant(registry: Registry, tool: Tool) -> None:
    """Keeps a proposal, or an earlier version, that comes from what is revoked from being made live.

    Raises:
        ToolInvalid: it does; the sentence says from what.
        RegistryError: the registry is damaged, or its ``revoked.toml`` malformed.
    """
    snapshot = registry.snapshot()
    in_force = read_revoked(snapshot).in_force
    if not in_force:
        return
    graph = graph_of(descents_of(snapshot, registry.store, [tool.name]))
    node = Node("tool", f"{tool.name}@{tool.version}")
    for revocation, entry in in_force.items():
        if node in descendants(graph, entry.origin.roots(graph)):
            raise ToolInvalid(
                tool.name,
                [f"version {tool.version[:12]} comes from {entry.origin}, which was revoked ({revocation})"],
                fix=f"Let it in again with 'agentforge revoke --undo {revocation}', if that was wrong.",
            )


def _outcome(draft: _Draft, revocation: str, origin: Origin, tools: Iterable[str]) -> Outcome:
    entries = draft.entries
    kept = (*draft.kept, *entries.kept)
    return Outcome(revocation, origin, tuple(tools), tuple(draft.moved), tuple(entries.moved), kept)


def _done(
    registry: Registry, change: Callable[[Snapshot], Change | None], told: Sequence[Outcome], approver: str
) -> Outcome:
    commit = registry.apply(change, {"Approver": [approver]} if approver else {})
    return replace(told[0], commit=commit or "")


def _take(draft: _Draft, one: Descent, revocation: str) -> None:
    match one.place:
        case "standing":
            _quarantine(draft, one.name, revocation)
        case "waiting":
            _withdraw(draft, one, revocation)
        case "withdrawn":
            entry = draft.withdrawn[one.target]
            if revocation not in entry.by:
                draft.withdrawn[one.target] = entry.model_copy(update={"by": (*entry.by, revocation)})
        case "past":
            pass


def _quarantine(draft: _Draft, name: str, revocation: str) -> None:
    standing = draft.snapshot.states.tools[name]
    if draft.revoked.holds(name, standing):
        held = draft.held[name]
        if revocation not in held.by:
            draft.held[name] = held.model_copy(update={"by": (*held.by, revocation)})
        return
    draft.held[name] = Held(version=standing.version, state=standing.state, reason=standing.reason, by=(revocation,))
    _stand(draft, name, standing, State.QUARANTINED, draft.after.mark(revocation))


def _withdraw(draft: _Draft, one: Descent, revocation: str) -> None:
    name, number = one.name, one.number
    waiting = draft.review_of(name).waiting.get(str(number)) or Waiting(version=one.version)
    draft.withdrawn[one.target] = Withdrawn(
        version=one.version, unconfirmed=waiting.unconfirmed, reason=waiting.reason, by=(revocation,)
    )
    draft.reviews[name] = draft.review_of(name).decided(number)
    contents = draft.snapshot.proposal(name, number)
    draft.files |= {f"revoked/{one.target}/{file}": data for file, data in contents.items()}
    draft.files[f"proposed/{one.target}"] = None
    draft.moved.append(one.target)


def _give_back(draft: _Draft, name: str, held: Held, revocation: str) -> None:
    standing = draft.snapshot.states.tools.get(name)
    rest = tuple(other for other in held.by if other != revocation)
    untouched = draft.revoked.holds(name, standing)
    if rest:
        draft.held[name] = held.model_copy(update={"by": rest})
    else:
        del draft.held[name]
    if standing is None or not untouched:
        draft.kept.append(f"{name} was changed since: {_whereabouts(standing)}")
    elif rest:
        draft.kept.append(f"{name} stays in quarantine for {', '.join(rest)}")
        _stand(draft, name, standing, State.QUARANTINED, draft.after.mark(rest[0]))
    else:
        _stand(draft, name, standing, held.state, held.reason)


def _put_back(draft: _Draft, target: str, withdrawn: Withdrawn, revocation: str) -> None:
    rest = tuple(other for other in withdrawn.by if other != revocation)
    draft.withdrawn[target] = withdrawn.model_copy(update={"by": rest})
    if rest:
        draft.kept.append(f"{target} stays out of the queue for {', '.join(rest)}")
        return
    name, _, number = target.partition("/")
    contents = draft.snapshot.stored(f"revoked/{target}")
    if int(number) in draft.snapshot.proposals.get(name, ()) or not contents:
        why = "another proposal has its number" if contents else "its folder is gone"
        draft.kept.append(f"{target} was changed since: {why}")
        return
    del draft.withdrawn[target]
    waiting = Waiting(version=withdrawn.version, unconfirmed=withdrawn.unconfirmed, reason=withdrawn.reason)
    draft.reviews[name] = draft.review_of(name).proposed(int(number), waiting)
    draft.files |= {f"proposed/{target}/{file}": data for file, data in contents.items()}
    draft.files[f"revoked/{target}"] = None
    draft.moved.append(target)


def _stand(draft: _Draft, name: str, standing: Standing, state: State, reason: str) -> None:
    moved = standing.model_copy(update={"state": state, "reason": reason})
    if moved != standing:
        draft.tools[name] = moved


def _whereabouts(standing: Standing | None) -> str:
    return f"it is {standing.state} in version {standing.version[:12]}" if standing else "no version of it stands"
