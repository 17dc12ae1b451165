"""Two versions of one tool, made on both sides: which one stands is found out here, by running both."""

from __future__ import annotations

from dataclasses import replace

from agentforge.forge.checking import FOR_A_PERSON, CheckParts, check_tool
from agentforge.forge.spec import distinct
from agentforge.registry.merging.tools import Contest, Settled
from agentforge.registry.tool import Tool


async def settle(contest: Contest, parts: CheckParts) -> Settled:
    """Runs all gates on both, each on the examples of both as well, and lets the one stand that passes; where both or
    neither do, the one that stands here. No version gets in by this that may reach more.

    Raises:
        RegistryError, StorageError: the registry cannot be read.
        SandboxError: the box failed.
    """
    known = distinct([*contest.ours.examples, *contest.theirs.examples])
    ours, theirs = [await _fails(replace(one, examples=tuple(known)), parts) for one in (contest.ours, contest.theirs)]
    if ours and not theirs:
        snapshot = parts.registry.snapshot()
        if more := snapshot.reach(contest.theirs).beyond(snapshot.reach(contest.ours)):
            return Settled("ours", f"It passes where yours fails at {ours}, but wants more: {', '.join(more)}.")
        return Settled("theirs", f"Changed on both sides. It fails at {ours}, which the other version passes.")
    if theirs and not ours:
        return Settled("ours", f"Changed on both sides. It fails at {theirs}, which your version passes.")
    if theirs:
        return Settled("ours", f"Changed on both sides, and both fail: this one at {theirs}, yours at {ours}.")
    return Settled("ours", "Changed on both sides, and both pass all tests of both.")


async def _fails(tool: Tool, parts: CheckParts) -> str:
    checked = await check_tool(tool, parts)
    return ", ".join(gate.gate for gate in checked.gates if gate.verdict == "failed" and gate.gate not in FOR_A_PERSON)
