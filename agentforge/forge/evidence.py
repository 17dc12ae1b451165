"""Candidates and what they did in the box. The host computes every verdict from these results."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from agentforge.boxes.asks import MOST_ASKS, NO_ASKS
from agentforge.boxes.network.broker import DEFAULT_LIMITS, FetchLimits
from agentforge.boxes.network.recordings import Exchange, Replay
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.boxes.protocol import NO_TOOLBOX, Box, CallResult, Grant, Limits, Toolbox
from agentforge.forge.author import Draft
from agentforge.forge.cases import holds, outcome
from agentforge.forge.finishing import finished, listed
from agentforge.forge.leaks import secret_problems
from agentforge.forge.mending import rounded, with_own_arguments, with_private_helpers, with_stated_cases
from agentforge.forge.metamorphic import broken_properties
from agentforge.forge.probes import same_shape
from agentforge.forge.spec import Spec, completed, render_call
from agentforge.registry.contract import check_source
from agentforge.registry.schema import mismatches
from agentforge.types import Capabilities, Example, JSONObject

SHOWN_FAILURES = 3
"""Failures put into one repair prompt at the most: a small model repairs one thing at a time."""
SHOWN_CHARACTERS = 300
"""Length to which an outcome is cut before a model sees it."""


SUITE_FETCHES = FetchLimits(requests=MOST_ASKS)
"""A suite is one run with many calls of the tool, each of which may fetch as often as a run may."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where candidates run: a warm box with its limits, what was recorded of the hosts that they declare,
    the locked ``packages`` of those that declare some, and the ``toolbox`` of those that import from it, of which
    they may import ``imports``.

    Nothing here reaches the network: a fetch that was not recorded is refused.
    """

    box: Box
    limits: Limits
    capabilities: Capabilities = field(default_factory=Capabilities)
    recordings: tuple[Exchange, ...] = ()
    packages: Lock = NO_PACKAGES
    toolbox: Toolbox = field(default_factory=lambda: NO_TOOLBOX)
    imports: tuple[str, ...] = ()

    @property
    def replays(self) -> bool:
        """Whether fetches are answered at all, from recordings."""
        return bool(self.capabilities.hosts)

    def grant(self, fetches: FetchLimits = DEFAULT_LIMITS) -> Grant:
        """What one run of a candidate, or of its tests, may reach; a fresh one for each run."""
        replay = Replay(self.recordings, self.capabilities, limits=fetches) if self.replays else None
        return Grant(asks={"fetch": replay.fetch} if replay else NO_ASKS, packages=self.packages.digest)

    def unanswered(self, result: CallResult) -> bool:
        """Whether a run may have ended so because a fetch was not recorded: that tells nothing about a tool."""
        return self.replays and result.status == "raised" and result.error == "PermissionError"


@dataclass(slots=True)
class Candidate:
    """One implementation with its evidence. ``problems`` are breaches of the source contract, ``broken``
    tells of results that the rules rule out, ``faults`` of what the gates found. ``behaviour`` holds an outcome
    for each of ``inputs``, ``results`` what they came from.
    """

    draft: Draft
    source: str
    round: int
    problems: tuple[str, ...] = ()
    visible: tuple[CallResult, ...] = ()
    passed: int = 0
    cases: tuple[bool, ...] = ()
    inputs: tuple[JSONObject, ...] = ()
    behaviour: tuple[str, ...] = field(default=())
    results: tuple[CallResult, ...] = ()
    broken: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def promising(self) -> bool:
        """Keeps the contract, gives every visible example and breaks no promise of the rules."""
        return not self.problems and self.passed == len(self.visible) and not self.broken

    @property
    def eligible(self) -> bool:
        """Is :attr:`promising`, and no gate found a fault in it."""
        return self.promising and not self.faults

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Sorts candidates: nearest to eligible last."""
        return (not self.problems, self.passed, -len(self.broken) - len(self.faults), -len(self.source))


async def examine(draft: Draft, spec: Spec, workshop: Workshop, *, round: int) -> Candidate:
    """Checks a draft's contract on the host, then runs the visible examples in the box.

    Where it misses nothing but cases that the rules state, or a plain last step, it is mended and run again.
    """
    candidate = await _examined(draft, _ready(spec, draft.source), spec, workshop, round)
    missed = [
        example for example, result in zip(spec.visible, candidate.visible, strict=False) if not holds(example, result)
    ]
    if missed and all(example.source == "rules" for example in missed):
        mended = with_stated_cases(spec, candidate.source, missed)
        return await _examined(draft, mended, spec, workshop, round)
    source = finished(spec, draft.source, candidate.visible) if missed else None
    if missed and all(result.status == "bad_result" for result in candidate.visible):
        shown = [example.args for example in spec.visible]
        source = await listed(spec, draft.source, lambda text: run_all(text, spec.name, shown, workshop))
    if source:
        other = await _examined(draft, _ready(spec, source), spec, workshop, round)
        return other if other.promising else candidate
    return candidate


def _ready(spec: Spec, source: str) -> str:
    """A draft with what the host knows: header, docstring, private helpers, copies of what it changes, rounding."""
    return rounded(spec, with_own_arguments(spec, with_private_helpers(spec, completed(spec, source))))


async def _examined(draft: Draft, source: str, spec: Spec, workshop: Workshop, round: int) -> Candidate:
    problems = contract_problems(source, spec, workshop.packages, workshop.imports)
    if draft.cut:
        problems = ["the answer was cut off before its end: write a shorter function", *problems]
    if not source.strip():
        problems = ["the answer holds no code"]
    candidate = Candidate(draft, source, round, tuple(problems))
    if not problems:
        results = await run_all(source, spec.name, [example.args for example in spec.visible], workshop)
        candidate.visible = tuple(results)
        candidate.passed = sum(map(holds, spec.visible, results))
    return candidate


def contract_problems(
    source: str, spec: Spec, packages: Lock = NO_PACKAGES, imports: Collection[str] = ()
) -> list[str]:
    """Breaches of the source contract, a signature other than the one asked for and a secret among them."""
    problems = check_source(
        source,
        spec.name,
        known_tools=imports,
        capabilities=spec.need.capabilities,
        packages=packages,
        expected=spec.signature,
    )
    return [*problems, *secret_problems(source, spec.secrets)]


async def run_all(
    source: str, name: str, many: Sequence[JSONObject], workshop: Workshop, *, hash_seed: int = 0
) -> list[CallResult]:
    """Each of ``many`` argument objects, in a fresh process each, in a box with that hash seed."""
    box, limits, toolbox = workshop.box, workshop.limits, workshop.toolbox
    if not workshop.replays:
        packages = workshop.packages.digest
        return await box.call_many(
            source, name, many, toolbox=toolbox, limits=limits, hash_seed=hash_seed, packages=packages
        )
    return [
        await box.call(source, name, args, toolbox=toolbox, limits=limits, grant=workshop.grant(), hash_seed=hash_seed)
        for args in many
    ]


async def probe(
    candidate: Candidate, spec: Spec, cases: Sequence[Example], probes: Sequence[JSONObject], workshop: Workshop
) -> None:
    """Records how a candidate behaves on generated cases and on probes (once)."""
    if candidate.behaviour:
        return
    inputs = [*(case.args for case in cases), *probes]
    results = await run_all(candidate.source, spec.name, inputs, workshop)
    candidate.cases = tuple(map(holds, cases, results[: len(cases)]))
    candidate.inputs = tuple(inputs)
    candidate.behaviour = tuple(map(outcome, results))
    candidate.results = tuple(results)
    answered = [pair for pair in zip(inputs, results, strict=True) if not workshop.unanswered(pair[1])]
    inputs, results = [args for args, _ in answered], [result for _, result in answered]
    shown = [example.args for example in spec.visible]
    every = [*shown, *inputs], [*candidate.visible, *results]
    again = partial(run_all, candidate.source, spec.name, workshop=workshop)
    candidate.broken = (
        *_mistyped(spec, *every),
        *_broken(spec, inputs, results),
        *await broken_properties(spec, *every, again),
    )


def _broken(spec: Spec, inputs: Sequence[JSONObject], results: Sequence[CallResult]) -> Iterator[str]:
    yield from _undeclared(spec, inputs, results)
    for promise in spec.promises:
        for args, result in zip(inputs, results, strict=True):
            if result.ok and not promise.kept_by(result.value):
                call = render_call(spec.name, Example(args))
                yield f"- {call} {what_happened(result)}, but the rules say: {promise.rule}"
                break


def _mistyped(spec: Spec, inputs: Sequence[JSONObject], results: Sequence[CallResult]) -> Iterator[str]:
    """The first result that is not of the declared type; 4.0 is no int, whatever JSON Schema says."""
    schema = spec.signature.returns
    for args, result in zip(inputs, results, strict=True):
        whole = schema.get("type") == "integer" and isinstance(result.value, float)
        if result.ok and (whole or mismatches(result.value, schema)):
            declared = spec.signature.text.rpartition("->")[2].strip()
            yield f"- {render_call(spec.name, Example(args))} {what_happened(result)}, which is no {declared}"
            return


def _undeclared(spec: Spec, inputs: Sequence[JSONObject], results: Sequence[CallResult]) -> Iterator[str]:
    """The first error that the rules do not name, where they name any, on an input of the examples' own shape:
    rules that say which input is refused, and how, speak of all the others too.
    """
    declared = set(spec.errors)
    known = [example.args for example in spec.visible if example.raises is None]
    for args, result in zip(inputs, results, strict=True):
        odd = result.status == "raised" and result.error not in declared
        if declared and odd and any(same_shape(args, one) for one in known):
            yield f"- {render_call(spec.name, Example(args))} {what_happened(result)}, which the rules do not name"
            return


def describe_failures(candidate: Candidate, spec: Spec) -> str:
    """What went wrong, in words that a generator can act on: the contract first, else visible examples, else what
    the rules or the gates say.
    """
    if candidate.problems:
        return "\n".join(f"- {problem}" for problem in candidate.problems[:SHOWN_FAILURES])
    lines: list[str] = []
    for example, result in zip(spec.visible, candidate.visible, strict=True):
        if not holds(example, result) and len(lines) < SHOWN_FAILURES:
            lines.append(describe_failure(spec.name, example, result))
    return "\n".join((lines or candidate.broken or candidate.faults)[:SHOWN_FAILURES])


def describe_failure(name: str, example: Example, result: CallResult) -> str:
    """One wrong outcome as a line: the call, what came of it, what is right."""
    right = f"must raise {example.raises}" if example.raises else f"must return {example.returns!r}"
    return f"- {render_call(name, example)} {right}, but it {what_happened(result)}"


def what_happened(result: CallResult) -> str:
    """What a run did, as the end of a sentence about it."""
    if result.ok:
        return f"returned {result.value!r}"[:SHOWN_CHARACTERS]
    if result.status == "raised":
        return f"raised {result.error}{f': {result.message}' if result.message else ''}"[:SHOWN_CHARACTERS]
    return {
        "timed_out": "did not end in time (endless loop?)",
        "died": "ended the process or used too much memory",
        "result_too_big": "returned far too much",
        "output_too_big": "printed far too much",
    }.get(result.status, "returned something that is not JSON")
