"""The path for models that choose tools well on their own: free tool use through Messages tools."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from agentforge.agent import toolbox
from agentforge.agent.approving import Deferred, Going
from agentforge.agent.asking import asking_of
from agentforge.agent.context import Window, conversation
from agentforge.agent.dispatch import Result, dispatch, told_of
from agentforge.agent.ending import Ending, Step, completed, limited
from agentforge.agent.offers import FORGE_TOOL, OFFERS, SEARCH_TOOLS
from agentforge.agent.recollection import beside_of
from agentforge.agent.teaching import due, forge_taught, ready_tool, recall
from agentforge.agent.toolbox import Entry
from agentforge.agent.trial import contradiction
from agentforge.agent.turn import ROLE, Turn, TurnLimit
from agentforge.errors import ModelRefused, ToolInvalid, ToolNotFound
from agentforge.models.prompts import render
from agentforge.models.protocol import Completion, Message, ToolAnswer, ToolCall, ToolSpec
from agentforge.types import JSON

ANSWER_TOKENS = 8_000
"""Most tokens of one answer; code for ``run_python`` and the rules of a need are the long ones."""

TAUGHT = "It was made from, or gave, answers to requests like this one that the user called right."
"""What a model is told of such a tool."""

Shown = dict[str, ToolSpec]


async def begin(turn: Turn) -> Step | Ending:
    """Finds the k best tools for the user's text, then thinks."""
    shown: Shown = dict(OFFERS)
    if entry := await _taught(turn):
        shown[entry.name] = replace(entry.spec, description=f"{entry.spec.description} {TAUGHT}")
    k = turn.parts.settings.agent.tools_in_prompt
    for entry in await toolbox.fitting(turn.parts, turn.text, turn.history, k):
        shown.setdefault(entry.name, entry.spec)
    return partial(think, turn, shown)


async def _taught(turn: Turn) -> Entry | None:
    """The tool for questions like this one, of which the user told what is right: the one there is, or one that is
    made now, where enough is known.
    """
    taught = await recall(turn)
    ready = await ready_tool(turn, taught)
    if ready is None and await due(turn, taught):
        asking = asking_of(turn, [])
        asking.taught = taught
        ready = await forge_taught(asking)
    return ready.entry if ready else None


async def think(turn: Turn, shown: Shown) -> Step | Ending:
    """One model call: it either answers or asks for tools."""
    system = render("agent_free")
    window = Window(turn.parts.models, ROLE, reserve=min(ANSWER_TOKENS, turn.parts.models.context(ROLE) // 4))
    beside = beside_of(window, turn.memory, turn.summary)
    messages, tools, account = conversation(window, system, list(shown.values()), turn.history, turn.messages, beside)
    turn.emit("context", account.to_json())
    completion = await turn.stream("think", beside.under(system), messages, window.reserve, tools)
    await turn.say(completion.as_message())
    if completion.calls:
        return partial(act, turn, shown, completion.calls)
    return _ended(turn, completion)


async def go_on(turn: Turn, going: Going) -> Step | Ending:
    """The same calls as before it was paused, after those that were answered by then."""
    shown: Shown = dict(OFFERS)
    names, given = going.loop.get("shown"), going.loop.get("answers")
    for name in names if isinstance(names, list) else []:
        with suppress(ToolNotFound, ToolInvalid):
            shown.setdefault(str(name), (await toolbox.find(turn.parts, str(name))).spec)
    answers = [
        ToolAnswer(str(one.get("call")), str(one.get("content")), bool(one.get("error")))
        for one in (given if isinstance(given, list) else [])
        if isinstance(one, dict)
    ]
    calls = turn.messages[-1].calls
    return partial(act, turn, shown, calls, answers) if calls else await begin(turn)


async def act(turn: Turn, shown: Shown, calls: tuple[ToolCall, ...], done: Sequence[ToolAnswer] = ()) -> Step | Ending:
    """Does what was asked for, one call after the other, and hands all results back at once; ``done`` are the
    answers to the first of them, where the run was paused behind these.
    """
    answers = [*done]
    for call in calls[len(answers) :]:
        try:
            result = await _result(turn, call)
        except Deferred as paused:
            told: list[JSON] = [{"call": one.call_id, "content": one.content, "error": one.error} for one in answers]
            paused.loop |= {"at": call.id, "answers": told, "shown": [name for name in shown if name not in OFFERS]}
            raise
        remark = await _remark(turn, call, result)
        found = await _show_more(turn, shown, call, result)
        answers.append(ToolAnswer(call.id, result.text + remark, error=not result.ok, found=found))
    await turn.say(Message("user", answers=tuple(answers)))
    return partial(think, turn, shown)


async def _result(turn: Turn, call: ToolCall) -> Result:
    """What comes of a call; a tool that was made before the run was paused is not made once more."""
    going = turn.going
    if going is not None and going.forged is not None and going.loop.get("at") == call.id:
        return await told_of(turn, going.forged)
    return await dispatch(turn, call)


async def _remark(turn: Turn, call: ToolCall, result: Result) -> str:
    """What the model must know beside a tool's result: that the request's worked examples contradict the tool."""
    if not result.ok or call.name in OFFERS:
        return ""
    told = await contradiction(turn, await toolbox.find(turn.parts, call.name))
    return f"\n[{told} in the user's request: do not take its result for theirs without a reason.]" if told else ""


async def _show_more(turn: Turn, shown: Shown, call: ToolCall, result: Result) -> tuple[str, ...]:
    """What was found or made can be called from now on; the names that are new. They are deferred, so that what the
    endpoint has in its cache stays the beginning of each later request.
    """
    if not result.ok or call.name not in (SEARCH_TOOLS, FORGE_TOOL):
        return ()
    names = result.value if isinstance(result.value, list) else [result.value]
    found: list[str] = []
    for name in map(str, names):
        if name in shown:
            continue
        with suppress(ToolNotFound, ToolInvalid):  # it was set aside since; calling it will say so
            shown[name] = replace((await toolbox.find(turn.parts, name)).spec, deferred=True)
            found.append(name)
    return tuple(found)


def _ended(turn: Turn, completion: Completion) -> Ending:
    if completion.stop == "refusal":
        raise ModelRefused(f"The model {completion.model} declined to answer this request.", fix="Ask differently.")
    if completion.stop == "max_tokens":
        error = TurnLimit("max_output_tokens", "The answer was cut off because it grew too long.")
        return limited(error, completion.text)
    return completed(turn, completion.text)
