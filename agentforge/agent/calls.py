"""Calls of live tools and of scripts in the box, and the calls that these make in their turn.

There is one way for all: whether a model, a program or another tool calls, a tool is looked up, granted,
run and written down alike. What a tool or script imports without a capability goes into its own process.
A tool with a capability is asked for over the run's own line, and runs here in another process with its
own grant, so that its rights never leak into its caller; the caller gets its value or its exception.

A nested call is cancelled as soon as its caller ends, so all together end within the limit of the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeAlias

from agentforge.agent.servers import answer, patience
from agentforge.boxes.asks import Asks, Refused
from agentforge.boxes.files import files_of
from agentforge.boxes.observed import Log
from agentforge.boxes.protocol import SCRIPT, Box, CallResult, Limits
from agentforge.boxes.reach import NO_INPUTS, granted, with_observed
from agentforge.errors import SandboxBusy, ToolInvalid, ToolNotFound
from agentforge.forge.classify import NOBODY_WAITS
from agentforge.memory.episodes import new_call_id
from agentforge.registry.binding import bind
from agentforge.registry.contract import Signature, is_builtin_error
from agentforge.registry.hygiene import ASK_SERVER
from agentforge.registry.layers import Closure, Layers
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.sections import SecretSettings, ServerSettings
from agentforge.types import JSON, Capabilities, JSONObject

MOST_DEEP = 5
"""So many calls may stand in each other; each holds a process of the box while the next one runs."""

_STATUS_TEXT: Mapping[str, str] = MappingProxyType(
    {
        "timed_out": "It ran out of time and was stopped.",
        "died": "Its process ended without an answer.",
        "result_too_big": "Its result is too big.",
        "output_too_big": "It printed too much.",
        "bad_result": "Its result is not JSON.",
    }
)
Admit: TypeAlias = "Callable[[Called, bool], Awaitable[Admitted]]"
"""As what a call may run, asked before it does; the flag says whether a tool or script makes it (raises
:class:`Denied`).
"""

_STOPPED = CallResult("timed_out", message="What had called it ended.")
_LEFT = CallResult("timed_out", message=NOBODY_WAITS)


@dataclass(frozen=True, slots=True)
class Called:
    """One call: its ``id``, what is called with which arguments, and ``by`` which tool or script, if by one."""

    id: str
    tool: Tool
    args: JSONObject
    by: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a call may reach of what its tool declares, and the arguments that it runs with."""

    reach: Capabilities
    args: JSONObject


class Denied(Exception):  # noqa: N818 - says what happened, as our errors do
    """Who was asked said no; the call does not run, and its caller is told why."""


async def as_declared(call: Called, nested: bool) -> Admitted:
    """For whoever asks nobody: all that the tool declares, with the arguments of the call."""
    del nested
    return Admitted(call.tool.manifest.capabilities, call.args)


class Ledger(Protocol):
    """Who is told of every call of a tool: once before it, once after it."""

    def called(self, call: Called) -> None:
        """It begins now."""
        ...

    async def reaching(self, tool: Tool) -> None:
        """``tool`` is about to run and may read from the hosts that it declared; what this raises stops it."""
        ...

    async def returned(self, call: Called, result: CallResult, refused: str = "") -> None:
        """It has ended; ``refused`` says why it never ran, where it did not."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """What calls work with; all of it belongs to who made it. Its ``ledger`` is told of nested calls by it,
    and of those that are cancelled.
    """

    box: Box
    layers: Layers
    secrets: Mapping[str, SecretSettings]
    limits: Limits
    ledger: Ledger
    servers: Mapping[str, ServerSettings] = field(default_factory=lambda: {})
    admit: Admit = as_declared

    async def call(
        self,
        tool: Tool,
        needs: Closure,
        args: JSONObject,
        *,
        files: Mapping[str, bytes] = NO_INPUTS,
        depth: int = 0,
        record_to: Path | None = None,
        log: Log | None = None,
        reach: Capabilities | None = None,
    ) -> CallResult:
        """Runs a live tool, with what it needs, in a process of its own; what it did is in the result, and what
        the host saw it reach. It gets no more than ``reach``, by default all that it declares.

        What it fetches itself is written to the file ``record_to``, where one is named. Which hosts it asks for
        stands in ``log``, for who may cancel this and so gets no result.

        Raises:
            UsageError: ``files`` are not those that it declared.
            ToolInvalid: it declares a package that its registry has not locked.
            SandboxError: the box failed, or its packages have not been built.
            StorageError: its hosts could not be noted, so it did not run.
        """
        reach, log = tool.manifest.capabilities if reach is None else reach, log or Log()
        packages = await asyncio.to_thread(self.layers.granted_set, tool) if reach.packages else ""
        if reach.hosts or reach.servers:
            await self.ledger.reaching(tool)
        async with granted(reach, self.secrets, files, packages=packages, record_to=record_to, log=log) as grant:
            if needs.apart:
                grant = replace(grant, asks={**self._asks(needs, tool.name, depth), **grant.asks})
            if reach.servers:
                grant = replace(grant, asks={**grant.asks, ASK_SERVER: partial(answer, reach.servers, self.servers)})
            limits = replace(self.limits, seconds=max(self.limits.seconds, patience(reach.servers, self.servers)))
            result = await self.box.call(
                tool.source, tool.name, args, toolbox=needs.sources, limits=limits, grant=grant, depth=depth
            )
        return with_observed(result, reach, log, files)

    async def followed(
        self,
        call: Called,
        needs: Closure,
        *,
        files: Mapping[str, bytes] = NO_INPUTS,
        depth: int = 0,
        record_to: Path | None = None,
    ) -> tuple[Called, CallResult]:
        """:meth:`call` with what is admitted, which is told to the ledger where it is cancelled: what it reached until
        then is not lost. Gives the call as it ran, with its result.

        Raises as that, and what ``admit`` raises; the cancellation goes on.
        """
        log, admitted = Log(), await self.admit(call, depth > 0)
        call, reach = replace(call, args=admitted.args), admitted.reach
        try:
            return call, await self.call(
                call.tool, needs, call.args, files=files, depth=depth, record_to=record_to, log=log, reach=reach
            )
        except asyncio.CancelledError:
            await self.ledger.returned(call, with_observed(_STOPPED if depth else _LEFT, reach, log, files))
            raise

    async def run(self, code: str, needs: Closure, by: str) -> CallResult:
        """Runs a script; ``by`` is what it is called where the tools that it asks are written down.

        Raises:
            SandboxError: the box failed.
        """
        grant = replace(SCRIPT, asks=self._asks(needs, by, 0)) if needs.apart else SCRIPT
        return await self.box.run(code, toolbox=needs.sources, limits=self.limits, grant=grant)

    def _asks(self, needs: Closure, by: str, depth: int) -> Asks:
        return {name: partial(self._answer, name, by, depth + 1) for name in needs.apart}

    async def _answer(self, name: str, by: str, depth: int, stated: JSONObject) -> JSON:
        """What ``by`` gets for calling ``name``; it may have stated anything.

        Raises:
            Refused: it cannot be called, or gave no value.
            SandboxError: the box failed.
            StorageError: its hosts could not be noted.
        """
        tool, signature, needs = await self._admitted(name, depth)
        call, problem = _stated_call(tool, signature, by, stated)
        self.ledger.called(call)
        if problem:
            await self.ledger.returned(call, CallResult("raised"), problem)
            raise Refused(problem, "raised", "TypeError")
        try:
            call, result = await self.followed(call, needs, depth=depth)
        except SandboxBusy as busy:
            await self.ledger.returned(call, CallResult("died"), str(busy))
            raise Refused(f"{name} could not be called: {busy}", "failed") from None
        except ToolInvalid as invalid:
            await self.ledger.returned(call, CallResult("raised"), str(invalid))
            raise Refused(f"{name} was not called: {invalid}") from None
        except Denied as denied:
            await self.ledger.returned(call, CallResult("raised"), str(denied))
            raise Refused(str(denied)) from None
        await self.ledger.returned(call, result)
        return _value(name, result)

    async def _admitted(self, name: str, depth: int) -> tuple[Tool, Signature, Closure]:
        """The tool, live at this moment as for any other call (raises Refused)."""
        if depth > MOST_DEEP:
            raise Refused(f"{name} was not called: tools may call each other {MOST_DEEP} deep.")
        try:
            tool, needs = await asyncio.to_thread(self.layers.pinned, name)
            signature = tool.signature
        except (ToolNotFound, ToolInvalid) as error:
            raise Refused(f"{name} was not called: {error}") from None
        if reads := files_of(tool.manifest.capabilities.files)[0]:
            raise Refused(f"{name} was not called: it reads {', '.join(reads)}, which only a direct call can give it.")
        return tool, signature, needs


def _stated_call(tool: Tool, signature: Signature, by: str, stated: JSONObject) -> tuple[Called, str]:
    """The call that a run states, and why its arguments do not fit, if they do not."""
    match stated:
        case {"positional": list(positional), "named": dict(named), **rest} if not rest:
            pass
        case _:
            raise Refused(f"{tool.name} was not called: its arguments have no known form.")
    shown: JSONObject = {"positional": positional, "named": named}
    try:
        shown = args = bind(signature, positional, named)
        problems = mismatches(args, signature.parameters)
    except ValueError as error:
        problems = [str(error)]
    problem = refusal(tool.name + signature.text, problems) if problems else ""
    return Called(new_call_id(), tool, shown, by), problem


def _value(name: str, result: CallResult) -> JSON:
    """The value, or :class:`Refused` with what the caller shall see raised."""
    if result.ok:
        return result.value
    if result.status != "raised":
        kind = "TimeoutError" if result.status == "timed_out" else "OSError"
        raise Refused(f"{name}: {error_text(result)}", "raised", kind)
    if is_builtin_error(result.error):
        raise Refused(result.message, "raised", result.error)
    raise Refused(f"{name}: {error_text(result)}", "raised", "RuntimeError")


def refusal(what: str, problems: list[str]) -> str:
    """How a call with wrong arguments is answered: all problems at once."""
    return f"{what} was not run, its arguments do not fit: {'; '.join(problems)}"


def error_text(result: CallResult) -> str:
    """What went wrong, for a model or a record; empty where nothing did. It holds text out of the box."""
    if result.ok:
        return ""
    if result.status == "raised":
        return f"{result.error}: {result.message}".strip(": ") or "It failed."
    detail = (result.message or result.stderr).strip()[-500:]
    return f"{_STATUS_TEXT.get(result.status, result.status)} {detail}".strip()
