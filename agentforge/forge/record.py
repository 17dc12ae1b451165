"""What remains of a forging: the tool with its report and provenance, the trailers, the artefacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import cast

from agentforge import clock
from agentforge.forge.author import GIVEN, PROMPTS, Author
from agentforge.forge.evidence import Candidate
from agentforge.forge.gates.submission import Forged, Submission
from agentforge.forge.spending import local_token_share
from agentforge.models.prompts import fingerprint
from agentforge.registry.contract import toolbox_imports
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import Tool, contents_of
from agentforge.types import JSON, GateResult, JSONObject, Layer, Need, Role, State

SUMMARY = 200
"""Longest summary of a manifest, in characters."""
REQUESTS = 5


def make_tool(submission: Submission, forged: Forged, gates: Sequence[GateResult], author: Author, job: str) -> Tool:
    """The tool folder of an admitted candidate, its report and provenance included."""
    spec, need = forged.spec, forged.spec.need
    image = submission.workshop.box.info.image
    return Tool(
        manifest=make_manifest(forged, author, job, image),
        source=submission.source,
        tests=submission.tests,
        examples=(*spec.visible, *spec.held_out, *submission.generated),
        report=report_of(gates, submission, job),
        layer=Layer.USER,
        state=State.PROPOSED if need.tainted else State.LIVE,
        unconfirmed=spec.unconfirmed,
    )


def make_manifest(forged: Forged, author: Author, job: str, image: str) -> Manifest:
    """The manifest with its provenance (ids, models and hashes only, never content)."""
    spec, need, draft = forged.spec, forged.spec.need, forged.group.best.draft
    by_caller = bool(need.author) and draft.origin == GIVEN
    return Manifest(
        depends=toolbox_imports(forged.group.best.source),
        name=spec.name,
        summary=shortened(spec.rules[0], SUMMARY),
        signature=spec.signature.text,
        requests=tuple(requests_of(need)),
        capabilities=need.capabilities,
        provenance=Provenance(
            job=job,
            episodes=tuple(dict.fromkeys(one for one in (need.episode, *need.forked_from, *need.taught_in) if one)),
            sources=need.sources,
            parent=need.parent,
            models={**author.models_used, **({Role.GENERATE: need.author} if by_caller else {})},
            prompts={name: fingerprint(name) for name in PROMPTS},
            image=image,
            tester_is_generator=author.models.same_model(Role.TEST, draft.role),
            created=clock.now().date(),
        ),
    )


def requests_of(need: Need) -> list[str]:
    """What a user would type to need this tool; feeds search."""
    asked = list(need.requests) or ([need.text.strip().splitlines()[0]] if need.text.strip() else [])
    return [shortened(request, SUMMARY) for request in asked[:REQUESTS]]


def shortened(text: str, most: int) -> str:
    """``text`` in one line of at most ``most`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def report_of(gates: Sequence[GateResult], submission: Submission, job: str = "") -> JSONObject:
    """``report.json``: all gates of this version with their evidence, and which files they saw."""
    return {
        "format": 1,
        "job": job,
        "box": cast("JSONObject", asdict(submission.workshop.box.info)),
        "thresholds": cast("JSONObject", submission.settings.model_dump(mode="json")),
        "gates": [cast("JSON", asdict(gate)) for gate in gates],
        "contents": contents_of(submission.source, submission.tests),
    }


def artefacts_of(
    author: Author, candidates: Sequence[Candidate], tests_answer: str, gates: Sequence[GateResult]
) -> JSONObject:
    """All that was tried, so that a failure can be looked into."""
    spec = author.spec
    return {
        "name": spec.name,
        "signature": spec.need.signature,
        "purpose": spec.need.purpose,
        "shown": [] if spec.need.tainted else [one.source for one in spec.visible if one.ground_truth],
        "tests_answer": tests_answer,
        "candidates": [_candidate(candidate) for candidate in candidates],
        "gates": [cast("JSON", asdict(gate)) for gate in gates],
        "local_token_share": local_token_share(author.spent, author.models),
    }


def _candidate(candidate: Candidate) -> JSONObject:
    return {
        "origin": candidate.draft.origin,
        "role": candidate.draft.role,
        "round": candidate.round,
        "answer": candidate.draft.answer,
        "problems": list(candidate.problems),
        "faults": list(candidate.faults),
        "passed": candidate.passed,
        "visible": len(candidate.visible),
        "output_tokens": candidate.draft.usage.output_tokens,
        "seconds": candidate.draft.seconds,
    }
