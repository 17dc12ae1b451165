"""The path for small models: every decision is tiny and made under a JSON schema, code comes in fenced
blocks, and whatever can be done without a model is.

choose (tool and arguments) → use → answer; like earlier questions whose right answers are known: use, or forge → use,
both without a choice; with no tool: kind → direct | code | need → forge → arguments
→ use → answer. The questions of one turn share their prefix, so that a prefix cache is hit.
"""

from __future__ import annotations

import re
from functools import partial
from typing import cast

from agentforge.agent import toolbox
from agentforge.agent.approving import Deferred, Going
from agentforge.agent.asking import Asking, asking_of, closed_object
from agentforge.agent.cases import worked_lines
from agentforge.agent.dispatch import Result, call_tool, forge_need, run_code
from agentforge.agent.ending import Ending, Step, completed, limited, waiting
from agentforge.agent.needs import (
    NEED_TOKENS,
    make_need,
    need_problems,
    need_schema,
    read_examples,
    shape_problems,
    with_shown_result,
)
from agentforge.agent.offers import RUN_PYTHON
from agentforge.agent.teaching import Ready, due, forge_taught, ready_tool, recall
from agentforge.agent.told import value_text
from agentforge.agent.toolbox import Entry
from agentforge.agent.trial import contradicted
from agentforge.agent.turn import Turn, TurnLimit
from agentforge.errors import AgentForgeError, ApprovalDenied, ForgeFailed, ToolInvalid, ToolNotFound
from agentforge.forge.grounding import may_show_example
from agentforge.forge.parts import ForgeResult
from agentforge.forge.verbatim import stands_in
from agentforge.memory.episodes import new_call_id
from agentforge.models.prompts import render
from agentforge.models.protocol import Message, ToolAnswer, ToolCall
from agentforge.models.schemas import fenced_blocks
from agentforge.registry.contract import parse_signature, toolbox_imports
from agentforge.types import JSON, JSONObject, Need, Role

LONG_REQUEST = 80

_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
_EMPTY = re.compile(r"(?i)\"\"|''|\[\s*\]|\bempty\b|\bno\b|\bnothing\b|\bnone\b")
_HAS_VALUES = re.compile(r"[\d\"'“]")

NO_EXAMPLE = "the request holds no worked example that could prove one"

ANSWER_TOKENS = 60
DIRECT_TOKENS = 400
CODE_TOKENS = 500
CHOICE_TOKENS = 300
PLAIN_RESULT_CHARS = 60
"""A longer result, or one of several lines, is the answer as it is: no model repeats it."""


async def begin(turn: Turn) -> Step | Ending:
    """Searches the toolbox with the user's own words, after what was said of answers to questions like this one."""
    k = min(turn.parts.settings.agent.tools_in_prompt, toolbox.CHOICES)
    taught = await recall(turn)
    ready = await ready_tool(turn, taught)
    entries = [] if ready else await toolbox.fitting(turn.parts, turn.text, turn.history, k, toolbox.NEAR)
    entries = [entry for entry in entries if entry.name not in taught.elsewhere]
    asking = asking_of(turn, [ready.entry] if ready else entries)
    asking.taught = taught
    if ready:
        return _used(asking, ready)
    if await due(turn, taught):
        return partial(learn, asking)
    fitting = [entry for entry in entries if not await contradicted(turn, entry)]
    return partial(choose, asking, fitting) if fitting else partial(decide_kind, asking)


async def go_on(turn: Turn, going: Going) -> Step | Ending:
    """From the call, or the tool, that was decided about; from the beginning where it was neither of these."""
    name, at = going.request.tool, going.loop.get("at")
    if at == "use":
        entry = await toolbox.find(turn.parts, name)
        return partial(use, asking_of(turn, [entry]), entry, going.request.args, 1, going.request.call)
    if at == "forged" and going.forged is not None:
        return await _after_forging(asking_of(turn, []), name, going.forged)
    return await begin(turn)


def _used(asking: Asking, ready: Ready) -> Step:
    if ready.args is None:
        return partial(ask_args, asking, ready.entry, "")
    return partial(use, asking, ready.entry, ready.args, 0)


async def learn(asking: Asking) -> Step | Ending:
    """Has a tool made from right answers that the user told; a question for which none came of it is computed."""
    ready = await forge_taught(asking)
    return _used(asking, ready) if ready else partial(write_code, asking, "", 0)


async def choose(asking: Asking, entries: list[Entry]) -> Step | Ending:
    """One decision: which tool, and its arguments; or none."""
    lines = "\n".join(f"- {entry.line}" for entry in entries)
    calls: list[JSON] = [_call_schema(entry) for entry in entries]
    none: JSONObject = {"type": "object", "properties": {"tool": {"const": "none"}}, "required": ["tool"]}
    schema = closed_object(call={"anyOf": [*calls, {**none, "additionalProperties": False}]})
    question = render("agent_choose", tools=lines)
    chosen = cast("JSONObject", (await asking.decide("choose", question, schema, CHOICE_TOKENS))["call"])
    entry = next((one for one in entries if one.name == chosen["tool"]), None)
    if entry is None:
        return partial(decide_kind, asking)
    args = cast("JSONObject", chosen["args"])
    if _swallowed(asking.turn, args):
        return partial(decide_kind, asking)
    if strange := _strange(asking.turn, entry, args):
        return partial(ask_args, asking, entry, strange)
    return partial(use, asking, entry, args, 0)


def _call_schema(entry: Entry) -> JSONObject:
    return closed_object(tool={"const": entry.name}, args=entry.signature.parameters)


def _strange(turn: Turn, entry: Entry, args: JSONObject) -> str:
    """Values that stand nowhere in what the user wrote, as a remark for the model; empty when all do."""
    properties = cast("dict[str, JSONObject]", entry.signature.parameters.get("properties", {}))
    missing = [
        f"{name}={value_text(value)[:60]!r} does not stand in the request"
        for name, value in args.items()
        if not isinstance(value, bool | dict) and not {"enum", "const"} & properties[name].keys()
        if value != properties[name].get("default", ...)
        if not any(_is_given(value, text) for text in turn.sources.values())
    ]
    follows = bool(turn.history) and _HAS_VALUES.search(turn.text) is not None
    if not missing and follows and not any(stands_in(value, turn.text) for value in args.values()):
        return "they are those of an earlier request; what is new stands in the last one"
    return "; ".join(missing)


def _swallowed(turn: Turn, args: JSONObject) -> bool:
    """Whether a whole long request was put into a tool: then the tool is not meant for it."""
    text = turn.text.strip()
    return len(text) > LONG_REQUEST and any(isinstance(value, str) and value.strip() == text for value in args.values())


async def ask_args(asking: Asking, entry: Entry, problem: str) -> Step | Ending:
    """The arguments of one tool, under its own parameter schema; ``problem`` is fed back once."""
    remark = f"\nYour last arguments were wrong: {problem}." if problem else ""
    question = render("agent_args", tool=entry.line, problem=remark)
    args = await asking.decide("arguments", question, entry.signature.parameters, CHOICE_TOKENS)
    if problem and _invented(asking.turn, args):
        return partial(decide_kind, asking)
    return partial(use, asking, entry, args, 1 if problem else 0)


def _invented(turn: Turn, args: JSONObject) -> bool:
    """Whether no argument at all stands in what the user wrote, or in a request that gives values itself: then the
    tool is not what was asked for.
    """
    texts = [turn.text] if _HAS_VALUES.search(turn.text) else [*turn.sources.values()]
    return bool(args) and not any(_is_given(value, text) for value in args.values() for text in texts)


def _is_given(value: JSON, text: str) -> bool:
    """Whether a value stands in a text; nothing at all stands only where it is spoken of."""
    return stands_in(value, text) and (value not in ("", [], {}) or _EMPTY.search(text) is not None)


async def use(asking: Asking, entry: Entry, args: JSONObject, tries: int, call_id: str = "") -> Step | Ending:
    """Calls the tool; an error goes back to the model once, then the task has failed with it."""
    turn, call = asking.turn, ToolCall(call_id or new_call_id(), entry.name, args)
    try:
        result = await call_tool(turn, entry, args, call.id)
    except Deferred as paused:
        paused.loop["at"] = "use"
        raise
    await _remember(turn, call, result)
    if result.ok:
        return partial(answer, asking, entry.name, result)
    if result.denied:
        await turn.say(Message("assistant", result.text))
        raise ApprovalDenied(result.text)
    if tries == 0:
        return partial(ask_args, asking, entry, result.text[:200])
    text = f"The tool {entry.name} could not do it: {result.text}"
    await turn.say(Message("assistant", text))
    raise AgentForgeError(text, fix="Check the values in the request, or say what is to be done with such ones.")


async def _remember(turn: Turn, call: ToolCall, result: Result) -> None:
    await turn.say(Message("assistant", calls=(call,)))
    await turn.say(Message("user", answers=(ToolAnswer(call.id, result.text, error=not result.ok),)))


async def answer(asking: Asking, tool: str, result: Result) -> Step | Ending:
    """The result: alone where the request wants nothing else, or it is long, else with one short sentence around it,
    in which it stands exactly, whatever the model says.
    """
    turn, shown = asking.turn, value_text(result.value) if tool != RUN_PYTHON else result.text
    turn.result = shown
    if asking.wants_value or len(shown) > PLAIN_RESULT_CHARS or "\n" in shown or not shown.strip():
        text = shown if shown.strip() else f"{tool} returned an empty text."
    else:
        question = render("agent_answer", tool=tool, result=shown)
        said = await turn.complete("answer", asking.system, f"{asking.request}{question}", ANSWER_TOKENS)
        text = said.text.strip() if said.stop == "end_turn" else ""
        if not stands_in(shown, text):
            text = f"The result is {shown}."
    await turn.say(Message("assistant", text))
    return completed(turn, text)


async def decide_kind(asking: Asking) -> Step | Ending:
    """With no tool that fits: answer, compute once, or have a tool made. Worked examples in the
    text decide by themselves: somebody who states a rule with examples will ask again.
    """
    if asking.turn.tools_made or asking.turn.tools_found:
        return _computed_once(asking, "the one made or found in this turn did not do")
    if worked_lines(asking.turn.text):
        return partial(state_need, asking)
    if asking.taught.denies_words:
        return partial(write_code, asking, "", 0)
    kinds: list[JSON] = ["answer_directly", "run_python", "needs_tool"]
    if len(_NUMBERS.findall(asking.turn.text)) > 1:
        kinds.remove("answer_directly")  # a small model calculates wrongly and says so with confidence
    schema = closed_object(kind={"type": "string", "enum": kinds})
    kind = (await asking.decide("kind", render("agent_kind"), schema, 20))["kind"]
    steps = {"answer_directly": answer_directly, "needs_tool": state_need}
    if kind == "needs_tool" and not (may_show_example(asking.turn.text) or _tests_apart(asking.turn)):
        return _computed_once(asking, NO_EXAMPLE)
    return partial(steps[str(kind)], asking) if kind in steps else partial(write_code, asking, "", 0)


async def answer_directly(asking: Asking) -> Step | Ending:
    """No tool, no code: the model's own words, as they come. How the user wants them is told last once more: a small
    model has forgotten it behind a long prompt.
    """
    turn, prompt = asking.turn, f"{asking.request}{render('agent_direct')}"
    if asking.preferred:
        prompt = f"{prompt}\n\n{asking.preferred}"
    said = await turn.stream("answer", asking.system, [Message("user", prompt)], DIRECT_TOKENS)
    await turn.say(Message("assistant", said.text))
    if said.stop == "max_tokens":
        error = TurnLimit("max_output_tokens", "The answer was cut off because it grew too long.")
        return limited(error, said.text)
    return completed(turn, said.text.strip())


async def write_code(asking: Asking, problem: str, tries: int) -> Step | Ending:
    """One fenced block, run in the box with the toolbox; an error goes back once."""
    turn = asking.turn
    lines = "\n".join(f"- {entry.line}" for entry in asking.shown)
    tools = f'\nTools that can be imported with "from toolbox import NAME":\n{lines}\n'
    question = render("agent_code", tools=tools if asking.shown else "", problem=problem)
    said = await turn.complete("code", asking.system, f"{asking.request}{question}", CODE_TOKENS)
    blocks = fenced_blocks(said.text)
    if blocks:
        call = ToolCall(new_call_id(), RUN_PYTHON, {"code": blocks[0]})
        try:
            result = await run_code(turn, blocks[0], call.id)
        except (ToolNotFound, ToolInvalid) as error:  # it imports what is not there: the model can do better
            result = Result(False, str(error))
        await _remember(turn, call, result)
    else:
        result = Result(False, "There was no fenced Python block.")
    if result.ok and result.text.strip() not in ("", "null"):
        return partial(answer, asking, RUN_PYTHON, result)
    why = result.text if not result.ok else "It printed nothing and its last line has no value."
    if tries == 0:
        code = blocks[0] if blocks else ""
        if toolbox_imports(code):  # a small model that a tool has led astray holds on to it
            asking.shown, code = [], ""
            return partial(write_code, asking, f"\nCode with a tool failed (data): {why[:400]}\nUse none.", 1)
        remark = f"\nYour last code failed:\n```python\n{code[:1500]}\n```\nError (data): {why[:400]}\nCorrect it."
        return partial(write_code, asking, remark, 1)
    raise AgentForgeError(
        f"The model's code failed twice: {why[:300]}", fix="Ask differently, or use a stronger model."
    )


async def state_need(asking: Asking) -> Step | Ending:
    """The need: two small decisions at the most, the rest by the host. Without a need that makes
    sense, or without ground truth that could prove a tool, the request is computed once instead.
    """
    turn, problems = asking.turn, list[str]()
    for tries in range(2):
        remark = f"\nYour last answer was wrong: {'; '.join(problems)}." if problems else ""
        stated = await asking.decide("state the need", render("agent_need", problem=remark), need_schema(), NEED_TOKENS)
        stated = with_shown_result(stated, turn.text)
        problems = need_problems(stated, await toolbox.taken_names(turn.parts))
        if tries == 0:
            problems += shape_problems(stated, turn.text)
        if not problems:
            return await _with_examples(asking, stated)
    return _computed_once(asking, f"the need could not be stated ({'; '.join(problems)})")


async def _with_examples(asking: Asking, stated: JSONObject) -> Step | Ending:
    turn, signature = asking.turn, parse_signature(str(stated["signature"]))
    examples = await read_examples(turn, asking.system, asking.request, str(stated["name"]), signature)
    if not examples and not _tests_apart(turn):
        return _computed_once(asking, NO_EXAMPLE)
    return partial(forge, asking, make_need(turn, stated, examples))


def _tests_apart(turn: Turn) -> bool:
    """Whether the tests come from another model than the code, so that a tool may go live without an example."""
    return not turn.parts.models.same_model(Role.GENERATE, Role.TEST)


def _computed_once(asking: Asking, why: str) -> Step:
    """A script instead of a tool. Not where the request holds worked examples: somebody who gives them
    expects what agrees with them, and nothing would have tried a script on them.
    """
    if worked_lines(asking.turn.text):
        raise ForgeFailed(
            f"No tool was made for this: {why}. A script was not tried instead, since the worked examples could"
            " not have proved it.",
            fix="State the rule in other words, and each example as one line: input -> output.",
        )
    asking.turn.emit("notice", {"message": f"No tool was made for this: {why}."})
    return partial(write_code, asking, "", 0)


async def forge(asking: Asking, need: Need) -> Step | Ending:
    """Has the tool made, or found. Live: it is used at once. Otherwise the turn ends honestly."""
    try:
        forged = await forge_need(asking.turn, need)
    except Deferred as paused:
        paused.loop["at"] = "forged"
        raise
    return await _after_forging(asking, need.name, forged)


async def _after_forging(asking: Asking, name: str, forged: ForgeResult) -> Step | Ending:
    turn = asking.turn
    if forged.state == "live":
        return partial(ask_args, asking, await toolbox.find(turn.parts, forged.reused or forged.name), "")
    if forged.state == "proposed":
        text = f"The tool {forged.name} was made and waits for a person's review before it is used: {forged.reason}"
        await turn.say(Message("assistant", text))
        return waiting(text, [forged.name])
    text = f"No tool {name} could be made: {forged.reason}"
    await turn.say(Message("assistant", text))
    raise ForgeFailed(
        text, job=forged.job, fix=f"Give more worked examples. What was tried is kept as job {forged.job}."
    )
