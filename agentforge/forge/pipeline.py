"""need → spec → tests → candidates → gates → commit, or an honest failure with its artefacts.

:func:`forge` is the only entrance. It asks models through :class:`~agentforge.forge.author.Author`,
runs what they wrote in the box it was given, and commits to the user's registry at the very end.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from agentforge.boxes.network.recordings import read_recordings
from agentforge.boxes.packages.lock import package_problems
from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import AgentForgeError, ModelError, ToolInvalid, ToolNotFound
from agentforge.forge.agreement import Group, grouped
from agentforge.forge.author import Author, Draft
from agentforge.forge.evidence import Candidate, Workshop, describe_failures, examine, probe
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.forging import SUPPORT
from agentforge.forge.gates.running import run_gates
from agentforge.forge.gates.submission import Forged, Standing, Submission, submit
from agentforge.forge.leaks import tells_secret
from agentforge.forge.placement import Facts, place
from agentforge.forge.probes import neighbours
from agentforge.forge.record import artefacts_of, make_tool
from agentforge.forge.reuse import find_reusable
from agentforge.forge.spec import Spec, make_spec
from agentforge.models.discreet import Discreet
from agentforge.models.protocol import ModelClient
from agentforge.policy import Policy
from agentforge.registry.layers import Layers
from agentforge.registry.packages import read_lock
from agentforge.registry.regressions import read_regressions
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, to_files
from agentforge.settings import ForgeSettings, GateSettings
from agentforge.types import Example, GateResult, JSONObject, Need, Role, State, Usage

GENERATED_CASES = 6
TRIED_ENOUGH = 2
"""After so many rounds without a candidate that gives all examples, a third one has hardly a chance: of 16
repairs for such a need, in its second and third round, none by a model of 1.5 billion parameters was right."""
HELD_OUT_TRIES = 2
"""So many groups are tried on the held-out examples; with more, these would choose among guesses."""

Emit = Callable[[str, JSONObject], None]


@dataclass(frozen=True, slots=True)
class ForgeParts:
    """What a forging works with; all of it belongs to the caller. ``secrets`` are values that may stand in no
    prompt and no commit; ``recordings`` is the folder of what answers the fetches of candidates; ``job`` is
    the id under which it commits, once (by default a new one).
    """

    models: ModelClient
    box: Box
    layers: Layers
    registry: Registry
    settings: ForgeSettings
    secrets: frozenset[str] = frozenset()
    call_limits: Limits = field(default_factory=Limits)
    suite_limits: Limits = field(default_factory=lambda: Limits(seconds=30.0))
    recordings: Path | None = None
    gates: GateSettings = field(default_factory=GateSettings)
    policy: Policy = field(default_factory=Policy)
    job: str = ""


@dataclass(frozen=True, slots=True)
class ForgeResult:
    """How a forging ended. ``reason`` is one sentence for people; ``artefacts`` is all that was tried.

    ``refuted``: candidates that gave all they were shown were wrong on held-out examples. ``error``: why a
    finished tool could not be committed; its files are the ``tool`` of the artefacts. ``reused``: the live tool
    that does it already, so that nothing was made; ``arguments`` maps the need's parameters to its own.
    """

    job: str
    name: str
    state: Literal["live", "proposed", "failed"]
    reason: str
    version: str = ""
    unconfirmed: bool = False
    gates: tuple[GateResult, ...] = ()
    refuted: bool = False
    usage: Usage = field(default_factory=Usage)
    by_role: dict[Role, Usage] = field(default_factory=lambda: {})
    seconds: float = 0.0
    artefacts: JSONObject = field(default_factory=lambda: {})
    error: AgentForgeError | None = None
    reused: str = ""
    arguments: Mapping[str, str] = field(default_factory=lambda: {})


async def forge(need: Need, parts: ForgeParts, emit: Emit) -> ForgeResult:
    """Makes the tool that ``need`` asks for and commits it, or says why not.

    Emits ``forge_started``, ``forge_step`` … and ``forge_finished`` (``agentforge.events``).

    Raises:
        ToolInvalid: the need itself is malformed (name, signature, packages), the name is taken, or it is to
            reach a host of which nothing was recorded.
        StorageError: the recordings cannot be read.
        ModelError: no model answered at all.
        SandboxError: the box failed.
    """
    return await _Forging(need, parts, emit).run()


class _Forging:
    """The state of one forging; lives as long as its :meth:`run`."""

    def __init__(self, need: Need, parts: ForgeParts, emit: Emit) -> None:
        self.job = parts.job or uuid.uuid4().hex[:12]
        self.parts = parts
        self.spec: Spec = make_spec(need, parts.secrets)
        self.emit_raw = emit
        models = Discreet(parts.models, parts.secrets)
        self.author = Author(models, self.spec, parts.settings.temperature, parts.settings.candidates)
        self.workshop = Workshop(parts.box, parts.call_limits, need.capabilities)
        self.candidates: list[Candidate] = []
        self.cases: list[Example] = []
        self.tests_answer = ""
        self.probes: list[JSONObject] = []
        self.testing: asyncio.Task[None] | None = None
        self.gates: tuple[GateResult, ...] = ()
        self.rejected: set[int] = set()
        self.refuted = 0
        self.started = time.monotonic()

    async def run(self) -> ForgeResult:
        need = self.spec.need
        self._emit("forge_started", name=need.name, signature=need.signature)
        if found := await find_reusable(self.spec, self.parts.layers, self.parts.box, self.parts.call_limits):
            self._emit("forge_finished", name=need.name, state="live", **found.told)
            return replace(self._result("live", found.reason), **found.facts)
        await asyncio.to_thread(self._refuse_taken_name)
        await asyncio.to_thread(self._give_packages)
        await asyncio.to_thread(self._take_recordings)
        winner, reason = None, ""
        self.testing = testing = asyncio.create_task(self._write_tests())
        try:
            winner = await self._rounds()
        except ModelError as error:
            if not self.candidates:
                raise
            reason = f"The model failed in mid-forging: {error}"
            winner = await self._supported()
        finally:
            testing.cancel()
            await asyncio.gather(testing, return_exceptions=True)
        result = await self._finish(winner, reason)
        self._emit(
            "forge_finished",
            name=need.name,
            state=result.state,
            version=result.version,
            unconfirmed=result.unconfirmed,
            reason=result.reason,
        )
        return result

    def _refuse_taken_name(self) -> None:
        """Names in the user's own registry, retired ones included, and live ones in the layers below it."""
        for find in (self.parts.registry.get, self.parts.layers.find):
            try:
                standing = find(self.spec.name)
            except ToolNotFound:
                continue
            if standing.state is not State.PROPOSED:
                raise ToolInvalid(
                    self.spec.name,
                    [f"a tool of that name exists in the {standing.layer} layer and is {standing.state}"],
                    fix="Use it, or choose another name for the need.",
                )

    def _give_packages(self) -> None:
        """The locked set of the registry that the tool will belong to, where it is to import from one."""
        declared = self.spec.need.capabilities.packages
        if not declared:
            return
        lock = read_lock(self.parts.registry.store)
        if problems := package_problems(declared, lock):
            raise ToolInvalid(self.spec.name, problems)
        self.workshop = replace(self.workshop, packages=lock)
        self.author.modules = tuple(sorted(lock.modules(declared)))

    def _take_recordings(self) -> None:
        """What stands for the hosts that the need declares; without any no candidate could be judged."""
        if not self.workshop.replays:
            return
        folder, name, hosts = self.parts.recordings, self.spec.name, ", ".join(self.workshop.capabilities.hosts)
        found = read_recordings(folder / f"{name}.jsonl") if folder is not None else ()
        if not found:
            raise ToolInvalid(
                name,
                [f"it is to reach {hosts}, of which nothing was recorded, and a forging never reaches the network"],
                fix=f"Run 'agentforge tools record {name} URL' for each page that its examples need.",
            )
        self.workshop = replace(self.workshop, recordings=found)

    async def _write_tests(self) -> None:
        """Asked for before any candidate is; the answer may arrive beside theirs, since it sees none of them.

        A tester that fails costs its cases and not the forging.
        """
        self._step("tests", "writing tests from the spec")
        cases: list[Example] = []
        try:
            cases, self.tests_answer = await self.author.tests(GENERATED_CASES)
        except ModelError as error:
            self._step("tests", f"no generated cases, because the tester failed: {error}")
        known = [example.args for example in (*self.spec.visible, *self.spec.held_out)]
        secrets = self.parts.secrets
        self.cases = [case for case in cases if case.args not in known and not tells_secret(case, secrets)]
        self.probes = neighbours([example.args for example in (*self.spec.visible, *self.cases)])
        self._step("tests", f"{len(self.cases)} generated cases, {len(self.probes)} probes")

    async def _rounds(self) -> Submission | None:
        for number in range(self.parts.settings.rounds + 1):
            hopeless = number >= TRIED_ENOUGH and not self._eligible()
            if hopeless or self._spent_out():
                break
            drafts = self._next_drafts(number)
            winner = await self._take(drafts, number) or await self._supported()
            if winner is not None:
                return winner
        return await self._try_best()

    def _next_drafts(self, number: int) -> AsyncGenerator[Draft]:
        """Repairs while nothing passes; fresh, independent candidates while something does but stands alone."""
        count = self.parts.settings.candidates
        near = [candidate for candidate in self._ranked() if candidate.passed or candidate.problems]
        if number == 0 or self._eligible() or not near:
            self._step("candidates", f"round {number + 1}: {count} candidates", total=count)
            return self.author.candidates(count)
        broken = near[: max(SUPPORT, count // 2)]
        attempts = [(one.draft, self._failures(one)) for one in itertools.islice(itertools.cycle(broken), count)]
        self._step("repair", f"round {number + 1}: repairing {len(broken)} candidates", total=count)
        return self.author.repairs(attempts)

    async def _take(self, drafts: AsyncGenerator[Draft], number: int) -> Submission | None:
        """Examines drafts as they arrive; stops asking as soon as all that pass so far support one another
        and pass the gates. Where they differ, the whole round has its say first.
        """
        try:
            async for draft in drafts:
                candidate = await examine(draft, self.spec, self.workshop, round=number)
                self.candidates.append(candidate)
                self._step("candidate", self._told(candidate), done=len(self.candidates))
                if candidate.eligible and len(await self._groups()) == 1 and (winner := await self._supported()):
                    return winner
                if self._spent_out():
                    return None
        finally:
            await drafts.aclose()
        return None

    async def _supported(self) -> Submission | None:
        for group in await self._groups():
            if self.refuted >= HELD_OUT_TRIES:
                return None
            if group.independent >= SUPPORT and id(group.members[0]) not in self.rejected:
                winner = await self._through_gates(group)
                if winner is not None:
                    return winner
        return None

    async def _try_best(self) -> Submission | None:
        """At the end of all rounds, the most believable group is judged even if it stands alone, for the report."""
        if self.refuted >= HELD_OUT_TRIES:
            return None
        groups = [group for group in await self._groups() if id(group.members[0]) not in self.rejected]
        return await self._through_gates(groups[0]) if groups else None

    async def _through_gates(self, group: Group) -> Submission | None:
        bench = Bench(await asyncio.to_thread(self._submission, group))
        self._step("gates", f"{len(group.members)} candidates agree: running the gates")
        self.gates = await run_gates(bench)
        failed = [gate for gate in self.gates if gate.verdict == "failed"]
        for gate in failed:
            self._step("gates", f"{gate.gate}: {gate.summary}")
        if failed:
            self.rejected.add(id(group.members[0]))
            self.refuted += any(gate.gate == "held-out examples" for gate in failed)
        return None if failed else bench.submission

    def _submission(self, group: Group) -> Submission:
        forged = Forged(self.spec, group, len(self._eligible()), self._tester_is_generator)
        standing = Standing({tool.name: tool for tool in self.parts.layers.live()})
        parts, kept = self.parts, read_regressions(self.parts.registry, self.spec.name)
        return submit(forged, self.cases, self.workshop, parts.suite_limits, parts.gates, standing, kept)

    @property
    def _tester_is_generator(self) -> bool:
        return self.parts.models.same_model(Role.TEST, Role.GENERATE)

    async def _groups(self) -> list[Group]:
        eligible = self._eligible()
        if eligible and self.testing is not None:
            await self.testing
        for candidate in eligible:
            await probe(candidate, self.spec, self.cases, self.probes, self.workshop)
        return grouped(self._eligible())

    async def _finish(self, winner: Submission | None, reason: str) -> ForgeResult:
        need = self.spec.need
        if winner is None or winner.forged is None:
            return self._result("failed", reason or self._why_failed())
        state, why = self._state()
        tool = make_tool(winner, winner.forged, self.gates, self.author, self.job)
        self._step("commit", f"committing {need.name} as {state}")
        add = partial(self.parts.registry.add, once=self.job)
        try:
            version = await asyncio.to_thread(add, tool, state=state, unconfirmed=self.spec.unconfirmed, reason=why)
        except AgentForgeError as error:
            return self._uncommitted(tool, error)
        result = self._result("live" if state is State.LIVE else "proposed", why)
        return replace(result, version=version, unconfirmed=self.spec.unconfirmed)

    def _uncommitted(self, tool: Tool, error: AgentForgeError) -> ForgeResult:
        """A tool that passed but has no place to stand: all of it is kept with what was tried."""
        result = self._result("failed", f"The tool passed but could not be committed: {error}")
        self._step("commit", result.reason)
        files: JSONObject = {name: contents.decode() for name, contents in to_files(tool).items()}
        return replace(result, artefacts={**result.artefacts, "tool": files}, error=error)

    def _state(self) -> tuple[State, str]:
        need = self.spec.need
        facts = Facts(
            tainted=need.tainted,
            capabilities=need.capabilities,
            truths=self.spec.truths,
            cases=len(self.cases),
            unconfirmed=self.spec.unconfirmed,
            tester_is_generator=self._tester_is_generator,
        )
        return place(facts, self.parts.policy)

    def _result(self, state: Literal["live", "proposed", "failed"], reason: str) -> ForgeResult:
        return ForgeResult(
            job=self.job,
            name=self.spec.name,
            state=state,
            reason=reason,
            gates=self.gates,
            refuted=self.refuted > 0,
            usage=self.author.usage,
            by_role=dict(self.author.spent),
            seconds=round(time.monotonic() - self.started, 2),
            artefacts=artefacts_of(self.spec, self.candidates, self.tests_answer, self.gates),
        )

    def _why_failed(self) -> str:
        tried = len(self.candidates)
        failed = next((gate for gate in self.gates if gate.verdict == "failed"), None)
        if failed is not None:
            return f"{tried} candidates were tried; the best one failed at '{failed.gate}': {failed.summary}."
        if not self.candidates:
            return "The models returned no candidate."
        best = self._ranked()[0]
        return f"{tried} candidates were tried; the best one gives {best.passed} of {len(self.spec.visible)} examples."

    def _ranked(self) -> list[Candidate]:
        return sorted(self.candidates, key=lambda candidate: candidate.rank, reverse=True)

    def _eligible(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.eligible]

    def _failures(self, candidate: Candidate) -> str:
        return describe_failures(candidate, self.spec)

    def _spent_out(self) -> bool:
        settings = self.parts.settings
        return (
            self.author.usage.output_tokens >= settings.max_output_tokens
            or time.monotonic() - self.started >= settings.max_seconds
            or self.refuted >= HELD_OUT_TRIES
        )

    def _told(self, candidate: Candidate) -> str:
        if candidate.problems:
            return f"{candidate.draft.origin}: breaks the contract: {candidate.problems[0]}"
        return f"{candidate.draft.origin}: {candidate.passed} of {len(self.spec.visible)} examples"

    def _step(self, step: str, message: str, *, done: int = 0, total: int = 0) -> None:
        self._emit("forge_step", step=step, message=message, done=done, total=total)

    def _emit(self, kind: str, **data: str | int) -> None:
        self.emit_raw(kind, {"job": self.job, **data})
