"""From a call that went wrong to the smallest example of it that may be kept: shrunk, redacted, still failing.

What a person vouched for is not shrunk: it is kept as it is but for secrets and personal-looking texts. Whatever
is changed, the changed call is run again and has to go wrong in the same way, or it is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agentforge.boxes.protocol import CallResult
from agentforge.forge.boxed import Bench
from agentforge.forge.cases import equal, holds, outcome
from agentforge.forge.made_up import disguises, personal, replaced, replacements
from agentforge.forge.shrinking import shrink
from agentforge.redaction import redact_json
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.types import JSON, Example, JSONObject

SLOW_SECONDS = 1.0
"""A shrunk call that is not done in this time counts as one that does not end, where the real one did not."""

MOST_SLOW_RUNS = 12
MOST_RUNS = 200

NOT_KEPT = "with secrets and personal-looking texts replaced it no longer goes wrong in the same way"


@dataclass(frozen=True, slots=True)
class Minimal:
    """A small call that goes wrong as the real one did, and what it gives."""

    args: JSONObject
    result: CallResult


async def minimal_failure(
    args: JSONObject, failed: CallResult, bench: Bench, secrets: Collection[str] = ()
) -> Minimal | None:
    """The smallest call found that fails as the one with ``args`` did; None where none may be kept.

    Raises:
        SandboxError: the box failed.
    """
    tool, slow = bench.tool, failed.status == "timed_out"
    seconds = SLOW_SECONDS if slow else None

    async def result_of(some: JSONObject) -> CallResult | None:
        if mismatches(some, tool.signature.parameters):
            return None
        result = (await bench.run(tool.source, [some], seconds=seconds))[0]
        return result if alike(result, failed, tool) else None

    async def fails(some: JSONObject) -> bool:
        return await result_of(some) is not None

    small = await shrink(args, fails, most_runs=MOST_SLOW_RUNS if slow else MOST_RUNS)
    for names in replacements(small):
        kept = redact_json(replaced(small, names), secrets)
        if isinstance(kept, dict) and (result := await result_of(kept)) is not None:
            return Minimal(kept, result)
    return None


def alike(one: CallResult, other: CallResult, tool: Tool) -> bool:
    """Whether two failing results fail in the same way: by the same error, status or wrong type."""
    if other.ok:
        return one.ok and mistyped(tool, one.value) and mistyped(tool, other.value)
    return one.status == other.status and one.error == other.error


def mistyped(tool: Tool, value: JSON) -> bool:
    """Whether a result is not of the declared type; 4.0 is no int, whatever JSON Schema says."""
    schema = tool.signature.returns
    return (schema.get("type") == "integer" and isinstance(value, float)) or bool(mismatches(value, schema))


async def kept_correction(
    truth: Example, given: CallResult, bench: Bench, secrets: Collection[str] = ()
) -> Example | None:
    """What a person vouches for, as it may be kept; None where it may not.

    ``given`` is what the tool gives now. A text is replaced only where the tool treats several made-up ones exactly
    as the real one (what it gives is the same with the texts replaced): then the text passes through it, and what is
    right for the real one is right for a made-up one. A sum of digits or a check of an address is not kept so.

    Raises:
        SandboxError: the box failed.
    """
    if not personal(truth.args) and not personal(truth.returns) and _clean(truth, secrets):
        return truth
    made: list[Example] = []
    for names in disguises(truth.args):
        args, returns = replaced(truth.args, names), replaced(truth.returns, names)
        example = Example(args if isinstance(args, dict) else {}, returns, truth.raises, truth.source)
        if set(personal(returns)) - set(names.values()) or not _clean(example, secrets):
            return None
        result = (await bench.run(bench.tool.source, [example.args]))[0]
        if holds(example, result) or not _same_but_for(result, given, names):
            return None
        made.append(example)
    return made[0]


def _same_but_for(result: CallResult, given: CallResult, names: Mapping[str, str]) -> bool:
    if not given.ok or not result.ok:
        return outcome(result) == outcome(given)
    return equal(result.value, replaced(given.value, names))


def _clean(example: Example, secrets: Collection[str]) -> bool:
    values: list[JSON] = [example.args, example.returns]
    return redact_json(values, secrets) == values
