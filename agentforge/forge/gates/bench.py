"""The workbench of one submission: runs it in the box, and no input twice for the same question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from agentforge.boxes.protocol import CallResult, SuiteResult
from agentforge.forge.domain import within
from agentforge.forge.evidence import SUITE_FETCHES, run_all
from agentforge.forge.gates.submission import Submission
from agentforge.forge.hints import pointed_at
from agentforge.forge.probes import neighbours
from agentforge.forge.strategies import arguments
from agentforge.registry.schema import mismatches
from agentforge.types import JSONObject

AT_ONCE = 2
"""Suites in the box at the same time: as many as a cell has crews."""

SECOND_SEED = 1
"""The hash seed of the second box; the first one has 0."""


class Bench:
    """Owns what was seen of one submission, so that gates share it. Lives as long as its gates run."""

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        """What is judged; a forging may strengthen its tests on the way, but never changes its source."""
        self.differences: dict[str, JSONObject | None] = {}
        """Source of a mutant → the first input that tells it from the tool, None where none does."""
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

    def inputs(self) -> tuple[JSONObject, ...]:
        """All inputs on which the submission is looked at, each once: those of the examples, of the generated
        cases, of a forging's probes, those that the source points at, of the neighbourhood, and those that are made
        from the signature; but for the examples, only what has the declared types. Those within what the examples
        span come first.
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
            found = {repr(args): args for args in (*known, *typed)}.values()
            self._inputs = tuple(sorted(found, key=lambda args: not within(args, known)))
        return self._inputs

    async def own_suite(self) -> SuiteResult:
        """The submission's tests on the submission, run once."""
        sub = self.submission
        if sub.tests not in self._passed:
            self._passed[sub.tests] = await self.suite(sub.source)
        return self._passed[sub.tests]

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

    def _remember(self, inputs: Sequence[JSONObject], results: Sequence[CallResult]) -> None:
        self._seen.update({(0, repr(args)): result for args, result in zip(inputs, results, strict=False)})
