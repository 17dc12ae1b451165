"""Two gates over many inputs nobody wrote down: fuzz from the signature, and the same answer twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentforge.boxes.protocol import CallResult
from agentforge.forge.cases import outcome
from agentforge.forge.domain import has_open_types, is_defect, within
from agentforge.forge.evidence import what_happened
from agentforge.forge.gates.bench import SECOND_SEED, Bench
from agentforge.forge.gates.submission import Submission
from agentforge.forge.gates.verdict import MOST_SHOWN, judged, shortened, skipped, texts
from agentforge.forge.spec import render_call
from agentforge.registry.schema import mismatches
from agentforge.types import Example, GateResult, JSONObject


async def fuzz(bench: Bench) -> GateResult:
    """On inputs of the declared types: declared errors only, a JSON result of the declared type, in time.

    Which errors count, and where, says :mod:`agentforge.forge.domain`. A run that is too slow or takes too
    much memory counts within what the examples span; beyond, inputs only get larger.
    """
    sub = bench.submission
    tried = await _tried(bench)
    if not tried:
        return skipped("fuzz", "no input could be made")
    problems = list(dict.fromkeys(_problems(sub, tried)))
    raised = sum(result.status == "raised" for _, result in tried)
    slow = [render_call(sub.name, Example(args)) for args, result in tried if result.status == "timed_out"]
    return judged(
        "fuzz",
        not problems,
        f"{len(tried)} inputs: {len(tried) - raised - len(slow)} results of the declared type, {raised} refused",
        shortened("; ".join(problems[:MOST_SHOWN]), 1500),
        inputs=len(tried),
        refused=raised,
        too_slow=texts(slow, MOST_SHOWN),
        problems=texts(problems),
    )


async def same_answer_twice(bench: Bench) -> GateResult:
    """Every input has the same outcome in a second box, whose Python orders sets of texts otherwise.

    A set of two texts has the same order under half of all hash seeds, so one input proves little and
    many are tried. An input on which a run was too slow says nothing here.
    """
    sub = bench.submission
    tried = [(args, result) for args, result in await _tried(bench) if result.status != "timed_out"]
    inputs = [args for args, _ in tried]
    again = await bench.results(inputs, hash_seed=SECOND_SEED)
    differing = [
        render_call(sub.name, Example(args))
        for (args, one), other in zip(tried, again, strict=True)
        if outcome(one) != outcome(other) and other.status != "timed_out"
    ]
    return judged(
        "same answer twice",
        not differing,
        f"{len(inputs)} inputs, the same outcome in two boxes with different hash seeds",
        f"{len(differing)} of {len(inputs)} inputs have another outcome in a box with another hash seed, such as"
        f" {', '.join(differing[:1])}: it depends on the order of a set",
        inputs=len(inputs),
        differing=texts(differing, MOST_SHOWN),
    )


async def _tried(bench: Bench) -> list[tuple[JSONObject, CallResult]]:
    """The inputs of the submission with what it did, but for those whose fetches nobody recorded."""
    shop = bench.submission.workshop
    return [(args, result) for args, result in await bench.tried() if not shop.unanswered(result)]


def _problems(sub: Submission, tried: Sequence[tuple[JSONObject, CallResult]]) -> Iterator[str]:
    """Each kind of trouble once, with the input that shows it."""
    known = [example.args for example in (*sub.examples, *sub.generated) if example.raises is None]
    vouched = [example.args for example in sub.examples if example.raises is None]
    shown = [example.args for example in (*sub.examples, *sub.stated)]
    parameters = sub.signature.parameters if sub.signature is not None else {}
    returns = sub.signature.returns if sub.signature is not None else {}
    open_types, purpose, seen = has_open_types(parameters), f"{sub.purpose}\n{sub.summary}", set[str]()
    for args, result in tried:
        if args in shown:
            continue  # the examples have a gate of their own
        kind = result.error if result.status == "raised" else result.status
        what = ""
        if result.status == "raised":
            if is_defect(result.error, args, known, sub.declared, open_types, purpose, vouched):
                what = "which its docstring does not name under Raises"
        elif result.ok:
            whole = returns.get("type") == "integer" and isinstance(result.value, float)
            if whole or mismatches(result.value, returns):
                kind, what = "type", f"which is no {_declared_type(sub)}"
        elif result.status == "bad_result" or within(args, known):
            what = "within what the examples span" if result.status != "bad_result" else "which no tool may return"
        if what and kind not in seen:
            seen.add(kind)
            yield f"{shortened(render_call(sub.name, Example(args)), 200)} {what_happened(result)}, {what}"


def _declared_type(sub: Submission) -> str:
    return sub.signature.text.rpartition("->")[2].strip() if sub.signature is not None else "declared type"
