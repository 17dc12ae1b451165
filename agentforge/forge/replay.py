"""What a new version would have said to the calls of the old one. Effects are never repeated.

Confirmed answers and corrections have to come out as a person vouches for them. Any other call is compared with
what the standing version gives for it now, under the same fixed clock and recordings, and not with what was
recorded, which may be older. A call that a person called wrong, and one that ended in no answer at all, has
nothing to lose.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from agentforge.boxes.protocol import CallResult
from agentforge.forge.boxed import Bench
from agentforge.forge.cases import holds, outcome
from agentforge.forge.evidence import what_happened
from agentforge.memory.outcomes import Known
from agentforge.types import Example, JSONObject

MOST_CALLS = 200
"""Newest calls that are replayed at the most."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A call on which the versions differ; ``before`` and ``after`` are ends of sentences."""

    call: str
    args: JSONObject
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a version fared. ``lost`` are ids of calls whose vouched-for answer it does not give."""

    compared: int = 0
    lost: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


async def replay(bench: Bench, source: str, calls: Sequence[Known], settled: Sequence[Example] = ()) -> Replayed:
    """Runs ``calls``, newest first, with the version ``source`` and with the standing one.

    Calls whose arguments are those of a ``settled`` example are not compared: what is right there is known.

    Raises:
        SandboxError: the box failed.
    """
    known = {_text(example.args) for example in settled}
    some = _distinct(calls)
    vouched = [(call, truth) for call in some if (truth := call.truth) is not None and _text(call.args) not in known]
    vouched = await _repeatable(bench, vouched)
    open_ones = [call for call in some if call.word is None and _text(call.args) not in known]
    new = await bench.run(source, [call.args for call in (*(one for one, _ in vouched), *open_ones)])
    lost = [call.id for (call, truth), result in zip(vouched, new, strict=False) if not holds(truth, result)]
    old = await bench.run(bench.tool.source, [call.args for call in open_ones])
    triples = list(zip(open_ones, old, new[len(vouched) :], strict=True))
    compared = [one for one in triples if _is_answer(bench, one[1])]
    return Replayed(
        compared=len(vouched) + len(compared),
        lost=tuple(lost),
        disagreements=tuple(
            Disagreement(call.id, call.args, what_happened(before), what_happened(after))
            for call, before, after in compared
            if outcome(before) != outcome(after)
        ),
    )


async def _repeatable(bench: Bench, vouched: list[tuple[Known, Example]]) -> list[tuple[Known, Example]]:
    """All, but for confirmed answers of a tool with capabilities that no replay gives: they depend on the day."""
    if bench.tool.pure:
        return vouched
    now = await bench.run(bench.tool.source, [call.args for call, _ in vouched])
    return [
        pair for pair, result in zip(vouched, now, strict=True) if pair[0].word == "wrong" or holds(pair[1], result)
    ]


def _is_answer(bench: Bench, result: CallResult) -> bool:
    """Whether a result says anything: a value, or an error that the tool declares."""
    return result.ok or (result.status == "raised" and result.error in bench.tool.signature.raises)


def _distinct(calls: Sequence[Known]) -> list[Known]:
    """One call for each arguments, one that a person judged before any other, without those that held a secret."""
    found: dict[str, Known] = {}
    for call in sorted(calls, key=lambda call: call.word is None):
        if call.whole:
            found.setdefault(_text(call.args), call)
    return list(found.values())


def _text(args: JSONObject) -> str:
    return json.dumps(args, sort_keys=True)
