"""Decisions of people about tools: what waits for one, what speaks for and against it, and the decision itself.

A decision falls on the version that was looked at: where something else is there by the time of the
commit, nothing is written and that is said. Every decision is one commit that names who made it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agentforge.errors import ApprovalNeeded, ToolInvalid, ToolNotFound, UsageError
from agentforge.gitstore.changing import Change
from agentforge.registry.changes import (
    Seen,
    approval,
    move,
    pinning,
    provenance_trailers,
    rejection,
    restoration,
)
from agentforge.registry.history import earlier
from agentforge.registry.manifest import ID
from agentforge.registry.pending import Pending, find, pending
from agentforge.registry.refusal import refuse_held
from agentforge.registry.repository import Registry
from agentforge.registry.revocation import refuse_descendant
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import Standing
from agentforge.registry.tool import Tool, from_files, validate
from agentforge.registry.untried import Tried, digest, sources, untried
from agentforge.types import State

SHORTEST_HASH = 7
"""Characters of a version that name it, at the least."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision did: where the tool stands now, in which commit; ``remarks`` are for a person."""

    name: str
    did: str
    state: str
    version: str
    commit: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Saw:
    """How somebody saw a tool standing before they decided about it."""

    state: str
    version: str


def approve(
    registry: Registry,
    target: str,
    *,
    approver: str,
    version: str = "",
    live: Collection[str] = (),
    tried: Tried | None = None,
    reason: str = "",
) -> Decision:
    """Makes a proposal live, with all that its manifest says it may reach; ``reason`` stays in its history.

    ``version`` is the hash (or its first characters) of what was looked at; one whose report does not speak
    for its contents is approved only by it. ``live`` are the tools that it may depend on. ``tried`` is what it did on
    calls that once went wrong, where its report does not tell of all that are kept by now.

    Raises:
        ToolNotFound, UsageError: as :func:`find`, or it is another version.
        ApprovalNeeded: it was not tried on all of those; or there are doubts, and ``version`` does not say that they
            were seen.
        ToolInvalid: it breaks the contract, depends on what is not live, is stale, or gets a call wrong that once
            went wrong.
    """
    named = _by(approver)
    found = find(registry, target, version=version, approvable=True)
    _check_version(found, version)
    if found.tool is None:
        raise ToolInvalid(found.name, found.problems, fix=f"Reject it: agentforge tools reject {found.target}")
    if found.stale:
        raise ToolInvalid(
            found.name, [found.stale], fix="Reject it, and have it made anew for the version that stands."
        )
    doubts = [*found.doubts, *_not_run(registry.snapshot(), found, found.tool, tried)]
    if doubts and not version:
        raise ApprovalNeeded(
            f"{found.target} was not approved: {'; '.join(doubts)}.",
            fix=f"Look at it, then name it: agentforge tools approve {found.target} --version {found.version[:12]}",
        )
    _check_contents(registry, found.tool, live)
    refuse_descendant(registry, found.tool)
    seen, tool, unconfirmed = Seen(found.name, found.number, found.version), found.tool, found.unconfirmed

    def change(snapshot: Snapshot) -> Change:
        _not_run(snapshot, found, tool, tried)  # once more: another call may have gone wrong meanwhile
        return approval(snapshot, seen, tool, found.files, unconfirmed=unconfirmed, reason=reason)

    commit = registry.apply(
        change,
        {**named, "Tool": [found.name], **provenance_trailers(tool)},
    )
    others = [each.target for each in pending(registry, found.name) if each.stale]
    remarks = [f"It may reach from now on: {', '.join(found.more)}."] if found.more else []
    remarks += [f"So may {', '.join(found.passed_on)}, which need it."] if found.passed_on else []
    remarks += [f"{', '.join(others)} can no longer be approved: it was made for what stood before."] if others else []
    return _decision(registry, found.name, "approved", commit, remarks)


def reject(registry: Registry, target: str, reason: str, *, approver: str, version: str = "") -> Decision:
    """Takes a proposal away; the reason stays with the tool's history.

    Raises:
        ToolNotFound, UsageError: as :func:`find`, it is another version, or there is no reason.
    """
    named = _by(approver)
    if not reason.strip():
        raise UsageError("A rejection needs a reason.", fix="Say it with --reason: it is shown in the tool's history.")
    found = find(registry, target, version=version)
    _check_version(found, version)
    seen = Seen(found.name, found.number, found.version)
    commit = registry.apply(lambda snapshot: rejection(snapshot, seen, reason), {**named, "Tool": [found.name]})
    return Decision(found.name, "rejected", "", found.version, commit or "")


_SOURCES: Mapping[State, Collection[State]] = {
    State.LIVE: (State.QUARANTINED, State.RETIRED),
    State.QUARANTINED: (State.LIVE, State.RETIRED),
    State.RETIRED: (State.LIVE, State.QUARANTINED),
}
"""From which states a person moves a tool that stands to which."""

_DID = {State.LIVE: "released", State.QUARANTINED: "quarantined", State.RETIRED: "retired"}


def put(
    registry: Registry, name: str, state: State, *, approver: str, reason: str = "", saw: Saw | None = None
) -> Decision:
    """Moves a tool that stands: releases, quarantines or retires it. ``saw`` is how whoever decides saw it standing;
    None moves it however it stands.

    Raises:
        ToolNotFound: no version of it stands.
        UsageError: it is in that state already, or no longer stands as it was seen.
        ToolInvalid: it is to be released, and its contents are not the version that stood, or it comes from
            what is revoked: only undoing the revocation gives it back.
    """

    def change(snapshot: Snapshot) -> Change | None:
        standing = _standing(snapshot, name)
        _check_saw(name, standing, saw)
        if standing.state not in _SOURCES[state]:
            raise UsageError(f"{name} is {standing.state} already.")
        found = snapshot.standing([name])[0]
        if state is State.LIVE:
            if isinstance(found, ToolInvalid):
                raise found
            refuse_held(snapshot, name)
            refuse_descendant(registry, found)
        return move(snapshot, name, state, reason, None)

    commit = registry.apply(change, {**_by(approver), "Tool": [name], "State": [state]})
    return _decision(registry, name, _DID[state], commit)


def pin(registry: Registry, name: str, *, approver: str, pinned: bool = True) -> Decision:
    """Pins a tool to the version that stands, or no longer: new versions of a pinned one become proposals.

    Raises:
        ToolNotFound: no version of it stands.
        UsageError: it is (or is not) pinned already.
    """

    def change(snapshot: Snapshot) -> Change:
        _standing(snapshot, name)
        made = pinning(snapshot, name, pinned=pinned)
        if made is None:
            raise UsageError(f"{name} is pinned already." if pinned else f"{name} is not pinned.")
        return made

    commit = registry.apply(change, {**_by(approver), "Tool": [name]})
    return _decision(registry, name, "pinned" if pinned else "unpinned", commit)


def rollback(
    registry: Registry,
    name: str,
    version: str = "",
    *,
    approver: str,
    live: Collection[str] | None = None,
    reason: str = "",
    saw: Saw | None = None,
) -> Decision:
    """Lets an earlier version stand again: the one named, else the one that stood before. Rolling back once
    more undoes it.

    It comes back in the state in which it last stood: one that was quarantined stays so until it is released.
    ``live`` are the tools that it may depend on; None does not ask. ``saw`` is as with :func:`put`.

    Raises:
        ToolNotFound: no version of it stands, or there is no such earlier version.
        UsageError: that version stands already, another one came in between, or it no longer stands as it was seen.
        ToolInvalid: that version breaks the contract of today, or depends on what is not live.
    """
    named = _by(approver)
    now = _standing(registry.snapshot(), name)
    _check_saw(name, now, saw)
    if version and len(version) < SHORTEST_HASH:
        raise UsageError(f"{version!r} is too short for a version.", fix=f"Give at least {SHORTEST_HASH} characters.")
    if version and now.version.startswith(version):
        raise UsageError(f"{name} stands in version {version[:12]} already.")
    before = earlier(registry, name, version)
    tool = from_files(before.files, name, layer=registry.layer)
    _check_contents(registry, tool, tool.depends if live is None else live)
    refuse_descendant(registry, tool)
    commit = registry.apply(
        lambda snapshot: restoration(snapshot, name, before.files, before.standing, now.version, reason),
        {**named, "Tool": [name]},
    )
    if commit is None:
        raise UsageError(f"{name} stands in version {before.standing.version[:12]} already.")
    remarks: list[str] = []
    if before.standing.state is not State.LIVE:
        remarks = [f"It is {before.standing.state}, as it last was: `agentforge tools release {name}` makes it live."]
    return _decision(registry, name, "rolled back", commit, remarks)


def _check_saw(name: str, standing: Standing, saw: Saw | None) -> None:
    if saw is not None and (saw.state, saw.version) != (standing.state, standing.version):
        raise UsageError(
            f"{name} has changed meanwhile: it is {standing.state} in version {standing.version[:12]}, and was "
            f"{saw.state} in version {saw.version[:12]} when you looked at it.",
            fix=f"Look at it again: agentforge tools history {name}",
        )


def _check_version(found: Pending, version: str) -> None:
    if version and len(version) < SHORTEST_HASH:
        raise UsageError(f"{version!r} is too short for a version.", fix=f"Give at least {SHORTEST_HASH} characters.")
    if not found.version.startswith(version):
        raise UsageError(
            f"{found.target} is version {found.version[:12]}, not {version[:12]}.",
            fix=f"Look at it again: agentforge tools diff {found.target}",
        )


def _not_run(snapshot: Snapshot, found: Pending, tool: Tool, tried: Tried | None) -> list[str]:
    """The doubt where a version could not be run on calls that once went wrong.

    Raises:
        ToolInvalid: it gets one of them wrong.
        ApprovalNeeded: nobody has tried.
    """
    missing = untried(snapshot, tool, believed=not found.doubts)
    if tried is not None and tried.version == found.version:
        if tried.wrong:
            raise ToolInvalid(tool.name, tried.wrong, fix=f"Reject it: agentforge tools reject {found.target}")
        missing = tuple(one for one in missing if digest(one) not in tried.held)
        if missing and tried.why:
            return [f"it could not be tried on {sources(missing)}: {tried.why}"]
    if missing:
        raise ApprovalNeeded(
            f"{found.target} was not tried on calls that once went wrong: {sources(missing)}.",
            fix=f"'agentforge tools approve {found.target}' tries it; in a program 'await forge.tried(…)' does.",
        )
    return []


def _check_contents(registry: Registry, tool: Tool, live: Collection[str]) -> None:
    problems = validate(tool, known_tools=tool.manifest.depends, packages=registry.packages(tool))
    problems += [f"it depends on {name}, which is not live" for name in sorted({*tool.depends} - {*live})]
    if problems:
        raise ToolInvalid(tool.name, problems)


def _by(approver: str) -> dict[str, list[str]]:
    if not ID.fullmatch(approver):
        raise UsageError(
            f"{approver[:80]!r} cannot stand for a person in a commit.",
            fix="Give one word of letters, digits and . _ @ + - with --approver.",
        )
    return {"Approver": [approver]}


def _standing(snapshot: Snapshot, name: str) -> Standing:
    if name in snapshot.states.tools:
        return snapshot.states.tools[name]
    if name in snapshot.proposals:
        raise UsageError(
            f"{name} is only proposed; no version of it stands.",
            fix=f"Approve or reject it: agentforge tools diff {name}",
        )
    raise ToolNotFound(
        f"Your registry has no tool named {name[:80]!r}.", fix="`agentforge tools list --state all` shows all."
    )


def _decision(registry: Registry, name: str, did: str, commit: str | None, remarks: Sequence[str] = ()) -> Decision:
    standing = registry.snapshot().states.tools.get(name)
    state, version = (str(standing.state), standing.version) if standing else ("", "")
    return Decision(name, did, state, version, commit or "", tuple(remarks))
