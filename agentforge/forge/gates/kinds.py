"""Kinds of input: the tests must hold inputs on which a clause would show, were it missing from the tool.

What is missing from a tool has no code that could be changed, so that no mutant shows whether the suite looks there.
The purpose does: every refusal that it promises, every kind of input that it speaks of and both sides of a range need
an input in the suite or among the examples, and so do the edges of the parameters' types. How much a suite must ask
at the least follows from how much the purpose says.

Words are read by rules, and rules misread. So a suite with many inputs (``gates.many_inputs``) may leave out one thing
that words alone ask for; it is told. Errors that are promised and never asked for, a bound that is refused, and what
is seen to change the answers, it may not.

Not found: a clause in words that are not read here, and a test that has an input of the kind but on which the
missing clause makes no difference.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import cast

from agentforge.forge.additions import Addition, additions_of
from agentforge.forge.cases import equal
from agentforge.forge.clauses import Purpose, Refusal, purpose_of
from agentforge.forge.gates.asked import asked
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.verdict import judged, shortened, skipped, texts
from agentforge.forge.kinds import LEFT_OUT, WORDS, Met, can_be, can_hold, leaves, met, offered
from agentforge.forge.spec import render_call
from agentforge.registry.contract import docstring_of
from agentforge.registry.schema import mismatches
from agentforge.settings import GateSettings
from agentforge.types import JSON, Example, GateResult, JSONObject

GATE = "kinds of input"
FEWEST_EDGES = 4
"""A share of fewer says little: years have no edge at 0."""
MOST_KNOWN = 30
MOST_ANSWERED = 12
"""Inputs on which a clause is put on from outside: those of tests and examples, and others."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input with a known outcome: the error that it raises, or its value. ``tested``: the suite asks it."""

    args: JSONObject
    raised: str = ""
    value: JSON = None
    tested: bool = True


async def kinds_of_input(bench: Bench) -> GateResult:
    """Each clause of the purpose and each edge of the types has its input. For folders: the tests of a forging are
    made of what its candidates agree on.

    Of a docstring the first ``docstrings.MOST_READ`` characters are read (8,000, runs of blanks counted as one), of a
    text in an input the first ``kinds.MOST_OF_TEXT``: both are a stranger's and may be as long as a file. They are read
    in a thread, so that an interruption is heard meanwhile.
    """
    sub = bench.submission
    if sub.forged is not None:
        return skipped(GATE, "a forging: its tests are ours, and its candidates speak for each other")
    if sub.signature is None:
        return skipped(GATE, "there is no signature")
    calls = await asked(bench)
    known = [
        *(Input(call.args, call.raised, call.value) for call in calls),
        *(Input(one.args, one.raises or "", one.returns, tested=False) for one in (*sub.examples, *sub.regressions)),
    ]
    parameters = sub.signature.parameters
    docstring = docstring_of(sub.source, sub.name)
    purpose = await asyncio.to_thread(purpose_of, docstring, _names(parameters), sub.summary)
    answered = [(args, result.value) for args, result in await bench.tried() if result.ok]
    accepted = [args for args, _ in answered]
    returns = sub.signature.returns
    found = await asyncio.to_thread(missing, purpose, parameters, known, accepted, sub.settings, returns)
    undecided = await undecided_clauses(bench, purpose, known, answered)
    certain = [*found.certain, *undecided]
    passed = not certain and len(found.perhaps) <= (1 if found.distinct >= sub.settings.many_inputs else 0)
    told = f"{found.distinct} inputs are tested, and each clause that was read has one"
    if found.perhaps:
        told = f"{found.distinct} inputs are tested; perhaps left out: {'; '.join(found.perhaps)}"
    return judged(
        GATE,
        passed,
        shortened(told, 1500),
        shortened("; ".join([*certain, *found.perhaps]), 1500),
        problems=texts([*certain, *found.perhaps]),
        forgiven=len(found.perhaps) if passed else 0,
        tested=found.distinct,
        clauses=purpose.told + len(purpose.refusals),
        refusals=[refusal.words for refusal in purpose.refusals],
        named=texts(sorted({word for word, _, _ in purpose.named()})),
        edges_without_input=texts([_at_edge(edge) for edge in found.edges]),
        edges=found.offered,
    )


async def undecided_clauses(
    bench: Bench, purpose: Purpose, known: Sequence[Input], answered: Sequence[tuple[JSONObject, JSON]]
) -> list[str]:
    """Clauses of which the purpose speaks and which, put on from outside, change what the tool does on some input but
    on none with a known outcome.
    """
    right = [(one.args, one.value) for one in known if not one.raised]
    problems: list[str] = []
    added = list(additions_of(purpose))
    tried = [pair for _, addition in added for pair in _changed(bench, addition, right, MOST_KNOWN)]
    tried += [pair for _, addition in added for pair in _changed(bench, addition, answered, MOST_ANSWERED)]
    await bench.results([new for _, _, new in tried])  # all at once, to be looked at one by one
    for word, addition in added:
        if await _shown(bench, addition, right, MOST_KNOWN) is None:
            args = await _shown(bench, addition, answered, MOST_ANSWERED)
            if args is not None:
                call = shortened(render_call(bench.submission.name, Example(args)), 200)
                problems.append(f"no test would notice if {addition.what}, as {call} shows: the purpose says {word!r}")
    return problems


async def _shown(
    bench: Bench, addition: Addition, pairs: Sequence[tuple[JSONObject, JSON]], most: int
) -> JSONObject | None:
    """The first input on which the tool with the addition does something else."""
    if not addition.parameter:
        return next((args for args, value in pairs if not equal(addition.of(value), value)), None)
    tried = _changed(bench, addition, pairs, most)
    results = await bench.results([new for _, _, new in tried])
    for (args, value, _), result in zip(tried, results, strict=True):
        if not (result.ok and equal(result.value, value)):
            return args
    return None


def _changed(
    bench: Bench, addition: Addition, pairs: Sequence[tuple[JSONObject, JSON]], most: int
) -> list[tuple[JSONObject, JSON, JSONObject]]:
    """Arguments, value, and the arguments with the addition where they are others of the declared types."""
    if not addition.parameter:
        return []
    signature = bench.submission.signature
    parameters = signature.parameters if signature is not None else {}
    changed = [(args, value, addition.of_arguments(args)) for args, value in pairs]
    return [one for one in changed if one[2] != one[0] and not mismatches(one[2], parameters)][:most]


@dataclass(frozen=True, slots=True)
class Missing:
    """What the tests leave out: for ``certain``, and as the words of the purpose are read. ``edges`` of ``offered``
    have no input; ``distinct`` inputs are tested.
    """

    certain: list[str]
    perhaps: list[str]
    edges: list[Met]
    offered: int
    distinct: int


def missing(
    purpose: Purpose,
    parameters: JSONObject,
    known: Sequence[Input],
    accepted: Sequence[JSONObject],
    settings: GateSettings,
    returns: JSON = None,
) -> Missing:
    """Judges the ``known`` inputs by the purpose and by the types; ``accepted`` are inputs that the tool answers,
    ``returns`` is the schema of its results.
    """
    names = _names(parameters)
    seen = set[Met]().union(*(met(one.args, names) for one in known))
    there = set[Met]().union(*(met(args, names) for args in accepted))
    edges = sorted(edge for edge in offered(parameters) if edge in there)
    without = [edge for edge in edges if edge not in seen]
    certain = [*_unrefused(purpose, parameters, known), *_too_few(purpose, known, settings)]
    perhaps = [
        *_unrefused_kinds(purpose, parameters, known),
        *_fewer_refused(purpose, known),
        *_unmet(purpose, parameters, known, seen),
        *_ungiven(purpose, known, returns),
    ]
    if len(edges) >= FEWEST_EDGES and len(edges) - len(without) < settings.edges * len(edges):
        told = ", ".join(map(_at_edge, without))
        perhaps.append(f"of {len(edges)} edges of its types {len(without)} have no test and no example: {told}")
    distinct = len(_distinct(known, tested=True))
    return Missing(list(dict.fromkeys(certain)), list(dict.fromkeys(perhaps)), without, len(edges), distinct)


def _unrefused(purpose: Purpose, parameters: JSONObject, known: Sequence[Input]) -> Iterator[str]:
    """Errors that the purpose promises and nobody asks for."""
    refused = [one for one in known if one.raised]
    if purpose.refusals and not refused:
        yield f"no test or example is refused, though {_cases_of(purpose)}"
    if purpose.refuses_bounds:
        yield from _unbounded(purpose, parameters, refused)


def _unrefused_kinds(purpose: Purpose, parameters: JSONObject, known: Sequence[Input]) -> Iterator[str]:
    """Kinds that a refusal names and of which no input is refused; it may name them for another reason. Where nothing
    is refused at all, that is told.
    """
    if not any(one.raised for one in known):
        return
    names = _names(parameters)
    shown = {edge for one in known if one.raised for edge in met(one.args, names)}
    for refusal in purpose.refusals:
        if refusal.kinds:
            for places in _of(refusal, parameters):
                if not any((name, kind) in shown for name in places for kind in refusal.kinds):
                    where = f" for {places[0]}" if len(places) == 1 else ""
                    told = f"{refusal.error}: {refusal.words}"
                    yield f"no test or example is refused with {_told(refusal.kinds)}{where}: {told}"


def _fewer_refused(purpose: Purpose, known: Sequence[Input]) -> Iterator[str]:
    """Fewer refused inputs than cases are told, some of which may be told twice."""
    count, told = len(_distinct([one for one in known if one.raised])), len(purpose.refusals)
    if 0 < count < told:
        yield f"{_cases_of(purpose)}, but tests and examples hold {count} refused inputs"


def _cases_of(purpose: Purpose) -> str:
    cases = "; ".join(f"{refusal.error}: {refusal.words}" for refusal in purpose.refusals)
    count = len(purpose.refusals)
    return f"{count} cases are refused ({cases})" if count > 1 else f"one case is refused ({cases})"


def _of(refusal: Refusal, parameters: JSONObject) -> list[list[str]]:
    """The parameters of which one must be shown, for each input that is needed."""
    schemas = cast("JSONObject", parameters["properties"])
    names = [
        name for name in refusal.parameters or schemas if any(can_be(schemas[name], kind) for kind in refusal.kinds)
    ]
    if refusal.of_each:
        numeric = [name for name in names if {"integer", "number"} & set(_words_of(schemas[name]))]
        return [[name] for name in numeric]
    return [names] if names else []


def _unbounded(purpose: Purpose, parameters: JSONObject, refused: Sequence[Input]) -> Iterator[str]:
    schemas = cast("JSONObject", parameters["properties"])
    for name, low, high in purpose.bounds():
        if not {"integer", "number"} & set(_words_of(schemas[name])):
            continue
        numbers = [value for one in refused if name in one.args for value in leaves(one.args[name])]
        values = [value for value in numbers if isinstance(value, int | float) and not isinstance(value, bool)]
        if low is not None and not any(value < low for value in values):
            yield f"no test or example is refused with {name} below {low:g}"
        if high is not None and not any(value > high for value in values):
            yield f"no test or example is refused with {name} above {high:g}"


def _words_of(schema: JSON) -> Iterator[str]:
    return (value for value in leaves(schema) if isinstance(value, str))


def _unmet(purpose: Purpose, parameters: JSONObject, known: Sequence[Input], seen: Collection[Met]) -> Iterator[str]:
    """Kinds of input, and signs, that the purpose speaks of and nobody asks for."""
    schemas = cast("JSONObject", parameters["properties"])
    below = any(_is_negative(leaf) for one in known if not one.raised for leaf in leaves(one.value))
    for word, parameter, kinds in purpose.named():
        places = [parameter] if parameter else list(schemas)
        possible = {kind for name in places for kind in kinds if can_be(schemas[name], kind)}
        if below and not parameter and "negative" in kinds:
            continue  # it may be said of the result
        if possible and not any((name, kind) in seen for name in places for kind in kinds):
            where = f" for {parameter}" if parameter else ""
            yield f"no test or example has {_told(possible)}{where}, though the purpose says {word!r}"
    for word, parameter, signs in purpose.signs():
        written = [text for one in known if parameter in one.args for text in _words_of(one.args[parameter])]
        if can_be(schemas[parameter], "blank") and not any(sign in text for text in written for sign in signs):
            yield f"no test or example has a sign of {signs!r} for {parameter}, though the purpose says {word!r}"


def _ungiven(purpose: Purpose, known: Sequence[Input], returns: JSON) -> Iterator[str]:
    """Results that the purpose names with their case, and that nobody sees. A word for what cannot come of the type
    of the results means something else ("one item each, or none where …").
    """
    given = {_as_word(leaf) for one in known if not one.raised for leaf in leaves(one.value)}
    for words, value in purpose.results():
        if value not in given and can_hold(returns, value):
            yield f"no test or example gives {value}, though the purpose says {words!r}"


def _is_negative(value: JSON) -> bool:
    return isinstance(value, int | float) and value < 0


def _as_word(value: JSON) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    return "" if value else "empty"


def _too_few(purpose: Purpose, known: Sequence[Input], settings: GateSettings) -> Iterator[str]:
    """Fewer inputs than a purpose with so many clauses needs, whatever they are; never more than are many anyway,
    half of them with a result, since a long text need not say more.
    """
    tested = [one for one in known if one.tested]
    every, given = len(_distinct(tested)), len(_distinct([one for one in tested if not one.raised]))
    clauses, many = purpose.told + len(purpose.refusals), settings.many_inputs
    if every < (needed := min(settings.inputs_per_clause * clauses, many)):
        yield f"the tests hold {every} different inputs for {clauses} clauses of the purpose, {ceil(needed)} are needed"
    elif given < (needed := min(settings.results_per_clause * purpose.told, many / 2)):
        yield (
            f"the tests hold {given} different inputs with a result for {purpose.told} clauses of the purpose,"
            f" {ceil(needed)} are needed"
        )


def _distinct(known: Sequence[Input], *, tested: bool = False) -> set[str]:
    return {json.dumps(one.args, sort_keys=True) for one in known if one.tested or not tested}


def _told(kinds: Collection[str]) -> str:
    return " or ".join(WORDS[kind] for kind in sorted(kinds))


def _at_edge(edge: Met) -> str:
    name, kind = edge
    return f"{name} left out" if kind == LEFT_OUT else f"{WORDS[kind]} for {name}"


def _names(parameters: JSONObject) -> list[str]:
    return list(cast("JSONObject", parameters["properties"]))
