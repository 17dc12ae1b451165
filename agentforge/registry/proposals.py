"""What users propose to their company's registry: a branch ``proposals/NAME-VERSION`` with one commit that makes a
version live there.

On a host of git it is an ordinary branch to merge. Where the registry is a folder, whoever administers it takes the
branches in (:func:`taken_in`): each becomes a proposal like any other, and is approved or rejected in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from agentforge.errors import ToolInvalid, UsageError
from agentforge.gitstore.branches import Branch, Branches
from agentforge.gitstore.changing import Change
from agentforge.registry.changes import provenance_trailers
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import Standing
from agentforge.registry.tool import Tool, to_files
from agentforge.types import Layer, State

FOLDER = "proposals"
SHORT = 12


@dataclass(frozen=True, slots=True)
class Proposed:
    """A branch and what it brings; ``tool`` is None where that is malformed, ``problem`` says how. ``users`` are those
    who had confirmed its answers, as the branch claims; ``state`` is what became of it.
    """

    branch: Branch
    name: str
    tool: Tool | None
    users: int
    state: str
    problem: str = ""


def branch_name(tool: Tool) -> str:
    """Its last part: name and version."""
    return f"{tool.name}-{tool.version[:SHORT]}"


def offered(snapshot: Snapshot, tool: Tool, *, unconfirmed: bool) -> Change:
    """The change of such a commit: the tool's folder, and that it is live.

    Raises:
        ToolInvalid: it was not made for the version that stands there.
    """
    before = snapshot.states.tools.get(tool.name)
    if before is not None and tool.manifest.provenance.parent != before.version:
        raise ToolInvalid(tool.name, [f"it was made for another version than {before.version[:SHORT]}, which stands"])
    stands = Standing(state=State.LIVE, version=tool.version, unconfirmed=unconfirmed)
    if before is not None:
        stands = stands.model_copy(update={"pinned": before.pinned})
    files: dict[str, bytes | None] = {f"tools/{tool.name}/{file}": text for file, text in to_files(tool).items()}
    return Change(f"Propose {tool.name}", {**files, **snapshot.states.files(tools={tool.name: stands})})


def propose(company: Registry, tool: Tool, *, unconfirmed: bool, users: int) -> Branch:
    """Makes the branch; ``main`` stays where it is.

    Raises:
        UsageError: the same version is proposed already.
        ToolInvalid: as :func:`offered`.
        StorageError: it cannot be written.
    """
    snapshot = company.snapshot()
    change = offered(snapshot, tool, unconfirmed=unconfirmed)
    trailers = {
        "Tool": [tool.name],
        "Version": [tool.version],
        "Users": [str(users)],
        **provenance_trailers(tool),
    }
    with closing(Branches(company.path, FOLDER)) as branches:
        return branches.make(
            branch_name(tool), change.files, subject=change.subject, trailers=trailers, parent=snapshot.head
        )


def proposals(company: Registry) -> list[Proposed]:
    """All branches that are there, by name."""
    with closing(Branches(company.path, FOLDER)) as branches:
        return [_read(company, branch, branches.trailers(branch.commit)) for branch in branches.list()]


def sweep(company: Registry) -> list[str]:
    """Takes away the branches that were decided: what they bring stands, or was rejected. Returns their names."""
    with closing(Branches(company.path, FOLDER)) as branches:
        gone = [one.branch for one in proposals(company) if one.state in ("accepted", "refused")]
        for branch in gone:
            branches.drop(branch)
    return [branch.name for branch in gone]


def taken_in(company: Registry, one: Proposed, *, unconfirmed: bool) -> str:
    """Makes a branch a proposal of the registry, for a person to decide about; returns its version. It is
    ``unconfirmed`` where the gates here, or the branch itself, say so.

    Raises:
        UsageError: it is malformed.
        ToolInvalid: it breaks the contract.
    """
    if one.tool is None:
        raise UsageError(f"{one.branch.name} cannot be taken in: {one.problem}.")
    standing = _at(company, one.branch.commit).states.tools.get(one.name)
    return company.add(
        one.tool,
        state=State.PROPOSED,
        unconfirmed=unconfirmed or standing is None or standing.unconfirmed,
        reason=f"As its branch says, users of the organisation who confirmed its answers: {one.users}.",
    )


def _read(company: Registry, branch: Branch, trailers: Mapping[str, Sequence[str]]) -> Proposed:
    name, _, short = branch.name.rpartition("/")[2].rpartition("-")
    try:
        snapshot = _at(company, branch.commit)
        found = snapshot.live(name)
        problem = "" if found else "; ".join(snapshot.problems()) or "it holds no such tool"
    except Exception as error:  # noqa: BLE001 - whatever somebody pushed must not hide the other branches
        return Proposed(branch, name, None, 0, "malformed", f"it is no registry: {error}")
    if found is None or not found.version.startswith(short):
        return Proposed(branch, name, None, 0, "malformed", problem or "it holds another version than it says")
    return Proposed(branch, name, found, _users(trailers.get("Users", ())), _state(company.snapshot(), found))


def _at(company: Registry, commit: str) -> Snapshot:
    found = Snapshot.take(company.store, commit, Layer.COMPANY)
    if found is None:
        raise UsageError("it holds no state.toml")
    return found


def _state(snapshot: Snapshot, tool: Tool) -> str:
    standing, reviews = snapshot.states.tools.get(tool.name), snapshot.states.review_of(tool.name)
    if standing is not None and standing.version == tool.version:
        return "accepted"
    if any(one.version == tool.version for one in reviews.rejected):
        return "refused"
    return "taken in" if any(one.version == tool.version for one in reviews.waiting.values()) else "open"


def _users(told: Sequence[str]) -> int:
    return int(told[0]) if told and told[0].isdecimal() and len(told[0]) < 7 else 0
