"""The gates of the tools that a version would stand among: twins, and those that depend on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from agentforge.boxes.protocol import CallResult
from agentforge.errors import ToolInvalid
from agentforge.forge.cases import outcome
from agentforge.forge.evidence import run_all
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.submission import Submission
from agentforge.forge.gates.verdict import MOST_SHOWN, judged, shortened, skipped, texts
from agentforge.registry.contract import Signature
from agentforge.registry.tool import Tool
from agentforge.types import JSON, GateResult, JSONObject

DUPLICATES = "behavioural duplicates"

FIRST_LOOK = 4
"""Inputs on which a live tool is tried before it is tried on all: most differ at once."""

FEWEST_RESULTS = 3
"""Different results among them: tools that always return the same are alike and do not duplicate each other."""


async def behavioural_duplicates(bench: Bench) -> GateResult:
    """No live tool with the same types does the same on every input on which this one returns something.

    A folder that somebody hands in may do what a tool of a layer below its own does: whoever wrote it may want
    their own, so that is told and no more. In a forging every twin counts, since the other can be used instead.
    """
    sub = bench.submission
    others = [tool for tool in sub.standing.tools.values() if _may_be_a_twin(tool, sub)]
    telling = [(args, result) for args, result in await bench.tried() if result.ok]
    enough = len(telling) >= sub.settings.twin_inputs
    if not enough or len({outcome(result) for _, result in telling}) < FEWEST_RESULTS:
        return skipped(DUPLICATES, f"only {len(telling)} inputs tell anything", inputs=len(telling))
    found = [tool for tool in others if await _is_twin(tool, sub, telling)]
    below = [tool for tool in found if sub.forged is None and tool.layer is not sub.layer]
    twins = [tool.name for tool in found if tool not in below]
    told = f"{len(others)} live tools have these types, none does the same on {len(telling)} inputs"
    if below:
        told = f"it does the same as {_named(below)} on {len(telling)} inputs"
    return judged(
        DUPLICATES,
        not twins,
        told,
        f"the live tool {', '.join(twins)} does the same on {len(telling)} of {len(telling)} inputs: use it",
        compared=texts([tool.name for tool in others]),
        twins=texts(twins),
        does_the_same_as=texts([tool.name for tool in found]),
        inputs=len(telling),
    )


def twin_of(failed: Sequence[GateResult]) -> str:
    """The live tool that does the same, where a version failed at nothing else; else empty."""
    twins = failed[0].evidence.get("twins") if len(failed) == 1 and failed[0].gate == DUPLICATES else None
    return str(twins[0]) if isinstance(twins, list) and twins else ""


async def dependents_tests(bench: Bench) -> GateResult:
    """For a new version of a live tool: the suites of the live tools that need it pass with it in their toolbox."""
    sub = bench.submission
    if sub.replaces is None:
        return skipped("dependents' tests", "there is no live version of this tool that others could need")
    others = sub.standing.dependents(sub.name)
    broken = [await _broken_by(bench, tool) for tool in others]
    told = [problem for problem in broken if problem]
    return judged(
        "dependents' tests",
        not told,
        f"{len(others)} live tools need it, and their tests pass with this version",
        shortened("; ".join(told), 1000),
        dependents=texts([tool.name for tool in others]),
        broken=texts(told),
    )


def _named(tools: Sequence[Tool]) -> str:
    return ", ".join(f"{tool.name} of the {tool.layer} layer" for tool in tools)


def _may_be_a_twin(tool: Tool, sub: Submission) -> bool:
    """Another pure tool with the same types, one by one, and the same result."""
    if tool.name == sub.name or not tool.pure or sub.signature is None:
        return False
    try:
        return _types(tool.signature) == _types(sub.signature)
    except ToolInvalid:
        return False


def _types(signature: Signature) -> tuple[list[JSON], JSON]:
    return [_bare(schema) for schema in _parameters(signature).values()], signature.returns


def _parameters(signature: Signature) -> JSONObject:
    return cast("JSONObject", signature.parameters["properties"])


def _bare(schema: JSON) -> JSON:
    return {key: value for key, value in schema.items() if key != "default"} if isinstance(schema, dict) else schema


async def _is_twin(tool: Tool, sub: Submission, telling: Sequence[tuple[JSONObject, CallResult]]) -> bool:
    """Arguments go by their place: names may differ. What this version leaves to a default is left there too."""
    names = dict(zip(_parameters(cast("Signature", sub.signature)), _parameters(tool.signature), strict=True))
    shop = replace(sub.workshop, toolbox=sub.standing.toolbox(tool.depends))
    for some in (telling[:FIRST_LOOK], telling[FIRST_LOOK:]):
        inputs: list[JSONObject] = [{names[name]: value for name, value in args.items()} for args, _ in some]
        results = await run_all(tool.source, tool.name, inputs, shop)
        if any(outcome(one) != outcome(other) for (_, one), other in zip(some, results, strict=True)):
            return False
    return True


async def _broken_by(bench: Bench, tool: Tool) -> str:
    """What fails in a dependent's suite with this version, and does not fail without it."""
    sub, box = bench.submission, bench.submission.workshop.box
    limits = replace(sub.suite_limits, seconds=min(sub.suite_limits.seconds, sub.settings.suite_seconds))
    new = dict(sub.standing.toolbox(tool.depends, instead={sub.name: sub.source}))
    after = await box.suite(tool.source, tool.tests, toolbox=new, limits=limits)
    if after.passed:
        return ""
    before = await box.suite(tool.source, tool.tests, toolbox=sub.standing.toolbox(tool.depends), limits=limits)
    if not before.passed:
        return ""
    failing = [row.name for row in after.rows if row.outcome != "passed"]
    return f"{tool.name}: {', '.join(failing[:MOST_SHOWN]) or f'its suite {after.status}'} fails with this version"
