"""Learning from real failures: a person's word and failed calls → labels, regressions, repairs, quarantine.

::

    call ── feedback good ──→ confirmed ──→ three of them take ``unconfirmed`` off
      └──── feedback bad, or it failed ──→ repeated in the box ──→ transient, input, capability, unclear: noted
                                                         └──────→ defect ──→ two in eight quarantine the version
                              right answer known ──→ regression committed ──→ repair ──→ live, proposed or none

A call that failed waits as a job (``memory.repairs``); :mod:`agentforge.forge.repair_work` is how one is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.errors import ToolInvalid, ToolNotFound, UsageError
from agentforge.forge.adoption import adopt
from agentforge.forge.boxed import Bench, bench_of
from agentforge.forge.cases import holds, outcome
from agentforge.forge.classify import Again, Failure, Kind, classify
from agentforge.forge.evidence import what_happened
from agentforge.forge.gates.submission import LiveTools
from agentforge.forge.judging import Judge
from agentforge.forge.minimal import NOT_KEPT, kept_correction, minimal_failure, mistyped
from agentforge.forge.regressions import contradicted
from agentforge.forge.repair import RepairParts, find_repair
from agentforge.forge.replay import MOST_CALLS
from agentforge.forge.standing import confirm_standing, quarantine_standing
from agentforge.memory.outcomes import Known, Outcomes, reference
from agentforge.models.discreet import Discreet
from agentforge.models.protocol import ModelClient
from agentforge.policy import Policy
from agentforge.registry.layers import Layers
from agentforge.registry.regressions import keep_regression, read_regressions, withdraw_regression
from agentforge.registry.repository import Registry
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.settings import ForgeSettings, GateSettings
from agentforge.types import Example, JSONObject

Repeated: TypeAlias = tuple[CallResult | None, Again]

End: TypeAlias = Literal[
    "noted",  # it is no defect: nothing changes
    "asked",  # a defect whose right answer nobody knows yet
    "kept",  # a defect whose regression is committed (or kept in the row), and no repair was found
    "waiting",  # it could not be dealt with now: a model or a box is missing, or another process has it
    "adopted",  # a repaired version is live
    "proposed",  # a repaired version waits for a person
]


@dataclass(frozen=True, slots=True)
class LearningParts:
    """What learning works with; all of it belongs to the caller. Without ``models`` nothing is repaired.

    ``box`` is asked for only where something has to run; ``recordings`` is the folder of what answers fetches.
    ``job`` is the id under which a repair commits, once.
    """

    outcomes: Outcomes
    registry: Registry
    layers: Layers
    box: Callable[[], Awaitable[Box]]
    settings: ForgeSettings
    gates: GateSettings = field(default_factory=GateSettings)
    models: ModelClient | None = None
    secrets: frozenset[str] = frozenset()
    call_limits: Limits = field(default_factory=Limits)
    suite_limits: Limits = field(default_factory=lambda: Limits(seconds=30.0))
    recordings: Path | None = None
    policy: Policy = field(default_factory=Policy)
    tell: Callable[[str], None] = lambda _: None
    job: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of one call. ``reason`` is one sentence for people.

    ``kind`` is empty where nothing failed. ``example`` is the regression that is kept from now on, ``version`` the
    repaired one. ``quarantined`` and ``confirmed`` tell that the tool's standing changed, ``waits`` that a repair
    is to be tried as soon as there is a model for it; ``artefacts`` is all that was tried.
    """

    call: str
    tool: str
    end: End
    reason: str
    kind: Kind | Literal[""] = ""
    example: Example | None = None
    minimal: JSONObject | None = None
    version: str = ""
    quarantined: bool = False
    confirmed: bool = False
    waits: bool = False
    artefacts: JSONObject = field(default_factory=lambda: {})


async def learn(call: Known, parts: LearningParts) -> Learned:
    """Does for one call all that follows from what is known of it; doing it twice changes nothing more.

    Raises:
        SandboxError: the box failed.
        ModelError: no model answered at all; its regression is kept.
        RegistryError, StorageError: something could not be written.
    """
    return await _Lesson(call, parts).run()


class _Lesson:
    """The state of one :func:`learn`."""

    def __init__(self, call: Known, parts: LearningParts) -> None:
        self.call = call
        self.parts = parts
        self.kind: Kind | Literal[""] = ""
        self.quarantined = False
        self.minimal: JSONObject | None = None

    async def run(self) -> Learned:
        if not self.call.version:
            return self._end("noted", f"{self.call.tool} is no tool of a registry: the label is kept.")
        tool = await asyncio.to_thread(self._version)
        if self.call.word == "confirmed":
            return await self._confirmed()
        if tool is None:
            return self._end("noted", "The version that was called is in no layer any more: the label is kept.")
        bench = await self._bench(tool)
        found, again = await self._classified(tool, bench)
        if found is None:
            return self._end("noted", "It did not fail.")
        self.kind, why = found
        await asyncio.to_thread(self._label, self.kind, why)
        if self.kind != "defect":
            return self._end("noted", f"{_ARTICLE[self.kind]}: {why}. The tool stays as it is.")
        self.quarantined = await asyncio.to_thread(quarantine_standing, self.parts.registry, self.parts.outcomes, tool)
        return await self._defect(tool, bench, again)

    async def _confirmed(self) -> Learned:
        parts, call = self.parts, self.call
        for source in (call.source, self._judged):
            await asyncio.to_thread(withdraw_regression, parts.registry, call.tool, source, self._trailers())
        lifted = await asyncio.to_thread(confirm_standing, parts.registry, parts.outcomes, call)
        why = "Noted as right." + " The tool is no longer unconfirmed." * lifted
        return self._end("noted", why, confirmed=lifted)

    async def _bench(self, tool: Tool) -> Bench | str:
        parts = self.parts
        return await bench_of(tool, parts.layers, await parts.box(), parts.call_limits, parts.recordings)

    async def _classified(self, tool: Tool, bench: Bench | str) -> tuple[tuple[Kind, str] | None, CallResult | None]:
        call = self.call
        signature = tool.signature
        result, again = await self._repeated(tool, bench)
        reach = tool.manifest.capabilities
        failure = Failure(
            status=call.status,
            error=call.raised,
            message=call.error,
            declared=signature.raises,
            fits=not mismatches(call.args, signature.parameters),
            typed=call.status != "returned" or not mistyped(tool, call.value),
            asks=not reach.none or bool(tool.depends),
            fetches=bool(reach.hosts or reach.servers),
            wrong=call.word == "wrong",
            again=again,
        )
        return classify(failure), result

    async def _repeated(self, tool: Tool, bench: Bench | str) -> Repeated:
        """The call once more, with the version that was called; twice the time for one that ran out of it."""
        call = self.call
        if isinstance(bench, str) or call.status == "refused":
            return None, "not run"
        slow = call.status == "timed_out"
        seconds = self.parts.call_limits.seconds * 2 if slow else None
        result = (await bench.run(tool.source, [call.args], seconds=seconds))[0]
        truth = call.truth
        if truth is not None and holds(truth, result):
            return result, "right"
        if result.status == call.status and (result.ok or result.error == call.raised):
            same_value = not result.ok or outcome(result) == outcome(CallResult("returned", call.value))
            return result, "same" if same_value or not tool.pure else "different"
        return result, "different"

    async def _defect(self, tool: Tool, bench: Bench | str, given: CallResult | None) -> Learned:
        if isinstance(bench, str) or given is None:
            why = bench if isinstance(bench, str) else "it could not be run again"
            return self._end("kept", f"A defect, but no repair could be tried: {why}.")
        example, why = await self._example(bench, given)
        if example is None:
            return self._end("asked", why)
        if other := contradicted(example, tool.examples):
            why = f"It contradicts an example from {other.source}: correct the one that is wrong."
            return self._end("kept", why, example)
        registry, trailers = self.parts.registry, self._trailers()
        if example.ground_truth:
            await asyncio.to_thread(withdraw_regression, registry, tool.name, self._judged, trailers)
        await asyncio.to_thread(keep_regression, registry, tool.name, example, trailers)
        return await self._repair(example)

    async def _example(self, bench: Bench, given: CallResult) -> tuple[Example | None, str]:
        """The example to keep, or why there is none."""
        parts, call, secrets = self.parts, self.call, self.parts.secrets
        if call.truth is not None:
            kept = await kept_correction(call.truth, given, bench, secrets)
            return kept, f"A defect. The correction is kept with the call but not as a test: {NOT_KEPT}."
        if given.ok and not mistyped(bench.tool, given.value):
            args, result = call.args, given
        else:
            small = await minimal_failure(call.args, given, bench, secrets)
            if small is None:
                return None, f"A defect, of which no example is kept: {NOT_KEPT}."
            args, result, self.minimal = small.args, small.result, small.args
        happened = what_happened(result)
        ask = f"'agentforge feedback bad {call.id} --expected JSON' says what is right"
        if parts.models is None:
            return None, f"A defect: it {happened}. It waits for the right answer: {ask}."
        judge = Judge(Discreet(parts.models, secrets), bench.tool)
        if not judge.independent:
            return None, f"A defect: it {happened}. No other model than the generator is there to judge: {ask}."
        truth = await judge.truth(args, happened, self._judged)
        if truth is None or holds(truth, result):
            return None, f"A defect: it {happened}. The judge does not know the right answer: {ask}."
        return truth, ""

    async def _repair(self, example: Example) -> Learned:
        """Repairs the version that stands now, which may be a later one than was called."""
        parts, name = self.parts, self.call.tool
        standing = await asyncio.to_thread(self._standing)
        if standing is None:
            return self._end("kept", "The regression is kept; no version of the tool stands.", example)
        bench = await self._bench(standing)
        if isinstance(bench, str):
            return self._end("kept", f"The regression is kept; no repair could be tried: {bench}.", example)
        regressions = await asyncio.to_thread(read_regressions, parts.registry, name)
        results = await bench.run(standing.source, [one.args for one in regressions])
        if all(map(holds, regressions, results)):
            return self._end("kept", "The version that stands gives it right already.", example)
        if parts.models is None:
            return self._end("kept", "The regression is kept; the repair waits for a model.", example, wait=True)
        calls = await asyncio.to_thread(parts.outcomes.calls, name, limit=MOST_CALLS)
        live = await asyncio.to_thread(parts.layers.live)
        work = RepairParts(
            *(parts.models, parts.settings, parts.secrets, parts.suite_limits, parts.tell),
            gates=parts.gates,
            standing=LiveTools({tool.name: tool for tool in live}),
        )
        found = await find_repair(bench, regressions, calls, work)
        if found.winner is None:
            why = f"The regression is kept; no repair was found: {found.reason}"
            return self._end("kept", why, example, artefacts=found.artefacts)
        tainted = await asyncio.to_thread(self._tainted, regressions)
        adopted = await asyncio.to_thread(
            adopt, found, self.call, parts.registry, tainted=tainted, policy=parts.policy, job=parts.job
        )
        return self._end(adopted.end, adopted.reason, example, version=adopted.version, artefacts=found.artefacts)

    def _version(self) -> Tool | None:
        """The version that was called, in whichever layer it is."""
        call, parts = self.call, self.parts
        standing = self._standing()
        if standing is not None and standing.version == call.version:
            return standing
        for tool in (*parts.layers.live(), *parts.layers.shadowed()):
            if tool.name == call.tool and tool.version == call.version:
                return tool
        try:
            return parts.registry.get_version(call.tool, call.version)
        except (ToolNotFound, ToolInvalid):
            return None

    def _standing(self) -> Tool | None:
        for find in (self.parts.layers.find, self.parts.registry.get):
            try:
                return find(self.call.tool)
            except (ToolNotFound, ToolInvalid):
                continue
        return None

    def _tainted(self, regressions: Sequence[Example]) -> bool:
        """Whether the session of this call, or of one that a regression comes from, had read untrusted text."""
        outcomes, sessions = self.parts.outcomes, {self.call.session}
        for example in regressions:
            with suppress(UsageError):
                sessions.add(outcomes.call(example.source.partition(":")[2]).session)
        return any(map(outcomes.tainted, sessions))

    @property
    def _judged(self) -> str:
        return f"judge:{reference(self.call.id)}"

    def _label(self, kind: Kind, why: str) -> None:
        if self.call.finding != kind:
            self.parts.outcomes.label(self.call, kind, by="program", reason=why)

    def _trailers(self) -> dict[str, list[str]]:
        episodes = [self.call.session] if self.call.session else []
        named = {"Tool": [self.call.tool], "Source": [self.call.source], "Episode": episodes}
        return {key: values for key, values in named.items() if values}

    def _end(
        self,
        end: End,
        reason: str,
        example: Example | None = None,
        *,
        version: str = "",
        confirmed: bool = False,
        wait: bool = False,
        artefacts: JSONObject | None = None,
    ) -> Learned:
        """What came of the call, with all that is kept of it."""
        call = self.call
        if self.quarantined:
            reason = f"{reason} {call.tool} is quarantined: two of its last eight judged calls were defects."
        kept: JSONObject = {"reason": reason, "kind": self.kind, **(artefacts or {})}
        if self.minimal is not None:
            kept["minimal"] = self.minimal
        if example is not None:
            told: JSONObject = {"raises": example.raises} if example.raises else {"returns": example.returns}
            kept["example"] = {"args": example.args, **told}
        return Learned(
            *(call.id, call.tool, end, reason, self.kind, example, self.minimal, version),
            quarantined=self.quarantined,
            confirmed=confirmed,
            waits=wait,
            artefacts=kept,
        )


_ARTICLE = {
    "transient": "A transient failure",
    "input": "A matter of its input",
    "capability": "A refused capability",
    "unclear": "Not clear",
}
