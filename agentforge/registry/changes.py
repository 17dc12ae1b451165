"""What a commit does to a registry, as functions from its newest snapshot: files to write, or nothing to do.

Every transition of a tool's state is one of them, and so one commit::

    (nothing) ──proposal──▶ proposed ──approval──▶ live ◀──release── quarantined, retired
        └─────admission────────────────────────────▶ live ──move────▶ quarantined, retired
                           proposed ──rejection──▶ (gone)       restoration: an earlier version stands again

They raise where the snapshot no longer is what the caller saw, so that a decision never falls on
something else: they are applied anew to whatever stands when the commit is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentforge.errors import ToolInvalid, ToolNotFound, UsageError
from agentforge.gitstore.changing import Change
from agentforge.registry.manifest import Provenance, one_line
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import REASON_CHARS, Rejection, Standing, Waiting
from agentforge.registry.tool import Tool
from agentforge.registry.untried import sources, untried
from agentforge.types import State


@dataclass(frozen=True, slots=True)
class Seen:
    """The proposal that somebody decides about: its number and the version that they saw."""

    name: str
    number: int
    version: str

    def __str__(self) -> str:
        return f"{self.name}/{self.number}"


def provenance_trailers(tool: Tool) -> dict[str, list[str]]:
    """The commit trailers that a tool's provenance gives; ids only."""
    origin: Provenance = tool.manifest.provenance
    trailers = {
        "Job": [origin.job] if origin.job else [],
        "Episode": [*origin.episodes],
        "Source": [*origin.sources],
        "Parent": [origin.parent] if origin.parent else [],
        "Model": [f"{role}={model}" for role, model in origin.models.items()],
        "Prompt": [f"{name}={digest}" for name, digest in origin.prompts.items()],
        "Image": [origin.image] if origin.image else [],
    }
    return {key: values for key, values in trailers.items() if values}


def admission(snapshot: Snapshot, tool: Tool, files: Mapping[str, bytes], standing: Standing) -> Change | None:
    """The change that makes a tool live.

    A new version of a tool that is quarantined, retired or pinned, one that wants more than the version that stands,
    and one that was not tried on all that once went wrong, becomes a proposal instead: only a person lets these in,
    whatever anybody's policy says.
    """
    before = snapshot.states.tools.get(tool.name)
    if before is not None and before.version == standing.version:
        return None
    _check_parent(tool, before)
    waiting = Waiting(version=standing.version, unconfirmed=standing.unconfirmed)
    if before is not None and before.state is not State.LIVE:
        told = f"{tool.name} is {before.state}."
        return proposal(snapshot, tool, files, waiting.model_copy(update={"reason": told}))
    if before is not None and before.pinned:
        return proposal(snapshot, tool, files, waiting.model_copy(update={"reason": f"{tool.name} is pinned."}))
    if before is not None and (more := snapshot.reach(tool).beyond(snapshot.granted(tool.name))):
        reason = one_line(f"It wants more than the version that stands: {', '.join(more)}.", REASON_CHARS)
        return proposal(snapshot, tool, files, waiting.model_copy(update={"reason": reason}))
    if missing := untried(snapshot, tool):
        reason = one_line(f"It was not tried on calls that once went wrong: {sources(missing)}.", REASON_CHARS)
        return proposal(snapshot, tool, files, waiting.model_copy(update={"reason": reason}))
    states = snapshot.states.files(tools={tool.name: standing})
    return Change(
        f"{'Add' if before is None else 'Update'} {tool.name}",
        {**_folder(f"tools/{tool.name}", files), **states},
        {"State": [standing.state]},
    )


def proposal(
    snapshot: Snapshot, tool: Tool, files: Mapping[str, bytes], waiting: Waiting | None = None
) -> Change | None:
    """The change that lets a tool wait for review under the next number; numbers are never given twice."""
    numbers = snapshot.proposals.get(tool.name, ())
    others = snapshot.proposed([tool.name]) if numbers else []
    if any(isinstance(other, Tool) and other.version == tool.version for other in others):
        return None
    reviews = snapshot.states.review_of(tool.name)
    number = max((reviews.last, *numbers)) + 1
    entry = reviews.proposed(number, waiting or Waiting(version=tool.version))
    return Change(
        f"Propose {tool.name}",
        {**_folder(f"proposed/{tool.name}/{number}", files), **snapshot.states.files(reviews={tool.name: entry})},
        {"State": [State.PROPOSED], "Proposal": [str(number)]},
    )


def approval(
    snapshot: Snapshot, seen: Seen, tool: Tool, files: Mapping[str, bytes], *, unconfirmed: bool, reason: str = ""
) -> Change:
    """The change that makes a proposal live, with the reason that a person gave; other proposals of its name stay.

    Raises:
        UsageError: the proposal is gone, or holds another version than the one seen.
        ToolInvalid: it was not made for the version that stands.
    """
    name = seen.name
    before = snapshot.states.tools.get(name)
    _check_seen(snapshot, seen)
    _check_parent(tool, before)
    standing = Standing(
        state=State.LIVE,
        version=seen.version,
        unconfirmed=unconfirmed,
        pinned=before is not None and before.pinned,
        reason=one_line(reason, REASON_CHARS),
    )
    states = snapshot.states.files(
        tools={name: standing}, reviews={name: snapshot.states.review_of(name).decided(seen.number)}
    )
    return Change(
        f"Approve {name}",
        {**_folder(f"tools/{name}", files), _proposed(seen): None, **states},
        {"Version": [seen.version], "State": [State.LIVE], "Proposal": [str(seen.number)]},
    )


def rejection(snapshot: Snapshot, seen: Seen, reason: str) -> Change:
    """The change that takes a proposal away; the reason stays in ``state.toml``.

    Raises:
        UsageError: the proposal is gone, or holds another version than the one seen.
    """
    _check_seen(snapshot, seen)
    told = Rejection(number=seen.number, version=seen.version, reason=one_line(reason, REASON_CHARS))
    entry = snapshot.states.review_of(seen.name).decided(seen.number, told)
    return Change(
        f"Reject {seen}",
        {_proposed(seen): None, **snapshot.states.files(reviews={seen.name: entry})},
        {"Version": [seen.version], "Proposal": [str(seen.number)]},
    )


def move(snapshot: Snapshot, name: str, state: State, reason: str, unconfirmed: bool | None) -> Change | None:
    """The change that moves a tool that stands to a state; ``unconfirmed`` None leaves that as it is."""
    standing = snapshot.states.tools[name]
    doubt = standing.unconfirmed if unconfirmed is None else unconfirmed
    return _restated(
        snapshot,
        name,
        f"Set {name} to {state}",
        state=state,
        unconfirmed=doubt,
        reason=one_line(reason, REASON_CHARS),
        instead="",
    )


def retirement(snapshot: Snapshot, name: str, version: str, reason: str, *, instead: str = "") -> Change | None:
    """The change that retires a live tool, in favour of ``instead`` where another one does the same; None where another
    version stands by now, it is live no more, or it is pinned.
    """
    standing = snapshot.states.tools.get(name)
    if standing is None or standing.version != version or standing.state is not State.LIVE or standing.pinned:
        return None
    told = one_line(reason, REASON_CHARS)
    subject = f"Merge {name} into {instead}" if instead else f"Retire {name}"
    return _restated(snapshot, name, subject, state=State.RETIRED, reason=told, instead=instead)


def pinning(snapshot: Snapshot, name: str, *, pinned: bool) -> Change | None:
    """The change that pins a tool to the version that stands, or no longer does.

    Raises:
        ToolNotFound: no version of it stands.
    """
    _standing(snapshot, name)
    return _restated(snapshot, name, f"{'Pin' if pinned else 'Unpin'} {name}", pinned=pinned)


def restoration(
    snapshot: Snapshot, name: str, files: Mapping[str, bytes], before: Standing, expected: str, reason: str = ""
) -> Change | None:
    """The change that lets an earlier version stand again, in the state in which it last stood (``before``).

    ``expected`` is the version that whoever decided this saw standing. The pin stays; without a ``reason`` of its own
    the version brings the one along with which it last stood.

    Raises:
        ToolNotFound: no version of it stands.
        UsageError: another version stands by now.
    """
    standing = _standing(snapshot, name)
    if standing.version == before.version:
        return None
    if standing.version != expected:
        raise UsageError(
            f"{name} has changed meanwhile: version {standing.version[:12]} stands, not {expected[:12]}.",
            fix=f"`agentforge tools history {name}` shows what happened.",
        )
    told = one_line(reason, REASON_CHARS) or before.reason
    restored = before.model_copy(update={"pinned": standing.pinned, "reason": told})
    return Change(
        f"Roll back {name}",
        {**_folder(f"tools/{name}", files), **snapshot.states.files(tools={name: restored})},
        {"Version": [restored.version], "State": [restored.state]},
    )


def _restated(snapshot: Snapshot, name: str, subject: str, **facts: Any) -> Change | None:
    """The same version in another standing."""
    standing = snapshot.states.tools[name]
    moved = Standing.model_validate({**dict(standing), **facts})
    if moved == standing:
        return None
    named = {"Version": [moved.version], "State": [moved.state]}
    return Change(subject, snapshot.states.files(tools={name: moved}), named)


def _standing(snapshot: Snapshot, name: str) -> Standing:
    try:
        return snapshot.states.tools[name]
    except KeyError:
        raise ToolNotFound(
            f"No version of {name[:80]!r} stands in the registry.", fix="`agentforge tools list --state all` shows all."
        ) from None


def _check_parent(tool: Tool, before: Standing | None) -> None:
    parent = tool.manifest.provenance.parent
    if before is not None and parent != before.version:
        told = f"it was made for version {parent[:12]}" if parent else "the name is taken"
        raise ToolInvalid(
            tool.name,
            [f"{told}: {tool.name} is {before.state} in version {before.version[:12]}"],
            fix="Choose another name, or give that version (in full) as the parent of a new one.",
        )


def _check_seen(snapshot: Snapshot, seen: Seen) -> None:
    standing = snapshot.states.tools.get(seen.name)
    if seen.number not in snapshot.proposals.get(seen.name, ()):
        happened = "was decided by somebody else meanwhile" if standing is None else _live_already(standing, seen)
        raise UsageError(
            f"The proposal {seen} {happened}.", fix=f"`agentforge tools history {seen.name}` shows what happened."
        )
    found = snapshot.proposal_version(seen.name, seen.number)
    if found != seen.version:
        raise UsageError(
            f"The proposal {seen} has changed: it is version {found[:12]} now, not {seen.version[:12]}.",
            fix=f"Look at it again: agentforge tools diff {seen}",
        )


def _live_already(standing: Standing, seen: Seen) -> str:
    if standing.version == seen.version:
        return f"is {standing.state} already: somebody else approved it first"
    return "was decided by somebody else meanwhile"


def _folder(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """A tool folder as files to write."""
    return {f"{folder}/{file}": contents for file, contents in files.items()}


def _proposed(seen: Seen) -> str:
    """The folder of a proposal; deleted as a whole, whatever else somebody put there."""
    return f"proposed/{seen.name}/{seen.number}"
