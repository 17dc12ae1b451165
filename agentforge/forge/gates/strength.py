"""Suite strength: the tests must notice a tool that does nothing, and most small changes of this one."""

from __future__ import annotations

from collections.abc import Sequence

from agentforge.forge.domain import within
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.submission import Submission
from agentforge.forge.gates.survey import Stub, Survey, passing_stubs, sees_the_trial, survey
from agentforge.forge.gates.verdict import judged, shortened, texts
from agentforge.forge.spec import render_call
from agentforge.forge.strengthen import strengthen
from agentforge.types import Example, GateResult, JSONObject

FEWEST_CHANGES = 2
"""So many changes of one line must go unnoticed before the line counts as untested."""


async def suite_strength(bench: Bench) -> GateResult:
    """The suite fails against stubs, and against enough of the mutants that do something else."""
    if bench.submission.forged is not None:
        await strengthen(bench)
    sub = bench.submission
    folder = bench.submission.forged is None  # whose tests are its author's; those of a forging are ours
    if folder and await sees_the_trial(bench):
        why = "the tests pass for the tool, but not for the same code in another form: they look at how they are run"
        return judged("suite strength", False, "", why)
    if passing := [_told_of(stub, sub) for stub in await passing_stubs(bench)]:
        return judged("suite strength", False, "", "; ".join(passing), stubs=texts(passing))
    found = await survey(bench)
    needed, counted = sub.settings.killed if folder else sub.settings.killed_in_forging, found.counted
    told = f"{len(found.noticed)} of {counted} mutants are noticed"
    known = [example.args for example in (*sub.examples, *sub.generated)]
    left = [f"{mutant.change}, as {render_call(sub.name, Example(args))} shows" for mutant, args in found.unnoticed]
    evidence: JSONObject = {
        "mutants": counted + len(found.equivalent),
        "noticed": len(found.noticed),
        "unnoticed": texts(left),
        "equivalent": texts([mutant.change for mutant in found.equivalent]),
        "unnoticed_within": sum(within(args, known) for _, args in found.unnoticed),
        "not_reached": texts([mutant.change for mutant in found.not_reached]),
        "unknown": texts([mutant.change for mutant in found.unknown]),
    }
    overlooked = _overlooked(found, sub) if folder else []
    evidence["told_apart_by_examples"] = texts(overlooked)
    if overlooked:
        told = f"no test notices {overlooked[0]}; {told}"
    if folder and not counted:
        told = "no change of the tool does anything else on any input, so nothing shows what the tests are worth"
    untested = _untested(found, known)
    evidence["untested_lines"] = [*untested]
    if untested:
        lines = ", ".join(map(str, untested))
        told = f"no test notices any change of line {lines}, which the examples reach; {told}"
    slow = f"; {len(found.not_reached)} were not reached in time" * bool(found.not_reached)
    slow += f"; {len(found.unknown)} did not end in time, near which the tool itself is" * bool(found.unknown)
    return judged(
        "suite strength",
        (counted > 0 or not folder) and len(found.noticed) >= needed * counted and not untested and not overlooked,
        f"the suite fails against stubs, and {told}",
        shortened(f"{told}, {needed:.0%} are needed{slow}: no test notices {'; '.join(left[:3])}", 1000),
        **evidence,
    )


def _overlooked(found: Survey, sub: Submission) -> list[str]:
    """Changes that even an example, or a case that the docstring states, tells from the tool: an author who knows a
    right answer has to test for it. In a forging the suite holds all examples that may be shown.
    """
    examples, stated = ([example.args for example in some] for some in (sub.examples, sub.stated))
    return [
        f"{mutant.change}, though {'the example' if args in examples else 'its docstring, which states'}"
        f" {shortened(render_call(sub.name, Example(args)), 200)}{'' if args in examples else ','} shows it"
        for mutant, args in found.unnoticed
        if args in (*examples, *stated)
    ]


def _untested(found: Survey, known: Sequence[JSONObject]) -> list[int]:
    """Lines of which no change is noticed, though two or more of them do something else, and one of these within
    what the examples span. That the rest of the source is tested well says nothing about such a line.
    """
    noticed = {mutant.line for mutant in found.noticed}
    lines = [mutant.line for mutant, _ in found.unnoticed]
    reached = {mutant.line for mutant, args in found.unnoticed if within(args, known)}
    return sorted(line for line in reached - noticed if lines.count(line) >= FEWEST_CHANGES)


def _told_of(stub: Stub, sub: Submission) -> str:
    """In words that a writer of tests can act on."""
    if sub.forged is None:
        return shortened(f"the tests pass for a tool that always {stub.what}: test inputs with other results", 250)
    return shortened(f"the examples do not tell the tool from one that always {stub.what}", 200) + (
        ": one with another result would"
    )
