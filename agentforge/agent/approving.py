"""Where a turn asks before it reaches out: who is asked, what follows from the answer, and how it waits for one.

Nobody is asked where no callback was given: then a live tool's capabilities, which a person approved, are all there
is. A run that goes on after it waited asks again for every further call, and without a callback waits again.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, cast

from agentforge.agent.calls import Admitted, Called, Denied
from agentforge.agent.ending import Ending, ending_of, waiting
from agentforge.approval import Allow, ApprovalRequest, Decision, Defer, Deny, Kind, Narrow, OnApproval, word_of
from agentforge.errors import AgentForgeError, UsageError
from agentforge.forge.parts import ForgeResult
from agentforge.registry.rights import rights, wanted
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.types import JSON, Capabilities, JSONObject

if TYPE_CHECKING:
    from agentforge.agent.turn import Turn

NO_PROCESS_WAITS = "a call that a script or a tool makes cannot wait for a decision; call the tool directly"


@dataclass(frozen=True, slots=True)
class Kept:
    """A question that was written down: the id under which it is answered, and until when (UTC, ISO 8601)."""

    id: str
    expires: str


@dataclass(frozen=True, slots=True)
class Going:
    """With what a paused run goes on: the question, its answer, where the loop stood, and, where it was about a tool,
    what became of that.
    """

    id: str
    request: ApprovalRequest
    decision: Decision
    loop: JSONObject
    forged: ForgeResult | None = None


Keep: TypeAlias = Callable[[ApprovalRequest, JSONObject, float], Awaitable[Kept]]
"""Writes a question down with where the loop stands and for how many seconds it waits (raises StorageError)."""

Settle: TypeAlias = Callable[[ApprovalRequest, Decision], Awaitable[None]]
"""Makes a proposed tool live, or takes it away (raises AgentForgeError: it could not be done, and why)."""

Proposal: TypeAlias = Callable[[str], Awaitable[Tool]]
"""The newest proposal of a name (raises RegistryError)."""


@dataclass(frozen=True, slots=True)
class Approving:
    """Who is asked, and what the answers need; without ``ask`` nobody is."""

    ask: OnApproval
    keep: Keep
    settle: Settle
    proposal: Proposal


class Deferred(Exception):  # noqa: N818 - says what happened, as our errors do
    """The run waits for a decision. ``loop`` says where it stood, as JSON, and is filled on the way out."""

    def __init__(self, request: ApprovalRequest, seconds: float) -> None:
        super().__init__(f"{request.tool} waits for a decision.")
        self.request = request
        self.seconds = seconds
        self.loop: JSONObject = {}


async def admitted(turn: Turn, call: Called, nested: bool) -> Admitted:
    """As what a call may run.

    Raises:
        Denied: nothing, and why.
        Deferred: nobody has decided yet.
        AgentForgeError: who was asked failed, or gave an answer that makes no sense.
    """
    reach, approving = call.tool.manifest.capabilities, turn.parts.approving
    if approving is None or not _reaches_out(reach):
        return Admitted(reach, call.args)
    given = turn.going if turn.going is not None and turn.going.request.call == call.id and not turn.decided else None
    request = replace(_about(turn, "call", call.tool), args=call.args, call=call.id, by=call.by)
    if given is None:
        decision = await _asked(turn, approving, request)
    elif given.request.version != request.version or given.request.args != request.args:
        decision = Deny("It is no longer what was asked for: the tool or its arguments have changed")
    else:
        decision = given.decision
    turn.decided = turn.decided or given is not None  # it holds for one call, whatever ids a model gives
    if nested and isinstance(decision, Defer):
        decision = Deny(NO_PROCESS_WAITS)
    _tell(turn, request, decision)
    match decision:
        case Allow():
            return Admitted(reach, call.args)
        case Narrow():
            return narrowed(call.tool, call.args, decision)
        case Deny(reason):
            raise Denied(f"{request.tool} was not called: it was denied{f' ({reason})' if reason else ''}.")
        case Defer(seconds):
            raise Deferred(request, seconds)


def narrowed(tool: Tool, args: JSONObject, decision: Narrow) -> Admitted:
    """A call of ``tool`` with ``args`` as a decision leaves it.

    Raises:
        UsageError: it would reach more than the tool declares, or the arguments do not fit; all that is wrong.
    """
    declared = tool.manifest.capabilities
    reach = declared if decision.capabilities is None else decision.capabilities
    left = args if decision.args is None else decision.args
    problems = [f"it has no right to {right}" for right in sorted(rights(reach) - rights(declared))]
    if problems := [*problems, *mismatches(left, tool.signature.parameters)]:
        raise UsageError(f"{tool.name} was not narrowed: {'; '.join(problems)}.")
    return Admitted(reach, left)


def narrowed_to(ran: Called) -> str:
    """What a model is told of a call that ran with other arguments than its own."""
    return f"Whoever was asked let {ran.tool.name} run with these arguments instead: {json.dumps(ran.args)}"


async def let_in(turn: Turn, forged: ForgeResult) -> ForgeResult:
    """A forging whose tool waits for a person, after who is there was asked about it.

    Raises:
        Deferred: nobody has decided yet.
        AgentForgeError: as :func:`admitted`.
    """
    approving = turn.parts.approving
    if approving is None or forged.state != "proposed":
        return forged
    tool = await approving.proposal(forged.name)
    request = replace(_about(turn, "tool", tool), reason=forged.reason)
    decision = await _asked(turn, approving, request)
    if isinstance(decision, Narrow):
        raise UsageError(f"The tool {tool.name} is let in as it is or not at all.", fix="Narrow its calls instead.")
    _tell(turn, request, decision)
    if isinstance(decision, Defer):
        raise Deferred(request, decision.seconds)
    return await settled(approving.settle, request, decision, forged)


async def settled(settle: Settle, request: ApprovalRequest, decision: Decision, forged: ForgeResult) -> ForgeResult:
    """What a forging amounts to once its tool was decided about."""
    try:
        await settle(request, decision)
    except AgentForgeError as error:
        return replace(forged, reason=f"It could not be decided: {error}")
    if isinstance(decision, Deny):
        return replace(forged, state="failed", reason=f"it was denied{f' ({decision.reason})' * bool(decision.reason)}")
    return replace(forged, state="live")


async def put_off(turn: Turn, paused: Deferred) -> Ending:
    """Writes the run down; its ending says under which id it goes on."""
    request, approving = paused.request, turn.parts.approving
    made: list[JSON] = [*turn.tools_made]
    used: list[JSON] = [*turn.tools_used]
    loop: JSONObject = {**paused.loop, "text": turn.text, "made": made, "used": used}
    if approving is None:
        raise AssertionError("nobody defers where nobody was asked")
    try:
        kept = await approving.keep(request, loop, paused.seconds)
    except AgentForgeError as error:
        return ending_of(error)
    what = "be called" if request.kind == "call" else "be put to use"
    fix = f"Decide, and go on with: await forge.resume({kept.id!r}, Allow()); until {kept.expires}."
    ending = waiting(f"The tool {request.tool} may {what} only once somebody has decided.", [request.tool], fix)
    return replace(ending, data={**ending.data, "approval": kept.id, "expires": kept.expires})


async def _asked(turn: Turn, approving: Approving, request: ApprovalRequest) -> Decision:
    told: JSONObject = {"kind": request.kind, "tool": request.tool, "version": request.version, "args": request.args}
    turn.emit("approval_asked", {**told, "rights": [*request.rights], "call": request.call, "by": request.by})
    try:
        answer = approving.ask(request)
        decision = await answer if inspect.isawaitable(answer) else answer
    except AgentForgeError:
        raise
    except Exception as error:
        raise AgentForgeError(f"The callback for approvals failed: {type(error).__name__}: {error}") from error
    if not isinstance(cast("object", decision), Allow | Narrow | Deny | Defer):
        raise UsageError(f"The callback for approvals gave {decision!r}.", fix="Return Allow, Narrow, Deny or Defer.")
    return decision


def _tell(turn: Turn, request: ApprovalRequest, decision: Decision) -> None:
    less = decision.capabilities if isinstance(decision, Narrow) else None
    reach = [*request.rights] if less is None else wanted(less)
    turn.emit(
        "approval_decided",
        {
            "kind": request.kind,
            "tool": request.tool,
            "decision": word_of(decision),
            "rights": [*reach] if isinstance(decision, Allow | Narrow) else [],
            "reason": decision.reason if isinstance(decision, Deny) else "",
            "call": request.call,
            **({"args": decision.args} if isinstance(decision, Narrow) and decision.args is not None else {}),
        },
    )


def _about(turn: Turn, kind: Kind, tool: Tool) -> ApprovalRequest:
    """A question about a tool, with where it is asked."""
    reach, episodes = tool.manifest.capabilities, turn.parts.episodes
    return ApprovalRequest(
        kind,
        tool.name,
        tool.version,
        rights=tuple(wanted(reach)),
        capabilities=reach,
        org=episodes.org,
        user=episodes.user,
        session=turn.session,
        turn=turn.number,
    )


def _reaches_out(reach: Capabilities) -> bool:
    """Whether anything outside the box is reached; clock, chance and locked packages are not."""
    return bool(reach.hosts or reach.files or reach.secrets or reach.servers)
