"""What a suite notices: stubs that do nothing, and small changes of the tool.

A mutant that the suite lets pass is tried on the inputs of the submission. Where no input tells it
from the tool it counts as equivalent: it is listed, and not counted.
"""

from __future__ import annotations

import ast
import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from agentforge.boxes.protocol import CallResult, SuiteResult
from agentforge.forge.cases import outcome
from agentforge.forge.domain import declared_as
from agentforge.forge.evidence import run_all
from agentforge.forge.gates.bench import AT_ONCE, Bench
from agentforge.forge.gates.submission import Submission
from agentforge.forge.mutants import Mutant, mutants
from agentforge.parsing import parse
from agentforge.together import together
from agentforge.types import JSON, JSONObject

SLOWEST = 6.0
"""A mutant may take so many times as long as the tool, and :data:`LEAST_SECONDS`: what takes longer loops."""
LEAST_SECONDS = 1.5
FAR = 3.0
"""A time-out tells of a mutant only where the tool itself, at that moment, takes less than the limit by so many
times: a busy machine, or a limit that the settings cut short, ends a slow suite whatever it is run on."""
AT_A_TIME = 4
"""Inputs on which a mutant is run before anybody looks: most are told apart by the first few."""
CALL_SECONDS = 2.0
"""Longest call of a mutant."""

STOP_EARLY = """

import pytest as _pytest


@_pytest.fixture(autouse=True)
def _stop_at_the_first_failure(request):
    request.config.option.maxfail = 1
"""
"""Put below the tests where one failure says it all: the others need not be run."""

Verdict: TypeAlias = Literal["noticed", "passed", "late", "unknown"]

_EMPTY: dict[str, JSON] = {"string": "", "integer": 0, "number": 0.0, "boolean": False, "array": [], "object": {}}


@dataclass(frozen=True, slots=True)
class Survey:
    """What became of the mutants: noticed by the suite, equivalent, or unnoticed with an input that shows them.

    ``not_reached`` were not run in time; of ``unknown`` the suite did not end in time, which it hardly does for the
    tool itself, so that nobody knows. Both count as unnoticed.
    """

    noticed: tuple[Mutant, ...]
    equivalent: tuple[Mutant, ...]
    unnoticed: tuple[tuple[Mutant, JSONObject], ...]
    not_reached: tuple[Mutant, ...] = ()
    unknown: tuple[Mutant, ...] = ()

    @property
    def counted(self) -> int:
        """Mutants that do something else than the tool, as far as is known."""
        return len(self.noticed) + len(self.unnoticed) + len(self.not_reached) + len(self.unknown)


@dataclass(frozen=True, slots=True)
class Stub:
    """A tool that does nothing; ``gives`` is what it always returns, where it returns at all."""

    what: str
    source: str
    gives: JSON = None


async def sees_the_trial(bench: Bench) -> bool:
    """Whether the tests fail for the very tool where it is run as its mutants are: written anew from its syntax
    tree, and ending at the first failure. Then they look at how they are run, and what they notice says nothing.
    """
    source = ast.unparse(parse(bench.submission.source)) + "\n"
    return not (await bench.suite(source, bench.submission.tests + STOP_EARLY)).passed


async def kept_tests(bench: Bench) -> str:
    """All that is kept as tests with the submission; its suite alone where the rest, written as tests, does
    not pass in time: what fails for the tool itself would seem to notice everything.
    """
    sub = bench.submission
    return sub.kept_tests if (await bench.own_suite(sub.kept_tests)).passed else sub.tests


async def passing_stubs(bench: Bench, tests: str | None = None) -> list[Stub]:
    """The stubs that the suite, or other tests, let pass."""
    made, tests = stubs(bench.submission), _of(bench, tests) + STOP_EARLY
    results = await asyncio.gather(*(bench.suite(stub.source, tests) for stub in made))
    return [stub for stub, result in zip(made, results, strict=True) if not fails(result)]


def stubs(sub: Submission) -> list[Stub]:
    """Tools that always return None, the commonest result, or what is empty of the declared type, or raise."""
    signature = sub.signature
    text = signature.text if signature is not None else "(*args, **named)"
    results = [example.returns for example in (*sub.examples, *sub.generated) if example.raises is None]
    kind = signature.returns.get("type") if signature is not None else None
    empty = _EMPTY.get(kind) if isinstance(kind, str) else None
    constants = {repr(value): value for value in (None, max(results, key=results.count, default=None), empty)}
    head = f"{_IMPORTS}def {sub.name}{text.rpartition('->')[0] or text}:\n"
    returning = [Stub(f"returns {text}", f"{head}    return {text}\n", value) for text, value in constants.items()]
    return [*returning, Stub("raises RuntimeError", f"{head}    raise RuntimeError('no tool')\n")]


_IMPORTS = "from __future__ import annotations\n\n\n"
"""So that a stub needs no type that the tool's file defines."""


async def survey(bench: Bench, changed: Sequence[Mutant] | None = None, tests: str | None = None) -> Survey:
    """Runs the suite, or other ``tests``, on every mutant (of the usual ones, or of ``changed``), and looks at those
    that it lets pass.
    """
    sub, tests = bench.submission, _of(bench, tests)
    began = time.monotonic()
    before = await bench.own_suite(tests)
    seconds = max(LEAST_SECONDS, SLOWEST * before.seconds)
    made = mutants(sub.source, most=sub.settings.mutants) if changed is None else changed
    verdicts: dict[str, Verdict] = {}

    async def work(waiting: Iterator[Mutant]) -> None:
        for mutant in waiting:
            if mutant.source in sub.noticed:
                verdicts[mutant.source] = "noticed"
            elif time.monotonic() - began > sub.settings.strength_seconds:
                verdicts[mutant.source] = "late"
            else:
                verdicts[mutant.source] = await _verdict(bench, mutant, tests, seconds)

    waiting = iter(made)
    await together(work(waiting) for _ in range(AT_ONCE))
    told = [(mutant, verdicts[mutant.source]) for mutant in made]
    shown = [(mutant, await difference(bench, mutant)) for mutant, verdict in told if verdict == "passed"]
    return Survey(
        tuple(mutant for mutant, verdict in told if verdict == "noticed"),
        tuple(mutant for mutant, args in shown if args is None),
        tuple((mutant, args) for mutant, args in shown if args is not None),
        tuple(mutant for mutant, verdict in told if verdict == "late"),
        tuple(mutant for mutant, verdict in told if verdict == "unknown"),
    )


def _of(bench: Bench, tests: str | None) -> str:
    return bench.submission.tests if tests is None else tests


async def _verdict(bench: Bench, mutant: Mutant, tests: str, seconds: float) -> Verdict:
    """What tests say of a mutant. One that is too slow gets twice the time once: the machine may be busy."""
    early = tests + STOP_EARLY
    result = await bench.suite(mutant.source, early, seconds=seconds)
    if result.status == "timed_out":
        result = await bench.suite(mutant.source, early, seconds=2 * seconds)
    if result.status == "timed_out":
        return "noticed" if await _is_far(bench, tests, 2 * seconds) else "unknown"
    return "noticed" if result.status != "finished" or fails(result) else "passed"


async def _is_far(bench: Bench, tests: str, seconds: float) -> bool:
    """Whether the tool itself is far from the limit that a mutant met, as fast as the machine is now."""
    sub = bench.submission
    limit = min(seconds, sub.suite_limits.seconds)
    now = await bench.suite(sub.source, tests, seconds=limit)
    return now.passed and FAR * now.seconds <= limit


async def difference(bench: Bench, mutant: Mutant) -> JSONObject | None:
    """The first input of the submission on which a mutant does something else; None where there is none."""
    if mutant.source not in bench.differences:
        async with aclosing(differences(bench, mutant)) as found:
            bench.differences[mutant.source] = await anext(found, None)
    return bench.differences[mutant.source]


async def differences(bench: Bench, mutant: Mutant) -> AsyncGenerator[JSONObject, None]:
    """The inputs of the submission on which a mutant does something else, as they are found."""
    sub = bench.submission
    shop = sub.workshop
    shop = replace(shop, limits=replace(shop.limits, seconds=min(CALL_SECONDS, shop.limits.seconds)))
    ended = [(args, right) for args, right in await bench.tried() if right.status != "timed_out"]
    for at in range(0, len(ended), AT_A_TIME):
        some = ended[at : at + AT_A_TIME]
        results = await run_all(mutant.source, sub.name, [args for args, _ in some], shop)
        for (args, right), other in zip(some, results, strict=True):
            if _told(right, sub) != _told(other, sub):
                yield args


def _told(result: CallResult, sub: Submission) -> str:
    """An outcome; one undeclared error is as good as another, and one that a declared error covers as good as that:
    whoever expects a ValueError takes a StatisticsError as well.
    """
    if result.status != "raised":
        return outcome(result)
    named = declared_as(result.error, sub.declared)
    return f"raises {named}" if named else "undeclared error"


def fails(suite: SuiteResult) -> bool:
    """Whether tests noticed something; where the suite did not even end, nobody knows."""
    return suite.status == "finished" and any(row.outcome in ("failed", "error") for row in suite.rows)
