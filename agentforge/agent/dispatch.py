"""One table from a call to its result, and the border between results and exceptions.

A :class:`Result` is what the model may see and react to: a value, a tool's own error, arguments that
do not fit, a tool that does not exist, a forging that failed. Everything else (the box itself, the
registry, the disk, a model endpoint) is an exception and ends the turn (``agent.ending``).
What comes out of a box or was written by a model is data: capped here, never obeyed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from agentforge.agent import toolbox
from agentforge.agent.approving import admitted, let_in, narrowed_to
from agentforge.agent.calls import Called, Caller, Denied, Ledger, error_text, refusal
from agentforge.agent.memorising import NO_MEMORY, recalled, remembered
from agentforge.agent.offers import FORGE_TOOL, OFFERS, RECALL, REMEMBER, RUN_PYTHON, SEARCH_TOOLS
from agentforge.agent.origins import with_origins
from agentforge.agent.told import value_text
from agentforge.agent.toolbox import Entry
from agentforge.agent.turn import ROLE, Turn
from agentforge.boxes.protocol import CallResult, Limits
from agentforge.errors import ForgeFailed, ToolInvalid, ToolNotFound
from agentforge.forge.failures import may_be_defect
from agentforge.forge.grounding import check_examples
from agentforge.forge.parts import ForgeResult
from agentforge.memory.episodes import new_call_id
from agentforge.memory.records import FinishedCall
from agentforge.models.protocol import ToolCall
from agentforge.registry.contract import toolbox_imports
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.types import JSON, Example, JSONObject, Need

RESULT_SHARE = 0.15
"""Part of the context window that one result may take, in tokens (about 3 characters each)."""

MODEL_MAY_SEE = (ToolNotFound, ToolInvalid, ForgeFailed)
"""The exceptions that become results: the model can do better next time."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call. ``text`` is for the model, ``value`` the unabridged result."""

    ok: bool
    text: str
    value: JSON = None
    call: str = ""
    forged: ForgeResult | None = None
    denied: bool = False


Handler: TypeAlias = Callable[[Turn, JSONObject], Awaitable[Result]]


async def dispatch(turn: Turn, call: ToolCall) -> Result:
    """Does what ``call`` asks for. Names of the table come before tools of the same name.

    Raises:
        Deferred: a person has to decide first.
        SandboxError: the box failed, not what ran in it.
        RegistryError: the registry failed.
        ModelError: forging found no model that answers.
    """
    try:
        if handler := _TABLE.get(call.name):
            if problems := mismatches(call.args, OFFERS[call.name].schema):
                return Result(False, refusal(call.name, problems))
            return await handler(turn, call.args)
        return await call_tool(turn, await toolbox.find(turn.parts, call.name), call.args, call.id)
    except MODEL_MAY_SEE as error:
        return Result(False, capped(turn, str(error)))


async def call_tool(turn: Turn, entry: Entry, args: JSONObject, call_id: str = "") -> Result:
    """Calls a live tool in the box; arguments that do not fit its parameters never reach it."""
    call, ledger = Called(call_id or new_call_id(), entry.tool, args), _Ledger(turn)
    needs = await toolbox.closure(turn.parts, entry.tool.depends)
    ledger.called(call)
    if problems := mismatches(args, entry.signature.parameters):
        return await ledger.told(call, CallResult("raised"), refusal(entry.name + entry.signature.text, problems))
    try:
        ran, result = await (await _caller(turn, ledger)).followed(call, needs)
    except ToolInvalid as invalid:
        return await ledger.told(call, CallResult("raised"), str(invalid))
    except Denied as denied:
        return replace(await ledger.told(call, CallResult("raised"), str(denied)), denied=True)
    told = await ledger.told(ran, result)
    return told if ran.args == args else replace(told, text=capped(turn, f"{narrowed_to(ran)}\n{told.text}"))


async def run_code(turn: Turn, code: str, call_id: str = "") -> Result:
    """Runs a script in the box; the live tools that it imports from ``toolbox`` go along, and those with a
    capability are asked for when it calls them.
    """
    call_id = call_id or new_call_id()
    names = toolbox_imports(code)
    needs = await toolbox.closure(turn.parts, names)
    args: JSONObject = {"code": code}
    turn.emit("tool_called", {"tool": RUN_PYTHON, "args": args, "call": call_id})
    result = await (await _caller(turn, _Ledger(turn))).run(code, needs, RUN_PYTHON)
    turn.tools_used.extend(name for name in names if name not in needs.apart)
    return await _returned(turn, RUN_PYTHON, "", args, result, call_id)


async def _caller(turn: Turn, ledger: Ledger) -> Caller:
    parts = turn.parts
    settings = parts.settings
    admit = partial(admitted, turn)
    return Caller(await parts.box(), parts.layers, settings.secrets, limits(turn), ledger, settings.servers, admit)


class _Ledger:
    """Tells of calls through a turn's events, and writes their rows."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def called(self, call: Called) -> None:
        by: JSONObject = {"by": call.by} if call.by else {}
        self._turn.emit("tool_called", {"tool": call.tool.name, "args": call.args, "call": call.id, **by})

    async def reaching(self, tool: Tool) -> None:
        reach = tool.manifest.capabilities
        await self._turn.read_from("page", (*reach.hosts, *(f"mcp:{entry}" for entry in reach.servers)))

    async def returned(self, call: Called, result: CallResult, refused: str = "") -> None:
        await self.told(call, result, refused)

    async def told(self, call: Called, result: CallResult, refused: str = "") -> Result:
        """:meth:`returned`, and what a model sees of it."""
        turn, tool = self._turn, call.tool
        if not refused:
            turn.tools_used.append(tool.name)
        if tool.unconfirmed and not refused:
            told = f"The tool {tool.name} is unconfirmed: no example was held back to prove it."
            turn.emit("notice", {"message": told})
        repair = not refused and may_be_defect(tool, result)
        return await _returned(turn, tool.name, tool.version, call.args, result, call.id, refused, repair=repair)


async def forge_need(turn: Turn, need: Need) -> ForgeResult:
    """Has a tool made, or one found that does it already; its events pass through and what it tried is kept.

    Raises:
        ToolInvalid: the need itself is malformed, or its name is taken.
        Deferred: the tool waits for a person.
        RegistryError, StorageError: the finished tool could not be committed; the job keeps it.
    """
    need = await with_origins(turn, need)
    async with turn.costs("forging"):
        forged = await turn.parts.forger(need, turn.emit)
    write = turn.parts.episodes.record_job
    await turn.record(write, turn.session, forged.job, "forging", forged.name, forged.state, forged.artefacts)
    if forged.error is not None:
        turn.emit("notice", {"message": f"The finished tool {forged.name} is kept as job {forged.job}."})
        raise forged.error
    if forged.refuted and forged.state == "failed":
        turn.refuted = forged.name
    forged = await let_in(turn, forged)
    if forged.reused:
        turn.tools_found.append(forged.reused)
    elif forged.state == "live":
        turn.tools_made.append(forged.name)
    return forged


def grounded(turn: Turn, examples: list[Example]) -> tuple[Example, ...]:
    """The examples that stand in what the user gave; of each other one a notice is emitted."""
    kept, dropped = check_examples(examples, turn.sources)
    for one in dropped:
        turn.emit("notice", {"message": f"An example was dropped: {one.why}."})
    return tuple(kept)


async def _search_tools(turn: Turn, args: JSONObject) -> Result:
    k = turn.parts.settings.agent.tools_in_prompt or 5
    entries, fit = await toolbox.look_up(turn.parts, str(args["query"]), k)
    lines = [
        *([] if fit else [toolbox.NOTHING_FITS if entries else "No tool fits."]),
        *(entry.line for entry in entries),
    ]
    return Result(True, capped(turn, "\n".join(lines)), [entry.name for entry in entries])


async def _run_python(turn: Turn, args: JSONObject) -> Result:
    return await run_code(turn, str(args["code"]))


async def _remember(turn: Turn, args: JSONObject) -> Result:
    memory = turn.parts.memory
    if memory is None:
        return Result(False, NO_MEMORY)
    told = await remembered(turn, memory, args)
    return Result(told.ok, told.text, told.entry or None)


async def _recall(turn: Turn, args: JSONObject) -> Result:
    memory = turn.parts.memory
    if memory is None:
        return Result(False, NO_MEMORY)
    text, ids = await recalled(turn, memory, args)
    return Result(True, capped(turn, text), ids)


async def _forge_tool(turn: Turn, args: JSONObject) -> Result:
    if turn.refuted:
        return Result(False, f"No second forging in this turn: {turn.refuted} was wrong on held-out examples.")
    need = need_from(turn, args)
    return await told_of(turn, await forge_need(turn, need))


async def told_of(turn: Turn, forged: ForgeResult) -> Result:
    """What a model is told of a forging that it asked for."""
    match forged.state:
        case "live" if forged.reused:
            text = _told_reused(forged, (await toolbox.find(turn.parts, forged.reused)).signature.text)
        case "live":
            made = await toolbox.find(turn.parts, forged.name)
            text = f"The tool {made.name}{made.signature.text} is live: call it now."
        case "proposed":
            text = f"The tool {forged.name} was made but waits for a person's approval, so it cannot be called:"
            text += f" {forged.reason}"
        case _:
            text = f"No tool was made: {forged.reason}"
    return Result(forged.state == "live", capped(turn, text), forged.reused or forged.name, forged=forged)


def _told_reused(forged: ForgeResult, signature: str) -> str:
    renamed = [f"your {mine} is its {theirs}" for mine, theirs in forged.arguments.items() if mine != theirs]
    named = f" ({', '.join(renamed)})" if renamed else ""
    return f"The tool {forged.reused}{signature} gives all your examples already, so none was made: call it now{named}."


def need_from(turn: Turn, args: JSONObject) -> Need:
    """The need that a model stated through ``forge_tool``, its examples checked by the host."""
    stated = args.get("examples")
    examples = [_example(one) for one in stated if isinstance(one, dict)] if isinstance(stated, list) else []
    return Need(
        name=str(args["name"]),
        signature=str(args["signature"]),
        purpose=str(args["purpose"]),
        examples=grounded(turn, examples),
        requests=_texts(args.get("requests")),
        text=turn.text,
        episode=turn.session,
        tainted=turn.tainted,
        depends=_texts(args.get("uses")),
    )


def _texts(stated: JSON) -> tuple[str, ...]:
    return tuple(str(one) for one in stated) if isinstance(stated, list) else ()


def _example(stated: JSONObject) -> Example:
    args, raises = stated.get("args"), stated.get("raises")
    return Example(
        args if isinstance(args, dict) else {},
        stated.get("returns"),
        raises if isinstance(raises, str) else None,
        source="generated",
    )


def limits(turn: Turn) -> Limits:
    """The bounds of one run, from the settings."""
    sandbox = turn.parts.settings.sandbox
    return Limits(sandbox.call_seconds, sandbox.result_bytes, sandbox.output_bytes)


def capped(turn: Turn, text: str) -> str:
    """``text``, cut to what one result may take of the window."""
    room = int(turn.parts.models.context(ROLE) * RESULT_SHARE * 3)
    return text if len(text) <= room else f"{text[:room]}\n[… {len(text) - room} more characters]"


async def _returned(
    turn: Turn,
    tool: str,
    version: str,
    args: JSONObject,
    result: CallResult,
    call_id: str,
    refused: str = "",
    *,
    repair: bool = False,
) -> Result:
    error = refused or error_text(result)
    status = "refused" if refused else result.status
    told: JSONObject = {"error": error} if error else {"value": result.value}
    turn.emit("tool_returned", {"tool": tool, "call": call_id, **told, "seconds": result.seconds})
    shown = error or result.value
    finished = FinishedCall(tool, version, args, status, shown, result.seconds, repair, result.observed)
    await turn.record(turn.parts.episodes.record_call, turn.session, turn.number, finished, call_id)
    if error:
        return Result(False, capped(turn, error), call=call_id)
    printed = result.stdout.strip()
    text = value_text(result.value) if result.value is not None or not printed else ""
    return Result(True, capped(turn, "\n".join(part for part in (printed, text) if part)), result.value, call_id)


_TABLE: Mapping[str, Handler] = MappingProxyType(
    {
        SEARCH_TOOLS: _search_tools,
        FORGE_TOOL: _forge_tool,
        RUN_PYTHON: _run_python,
        REMEMBER: _remember,
        RECALL: _recall,
    }
)
