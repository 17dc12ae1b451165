"""The search over rounds of candidates and repairs, until a group of them passes the gates."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from agentforge.errors import AuthenticationError, ModelError
from agentforge.forge.agreement import Group, grouped
from agentforge.forge.author import GIVEN, PLANNED_LEAST, Author, Draft
from agentforge.forge.comparison import Comparison
from agentforge.forge.composing import fitting_imports
from agentforge.forge.dispute import OTHER_SIDE, Dispute, Side, dispute, judged, rivals
from agentforge.forge.evidence import Candidate, Workshop, describe_failures, examine, probe
from agentforge.forge.feedback import faults_of
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.forging import SUPPORT
from agentforge.forge.gates.neighbours import twin_of
from agentforge.forge.gates.recital import by_heart
from agentforge.forge.gates.running import COUNT, run_gates
from agentforge.forge.gates.submission import Forged, LiveTools, Submission, submit
from agentforge.forge.parts import ForgeParts, Teller
from agentforge.registry.regressions import read_regressions
from agentforge.types import GateResult, Role

TRIED_ENOUGH = 2
"""After so many rounds without a candidate that gives all examples, a third one has hardly a chance: of 16
repairs for such a need, in its second and third round, none by a model of 1.5 billion parameters was right."""
NEAREST = 2
"""So many of the nearest candidates are repaired while none gives all examples: of 192 such repairs by a model of 1.5
billion parameters none was right, but a larger one's may be."""
LOCAL_SHARE = 0.8
"""Of tokens and seconds, what the rounds may spend where the need can go up afterwards."""
FAULTY_WINNERS = 2
"""So many winners in which the gates find faults are looked at in one go: those that behave like them mostly have
the same ones, and each costs a run of the gates."""
HELD_OUT_TRIES = 2
"""So many groups are tried on the held-out examples; with more, these would choose among guesses."""


class Rounds:
    """The state of one search; lives as long as its :meth:`run`. ``started`` is when the forging began, by the
    monotonic clock.

    ``gates`` are those that were run last, ``failure`` says why the search broke off, if it did; ``twin`` is the live
    tool that does what a winner does, so that none is looked for any more.
    """

    def __init__(
        self,
        parts: ForgeParts,
        author: Author,
        workshop: Workshop,
        compared: Comparison,
        teller: Teller,
        started: float,
    ) -> None:
        self.candidates: list[Candidate] = []
        self.gates: tuple[GateResult, ...] = ()
        self.refuted = 0
        self.failure = ""
        self.twin = ""
        self._parts = parts
        self._settings = parts.settings
        self._author = author
        self._spec = author.spec
        self._workshop = workshop
        self._compared = compared
        self._step = teller.step
        self._rejected: set[int] = set()
        self._faults: dict[str, tuple[str, ...]] = {}
        self._started = started
        self._faulty = 0
        self._escalated = False
        self._disputed: tuple[Submission, tuple[GateResult, ...]] | None = None
        self._sides: dict[Dispute, Side] = {}

    async def run(self) -> Submission | None:
        """What passed every gate; None where nothing did.

        Raises:
            ModelError: no model answered at all.
            SandboxError: the box failed.
        """
        try:
            return await self._search()
        except ModelError as error:
            if not self.candidates:
                raise
            self.failure = f"The model failed in mid-forging: {error}"
            return await self._supported() or self._left_open() or await self._of_the_caller()

    def why_failed(self) -> str:
        """Why nothing passed, in one sentence for people."""
        tried = len(self.candidates)
        failed = next((gate for gate in self.gates if gate.verdict == "failed"), None)
        if self.failure:
            return self.failure
        if failed is not None:
            return f"{tried} candidates were tried; the best one failed at '{failed.gate}': {failed.summary}."
        if not self.candidates:
            return "The models returned no candidate."
        best = self._ranked()[0]
        return f"{tried} candidates were tried; the best one gives {best.passed} of {len(self._spec.visible)} examples."

    async def _search(self) -> Submission | None:
        found = await self._local_rounds() or await self._go_up() or self._left_open()
        return found or await self._of_the_caller() or await self._try_best()

    async def _local_rounds(self) -> Submission | None:
        if self._spec.need.drafts:
            self._step("candidates", "what the need brings along", total=len(self._spec.need.drafts))
            winner = await self._take(self._author.given(), 0) or await self._at_last()
            if winner is not None:
                return winner
        for number in range(self._settings.rounds + 1):
            hopeless = number >= TRIED_ENOUGH and not any(candidate.promising for candidate in self.candidates)
            if hopeless or self._spent_out():
                break
            winner = await self._take(self._next_drafts(number), number) or await self._at_last()
            if winner is not None:
                return winner
        return None

    @property
    def _may_go_up(self) -> bool:
        return self._settings.escalate and not self._author.models.same_model(Role.PLAN, Role.GENERATE)

    async def _go_up(self) -> Submission | None:
        """One candidate of role ``plan``, which is shown what any candidate is shown, so that one that behaves like
        it supports it; then one repair of it. That it fails costs nothing of what was found before.
        """
        if not self._may_go_up or self.twin or self._all_spent() or self._author.left < PLANNED_LEAST:
            return None
        self._escalated = True
        self._step("escalate", "the rounds have failed: role plan is asked for a candidate", total=1)
        await asyncio.to_thread(self._offer_tools)
        try:
            winner = await self._take(self._author.drafts(1, role=Role.PLAN), self._settings.rounds + 1)
            winner = winner or await self._at_last()
            planned = [candidate for candidate in self.candidates if candidate.draft.role is Role.PLAN]
            failures = describe_failures(planned[0], self._spec) if planned else ""
            spent = self._all_spent() or self._author.left < PLANNED_LEAST
            if winner is not None or not failures or spent:
                return winner
            self._step("escalate", "role plan is asked to repair its candidate", total=1)
            repairs = self._author.drafts(0, [(planned[0].draft, failures)])
            return await self._take(repairs, self._settings.rounds + 2) or await self._at_last()
        except (ModelError, AuthenticationError) as error:
            self._step("escalate", f"role plan failed: {error}")
            return None

    def _next_drafts(self, number: int) -> AsyncGenerator[Draft]:
        """First candidates; later repairs of those in which the gates found faults, else candidates that are asked for
        in another form and, where nothing passes, repairs of the nearest beside them.
        """
        count = self._settings.candidates
        if number == 0:
            count = SUPPORT if self._eligible() else count  # one that agrees with a given draft is enough
            self._step("candidates", f"round 1: {count} candidates", total=count)
            return self._author.drafts(count)
        faulty = [candidate for candidate in self._ranked() if candidate.faults]
        if faulty:
            count = max(SUPPORT, count // 2)  # few repairs come right, and each is as long as a candidate
            broken = list(itertools.islice(itertools.cycle(faulty[:count]), count))
            self._step("repair", f"round {number + 1}: repairing {min(len(faulty), count)} candidates", total=count)
            return self._author.drafts(0, self._attempts(broken))
        near: list[Candidate] = []
        if not self._eligible():  # the second form seldom helps either: it is tried with fewer
            count = max(SUPPORT, count // 2)
            near = [one for one in self._ranked() if one.passed or one.problems][:NEAREST]
        told = f" and {len(near)} repairs" if near else ""
        self._step("candidates", f"round {number + 1}: {count} candidates{told}", total=count + len(near))
        return self._author.drafts(count, self._attempts(near), form="stub" if number % 2 else "rules")

    def _attempts(self, broken: Sequence[Candidate]) -> list[tuple[Draft, str]]:
        return [(one.draft, describe_failures(one, self._spec)) for one in broken]

    def _offer_tools(self) -> None:
        """What fits the need may be imported by the candidates that come now."""
        author, shop = self._author, self._workshop
        author.offered = found = fitting_imports(self._spec.need, self._parts.layers, author.imports.names)
        every = {**shop.toolbox, **found.sources}
        self._workshop = replace(shop, toolbox=every, imports=(*shop.imports, *found.names))

    async def _take(self, drafts: AsyncGenerator[Draft], number: int) -> Submission | None:
        """Examines drafts as they arrive; stops asking as soon as all that pass so far support one another
        and pass the gates. Where they differ, the whole round has its say first.
        """
        self._faulty = 0
        try:
            async for draft in drafts:
                candidate = await examine(draft, self._spec, self._workshop, round=number)
                candidate.faults = self._faults.get(candidate.source, ())
                self.candidates.append(candidate)
                self._step("candidate", self._told(candidate), done=len(self.candidates))
                if candidate.eligible and len(await self._groups()) == 1 and (winner := await self._supported()):
                    return winner
                if self._spent_out():
                    return None
        finally:
            await drafts.aclose()
        return None

    async def _at_last(self) -> Submission | None:
        """At the end of a round, all groups."""
        self._faulty = 0
        return await self._supported()

    async def _supported(self) -> Submission | None:
        for group in await self._groups():
            if self._faulty >= FAULTY_WINNERS:
                return None
            if self.refuted >= HELD_OUT_TRIES and not group.escalated:
                continue
            believed = group.independent >= SUPPORT or group.escalated
            if believed and id(group.members[0]) not in self._rejected:
                winner = await self._through_gates(group)
                if winner is not None and await self._undisputed(winner, group):
                    return winner
                if winner is not None and id(group.members[0]) not in self._rejected:
                    return None  # it stands against a rival, which would stand against it
        return None

    async def _undisputed(self, winner: Submission, group: Group) -> bool:
        """Whether no other group is as believable, and its gates do not find that it may know the examples by heart.

        Where a group is, and the judge does not say which is right, more candidates may; what is in doubt to the
        end waits for a person.
        """
        if doubt := by_heart(self.gates):
            self._rejected.add(id(group.members[0]))
            self._leave_open(winner, doubt)
            return False
        for rival in rivals(group, await self._groups()):
            if id(rival.members[0]) in self._rejected:
                continue
            found = await dispute(group, rival, self._spec, self._workshop)
            if found is None or not await self._passes(rival):
                continue
            side = await self._judged(found)
            if side == "first":
                continue
            if side == "second":
                self._rejected.add(id(group.members[0]))
                self._disputed = None
            else:
                self._leave_open(winner, found.told)
            return False
        return True

    def _leave_open(self, winner: Submission, why: str) -> None:
        if winner.forged is not None and self._disputed is None:
            self._disputed = replace(winner, forged=replace(winner.forged, dispute=why)), self.gates

    async def _passes(self, rival: Group) -> bool:
        """Whether a rival would pass every gate as well: else it is none."""
        gates = self.gates
        try:
            return await self._through_gates(rival) is not None
        finally:
            self.gates = gates

    def _left_open(self) -> Submission | None:
        """What passed every gate and is in doubt, with its gates."""
        if self._disputed is None:
            return None
        winner, self.gates = self._disputed
        return winner

    async def _judged(self, found: Dispute) -> Side:
        """The judge's word, asked for once; one that fails has none."""
        if found not in self._sides:
            self._step("dispute", found.told)
            try:
                side = await judged(found, self._author)
            except (ModelError, AuthenticationError) as error:
                self._step("dispute", f"role judge failed: {error}")
                side = "unknown"
            self._sides |= {found: side, found.turned: OTHER_SIDE[side]}
        return self._sides[found]

    async def _of_the_caller(self) -> Submission | None:
        """What the calling agent wrote, where no candidate of here supports it: from now on it counts like one of a
        stronger model, so that it passes the gates alone and waits for a person unless something else confirms it.
        """
        given = [one for one in self.candidates if self._spec.need.author and one.draft.origin == GIVEN]
        for candidate in given:
            candidate.draft = replace(candidate.draft, role=Role.PLAN)
        return await self._at_last() if given else None

    async def _try_best(self) -> Submission | None:
        """At the end of all rounds, the most believable group is judged even if it stands alone, for the report."""
        if self.refuted >= HELD_OUT_TRIES or self.twin:
            return None
        groups = [group for group in await self._groups() if id(group.members[0]) not in self._rejected]
        winner = await self._through_gates(groups[0]) if groups else None
        return winner if winner is None or await self._undisputed(winner, groups[0]) else self._left_open()

    async def _through_gates(self, group: Group) -> Submission | None:
        bench = Bench(await asyncio.to_thread(self._submission, group))
        self._step("gates", f"{len(group.members)} candidates agree: running the gates")
        self.gates = await run_gates(bench, tell=lambda gate, done: self._step("gate", gate, done=done, total=COUNT))
        failed = [gate for gate in self.gates if gate.verdict == "failed"]
        for gate in failed:
            self._step("gates", f"{gate.gate}: {gate.summary}")
        if failed:
            self.twin = self.twin or twin_of(failed)
            self._reject(group)
            self.refuted += any(gate.gate == "held-out examples" for gate in failed)
        return None if failed else bench.submission

    def _reject(self, group: Group) -> None:
        """A winner with faults that a generator can act on is repaired next, and those that behave like it may
        still be judged without it; else the group is out.
        """
        source, faults = group.best.source, faults_of(self.gates, self._spec)
        if not faults:
            self._rejected.add(id(group.members[0]))
            return
        self._faulty += 1
        self._faults[source] = faults
        for candidate in self.candidates:
            candidate.faults = self._faults.get(candidate.source, ())

    def _submission(self, group: Group) -> Submission:
        guessed = self.refuted >= HELD_OUT_TRIES
        forged = Forged(self._spec, group, len(self._eligible()), self._tester_wrote(group), guessed)
        parts, standing = self._parts, LiveTools({tool.name: tool for tool in self._parts.layers.live()})
        kept = read_regressions(parts.registry, self._spec.name)
        return submit(forged, self._compared.cases, self._workshop, parts.suite_limits, parts.gates, standing, kept)

    def _tester_wrote(self, group: Group) -> bool:
        """Whether the generated tests are not independent of the code of a group: the generator wrote them, or who
        wrote them is needed for its support.
        """
        same = self._author.models.same_model
        others = {one.draft.lineage for one in group.members if not same(Role.TEST, one.draft.role)}
        wrote = any(same(Role.TEST, one.draft.role) for one in group.members)
        return same(Role.TEST, Role.GENERATE) or (wrote and len(others) < SUPPORT)

    async def _groups(self) -> list[Group]:
        eligible = self._eligible()
        if eligible:
            await self._compared.ready()
        for candidate in eligible:
            await probe(candidate, self._spec, self._compared.cases, self._compared.probes, self._workshop)
        return grouped(self._eligible())

    def _ranked(self) -> list[Candidate]:
        return sorted(self.candidates, key=lambda candidate: candidate.rank, reverse=True)

    def _eligible(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.eligible]

    def _spent_out(self) -> bool:
        """Whether the rounds, or what came after them, must end."""
        if self._escalated or self.twin:
            return bool(self.twin) or self._all_spent()
        return self.refuted >= HELD_OUT_TRIES or self._all_spent(LOCAL_SHARE if self._may_go_up else 1.0)

    def _all_spent(self, share: float = 1.0) -> bool:
        tokens, seconds = self._author.usage.output_tokens, time.monotonic() - self._started
        settings = self._settings
        return tokens >= share * settings.max_output_tokens or seconds >= share * settings.max_seconds

    def _told(self, candidate: Candidate) -> str:
        if candidate.problems:
            return f"{candidate.draft.origin}: breaks the contract: {candidate.problems[0]}"
        return f"{candidate.draft.origin}: {candidate.passed} of {len(self._spec.visible)} examples"
