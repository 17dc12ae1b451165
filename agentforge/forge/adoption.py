"""A repaired version becomes a commit: live, or waiting for a person. Its parent is the version it repairs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, cast

from agentforge import clock
from agentforge.forge.author import PROMPTS
from agentforge.forge.judging import PROMPTS as JUDGE_PROMPTS
from agentforge.forge.placement import Facts, place
from agentforge.forge.regressions import with_examples
from agentforge.forge.repair import Outcome
from agentforge.forge.repair_gates import Repaired
from agentforge.memory.outcomes import Known
from agentforge.models.prompts import fingerprint
from agentforge.policy import Policy
from agentforge.registry.manifest import Provenance
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, contents_of
from agentforge.types import JSON, JSONObject, Layer, Role, State


@dataclass(frozen=True, slots=True)
class Adopted:
    """Where the repaired version stands now."""

    end: Literal["adopted", "proposed"]
    reason: str
    version: str


def adopt(found: Outcome, call: Known, registry: Registry, *, tainted: bool, policy: Policy, job: str) -> Adopted:
    """Commits the winner of a repair, once for ``job``; ``tainted``: the session of the call had read untrusted text.

    Raises:
        ToolInvalid: another version came to stand meanwhile.
        RegistryError, StorageError: it cannot be written.
    """
    if found.winner is None:
        raise AssertionError("there is nothing to adopt")
    old = found.winner.bench.tool
    tool = _next_version(found, found.winner, call, job)
    snapshot = registry.snapshot()
    standing = snapshot.states.tools.get(tool.name)
    facts = Facts(
        tainted=tainted,
        reach=snapshot.reach(tool),
        truths=sum(example.ground_truth for example in tool.examples),
        cases=len(tool.examples),
        unconfirmed=old.unconfirmed,
        tester_is_generator=tool.manifest.provenance.tester_is_generator,
        live=snapshot.reach(old),
        pinned=standing is not None and standing.pinned,
    )
    state, why = place(facts, policy)
    if old.state is not State.LIVE:
        state, why = State.PROPOSED, f"The tool is {old.state}."
    if found.ending == "disputed":
        state, why = State.PROPOSED, _sentence(found.reason)
    version = registry.add(tool, state=state, unconfirmed=old.unconfirmed, reason=why, once=job)
    after = registry.snapshot().states.tools.get(tool.name)
    if state is State.LIVE and after is not None and after.version == version:
        return Adopted("adopted", f"The repair is live. {found.reason}", version)
    waiting = registry.snapshot().states.review_of(tool.name).waiting.values()
    why = next((one.reason for one in waiting if one.version == version), why)  # it may wait for what changed since
    return Adopted("proposed", f"The repair waits for a person. {why}", version)


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:].rstrip('.')}."


def _next_version(found: Outcome, winner: Repaired, call: Known, job: str) -> Tool:
    old = winner.bench.tool
    models = found.author.models
    provenance = Provenance(
        job=job,
        episodes=(call.session,) if call.session else (),
        sources=tuple(one.source for one in winner.regressions),
        parent=old.version,
        models=dict(found.author.models_used),
        prompts={name: fingerprint(name) for name in (*PROMPTS, *JUDGE_PROMPTS)},
        image=winner.bench.shop.box.info.image,
        tester_is_generator=models.same_model(Role.TEST, Role.GENERATE),
        created=clock.now().date(),
    )
    return Tool(
        manifest=old.manifest.model_copy(update={"provenance": provenance}),
        source=winner.candidate.source,
        tests=winner.tests,
        examples=with_examples(old.examples, winner.regressions),
        report=_report(found, winner, job),
        layer=Layer.USER,
        state=State.LIVE,
        unconfirmed=old.unconfirmed,
    )


def _report(found: Outcome, winner: Repaired, job: str) -> JSONObject:
    """``report.json``: the gates and the replay. Of a recorded call that differs stands its id, not its content."""
    disagreements: list[JSON] = [one.call for one in found.replayed.disagreements]
    return {
        "format": 1,
        "job": job,
        "box": cast("JSONObject", asdict(winner.bench.shop.box.info)),
        "gates": [cast("JSON", asdict(gate)) for gate in found.gates],
        "contents": contents_of(winner.candidate.source, winner.tests),
        "replay": {"compared": found.replayed.compared, "lost": 0, "disagreements": disagreements},
    }
