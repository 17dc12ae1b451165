"""Suite strength: the tests must notice a tool that does nothing, and most small changes of this one.

In a forging, where this is asked only of what has passed them, its held-out examples count like tests: they are kept
with the tool, and no later version may fail at one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agentforge.forge.domain import within
from agentforge.forge.gates.asked import asked, different_inputs
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.submission import Submission
from agentforge.forge.gates.survey import Stub, Survey, kept_tests, passing_stubs, sees_the_trial, survey
from agentforge.forge.gates.verdict import judged, shortened, texts
from agentforge.forge.mutants import Mutant, even_divisions
from agentforge.forge.spec import render_call
from agentforge.forge.strengthen import strengthen
from agentforge.types import Example, GateResult, JSONObject

FEWEST_CHANGES = 2
"""So many changes of one line must go unnoticed before the line counts as untested."""


async def suite_strength(bench: Bench) -> GateResult:
    """What is kept as tests fails against stubs, and against enough of the mutants that do something else."""
    if bench.submission.forged is not None:
        await strengthen(bench)
    sub = bench.submission
    folder = bench.submission.forged is None  # whose tests are its author's; those of a forging are ours
    if folder and await sees_the_trial(bench):
        why = "the tests pass for the tool, but not for the same code in another form: they look at how they are run"
        return judged("suite strength", False, "", why)
    tests = await kept_tests(bench)
    if passing := [_told_of(stub, sub) for stub in await passing_stubs(bench, tests)]:
        return judged("suite strength", False, "", "; ".join(passing), stubs=texts(passing))
    found = await survey(bench, tests=tests)
    needed, counted = sub.settings.killed if folder else sub.settings.killed_in_forging, found.counted
    known = [example.args for example in (*sub.examples, *sub.generated)]
    left = [f"{mutant.change}, as {render_call(sub.name, Example(args))} shows" for mutant, args in found.unnoticed]
    overlooked = _overlooked(found, sub) if folder else []
    unforgiven = await _unforgiven(bench, found, known) if folder and not overlooked else []
    untested = _untested(found, known)
    numbers = await _untested_numbers(bench, found, known) if folder and not untested else []
    uneven = await _never_even(bench, known) if folder else []
    held_out = 0 if tests == sub.tests else len(sub.held_out)
    evidence: JSONObject = {
        "held_out": held_out,
        "mutants": counted + len(found.equivalent),
        "noticed": len(found.noticed),
        "unnoticed": texts(left),
        "equivalent": texts([mutant.change for mutant in found.equivalent]),
        "unnoticed_within": sum(within(args, known) for _, args in found.unnoticed),
        "not_reached": texts([mutant.change for mutant in found.not_reached]),
        "unknown": texts([mutant.change for mutant in found.unknown]),
        "told_apart_by_examples": texts(overlooked),
        "unforgiven": texts(unforgiven),
        "untested_lines": [*untested],
        "untested_numbers": texts(numbers),
        "never_even": texts(uneven),
    }
    told = f"{len(found.noticed)} of {counted} mutants are noticed"
    if folder and not counted:
        told = "no change of the tool does anything else on any input, so nothing shows what the tests are worth"
    lines = [f"any change of line {', '.join(map(str, untested))}, which the examples reach"] if untested else []
    unseen = [*lines, *numbers[:1], *uneven[:1], *overlooked[:1], *unforgiven[:1]]
    told = "; ".join([*(f"no test notices {each}" for each in unseen), told])
    slow = f"; {len(found.not_reached)} were not reached in time" * bool(found.not_reached)
    slow += f"; {len(found.unknown)} did not end in time, near which the tool itself is" * bool(found.unknown)
    others = f": no test notices {'; '.join(left[:3])}" if left else ""
    return judged(
        "suite strength",
        (counted > 0 or not folder)
        and len(found.noticed) >= needed * counted
        and not (untested or numbers or uneven or overlooked or unforgiven),
        f"the suite{' with its held-out examples' if held_out else ''} fails against stubs, and {told}",
        shortened(f"{told}, {needed:.0%} are needed{slow}{others}", 1000),
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


async def _unforgiven(bench: Bench, found: Survey, known: Sequence[JSONObject]) -> list[str]:
    """Changes that show within what the examples span, where the suite holds few inputs: of a handful of mutants one
    that survives is a small share, and a further input would have told.
    """
    sub = bench.submission
    shown = [(mutant, args) for mutant, args in found.unnoticed if within(args, known)]
    count = different_inputs(await asked(bench)) if shown else 0
    if count >= sub.settings.many_inputs:
        return []
    return [
        f"{mutant.change}, as {shortened(render_call(sub.name, Example(args)), 200)} shows, which is"
        f" like the examples, and the tests hold only {count} different inputs"
        for mutant, args in shown
    ]


def _untested(found: Survey, known: Sequence[JSONObject]) -> list[int]:
    """Lines of which no change is noticed, though two or more of them do something else, and one of these within
    what the examples span. That the rest of the source is tested well says nothing about such a line.
    """
    noticed = {mutant.line for mutant in found.noticed}
    lines = [mutant.line for mutant, _ in found.unnoticed]
    reached = {mutant.line for mutant, args in found.unnoticed if within(args, known)}
    return sorted(line for line in reached - noticed if lines.count(line) >= FEWEST_CHANGES)


async def _untested_numbers(bench: Bench, found: Survey, known: Sequence[JSONObject]) -> list[str]:
    """Numbers of which no change is noticed, though each does something else within what examples and tests span: an
    entry of a table is tested or not, whatever stands beside it on its line.
    """
    noticed = {mutant.place for mutant in found.noticed}
    places = Counter(mutant.place for mutant, _ in found.unnoticed)
    left = [
        (mutant, args)
        for mutant, args in found.unnoticed
        if places[mutant.place] >= FEWEST_CHANGES and mutant.place not in noticed
    ]
    return await _reached(bench, left, known, "or the other change of it")


async def _never_even(bench: Bench, known: Sequence[JSONObject]) -> list[str]:
    """Divisions of which no test holds one that comes out even, though one does within what examples and tests span."""
    sub = bench.submission
    changed = even_divisions(sub.source, most=sub.settings.mutants)
    found = await survey(bench, changed) if changed else None
    return await _reached(bench, found.unnoticed, known, "where it comes out even") if found else []


async def _reached(
    bench: Bench, unnoticed: Sequence[tuple[Mutant, JSONObject]], known: Sequence[JSONObject], more: str
) -> list[str]:
    """Those that show within what examples and the suite's own inputs span, in words, with ``more`` about them."""
    if not unnoticed:
        return []
    answered = [call.args for call in await asked(bench) if not call.raised]
    name = bench.submission.name
    return [
        f"{mutant.change}, {more}, as {shortened(render_call(name, Example(args)), 200)} shows"
        for mutant, args in unnoticed
        if within(args, [*known, *answered])
    ]


def _told_of(stub: Stub, sub: Submission) -> str:
    """In words that a writer of tests can act on."""
    if sub.forged is None:
        return shortened(f"the tests pass for a tool that always {stub.what}: test inputs with other results", 250)
    return shortened(f"the examples do not tell the tool from one that always {stub.what}", 200) + (
        ": one with another result would"
    )
