"""need → spec → reuse → tests → rounds → gates → placement → commit, or an honest failure with its artefacts.

:func:`forge` is the only entrance. It asks models through :class:`~agentforge.forge.author.Author`,
runs what they wrote in the box it was given, and commits to the user's registry at the very end.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import replace
from functools import partial
from typing import Literal

from agentforge.boxes.network.recordings import read_recordings
from agentforge.boxes.packages.lock import package_problems
from agentforge.errors import AgentForgeError, ToolInvalid, ToolNotFound
from agentforge.forge.author import Author
from agentforge.forge.comparison import Comparison
from agentforge.forge.composing import named_imports
from agentforge.forge.evidence import Workshop
from agentforge.forge.gates.forging import SUPPORT
from agentforge.forge.gates.submission import Forged, Submission
from agentforge.forge.parts import Emit, ForgeParts, ForgeResult, Teller
from agentforge.forge.placement import Facts, place
from agentforge.forge.record import artefacts_of, make_tool
from agentforge.forge.reuse import find_reusable, reused_twin
from agentforge.forge.rounds import Rounds
from agentforge.forge.spec import Spec, make_spec
from agentforge.forge.spending import local_token_share
from agentforge.models.discreet import Discreet
from agentforge.registry.packages import read_lock
from agentforge.registry.rights import Reach
from agentforge.registry.tool import Tool, to_files
from agentforge.types import JSONObject, Need, State


async def forge(need: Need, parts: ForgeParts, emit: Emit) -> ForgeResult:
    """Makes the tool that ``need`` asks for and commits it, or says why not.

    Emits ``forge_started``, ``forge_step`` … and ``forge_finished`` (``agentforge.events``).

    Raises:
        ToolInvalid: the need itself is malformed (name, signature, packages, tools to import), the name is taken,
            or it is to reach a host of which nothing was recorded.
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
        self.teller = Teller(emit, self.job)
        models = Discreet(parts.models, parts.secrets)
        self.author = Author(models, self.spec, parts.settings.temperature, parts.settings.candidates)
        self.author.budget = parts.settings.max_output_tokens
        self.workshop = Workshop(parts.box, parts.call_limits, need.capabilities)
        self.started = time.monotonic()

    async def run(self) -> ForgeResult:
        need = self.spec.need
        self.teller.event("forge_started", name=need.name, signature=need.signature)
        parts = self.parts
        # what a new version replaces may give its examples too, and does not cite what stands now
        reusable = None if need.parent else await find_reusable(self.spec, parts.layers, parts.box, parts.call_limits)
        if found := reusable:
            self.teller.event("forge_finished", name=need.name, state="live", **found.told)
            return replace(self._result("live", found.reason), **found.facts)
        await asyncio.to_thread(self._refuse_taken_name)
        await asyncio.to_thread(self._give_packages)
        await asyncio.to_thread(self._take_recordings)
        await asyncio.to_thread(self._give_tools)
        async with Comparison(self.author, self.teller) as compared:
            rounds = Rounds(self.parts, self.author, self.workshop, compared, self.teller, self.started)
            winner = await rounds.run()
        result = await self._finish(winner, rounds, compared)
        self.teller.event(
            "forge_finished",
            name=need.name,
            state=result.state,
            version=result.version,
            unconfirmed=result.unconfirmed,
            reason=result.reason,
            **({"reused": result.reused} if result.reused else {}),
        )
        return result

    def _refuse_taken_name(self) -> None:
        """Names in the user's own registry, retired ones included, and live ones in the layers below it."""
        for find in (self.parts.registry.get, self.parts.layers.find):
            try:
                standing = find(self.spec.name)
            except ToolNotFound:
                continue
            if standing.state is not State.PROPOSED and standing.version != self.spec.need.parent:
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

    def _give_tools(self) -> None:
        """The live tools that the need names, with all that they need."""
        self.author.imports = found = named_imports(self.spec.need, self.parts.layers)
        self.workshop = replace(self.workshop, toolbox=found.sources, imports=found.names)

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

    async def _finish(self, winner: Submission | None, rounds: Rounds, compared: Comparison) -> ForgeResult:
        tried = artefacts_of(self.author, rounds.candidates, compared.answer, rounds.gates)
        judged = replace(self._result("failed", ""), gates=rounds.gates, refuted=rounds.refuted > 0, artefacts=tried)
        if winner is None or winner.forged is None:
            parts = self.parts
            found = await reused_twin(rounds.twin, self.spec, parts.layers, parts.box, parts.call_limits)
            if found is not None:
                return replace(judged, state="live", reason=found.reason, **found.facts)
            return replace(judged, reason=rounds.why_failed())
        tool = make_tool(winner, winner.forged, rounds.gates, self.author, self.job)
        reach = await asyncio.to_thread(self.parts.layers.reach, tool)
        state, why = self._state(winner.forged, len(compared.cases), reach)
        self.teller.step("commit", f"committing {self.spec.name} as {state}")
        add = partial(self.parts.registry.add, once=self.job)
        try:
            await asyncio.to_thread(self.parts.layers.closure, tool.depends)  # they may have gone meanwhile
            version = await asyncio.to_thread(add, tool, state=state, unconfirmed=self.spec.unconfirmed, reason=why)
        except AgentForgeError as error:
            return self._uncommitted(tool, error, judged)
        told: Literal["live", "proposed"] = "live" if state is State.LIVE else "proposed"
        return replace(judged, state=told, reason=why, version=version, unconfirmed=self.spec.unconfirmed)

    def _uncommitted(self, tool: Tool, error: AgentForgeError, judged: ForgeResult) -> ForgeResult:
        """A tool that passed but has no place to stand: all of it is kept with what was tried."""
        reason = f"The tool passed but could not be committed: {error}"
        self.teller.step("commit", reason)
        files: JSONObject = {name: contents.decode() for name, contents in to_files(tool).items()}
        return replace(judged, reason=reason, artefacts={**judged.artefacts, "tool": files}, error=error)

    def _state(self, forged: Forged, cases: int, reach: Reach) -> tuple[State, str]:
        need = self.spec.need
        facts = Facts(
            tainted=need.tainted,
            reach=reach,
            truths=self.spec.truths,
            cases=cases,
            unconfirmed=self.spec.unconfirmed,
            tester_is_generator=forged.tester_is_generator,
            alone=forged.group.independent < SUPPORT,
            guessed=forged.guessed,
            dispute=forged.dispute,
        )
        return place(facts, self.parts.policy)

    def _result(self, state: Literal["live", "proposed", "failed"], reason: str) -> ForgeResult:
        return ForgeResult(
            job=self.job,
            name=self.spec.name,
            state=state,
            reason=reason,
            usage=self.author.usage,
            by_role=dict(self.author.spent),
            local_token_share=local_token_share(self.author.spent, self.author.models),
            seconds=round(time.monotonic() - self.started, 2),
            artefacts=artefacts_of(self.author, (), "", ()),
        )
