"""The workbench of one submission: runs it in the box, no input twice for the same question, and none in vain.

Each run that does not end takes all the time that a call may take. So once it is certain that the submission is
rejected for that (:attr:`Bench.endless`), nobody should call it again, and of the inputs that nobody vouches for no
more are tried after a few that did not end (:meth:`Bench.tried`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agentforge.boxes.protocol import CallResult, SuiteResult
from agentforge.forge.domain import within
from agentforge.forge.evidence import SUITE_FETCHES, run_all
from agentforge.forge.gates.submission import Submission
from agentforge.forge.hints import pointed_at
from agentforge.forge.probes import neighbours
from agentforge.forge.spec import render_call
from agentforge.forge.strategies import arguments
from agentforge.registry.schema import mismatches
from agentforge.types import Example, JSONObject

if TYPE_CHECKING:
    from agentforge.forge.gates.asked import Call

AT_ONCE = 2
"""Suites, or calls, in the box at the same time: as many as a cell has crews."""

MOST_SLOW = 3
"""After so many runs that did not end in time no more inputs are tried: the others would not tell more."""

ITS_SUITE = "its suite"
"""What does not end where the tests ran out of time. Whether tool or tests are to blame nobody knows, and looking for
it would take as long again."""

SECOND_SEED = 1
"""The hash seed of the second box; the first one has 0."""


class Bench:
    """Owns what was seen of one submission, so that gates share it. Lives as long as its gates run."""

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        """What is judged; a forging may strengthen its tests on the way, but never changes its source."""
        self.differences: dict[str, JSONObject | None] = {}
        """Source of a mutant → the first input that tells it from the tool, None where none does."""
        self.calls: list[Call] | None = None
        """What its suite asks of it, once that was heard (:mod:`~agentforge.forge.gates.asked`)."""
        self.endless = ""
        """The call that shows that the submission is rejected for not ending, or :data:`ITS_SUITE`; empty while neither
        does."""
        self._passed: dict[str, SuiteResult] = {}
        self._seen: dict[tuple[int, str], CallResult] = {}
        self._suites = asyncio.Semaphore(AT_ONCE)
        self._inputs: tuple[JSONObject, ...] | None = None
        if submission.forged is not None:
            best = submission.forged.group.best
            self._remember([example.args for example in submission.visible], best.visible)
            self._remember(best.inputs, best.results)

    async def results(self, inputs: Sequence[JSONObject], *, hash_seed: int = 0) -> list[CallResult]:
        """What the submission does on ``inputs``, in order; only what was not seen yet is run."""
        keys = [(hash_seed, repr(args)) for args in inputs]
        new = {key: args for key, args in zip(keys, inputs, strict=True) if key not in self._seen}
        if new:
            sub = self.submission
            found = await run_all(sub.source, sub.name, list(new.values()), sub.workshop, hash_seed=hash_seed)
            self._seen.update(zip(new, found, strict=True))
        return [self._seen[key] for key in keys]

    async def held_to(self, examples: Sequence[Example]) -> list[tuple[Example, CallResult]]:
        """Examples that must hold with what the submission does on them, up to one on which it does not end: that
        settles it.
        """
        found = await self._until_slow([example.args for example in examples], most=1)
        self._settle(found)
        return [(example, result) for example, (_, result) in zip(examples, found, strict=False)]

    async def tried(self) -> list[tuple[JSONObject, CallResult]]:
        """The :meth:`inputs` with what the submission does on them, up to :data:`MOST_SLOW` that do not end."""
        return await self._until_slow(self.inputs(), most=MOST_SLOW)

    def inputs(self) -> tuple[JSONObject, ...]:
        """All inputs on which the submission is looked at, each once: those of the examples, of the generated
        cases, of those that the docstring states, of a forging's probes, those that the source points at, of the
        neighbourhood, and those that are made from the signature; but for the examples, only what has the declared
        types. Those that somebody vouches for come first, then those within what the examples span.
        """
        if self._inputs is None:
            sub, settings = self.submission, self.submission.settings
            known = [example.args for example in (*sub.examples, *sub.generated)]
            probed = sub.forged.group.best.inputs if sub.forged is not None else ()
            near = neighbours(known, most=settings.near_inputs) if not probed else []
            parameters = sub.signature.parameters if sub.signature is not None else {}
            hinted = pointed_at(sub.source, known, parameters, most=settings.near_inputs)
            made = arguments(parameters, known, count=settings.fuzz_inputs) if settings.fuzz_inputs else []
            typed = [args for args in (*probed, *hinted, *near, *made) if not mismatches(args, parameters)]
            vouched = [*known, *(example.args for example in sub.stated)]
            found = {repr(args): args for args in (*vouched, *typed)}.values()
            self._inputs = tuple(sorted(found, key=lambda args: args not in vouched and not within(args, known)))
        return self._inputs

    async def own_suite(self, tests: str | None = None) -> SuiteResult:
        """The submission's tests, or others, on the submission, run once."""
        tests = self.submission.tests if tests is None else tests
        if tests not in self._passed:
            self._passed[tests] = await self.suite(self.submission.source, tests)
        return self._passed[tests]

    async def suite(
        self, source: str, tests: str | None = None, *, seconds: float | None = None, output_bytes: int | None = None
    ) -> SuiteResult:
        """The submission's own tests, or others, on a source; ``seconds`` and ``output_bytes`` bound it otherwise."""
        sub = self.submission
        shop = sub.workshop
        bounds = min(sub.suite_limits.seconds, sub.settings.suite_seconds if seconds is None else seconds)
        limits = replace(sub.suite_limits, seconds=bounds)
        if output_bytes is not None:
            limits = replace(limits, output_bytes=output_bytes)
        async with self._suites:
            return await shop.box.suite(
                source,
                sub.tests if tests is None else tests,
                toolbox=shop.toolbox,
                limits=limits,
                grant=shop.grant(SUITE_FETCHES),
            )

    async def _until_slow(self, inputs: Sequence[JSONObject], *, most: int) -> list[tuple[JSONObject, CallResult]]:
        found: list[tuple[JSONObject, CallResult]] = []
        for at in range(0, len(inputs), AT_ONCE):
            some = inputs[at : at + AT_ONCE]
            found += zip(some, await self.results(some), strict=True)
            if sum(result.status == "timed_out" for _, result in found) >= most:
                break
        return found

    def _settle(self, found: Sequence[tuple[JSONObject, CallResult]]) -> None:
        slow = (args for args, result in found if result.status == "timed_out")
        self.endless = next((render_call(self.submission.name, Example(args)) for args in slow), self.endless)

    def _remember(self, inputs: Sequence[JSONObject], results: Sequence[CallResult]) -> None:
        self._seen.update({(0, repr(args)): result for args, result in zip(inputs, results, strict=False)})
