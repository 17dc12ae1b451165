"""What waits for a person, with what speaks for and against it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentforge.errors import ToolInvalid, ToolNotFound, UsageError
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import Standing, Waiting
from agentforge.registry.tool import Tool, contents_version, from_files
from agentforge.types import JSON, TOOL_NAME, State

_TARGET = re.compile(rf"({TOOL_NAME.pattern})(?:/([1-9][0-9]{{0,5}}))?")

_VERDICTS = ("passed", "failed", "skipped")
_JUDGED = ("tool.py", "test_tool.py")
"""The files that the gates run."""


@dataclass(frozen=True, slots=True)
class Pending:
    """One proposal and what there is to know before deciding about it.

    ``tool`` is None where the folder is malformed (``problems`` say how). ``reason`` says why it waits.
    ``reaches`` are its rights and, with their names, those of the tools that it needs; ``more`` are those of them
    that the version that stands has not, and ``passed_on`` the live tools that need it and so come to reach these.
    ``stale`` says that it was made for another version than that one. ``doubts`` are why its report does not speak
    for what it holds.
    """

    name: str
    number: int
    version: str
    tool: Tool | None
    files: Mapping[str, bytes]
    reason: str = ""
    unconfirmed: bool = True
    reaches: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    passed_on: tuple[str, ...] = ()
    stale: str = ""
    doubts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """How it is called: ``NAME/N``."""
        return f"{self.name}/{self.number}"


def pending(registry: Registry, name: str | None = None) -> list[Pending]:
    """Everything that waits (under one name), by name and number."""
    snapshot = registry.snapshot()
    found = snapshot.proposal_files(name)
    return [_pending(registry, snapshot, each, number, files) for (each, number), files in sorted(found.items())]


def find(registry: Registry, target: str, *, version: str = "", approvable: bool = False) -> Pending:
    """The proposal that ``NAME`` or ``NAME/N`` means. Where several wait under a name, it is the only one of
    ``version`` (a hash or its first characters), or with ``approvable`` the only one that still can be approved.

    Raises:
        ToolNotFound: there is no tool and no proposal of that name.
        UsageError: nothing waits under it, not that number, or several do and none is named.
    """
    snapshot = registry.snapshot()
    named = _TARGET.fullmatch(target)
    if named is None:
        raise UsageError(f"{target[:80]!r} is neither NAME nor NAME/N.", fix="`agentforge tools pending` shows all.")
    name, given = named[1], named[2]
    numbers = list(snapshot.proposals.get(name, ()))
    if given and int(given) not in numbers and int(given) <= snapshot.states.review_of(name).last:
        raise _decided(snapshot, name, int(given), numbers)
    if not numbers:
        raise _nothing_waits(snapshot, name)
    if given and int(given) not in numbers:
        raise UsageError(f"{name} has no proposal {given}; {_listed(name, numbers)} wait.")
    found = [
        _pending(registry, snapshot, name, number, snapshot.proposal(name, number))
        for number in ([int(given)] if given else numbers)
    ]
    of_version = [one for one in found if version and one.version.startswith(version)]
    sound = [one for one in found if approvable and one.tool is not None and not one.stale]
    for meant in (found, of_version, sound):
        if len(meant) == 1:
            return meant[0]
    raise UsageError(f"{name} has {len(numbers)} proposals.", fix=f"Say which one: {_listed(name, numbers)}.")


def gates_of(tool: Tool) -> list[tuple[str, str, str]]:
    """Gate, verdict and summary of every line of a report, as it claims them."""
    gates = tool.report.get("gates")
    return [
        (str(gate.get("gate") or ""), str(gate.get("verdict") or ""), str(gate.get("summary") or ""))
        for gate in (gates if isinstance(gates, list) else [])
        if isinstance(gate, dict)
    ]


def _pending(registry: Registry, snapshot: Snapshot, name: str, number: int, files: Mapping[str, bytes]) -> Pending:
    version = contents_version(files)
    record = snapshot.states.review_of(name).waiting.get(str(number))
    try:
        tool = from_files(files, name, layer=registry.layer, state=State.PROPOSED)
    except ToolInvalid as error:
        return Pending(name, number, version, None, files, problems=error.problems)
    before = snapshot.states.tools.get(name)
    reach = snapshot.reach(tool)
    more = tuple(reach.beyond(snapshot.granted(name)))
    known = record is not None and record.version == version
    return Pending(
        name=name,
        number=number,
        version=version,
        tool=tool,
        files=files,
        reason=record.reason if record else "",
        unconfirmed=record.unconfirmed if record and known else not any(_kept_back(tool)),
        reaches=tuple(reach.told),
        more=more,
        passed_on=tuple(_users(snapshot, name)) if more else (),
        stale=_stale(tool, before),
        doubts=tuple(_doubts(tool, version, files, record)),
    )


def _users(snapshot: Snapshot, name: str) -> list[str]:
    """The live tools that need it, directly or through others."""
    live = [tool for tool in snapshot.standing(snapshot.names(State.LIVE)) if isinstance(tool, Tool)]
    found, waiting = set[str](), [name]
    while waiting:
        needed = waiting.pop()
        users = {tool.name for tool in live if needed in tool.depends} - found - {name}
        found |= users
        waiting += users
    return sorted(found)


def _kept_back(tool: Tool) -> Sequence[bool]:
    """Which examples are ground truth that no generator has seen."""
    return [example.ground_truth and example.held_out and not example.spent for example in tool.examples]


def _stale(tool: Tool, before: Standing | None) -> str:
    parent = tool.manifest.provenance.parent
    if before is None or parent == before.version:
        return ""
    made_for = f"it was made for version {parent[:12]}" if parent else "it was made as a new tool"
    return f"{made_for}, but {tool.name} is {before.state} in version {before.version[:12]}"


def _doubts(tool: Tool, version: str, files: Mapping[str, bytes], record: Waiting | None) -> list[str]:
    """Why the report does not speak for these contents. All of it is a claim; what is missing is a fact."""
    doubts: list[str] = []
    if record is None:
        doubts.append("it was not proposed here, so no gate here has seen it")
    elif record.version != version:
        doubts.append(f"its contents have changed since it was proposed as version {record.version[:12]}")
    gates = gates_of(tool)
    if not gates:
        doubts.append("its report holds no gate")
    doubts += [f"its report says that it failed '{gate}'" for gate, verdict, _ in gates if verdict == "failed"]
    unknown = [gate for gate, verdict, _ in gates if verdict not in _VERDICTS]
    doubts += [f"its report gives no verdict on '{gate}'" for gate in unknown]
    if gates and all(verdict == "skipped" for _, verdict, _ in gates):
        doubts.append("its report says that every gate was skipped")
    return doubts + _about_others(tool.report.get("contents"), files)


def _about_others(contents: JSON, files: Mapping[str, bytes]) -> list[str]:
    """Which files a report does not speak for: those that it names, and in any case source and tests."""
    if not isinstance(contents, dict):
        return ["its report does not say which contents it is about"]
    named = [*contents, *(file for file in _JUDGED if file not in contents)]
    return [
        f"its report is about another {file}" if file in contents else f"its report is not about {file}"
        for file in named
        if hashlib.sha256(files.get(file, b"")).hexdigest() != contents.get(file)
    ]


def _decided(snapshot: Snapshot, name: str, number: int, others: Sequence[int]) -> UsageError:
    """That a proposal was there and waits no longer, and what became of it."""
    rejected = next((one for one in snapshot.states.review_of(name).rejected if one.number == number), None)
    told = f"rejected: {rejected.reason}" if rejected else "decided before, and waits no longer"
    waits = f" {_listed(name, others)} {'waits' if len(others) == 1 else 'wait'} now." if others else ""
    history = f"`agentforge tools history {name}` shows what happened."
    return UsageError(f"{name}/{number} was {told.rstrip('.')}.{waits}", fix=history)


def _nothing_waits(snapshot: Snapshot, name: str) -> Exception:
    standing, rejected = snapshot.states.tools.get(name), snapshot.states.review_of(name).rejected
    if standing is None and rejected:
        return _decided(snapshot, name, rejected[-1].number, ())
    if standing is None:
        return ToolNotFound(f"Nothing waits under the name {name!r}.", fix="`agentforge tools pending` shows all.")
    return UsageError(
        f"Nothing waits under the name {name}: it is {standing.state} in version {standing.version[:12]}."
    )


def _listed(name: str, numbers: Sequence[int]) -> str:
    return ", ".join(f"{name}/{number}" for number in numbers)
