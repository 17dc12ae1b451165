"""Calls leave no trace: arguments stay as they were, and no call changes the answer of another.

Every other gate runs each input in a process of its own, where such faults cannot show; a caller of the
tool that runs in one process with it meets them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentforge.boxes.protocol import CallResult
from agentforge.forge.cases import outcome
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.verdict import MOST_SHOWN, judged, shortened, skipped, texts
from agentforge.forge.spec import render_call
from agentforge.types import JSON, Example, GateResult, JSONObject

MOST_INPUTS = 40
"""So many inputs are run in one process, there and back."""

SLOWEST = 0.2
"""Seconds: an input that took longer by itself is left out, so that all of them fit into the time of one call."""

_HARNESS = """

def _told_by_calls(inputs):
    import copy

    told = []
    for args in [*inputs, *reversed(inputs)]:
        given = copy.deepcopy(args)
        try:
            answer = {{"returns": copy.deepcopy({name}(**given))}}
        except Exception as error:
            answer = {{"raises": type(error).__name__}}
        told.append([answer, given == args])
    return told

_told_by_calls(__import__("json").loads({inputs}))
"""


async def no_traces(bench: Bench) -> GateResult:
    """The inputs in one process, there and back: the outcomes of fresh processes, and arguments as they were given."""
    sub = bench.submission
    tried = await _tried(bench)
    if not tried:
        return skipped("no traces", "no input ends quickly enough to be run beside others")
    inputs = [args for args, _ in tried]
    shop = sub.workshop
    script = sub.source + _HARNESS.format(name=sub.name, inputs=json.dumps(json.dumps(inputs)))
    result = await shop.box.run(script, toolbox=shop.toolbox, limits=shop.limits, grant=shop.grant())
    if shop.unanswered(result) or not result.ok or not isinstance(result.value, list):
        return skipped("no traces", f"the inputs could not be run in one process: {result.error or result.status}")
    changed, differing = _compared(sub.name, tried, result.value)
    told = [f"{call} changes its arguments" for call in changed[:1]]
    told += [f"{call} has another outcome after other calls in the same process" for call in differing[:1]]
    return judged(
        "no traces",
        not told,
        f"{len(inputs)} inputs in one process, there and back: the same outcomes, arguments as they were",
        shortened("; ".join(told)),
        inputs=len(inputs),
        changed=texts(changed, MOST_SHOWN),
        differing=texts(differing, MOST_SHOWN),
    )


async def _tried(bench: Bench) -> list[tuple[JSONObject, CallResult]]:
    """Inputs with what fresh processes did on them; what was neither returned nor raised has its own gates."""
    some = (await bench.tried())[:MOST_INPUTS]
    return [(args, one) for args, one in some if one.status in ("returned", "raised") and one.seconds < SLOWEST]


def _compared(
    name: str, tried: Sequence[tuple[JSONObject, CallResult]], told: Sequence[JSON]
) -> tuple[list[str], list[str]]:
    """The calls that change their arguments, and those with another outcome; each once."""
    changed: dict[str, None] = {}
    differing: dict[str, None] = {}
    for (args, fresh), answer in zip([*tried, *reversed(tried)], told, strict=False):
        call = render_call(name, Example(args))
        match answer:
            case [{"returns": value}, bool(kept)]:
                seen = CallResult("returned", value)
            case [{"raises": str(error)}, bool(kept)]:
                seen = CallResult("raised", None, error)
            case _:
                continue
        if outcome(seen) != outcome(fresh):
            differing[call] = None
        if not kept:
            changed[call] = None
    return [*changed], [*differing]
