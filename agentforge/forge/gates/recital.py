"""Whether a tool may hold the answers to its examples by heart, and know nothing else.

A table of the examples passes every gate of known answers, held-out ones included where its author knew them. What
gives it away is two things together: most of the examples stand in its source, and beside them it has no answer of
its own, but always refuses, or gives the same, or gives back what it was given. A right table may look so as well,
so that such a tool waits for a person. What the purpose itself states, arguments and result, is no recital, and a
table that has answers beyond the examples knows more than these.

What this does not find: examples that are taken apart or written in another form (hashed, joined to one text), and
a table of the examples with a guess for everything else, which no test on inputs without a known answer tells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from agentforge.boxes.protocol import CallResult
from agentforge.forge.cases import outcome
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.submission import Submission
from agentforge.forge.gates.verdict import MOST_SHOWN, judged, shortened, skipped, texts
from agentforge.forge.literals import literal, literals
from agentforge.forge.spec import render_call
from agentforge.types import JSON, Example, GateResult, JSONObject

GATE = "own answers"

MOST = 0.5
"""A larger share of the examples must stand in the source."""

FEWEST_RESULTS = 3
"""So many different results must stand in it where no arguments do: a tool that sorts into classes names these."""

ANSWERED = 0.2
"""A tool that answers more of the other inputs in its own way than this share knows more than the examples."""

SMALL = 10
"""Numbers up to this stand in any source, and tell nothing."""

FEWEST_INPUTS = 5
"""With fewer other inputs nothing is said."""


async def own_answers(bench: Bench) -> GateResult:
    """Passes whatever it finds; ``by_heart`` in its evidence is the sentence for the person whom such a tool waits
    for, empty for all others.
    """
    sub = bench.submission
    recited = recited_examples(sub)
    calls = [shortened(render_call(sub.name, example), 200) for example in recited]
    if not recited:
        return skipped(GATE, "its source does not hold most of the examples", by_heart="", recited=[])
    shown = [example.args for example in sub.examples]
    ended = [pair for pair in await bench.tried() if pair[1].status in ("returned", "raised")]
    tried = [(args, result) for args, result in ended if args not in shown]
    own = [args for args, _ in _own(tried)]
    few = len(tried) < FEWEST_INPUTS or len(own) > ANSWERED * len(tried) or _new(tried, sub.examples) > 1
    told = (
        f"Its source holds {len(recited)} of {len(sub.examples)} examples, such as {calls[0]}, and of {len(tried)} "
        f"other inputs it answers {len(own)} in a way of its own: it may know the examples by heart."
    )
    return judged(
        GATE,
        True,
        f"its source holds examples, and it answers other inputs as well: {len(own)} of {len(tried)}" if few else told,
        "",
        by_heart="" if few else told,
        recited=texts(calls, MOST_SHOWN),
        inputs=len(tried),
        answered=len(own),
        needs_person=not few,
    )


def by_heart(gates: Sequence[GateResult]) -> str:
    """The doubt of :func:`own_answers` as a sentence; empty where it has none."""
    found = next((gate.evidence.get("by_heart") for gate in gates if gate.gate == GATE), "")
    return found if isinstance(found, str) else ""


def recited_examples(sub: Submission) -> list[Example]:
    """The examples that stand in the source and not in the purpose; none, unless they are most of all."""
    returned = [example for example in sub.examples if example.raises is None]
    held, purpose = literals(sub.source), _purpose(sub)
    free = [example for example in returned if not _stated(example, purpose)]
    by_arguments = [example for example in free if _arguments_stand(example.args, held)]
    told = [example for example in free if _tells(example.returns) and not _is_label(example.returns, sub)]
    by_result = [example for example in told if literal(example.returns) in held]
    if len({literal(example.returns) for example in by_result}) < FEWEST_RESULTS:
        by_result = []
    recited = [example for example in free if example in by_arguments or example in by_result]
    return recited if len(recited) > MOST * len(returned) else []


def _arguments_stand(args: JSONObject, held: set[str]) -> bool:
    """Whether all arguments, one of which tells something, stand in the source, one by one or as one object."""
    if not any(map(_tells, args.values())):
        return False
    as_texts = {literal(given) for given in ({**args}, [*args.values()])}
    return all(literal(value) in held for value in args.values()) or bool(held & as_texts)


def _tells(value: JSON) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        return abs(value) > SMALL
    return len(value) > 1 if isinstance(value, str) else bool(value)


def _is_label(value: JSON, sub: Submission) -> bool:
    """Whether the declared type names the result, so that any source must."""
    labels = sub.signature.returns.get("enum") if sub.signature is not None else None
    return isinstance(labels, list) and value in labels


def _purpose(sub: Submission) -> str:
    """What the user was promised, without demonstrations."""
    return re.sub(r"^\s*>>>.*\n.*$", "", sub.purpose, flags=re.MULTILINE)


def _stated(example: Example, purpose: str) -> bool:
    """Whether arguments and result stand in the purpose, each as a word of its own."""
    leaves = [str(leaf) for value in (*example.args.values(), example.returns) for leaf in _leaves(value)]
    return all(re.search(rf"(?<!\w){re.escape(leaf)}(?!\w)", purpose, re.IGNORECASE) for leaf in leaves)


def _leaves(value: JSON) -> Iterator[JSON]:
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _leaves(part)
    if not isinstance(value, dict | list):
        yield value


def _own(tried: Sequence[tuple[JSONObject, CallResult]]) -> list[tuple[JSONObject, CallResult]]:
    """What was answered neither with the commonest outcome, nor with what was given."""
    common = Counter(outcome(result) for _, result in tried).most_common(1)
    default = common[0][0] if common else ""
    return [
        (args, result)
        for args, result in tried
        if result.ok and outcome(result) != default and result.value not in args.values()
    ]


def _new(tried: Sequence[tuple[JSONObject, CallResult]], examples: Sequence[Example]) -> int:
    """How many different answers of its own are those of no example."""
    known = {outcome(CallResult("returned", example.returns)) for example in examples if example.raises is None}
    return len({outcome(result) for _, result in _own(tried)} - known)
