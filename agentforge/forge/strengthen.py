"""Makes the suite of a forging stronger before it is judged.

It consists of the examples and of the generated cases on which candidates agreed, which may be few. An
input on which all members of the winning group agree, and on which a mutant that the suite lets pass
does something else, becomes a case of its own. Such cases pin down what this version does; they say
nothing about whether it is right, so they count in no gate but this one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from agentforge.boxes.protocol import CallResult
from agentforge.forge.cases import equal, holds, outcome, render_suite
from agentforge.forge.evidence import Candidate, run_all
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.submission import Forged
from agentforge.forge.gates.survey import Stub, differences, passing_stubs, survey
from agentforge.forge.leaks import tells_secret
from agentforge.forge.mutants import Mutant
from agentforge.registry.contract import is_builtin_error
from agentforge.types import Example, JSONObject

MOST_ADDED = 12
"""Cases that are added at the most: a suite stays something that a person can read."""
FEWEST_LINEAGES = 2
"""Independent candidates that must agree on an input; one alone says nothing about it, but for one of a stronger
model, which needs held-out examples or independent tests to speak for it (``forge.placement``)."""
LONGEST_CASE = 500
"""Characters of a case: a longer one nobody reads."""


async def strengthen(bench: Bench) -> None:
    """Adds cases to the tests of the bench's submission, where there are agreed ones that notice more."""
    forged = bench.submission.forged
    if forged is None or (forged.group.independent < FEWEST_LINEAGES and not forged.group.escalated):
        return
    before, others = bench.submission, _Others(forged, bench)
    for stub in await passing_stubs(bench):
        await _add(bench, others, _not_given_by(bench, stub))
    found = await survey(bench)
    for mutant, _ in found.unnoticed:
        if not await _noticed_by(others.added, mutant, bench):
            await _add(bench, others, differences(bench, mutant))
    noticed = frozenset(mutant.source for mutant in found.noticed)
    stronger = bench.submission if (await bench.own_suite()).passed else before
    bench.submission = replace(stronger, noticed=noticed)


class _Others:
    """The other members of the winning group, one of each lineage, and whether they agree with its best."""

    def __init__(self, forged: Forged, bench: Bench) -> None:
        best = forged.group.best
        self.added: list[Example] = []
        self._bench = bench
        self._members: dict[int, Candidate] = {}
        for member in forged.group.members:
            if member is not best and member.draft.lineage != best.draft.lineage:
                self._members.setdefault(member.draft.lineage, member)

    async def agree(self, args: JSONObject, right: CallResult) -> bool:
        """Whether each of them does the same on ``args``; what was not probed is run now."""
        told = outcome(right)
        for member in self._members.values():
            if args in member.inputs:
                if member.behaviour[member.inputs.index(args)] != told:
                    return False
                continue
            sub = self._bench.submission
            (result,) = await run_all(member.source, sub.name, [args], sub.workshop)
            if outcome(result) != told:
                return False
        return True


async def _not_given_by(bench: Bench, stub: Stub) -> AsyncGenerator[JSONObject, None]:
    """Inputs on which the tool returns something else than a stub."""
    for args, result in await bench.tried():
        if result.ok and not equal(result.value, stub.gives):
            yield args


async def _add(bench: Bench, others: _Others, inputs: AsyncGenerator[JSONObject, None]) -> None:
    """The first of ``inputs`` that can be a case becomes one."""
    if len(others.added) >= MOST_ADDED:
        await inputs.aclose()
        return
    async with aclosing(inputs):
        async for args in inputs:
            (right,) = await bench.results([args])
            case = _case(bench, args, right)
            if case is not None and await others.agree(args, right):
                others.added.append(case)
                sub = bench.submission
                generated = (*sub.generated, case)
                tests = render_suite(sub.name, [*sub.visible, *generated])
                bench.submission = replace(sub, generated=generated, tests=tests)
                return


def _case(bench: Bench, args: JSONObject, right: CallResult) -> Example | None:
    """What the tool did as a test case, where it may be one: a value or a declared error, readable, no secret,
    and nothing that is held out.
    """
    sub = bench.submission
    taken = any(example.args == args for example in (*sub.examples, *sub.generated))
    refused = right.status == "raised" and right.error in sub.declared and is_builtin_error(right.error)
    if taken or not (right.ok or refused):
        return None
    case = Example(args, right.value, right.error or None, source="generated")
    secrets = sub.forged.spec.secrets if sub.forged is not None else frozenset[str]()
    return None if len(repr(case)) > LONGEST_CASE or tells_secret(case, secrets) else case


async def _noticed_by(added: Sequence[Example], mutant: Mutant, bench: Bench) -> bool:
    """Whether a case that was added for another mutant notices this one as well."""
    sub = bench.submission
    results = await run_all(mutant.source, sub.name, [case.args for case in added], sub.workshop)
    return not all(map(holds, added, results))
