"""What a branch of a registry changes, through the same gates as any tool: what a host of git asks before it merges.

A version counts as changed where its folder differs, or where it stands otherwise: a tool that was quarantined may not
come back unseen. Nothing that the branch says of its own tools is believed.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from agentforge.errors import ToolInvalid
from agentforge.forge.checking import FOR_A_PERSON, Checked, CheckParts, check_tool
from agentforge.forge.scrub.finding import findings
from agentforge.forge.scrub.known import NOTHING_KNOWN, Known
from agentforge.forge.scrub.scrubbing import digests_of, texts_of
from agentforge.gitstore.apart import listing
from agentforge.gitstore.branches import commit_in, fork_of, messages, view
from agentforge.registry.layers import Layers
from agentforge.registry.merging.layout import OF_TOOLS, strange
from agentforge.registry.repository import Registry
from agentforge.registry.revoked import REVOKED_FILE
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import Tool, from_files
from agentforge.types import GateResult, Layer, State


@dataclass(frozen=True, slots=True)
class Verified:
    """One change of a branch. ``problems`` are why it may not be merged, ``notes`` what a person should look at."""

    name: str
    change: Literal["new", "changed", "moved", "removed", "proposed", "registry"]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.problems


async def verify(
    path: Path, base: str, head: str, parts: CheckParts, tell: Callable[[str], None] = lambda _: None
) -> list[Verified]:
    """Every change that the commit ``head`` of the repository at ``path`` makes against ``base``, by name.

    Of ``parts`` the registry and the layers are replaced by what stands at ``base``. ``tell`` hears of each tool.

    Raises:
        NotARegistry: it is no repository, or one of the commits holds no registry.
        UsageError: it has no such commit.
        SandboxError: the box failed.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        change = await asyncio.to_thread(_opened, path, base, head, Path(folder), stack)
        layers = Layers(change.base, parts.layers.base)
        changed = {tool.name: tool for tool in change.tools.values()}
        own = replace(parts, layers=layers, registry=change.base, beside={})
        done = [*change.rest]
        for name, tool in change.tools.items():
            tell(f"checking {name}")
            others = {key: other for key, other in changed.items() if key != tool.name}
            checked = await check_tool(tool, replace(own, beside=others))
            done.append(_verdict(name, tool, checked, change, parts))
    return sorted(done, key=lambda one: one.name)


def verdict_of(checked: Checked) -> tuple[list[str], list[str]]:
    """What the gates found, as reasons against a version and as notes for whoever decides."""
    told = [(gate.gate, f"{gate.gate}: {gate.summary}") for gate in checked.gates if gate.verdict == "failed"]
    against = [line for gate, line in told if gate not in FOR_A_PERSON]
    if checked.state == "rejected" and not told:
        against.append(checked.reason)
    return against, [line for gate, line in told if gate in FOR_A_PERSON]


@dataclass(frozen=True, slots=True)
class _Change:
    base: Registry
    before: Snapshot
    tools: Mapping[str, Tool]
    rest: tuple[Verified, ...]


def _opened(path: Path, base: str, head: str, folder: Path, stack: ExitStack) -> _Change:
    """Both commits as registries, and what differs since they parted; blocks."""
    old, new = commit_in(path, base), commit_in(path, head)
    parted = fork_of(path, old, new)
    registries = [
        stack.enter_context(Registry(view(path, commit, folder / name), layer=Layer.COMPANY))
        for name, commit in (("base", old), ("parted", parted), ("head", new))
    ]
    standing, before, after = registries
    tools, rest = dict[str, Tool](), [*_registry_wide(before, after), *_beside(before, after)]
    for name, found in _differing(before, after):
        if isinstance(found, Tool):
            tools[name] = found
        else:
            rest.append(found)
    rest += _said(messages(path, parted, new))
    return _Change(standing, before.snapshot(), tools, tuple(rest))


def _differing(before: Registry, after: Registry) -> Iterator[tuple[str, Tool | Verified]]:
    old, new = before.snapshot(), after.snapshot()
    folders = [
        store.folders("tools", each.head) if "tools" in store.roots(each.head) else {}
        for store, each in (
            (before.store, old),
            (after.store, new),
        )
    ]
    problems = new.problems()
    for name in sorted({*old.states.tools, *new.states.tools, *folders[0], *folders[1]}):
        was, stands = old.states.tools.get(name), new.states.tools.get(name)
        if was == stands and folders[0].get(name) == folders[1].get(name):
            continue
        if stands is None and name not in folders[1]:
            yield name, Verified(name, "removed", notes=("it is taken away; retiring it keeps its history",))
        elif stands is not None and stands.state is not State.LIVE and folders[0].get(name) == folders[1].get(name):
            yield name, Verified(name, "moved", notes=(f"it is {stands.state} from now on",))
        elif (tool := new.sound(name)) is not None:
            yield name, tool
        else:
            told = [one.removeprefix(f"{name}: ") for one in problems if one.startswith(f"{name}: ")]
            yield name, Verified(name, "changed", tuple(told) or ("it is malformed",))
    for name, number in sorted({*new.proposal_files()}):
        target, files = f"{name}/{number}", new.proposal(name, number)
        if (name, number) in old.proposal_files() and old.proposal(name, number) == files:
            continue
        try:
            yield target, from_files(files, name, layer=Layer.COMPANY, state=State.PROPOSED)
        except ToolInvalid as error:
            yield target, Verified(target, "proposed", error.problems)


def _beside(before: Registry, after: Registry) -> Iterator[Verified]:
    """What differs beside tools and what is said of them: no gate knows it, so a person has to look. What has no place
    in a registry (links, programs, other files in the folder of a tool) may not be merged.
    """
    old, new = (listing(each.store, each.snapshot().head) for each in (before, after))
    changed = {path: file for path, file in new.items() if old.get(path) != file}
    for problem in strange(changed):
        yield Verified("files", "registry", (problem,))
    for path in sorted({*changed, *({*old} - {*new})}):
        if not OF_TOOLS.match(path):
            did = "changed" if path in old and path in new else "added" if path in new else "taken away"
            yield Verified(path[:120], "registry", notes=(f"it is {did}, and no gate reads it: read it yourself",))


def _said(text: str) -> Iterator[Verified]:
    """What messages of commits tell, which nobody can take back once they are merged; ids and hashes belong there."""
    found = [one for one in findings(text, NOTHING_KNOWN) if one.kind not in ("key", "uuid")]
    told = {one.secret: f"what looks like a {one.kind} stands there" for one in found}
    if told:
        problems, notes = ((told[secret],) if secret in told else () for secret in (True, False))
        yield Verified("commit messages", "registry", problems, notes)


def _registry_wide(before: Registry, after: Registry) -> Iterator[Verified]:
    """What no merge may do: forget what was revoked, or what once went wrong."""
    old, new = before.snapshot(), after.snapshot()
    if new.states.problems:
        yield Verified("state.toml", "registry", new.states.problems)
    if old.read(REVOKED_FILE) not in (None, new.read(REVOKED_FILE)):
        yield Verified(REVOKED_FILE, "registry", ("it changes what was revoked: do that with 'agentforge revoke'",))
    for path in old.regressions:
        name = path.rpartition("/")[2].removesuffix(".jsonl")
        if path.startswith("regressions/") and not {*_lines(old.read(path))} <= {*_lines(new.read(path))}:
            yield Verified(path, "registry", (f"calls of {name} that once went wrong are missing",))


def _lines(contents: bytes | None) -> list[bytes]:
    return [line for line in (contents or b"").split(b"\n") if line.strip()]


def _verdict(name: str, tool: Tool, checked: Checked, change: _Change, parts: CheckParts) -> Verified:
    against, notes = verdict_of(checked)
    secret, personal = told_by(tool, Known(secrets=parts.secrets))
    against += secret
    notes += personal
    what = "proposed" if "/" in name else "changed" if tool.name in change.before.states.tools else "new"
    if tool.manifest.capabilities.none is False:
        notes.append(f"it wants to reach: {', '.join(change.base.snapshot().reach(tool).told)}")
    return Verified(name, what, tuple(against), tuple(notes), checked.gates, checked.seconds)


def told_by(tool: Tool, known: Known) -> tuple[list[str], list[str]]:
    """What looks like a secret, and what looks personal, in whatever file of a tool, as sentences without it."""
    secret, personal = list[str](), list[str]()
    known = replace(known, hashes=digests_of(tool, known))
    for file, text in texts_of(tool):
        for one in findings(text, known):
            where = f"{file}, line {text.count(chr(10), 0, one.start) + 1}" if file.endswith(".py") else file
            (secret if one.secret else personal).append(f"{where}: what looks like a {one.kind} stands there")
    origin = tool.manifest.provenance
    if origin.episodes or any(not one.startswith("version:") for one in origin.sources):
        personal.append("tool.toml: it names the sessions or files that it came from")
    return [*dict.fromkeys(secret)], [*dict.fromkeys(personal)]
