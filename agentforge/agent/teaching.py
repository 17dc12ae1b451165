"""Tools from what a user said of answers: like questions with known right answers are the examples of one tool.

A question that is like earlier ones is answered by the tool that was made from these, its arguments filled in by
the host where the questions plainly tell them. Where enough right answers are known and no tool is there, one is
forged before the question is answered: the model states name and parameters, all else is known by construction.
Nothing is spent twice: which truths a forging had is kept, and it takes half as many more for the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from agentforge.agent import toolbox
from agentforge.agent.asking import Asking, Taught, asking_of
from agentforge.agent.cases import worked_lines
from agentforge.agent.dispatch import forge_need
from agentforge.agent.likeness import Pattern, alike, common_pattern, covered, main_form, turned
from agentforge.agent.origins import believed
from agentforge.agent.parts import AgentParts, Emit
from agentforge.agent.stating import asked_arguments, stated_need
from agentforge.agent.told import Filling, as_told, fill, slots_of
from agentforge.agent.toolbox import Entry
from agentforge.agent.turn import Turn
from agentforge.errors import (
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    RegistryError,
    StorageError,
    ToolInvalid,
)
from agentforge.forge.earlier import earlier_candidates
from agentforge.forge.lifting import lifted
from agentforge.forge.record import SUMMARY, shortened
from agentforge.forge.spec import deal
from agentforge.forge.verbatim import stands_in
from agentforge.memory.truths import Truth
from agentforge.models.protocol import Message
from agentforge.registry.contract import parse_signature
from agentforge.registry.layers import Layers
from agentforge.types import Example, JSONObject, Need

NEAR = 1 / 3
"""So much of a request's words those of a kind of questions must hold, for the tool that answers these to be offered
to a small model: of the first questions of 12 kinds none had as much of another's, and all of their own."""

MOST_PAIRS = 6
"""Questions with right answers that one forging gets, the likest of them."""

FORM = "The result is the answer alone, in exactly the form that the examples show."
"""A rule of a tool whose right answers are text."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A live tool for the question, and its arguments where the host knows them. ``in_order``: its parameters are the
    values of such questions in their order.
    """

    entry: Entry
    args: JSONObject | None = None
    in_order: bool = True


async def recall(turn: Turn) -> Taught:
    """What was said of questions like this turn's. Worked examples in a request speak for themselves."""
    if worked_lines(turn.text):
        return Taught()
    try:
        known = await asyncio.to_thread(believed, turn.parts.truths, turn.parts.layers.registry)
    except (StorageError, RegistryError) as error:
        turn.emit("notice", {"message": f"What was said of earlier answers could not be read: {error}"})
        return Taught()
    return await asyncio.to_thread(_taught, turn.text, known)


def _taught(text: str, known: Sequence[Truth]) -> Taught:
    like = tuple(alike(text, known, lambda one: one.question))
    kinds: dict[str, list[str]] = {}
    for one in known:
        for name in _names([one]) - _names(like):
            kinds.setdefault(name, []).append(one.question)
    strange = {name for name, questions in kinds.items() if like or covered(text, questions[-MOST_PAIRS:]) < NEAR}
    return Taught(like, frozenset(strange | {name for name in _names(like) if is_turned(text, name, like)}))


def is_turned(text: str, name: str, truths: Sequence[Truth]) -> bool:
    """Whether a request is one that ``name`` is for but for a word that decides: it was made from, or gave, right
    answers to requests that all have another there.
    """
    served = (one.question for one in truths if name == one.tool or (name == one.way and one.word == "right"))
    return turned(text, [*dict.fromkeys(served)][-MOST_PAIRS:])


def _names(truths: Sequence[Truth]) -> frozenset[str]:
    return frozenset(name for one in truths for name in (one.tool, one.way) if name)


async def ready_tool(turn: Turn, taught: Taught) -> Ready | None:
    """The live tool that was made from like questions, or answered them, where this one has their form."""
    if not taught.like:
        return None
    stale = turn.parts.settings.agent.stale_tools
    return await asyncio.to_thread(ready_for, turn.parts.layers, turn.text, taught, stale=stale)


def ready_for(layers: Layers, text: str, taught: Taught, *, stale: bool = False) -> Ready | None:
    """As :func:`ready_tool`, of any question and any toolbox; blocks. ``stale``: also one that was made from what has
    changed.
    """
    for name in dict.fromkeys(name for one in taught.like for name in (one.tool, one.way) if name):
        entry = _live(layers, name, stale)
        if entry is None:
            continue
        questions = [one.question for one in taught.like if name in (one.tool, one.way)][:MOST_PAIRS]
        pattern = common_pattern(list(dict.fromkeys(questions)))
        if pattern is None or pattern.values(text) is None:
            continue  # it may be for something else: the model chooses
        made = any(one.tool == name for one in taught.like)
        filled = fill(entry.signature, pattern, [*questions, text], in_order=made)
        if filled is None and fill(entry.signature, pattern, questions, in_order=made) is not None:
            continue  # it gives values that the tool cannot take, such as three where it takes two
        filled = filled or _filled_in_main_form(entry, questions, text, made)
        return Ready(entry, filled.args[-1] if filled else None)
    return None


def _filled_in_main_form(entry: Entry, questions: Sequence[str], text: str, made: bool) -> Filling | None:
    """The arguments by the form that most of the questions have, where the one that is asked has it."""
    *main, mine = main_form([*questions, text])
    kept = [question for question, of_it in zip(questions, main, strict=True) if of_it]
    pattern = common_pattern(list(dict.fromkeys([*kept, text]))) if mine and len(kept) < len(questions) else None
    return fill(entry.signature, pattern, [*kept, text], in_order=made) if pattern is not None else None


def _live(layers: Layers, name: str, stale: bool) -> Entry | None:
    try:
        tool = layers.in_place_of(name)
        return None if tool is None or (tool.stale and not stale) else Entry(tool, tool.signature)
    except ToolInvalid:
        return None


async def due(turn: Turn, taught: Taught) -> bool:
    """Whether enough right answers are known, of questions that no live tool answers, and more than the last forging
    for them had.
    """
    if not taught.like:
        return False
    enough = turn.parts.settings.agent.truths_for_a_tool
    return await asyncio.to_thread(is_due, turn.parts.layers, taught, enough)


def is_due(layers: Layers, taught: Taught, enough: int) -> bool:
    """As :func:`due`, of any questions and any toolbox; ``enough`` right answers make a tool. Blocks."""
    tried = max((one.tried for one in taught.like), default=0)
    known = taught.known
    alone = [one for one in known if not any(layers.in_place_of(name) for name in (one.tool, one.way) if name)]
    return len(alone) >= enough and len(known) >= tried + (max(1, tried // 2) if tried else 0)


async def forge_taught(asking: Asking) -> Ready | None:
    """Has a tool made from the known right answers; None where none came of it, so that the question is computed.

    Raises:
        RegistryError, StorageError: the finished tool could not be committed; the job keeps it.
        ModelError: no model answered.
    """
    turn, known = asking.turn, asking.taught.known
    turn.emit(
        "notice", {"message": f"Of {len(known)} requests like this one the right answer is known: a tool is made."}
    )
    ready, why = await made_of(asking)
    if turn.parts.truths is not None:
        await turn.record(turn.parts.truths.mark, known, tool=ready.entry.name if ready and ready.in_order else "")
    if why:
        turn.emit("notice", {"message": f"No tool answers this yet: {why}."})
    return ready


def asking_about(taught: Taught, parts: AgentParts, emit: Emit) -> Asking:
    """A turn about the newest of these questions that nobody is in: nothing of it is stored."""
    newest = taught.known[-1]
    turn = Turn(parts, newest.session, 0, newest.question, (), tainted=newest.tainted, emit=emit, storing=False)
    turn.messages.append(Message("user", newest.question))
    asking = asking_of(turn, [])
    asking.taught = taught
    return asking


async def made_of(asking: Asking) -> tuple[Ready | None, str]:
    """Has a tool made from what is known, and notes it nowhere; where none came of it, why (raises as
    :func:`forge_taught`).
    """
    return await _made(asking, _chosen(asking.taught, asking.turn.parts.settings.agent.truths_for_a_tool))


def _chosen(taught: Taught, enough: int) -> list[Truth]:
    """The pairs of a forging, oldest first: where the user told enough answers in their own words, these alone, since
    one that was only called right may be of another form.
    """
    known = taught.known
    told = [one for one in known if one.word == "wrong"]
    good = told if len(told) >= enough else known
    return sorted([one for one in taught.like if one in good][:MOST_PAIRS], key=lambda one: one.id)


async def _made(asking: Asking, pairs: Sequence[Truth]) -> tuple[Ready | None, str]:
    turn = asking.turn
    enough = min(turn.parts.settings.agent.truths_for_a_tool, len(pairs))
    *main, mine = await asyncio.to_thread(main_form, [*(one.question for one in pairs), turn.text])
    if sum(main) >= enough:
        pairs = [one for one, of_it in zip(pairs, main, strict=True) if of_it]
    else:
        mine = True
    questions = [*(one.question for one in pairs), *([turn.text] if mine else [])]
    pattern = await asyncio.to_thread(common_pattern, questions)
    failed = any(one.tried for one in pairs)
    slots = slots_of(pattern, questions, as_written=failed) if pattern is not None else []
    try:
        stated, problems = await stated_need(asking, pairs, slots)
    except (ModelUnavailable, ModelTimeout):
        raise
    except ModelError as error:  # a decision that a model cannot give costs nobody the answer
        return None, f"the need could not be stated ({error.message.rstrip('.')})"
    if problems:
        return None, f"the need could not be stated ({'; '.join(problems)})"
    signature = parse_signature(f"def {stated['name']}{stated['signature']}")
    filled = fill(signature, pattern, questions, in_order=bool(slots)) if pattern is not None else None
    given = (
        filled.args[: len(pairs)] if filled else await asked_arguments(asking, signature, str(stated["name"]), pairs)
    )
    examples = _examples(pairs, given, str(stated["signature"]).rpartition("->")[2].strip())
    if len(examples) < enough:
        told = f"{stated['name']}{stated['signature']}"
        return None, f"the arguments of {len(pairs) - len(examples)} requests for {told} do not stand in them"
    need = _need(turn, stated, pairs, examples, _purpose(pairs[0], pattern, filled))
    need = await _with_earlier(turn, need, pairs)
    drafts = (*need.drafts, *await _drafts(turn, need.name, pairs, given))
    try:
        forged = await forge_need(turn, replace(need, drafts=drafts))
    except ToolInvalid as error:
        return None, str(error).rstrip(".")
    if forged.state != "live":
        return None, forged.reason.rstrip(".")
    entry = await toolbox.find(turn.parts, forged.reused or forged.name)
    told = filled.args[-1] if filled and mine else None
    args = {forged.arguments.get(name, name): value for name, value in told.items()} if told is not None else None
    return Ready(entry, args, in_order=not forged.reused or args is None or [*args] == _parameters(entry)), ""


async def _drafts(turn: Turn, name: str, pairs: Sequence[Truth], given: Sequence[JSONObject]) -> tuple[str, ...]:
    """The code that answered these questions, as functions of their values; also code of which the user said that its
    answer was wrong, since only its form may have been.
    """
    if turn.parts.truths is None:
        return ()
    scripts = await asyncio.to_thread(turn.parts.truths.scripts, pairs)
    made = (lifted(scripts[one.id], name, args) for one, args in zip(pairs, given, strict=False) if one.id in scripts)
    return tuple(dict.fromkeys(filter(None, made)))


async def _with_earlier(turn: Turn, need: Need, pairs: Sequence[Truth]) -> Need:
    """The need with what earlier forgings for these truths wrote that gave all they were shown; what that was is spent.
    They are left out where nothing could be held out any more.
    """
    if turn.parts.truths is None:
        return need
    drafts, shown = list[str](), set[str]()
    for kept in await asyncio.to_thread(turn.parts.truths.attempts, pairs):
        if written := [*earlier_candidates(kept, need.name, need.signature)]:
            drafts += written
            shown |= {*cast("list[str]", kept["shown"])}
    spent = tuple(replace(one, spent=one.spent or one.source in shown) for one in need.examples)
    _, held_out = deal(spent, need.purpose)
    return replace(need, drafts=tuple(dict.fromkeys(drafts)), examples=spent) if drafts and held_out else need


def _parameters(entry: Entry) -> list[str]:
    return [*cast("JSONObject", entry.signature.parameters.get("properties", {}))]


def _examples(pairs: Sequence[Truth], given: Sequence[JSONObject], kind: str) -> tuple[Example, ...]:
    """Ground truth by construction: what was asked, with arguments that all stand in it, and what the user said."""
    found: dict[str, Example] = {}
    for one, args in zip(pairs, given, strict=False):
        if args and all(stands_in(value, one.question) for value in args.values()):
            value = as_told(str(one.expected), "int" if kind == "int" else "float" if kind == "float" else "str")
            found[repr(sorted(args.items()))] = Example(args, value, source=one.source)
    return tuple(found.values())


def _need(turn: Turn, stated: JSONObject, pairs: Sequence[Truth], examples: Sequence[Example], purpose: str) -> Need:
    """The need as it goes to the forge. Its requests are the first question's words, by which search finds it."""
    first, signature = pairs[0].question, str(stated["signature"])
    last = next((line for line in reversed(first.splitlines()) if line.strip()), first)
    return Need(
        name=str(stated["name"]),
        signature=signature,
        purpose=f"{purpose} {FORM}" if signature.endswith("-> str") else purpose,
        examples=tuple(examples),
        requests=tuple(dict.fromkeys(shortened(part, SUMMARY) for part in (first, last))),
        text=turn.text,
        episode=turn.session,
        tainted=turn.tainted or any(one.tainted for one in pairs),
        taught_in=tuple(dict.fromkeys(one.session for one in pairs if one.session != turn.session)),
    )


def _purpose(first: Truth, pattern: Pattern | None, filled: Filling | None) -> str:
    """The first question's words, with the parameters in the place of its values where these are plain."""
    words = first.question.strip()
    if pattern is not None and filled is not None:
        words = pattern.shown(words, filled.gaps)
    return words if words.endswith((".", "!", "?")) else f"{words}."
