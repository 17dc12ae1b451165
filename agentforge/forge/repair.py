"""A defect and its right answer → a repaired version, or an honest failure.

Role ``generate`` sees the source, the failing example and the visible old ones. A version is adopted only if
every old test and the new one pass, the other gates hold, and on replay no answer that a person vouches for is
lost. Where it differs from the standing version on any other recorded call, ``judge`` decides if it is another
model than the generator, else the version waits for a person.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentforge.boxes.protocol import Limits
from agentforge.errors import ModelError
from agentforge.forge.author import Author, Draft
from agentforge.forge.boxed import Bench
from agentforge.forge.cases import holds, outcome
from agentforge.forge.evidence import Candidate, describe_failure, describe_failures
from agentforge.forge.gates.submission import LiveTools
from agentforge.forge.judging import Judge, settled
from agentforge.forge.probes import neighbours
from agentforge.forge.repair_gates import Repaired, contract_problems, run_repair_gates
from agentforge.forge.repair_spec import finished, may_be_by_heart, repair_spec
from agentforge.forge.replay import Replayed, replay
from agentforge.forge.rounds import HELD_OUT_TRIES
from agentforge.memory.outcomes import Known
from agentforge.models.discreet import Discreet
from agentforge.models.protocol import ModelClient
from agentforge.registry.schema import mismatches
from agentforge.settings import ForgeSettings, GateSettings
from agentforge.types import JSON, Example, GateResult, JSONObject, Usage

MOST_JUDGED = 10
"""Disagreements that ``judge`` is asked about; a version with more of them waits for a person."""

Ending = Literal["adopted", "disputed", "failed"]


@dataclass(frozen=True, slots=True)
class RepairParts:
    """What a repair works with; all of it belongs to the caller."""

    models: ModelClient
    settings: ForgeSettings
    secrets: frozenset[str] = frozenset()
    suite_limits: Limits = field(default_factory=lambda: Limits(seconds=30.0))
    tell: Callable[[str], None] = lambda _: None
    gates: GateSettings = field(default_factory=GateSettings)
    standing: LiveTools = field(default_factory=LiveTools)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the search for a repair ended; ``reason`` is one sentence for people.

    ``adopted``: ``winner`` may stand. ``disputed``: a person has to decide, and ``reason`` says why.
    ``artefacts`` is all that was tried.
    """

    ending: Ending
    reason: str
    author: Author
    winner: Repaired | None = None
    gates: tuple[GateResult, ...] = ()
    replayed: Replayed = field(default_factory=Replayed)
    artefacts: JSONObject = field(default_factory=lambda: {})

    @property
    def usage(self) -> Usage:
        """Tokens that were spent."""
        return self.author.usage


async def find_repair(
    bench: Bench, regressions: Sequence[Example], calls: Sequence[Known], parts: RepairParts
) -> Outcome:
    """Searches a version of the bench's tool that gives ``regressions``, which the standing one does not.

    ``calls`` are the recorded ones to replay, newest first.

    Raises:
        ModelError: no model answered at all.
        SandboxError: the box failed.
    """
    return await _Search(bench, tuple(regressions), calls, parts).run()


class _Search:
    """The state of one search; lives as long as its :meth:`run`."""

    def __init__(
        self, bench: Bench, regressions: tuple[Example, ...], calls: Sequence[Known], parts: RepairParts
    ) -> None:
        self.bench = bench
        self.regressions = regressions
        self.calls = calls
        self.parts = parts
        self.spec = repair_spec(bench.tool, regressions, parts.secrets)
        models = Discreet(parts.models, parts.secrets)
        self.author = Author(models, self.spec, parts.settings.temperature, parts.settings.candidates)
        self.author.modules = tuple(sorted(bench.shop.packages.modules(bench.shop.capabilities.packages)))
        self.judge = Judge(models, bench.tool)
        self.candidates: list[Candidate] = []
        self.seen: set[str] = set()
        self.notes: dict[int, str] = {}
        self.shown: dict[int, str] = {}
        self.disputed: Outcome | None = None
        self.refuted = 0
        self.started = time.monotonic()

    async def run(self) -> Outcome:
        found, failure = None, ""
        try:
            for number in range(self.parts.settings.rounds + 1):
                found = found or await self._round(number)
                if found is not None or self._spent_out():
                    break
        except ModelError as error:
            if not self.candidates:
                raise
            failure = f"The model failed in the middle of the repair: {error}"
        return found or self.disputed or self._outcome("failed", failure or self._why_failed())

    async def _round(self, number: int) -> Outcome | None:
        drafts = await self._drafts(number)
        self.parts.tell(f"round {number + 1}: asking for {self.parts.settings.candidates} repairs")
        try:
            async for draft in drafts:
                found = await self._take(draft, number)
                if found is not None or self._spent_out():
                    return found
        finally:
            await drafts.aclose()
        return None

    async def _drafts(self, number: int) -> AsyncGenerator[Draft]:
        """Repairs of the standing version; later also of the repairs that came nearest."""
        count = self.parts.settings.candidates
        standing = Draft(self.bench.tool.source, "standing", -1, "", False, Usage(), 0.0)
        attempts = [(standing, await self._failures(self.bench.tool.source))]
        if number:
            near = sorted(self.candidates, key=lambda one: one.rank, reverse=True)[: max(1, count // 2)]
            attempts += [(one.draft, told) for one in near if (told := self._told(one))]
        return self.author.drafts(0, [attempts[at % len(attempts)] for at in range(count)])

    async def _failures(self, source: str) -> str:
        results = await self.bench.run(source, [example.args for example in self.spec.visible])
        pairs = zip(self.spec.visible, results, strict=True)
        wrong = [describe_failure(self.bench.tool.name, one, result) for one, result in pairs if not holds(one, result)]
        return "\n".join(wrong[:3])

    async def _take(self, draft: Draft, number: int) -> Outcome | None:
        """Examines one draft; an outcome where the search can end with it."""
        candidate = await self._examined(draft, number)
        if candidate is None:
            return None
        self.candidates.append(candidate)
        if not candidate.eligible:
            self._note(candidate, self._told(candidate))
            return None
        parts = self.parts
        repaired = Repaired(
            *(self.bench, self.spec, candidate, self.regressions),
            *(parts.suite_limits, parts.gates, parts.standing),
        )
        gates = await run_repair_gates(repaired)
        failed = next((gate for gate in gates if gate.verdict == "failed"), None)
        if failed is not None:
            self.refuted += failed.gate == "held-out examples"
            self._note(candidate, f"{failed.gate}: {failed.summary}", shown=failed.gate != "held-out examples")
            return None
        return await self._replayed(repaired, gates)

    async def _replayed(self, repaired: Repaired, gates: tuple[GateResult, ...]) -> Outcome | None:
        replayed = await replay(self.bench, repaired.candidate.source, self.calls, self.regressions)
        if replayed.lost:
            self._note(repaired.candidate, f"on replay it loses what was confirmed: {', '.join(replayed.lost)}")
            return None
        side = await self._settle(replayed)
        if side == "first":
            self._note(repaired.candidate, "on replay it differs, and the judge holds the standing version right")
            return None
        doubt = ""
        if side == "unknown":
            count = len(replayed.disagreements)
            doubt = f"it differs from the standing version on {count} recorded calls, which are in its report"
        elif await self._by_heart(repaired.candidate.source):
            doubt = "it may answer the failing example by heart, since nothing near it changed"
        if not doubt:
            done = f"Every old test and the new one pass, {replayed.compared} recorded calls were replayed."
            return self._outcome("adopted", done, repaired, gates, replayed)
        self._note(repaired.candidate, doubt)
        self.disputed = self.disputed or self._outcome("disputed", doubt, repaired, gates, replayed)
        return None

    async def _by_heart(self, source: str) -> bool:
        """Whether the code holds a failing example, and does nothing new for any call near it."""
        tool = self.bench.tool
        if not may_be_by_heart(source, tool.source, self.regressions):
            return False
        known = [example.args for example in self.regressions]
        near = [args for args in neighbours(known) if not mismatches(args, tool.signature.parameters)]
        old, new = await self.bench.run(tool.source, near), await self.bench.run(source, near)
        return list(map(outcome, old)) == list(map(outcome, new))

    async def _settle(self, replayed: Replayed) -> Literal["first", "second", "unknown"]:
        open_ones = replayed.disagreements
        if not open_ones:
            return "second"
        if len(open_ones) > MOST_JUDGED or not self.judge.independent:
            return "unknown"
        return settled([await self.judge.side(one.args, one.before, one.after) for one in open_ones])

    async def _examined(self, draft: Draft, number: int) -> Candidate | None:
        """The draft with what it did on the visible examples; None for one that was there before."""
        source = finished(self.bench.tool, draft.source, self.regressions)
        if source in self.seen or source == self.bench.tool.source:
            return None
        self.seen.add(source)
        problems = contract_problems(self.bench, source, self.spec.secrets)
        if draft.cut:
            problems = ["the answer was cut off before its end: write a shorter function", *problems]
        candidate = Candidate(draft, source, number, tuple(problems))
        if not problems:
            candidate.visible = tuple(await self.bench.run(source, [example.args for example in self.spec.visible]))
            candidate.passed = sum(map(holds, self.spec.visible, candidate.visible))
        return candidate

    def _told(self, candidate: Candidate) -> str:
        """What a generator is told of a draft that was not taken; nothing of held-out examples."""
        return describe_failures(candidate, self.spec) or self.shown.get(id(candidate), "")

    def _note(self, candidate: Candidate, why: str, *, shown: bool = True) -> None:
        self.notes[id(candidate)] = why
        if shown:
            self.shown[id(candidate)] = f"- {why}"
        self.parts.tell(f"a repair is not taken: {why.splitlines()[0] if why else 'it fails'}")

    def _spent_out(self) -> bool:
        settings = self.parts.settings
        return (
            self.author.usage.output_tokens >= settings.max_output_tokens
            or time.monotonic() - self.started >= settings.max_seconds
            or self.refuted >= HELD_OUT_TRIES
        )

    def _why_failed(self) -> str:
        if not self.candidates:
            return "The model returned no repair."
        best = max(self.candidates, key=lambda one: one.rank)
        why = self.notes.get(id(best), "").strip().splitlines()
        return f"{len(self.candidates)} repairs were tried; the best one is not taken: {why[0] if why else 'it fails'}"

    def _outcome(
        self,
        ending: Ending,
        reason: str,
        winner: Repaired | None = None,
        gates: tuple[GateResult, ...] = (),
        replayed: Replayed | None = None,
    ) -> Outcome:
        tried: list[JSON] = [
            {
                "origin": one.draft.origin,
                "round": one.round,
                "answer": one.draft.answer,
                "why": self.notes.get(id(one), ""),
            }
            for one in self.candidates
        ]
        return Outcome(
            ending, reason, self.author, winner, gates, replayed or Replayed(), {"reason": reason, "tried": tried}
        )
