"""Taking back one commit that added a tool, proposed one or moved one: all of what it did, or nothing where any of it
was changed since. A tool that was added is retired, so that git and the registry keep what it was.
"""

from __future__ import annotations

from agentforge.errors import UsageError
from agentforge.gitstore.changing import Change
from agentforge.registry.changes import Seen, move, rejection
from agentforge.registry.manifest import one_line
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import REASON_CHARS
from agentforge.types import State


def undo(registry: Registry, commit: str, *, approver: str = "", reason: str = "") -> str:
    """Takes back what ``commit`` (its full id) did to the one tool that it names; returns the commit that does so.

    Raises:
        UsageError: there is no such commit, it changed no tool, what it did was changed since, or another live tool
            needs what it added.
        RegistryError, StorageError: it cannot be written; nothing was changed.
    """
    found = next((one for one in registry.store.log() if one.sha == commit), None)
    name = next(iter(found.trailers.get("Tool", ())), "") if found is not None else ""
    before, after = (_taken(registry, rev) for rev in ((found.parent, found.sha) if found else ("", "")))
    if not name or before is None or after is None:
        raise UsageError(f"Commit {commit[:12]} changed no tool, so there is nothing to undo.")

    def change(snapshot: Snapshot) -> Change | None:
        if after.states.tools.get(name) == before.states.tools.get(name):
            made = _unproposed(snapshot, before, after, name, reason)
        else:
            made = _unmoved(snapshot, before, after, name, reason)
        if made is None:
            raise UsageError(
                f"Commit {commit[:12]} cannot be undone: {name} was changed since.",
                fix=f"`agentforge tools history {name}` shows what happened.",
            )
        return Change(f"Undo {commit[:12]}", made.files, made.trailers)

    return registry.apply(change, {"Tool": [name], "Approver": [approver] if approver else []}) or ""


def _taken(registry: Registry, rev: str) -> Snapshot | None:
    return Snapshot.take(registry.store, rev, registry.layer) if rev else None


def _unmoved(snapshot: Snapshot, before: Snapshot, after: Snapshot, name: str, reason: str) -> Change | None:
    """The tool where it stood before; one that stood nowhere is retired."""
    stood, stands = before.states.tools.get(name), after.states.tools.get(name)
    if stands is None or snapshot.states.tools.get(name) != stands:
        return None
    if stood is not None and stood.version != stands.version:
        raise UsageError(
            f"It made a new version of {name} live.", fix=f"`agentforge tools rollback {name}` lets the old one stand."
        )
    if stood is not None:
        states = snapshot.states.files(tools={name: stood})
        return Change("", states, {"Version": [stood.version], "State": [stood.state]})
    users = [
        tool.name for tool in snapshot.standing(snapshot.names(State.LIVE)) if name in getattr(tool, "depends", ())
    ]
    if users:
        raise UsageError(f"{name} cannot be taken back: {', '.join(users)} needs it by now.")
    return move(snapshot, name, State.RETIRED, one_line(reason or "It was undone.", REASON_CHARS), None)


def _unproposed(snapshot: Snapshot, before: Snapshot, after: Snapshot, name: str, reason: str) -> Change | None:
    """Without the proposal that the commit made."""
    numbers = set(after.proposals.get(name, ())) - set(before.proposals.get(name, ()))
    for number in numbers:
        version = after.proposal_version(name, number)
        if number in snapshot.proposals.get(name, ()) and snapshot.proposal_version(name, number) == version:
            return rejection(snapshot, Seen(name, number, version), reason or "It was undone.")
    return None
