"""A scrubbed tool through the gates of the registry in which it would stand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentforge.forge.boxed import bench_of
from agentforge.forge.cases import holds
from agentforge.forge.checking import FOR_A_PERSON, Checked, CheckParts, check_tool
from agentforge.forge.scrub.known import Known
from agentforge.forge.spec import HOLD_OUT_FROM
from agentforge.forge.verifying import told_by, verdict_of
from agentforge.registry.pending import gates_of
from agentforge.registry.tool import Tool
from agentforge.types import Example


async def prepared(own: Tool, scrubbed: Tool, parts: CheckParts) -> tuple[Tool, list[str]]:
    """The scrubbed tool without those examples whose right answer was about the real text (its length, its hash), and
    what to say of that. An example is data: the tool was right, and of made-up text nobody told what is right.

    Raises:
        SandboxError: the box failed.
    """
    was = {
        index for index, (old, new) in enumerate(zip(own.examples, scrubbed.examples, strict=True)) if _told(old, new)
    }
    bench = await bench_of(scrubbed, parts.layers, parts.box, parts.call_limits, parts.recordings)
    if not was or isinstance(bench, str):
        return scrubbed, []
    changed = [scrubbed.examples[index] for index in sorted(was)]
    results = await bench.run(scrubbed.source, [one.args for one in changed])
    gone = {index for index, one, result in zip(sorted(was), changed, results, strict=True) if not holds(one, result)}
    left = tuple(one for index, one in enumerate(scrubbed.examples) if index not in gone)
    told = [f"{len(gone)} examples were left out: their answers are about the texts that were replaced"] if gone else []
    return replace(scrubbed, examples=left), told


def _told(old: Example, new: Example) -> bool:
    return (old.args, old.returns) != (new.args, new.returns)


async def judge(tool: Tool, parts: CheckParts) -> tuple[Checked, list[str], list[str]]:
    """What the gates say, with reasons against it and notes for who decides (raises SandboxError)."""
    checked = await check_tool(tool, parts)
    return checked, *verdict_of(checked)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying a tool that arrived with a report of its own. ``against`` is why it may not wait for a
    person: it fails at a gate that its report does not say it failed, or it holds a secret; empty where nothing is
    hidden. ``unconfirmed``: too few of its examples are known to be right, whatever it says of that.
    """

    against: Sequence[str]
    unconfirmed: bool


async def tried(tool: Tool, parts: CheckParts) -> Tried:
    """Asks all gates, and looks for what the report leaves out (raises SandboxError)."""
    checked, against, _ = await judge(tool, parts)
    said = {gate for gate, verdict, _ in gates_of(tool) if verdict == "failed"}
    failed = {gate.gate for gate in checked.gates if gate.verdict == "failed"} & FOR_A_PERSON
    unsaid = [f"its report does not say that it fails at {gate}" for gate in sorted(failed - said)]
    secret, _ = await asyncio.to_thread(told_by, tool, Known(secrets=parts.secrets))
    return Tried([*against, *secret, *unsaid], checked.unconfirmed or checked.truths < HOLD_OUT_FROM)
