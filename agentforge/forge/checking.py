"""A tool folder through the gates: what ``agentforge tools check`` and ``Forge.check`` do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

from agentforge.boxes.network.recordings import Exchange, read_recordings
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import ToolInvalid
from agentforge.forge.evidence import Workshop
from agentforge.forge.folders import read_folder
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.recital import by_heart
from agentforge.forge.gates.running import run_gates
from agentforge.forge.gates.submission import LiveTools, Submission
from agentforge.forge.gates.verdict import judged, skipped, texts
from agentforge.forge.leaks import secret_problems
from agentforge.forge.placement import Facts
from agentforge.forge.prospect import prospect
from agentforge.forge.record import report_of
from agentforge.forge.spec import HOLD_OUT_FROM, contradictions, deal, distinct
from agentforge.forge.stated import stated_in
from agentforge.policy import Policy
from agentforge.registry.contract import Signature, docstring_of, read_signature
from agentforge.registry.layers import Layers
from agentforge.registry.packages import read_lock
from agentforge.registry.regressions import read_regressions
from agentforge.registry.repository import Registry
from agentforge.registry.rights import reach_of
from agentforge.registry.tool import Tool, validate
from agentforge.settings import GateSettings
from agentforge.types import JSON, TOOL_NAME, Example, GateResult, JSONObject

FOR_A_PERSON = frozenset({"suite strength", "kinds of input", "behavioural duplicates"})
"""Gates that say how much is known of a tool from elsewhere, not that it is wrong: one that fails at nothing else
waits, and whoever approves it has to name the version, since its report says that it failed."""


@dataclass(frozen=True, slots=True)
class CheckParts:
    """What a check works with; all of it belongs to the caller. ``recordings`` is the folder of what answers the
    fetches of tools, ``secrets`` are values that may stand in no tool, ``policy`` the review rules in force.
    ``beside`` are tools, by name, that count as live without being so: those that are judged together.
    """

    box: Box
    layers: Layers
    registry: Registry
    settings: GateSettings = field(default_factory=GateSettings)
    call_limits: Limits = field(default_factory=Limits)
    suite_limits: Limits = field(default_factory=lambda: Limits(seconds=30.0))
    recordings: Path | None = None
    secrets: frozenset[str] = frozenset()
    policy: Policy = field(default_factory=Policy)
    beside: Mapping[str, Tool] = field(default_factory=lambda: {})

    def live(self) -> dict[str, Tool]:
        """The tools that a version would stand among, by name."""
        return {**{tool.name: tool for tool in self.layers.live()}, **self.beside}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the gates say of a folder. ``state`` is where the tool would stand, by the review rules in force and by
    what stands under its name: nothing is committed.

    ``unconfirmed``: it would be live without a held-out example that speaks for it. ``truths`` counts its
    ground-truth examples with different arguments. ``report`` is what its ``report.json`` would hold.
    """

    name: str
    state: Literal["live", "proposed", "rejected"]
    reason: str
    unconfirmed: bool = False
    truths: int = 0
    version: str = ""
    gates: tuple[GateResult, ...] = ()
    report: JSONObject = field(default_factory=lambda: {})
    seconds: float = 0.0

    @property
    def admitted(self) -> bool:
        """Whether it would go live."""
        return self.state == "live"

    @property
    def problems(self) -> list[str]:
        """Every failed gate with what it found."""
        return [f"{gate.gate}: {gate.summary}" for gate in self.gates if gate.verdict == "failed"]


async def check_folder(folder: Path, parts: CheckParts) -> Checked:
    """Runs all gates on the tool in ``folder`` and tells all problems at once; commits nothing.

    Of its ground-truth examples those that are marked as held out are taken for that; where none is, and there
    are three or more, they are dealt as those of a need.

    Raises:
        UsageError: there is no such folder, or it is no tool folder.
        StorageError: it, or the recordings, cannot be read.
        RegistryError: what tools of its name once did wrong cannot be read.
        SandboxError: the box failed.
    """
    began = time.monotonic()
    try:
        found = await asyncio.to_thread(read_folder, folder)
    except ToolInvalid as error:
        return _unreadable(folder.name, error)
    return replace(await check_tool(found.tool, parts, found.problems), seconds=round(time.monotonic() - began, 3))


async def check_tool(tool: Tool, parts: CheckParts, problems: tuple[str, ...] = ()) -> Checked:
    """As :func:`check_folder`, for a tool that was read already; ``problems`` are what was wrong with its files.

    Raises:
        StorageError, RegistryError, SandboxError: as there.
    """
    began = time.monotonic()
    submission = await asyncio.to_thread(_submission, tool, problems, parts)
    gates = await run_gates(Bench(submission), every_stage=True)
    return replace(
        await asyncio.to_thread(_judged, tool, submission, gates, parts),
        report=report_of(gates, submission),
        seconds=round(time.monotonic() - began, 3),
    )


def _unreadable(name: str, error: ToolInvalid) -> Checked:
    gate = judged("source contract", False, "", "; ".join(error.problems), problems=texts(error.problems))
    return Checked(
        error.name or name, "rejected", _rejected((gate,)), gates=(gate, skipped("visible tests", "not run"))
    )


def _submission(tool: Tool, problems: tuple[str, ...], parts: CheckParts) -> Submission:
    live = parts.live()
    standing = LiveTools(live)
    lock = _lock(tool, parts.registry)
    truths = [example for example in tool.examples if example.ground_truth]
    docstring = docstring_of(tool.source, tool.name)
    visible, held_out = dealt(truths, docstring)
    others = frozenset(live) - {tool.name}
    signature, recordings = _signature(tool), _recordings(tool, parts)
    pure = tool.manifest.capabilities.none  # what reaches the clock or a host need not give the same again
    return Submission(
        name=tool.name,
        signature=signature,
        source=tool.source,
        tests=tool.tests,
        workshop=Workshop(
            parts.box,
            parts.call_limits,
            tool.manifest.capabilities,
            recordings,
            lock if tool.manifest.capabilities.packages else NO_PACKAGES,
            standing.toolbox(tool.depends),
        ),
        suite_limits=parts.suite_limits,
        settings=parts.settings,
        problems=(
            *problems,
            *validate(tool, known_tools=others, packages=lock),
            *contradictions(truths),
            *secret_problems(tool.source, parts.secrets),
            *_unanswerable(tool, recordings, live),
        ),
        visible=visible,
        held_out=held_out,
        generated=tuple(example for example in tool.examples if not example.ground_truth),
        regressions=read_regressions(parts.registry, tool.name) if TOOL_NAME.fullmatch(tool.name) else (),
        stated=tuple(stated_in(docstring, tool.name, signature)) if signature is not None and pure else (),
        capabilities=tool.manifest.capabilities,
        standing=standing,
        summary=tool.manifest.summary,
        layer=parts.registry.layer,
    )


def dealt(truths: list[Example], purpose: str) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Ground truth as visible and held-out examples: as marked, else as a need's would be dealt. Copies count once.

    One that is spent was shown to a generator, so that it is visible whatever else it says.
    """
    truths = distinct(truths)
    if any(example.held_out for example in truths):
        held = [example for example in truths if example.held_out and not example.spent]
        return tuple(example for example in truths if example not in held), tuple(held)
    return deal(truths, purpose)


def _lock(tool: Tool, registry: Registry) -> Lock:
    return read_lock(registry.store) if tool.manifest.capabilities.packages else NO_PACKAGES


def _signature(tool: Tool) -> Signature | None:
    try:
        return read_signature(tool.source, tool.name)
    except ToolInvalid:
        return None  # the contract says why


def _recordings(tool: Tool, parts: CheckParts) -> tuple[Exchange, ...]:
    if not tool.manifest.capabilities.hosts or parts.recordings is None:
        return ()
    return read_recordings(parts.recordings / f"{tool.name}.jsonl")


def _unanswerable(tool: Tool, recordings: tuple[Exchange, ...], live: Mapping[str, Tool]) -> list[str]:
    """What keeps the gates from judging it: no gate reaches the network, or another tool's capabilities."""
    problems: list[str] = []
    if tool.manifest.capabilities.hosts and not recordings:
        problems.append(
            f"it reaches {', '.join(tool.manifest.capabilities.hosts)}, of which nothing was recorded, and no gate "
            f"reaches the network: run 'agentforge tools record {tool.name} URL' for each page that its tests need"
        )
    if asks := tool.manifest.capabilities.servers:
        problems.append(f"it asks {', '.join(asks)}, and no gate reaches an MCP server")
    apart = [name for name in tool.depends if name in live and not live[name].pure]
    if apart:
        problems.append(f"it needs {', '.join(apart)}, which has capabilities, and no gate has any to give")
    return problems


def _judged(tool: Tool, submission: Submission, gates: tuple[GateResult, ...], parts: CheckParts) -> Checked:
    """Where the version would stand, as the design says."""
    truths = len(submission.examples)
    if any(gate.verdict == "failed" for gate in gates):
        return Checked(tool.name, "rejected", _rejected(gates), False, truths, _version(tool), gates)
    facts = Facts(
        tainted=False,
        reach=reach_of(tool.manifest.capabilities, tool.depends, parts.live().get),
        truths=truths,
        cases=len(submission.generated),
        unconfirmed=truths < HOLD_OUT_FROM or not submission.held_out,
        tester_is_generator=tool.manifest.provenance.tester_is_generator,
        dispute=by_heart(gates),
    )
    where = prospect(tool, facts, parts.policy, parts.registry, parts.layers)
    return Checked(tool.name, where.state, where.reason, where.unconfirmed, truths, _version(tool), gates)


def _rejected(gates: tuple[GateResult, ...]) -> str:
    failed = [gate.gate for gate in gates if gate.verdict == "failed"]
    return f"It fails at {', '.join(failed)}."


def _version(tool: Tool) -> str:
    try:
        return tool.version
    except ToolInvalid:
        return ""


def as_json(checked: Checked) -> JSONObject:
    """A check as an object for other programs."""
    return {
        "name": checked.name,
        "state": checked.state,
        "admitted": checked.admitted,
        "unconfirmed": checked.unconfirmed,
        "reason": checked.reason,
        "truths": checked.truths,
        "version": checked.version,
        "problems": texts(checked.problems),
        "gates": [cast("JSON", asdict(gate)) for gate in checked.gates],
        "seconds": checked.seconds,
    }
