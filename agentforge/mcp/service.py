"""The server itself: which tools there are, and what a call of one does."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any, TypeAlias, cast

from mcp.server import NotificationOptions, Server, ServerRequestContext
from mcp.server.models import InitializationOptions
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    NotificationParams,
    PaginatedRequestParams,
    Tool,
)

from agentforge.agent.calls import refusal
from agentforge.api.feedback import UNSAID
from agentforge.api.serving import Served
from agentforge.errors import AgentForgeError, ToolInvalid
from agentforge.mcp.changes import Changes
from agentforge.mcp.forging import Forgings, caller_of, need_of
from agentforge.mcp.offers import FEEDBACK, FORGE_STATUS, FORGE_TOOL, INSTRUCTIONS, OWN, SEARCH_TOOLS
from agentforge.mcp.wire import answered, arguments, described, of_call, refused
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool as LiveTool
from agentforge.types import JSON, JSONObject

PAGE = 500
"""Tools of one page of the list; clients ask for the next one by themselves."""
CALL_SECONDS = 300.0
"""After so long a call is given up, whatever it waits for."""
FEEDBACK_SECONDS = 20.0
"""For so long feedback waits for the repair that follows from it; then that goes on behind."""

Context: TypeAlias = ServerRequestContext[Any, Any]


class _Protocol(Server[Any]):
    """The library's server, which tells older clients that its list changes."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """As that, with list-changed for tools."""
        told = notification_options or NotificationOptions(tools_changed=True)
        return super().create_initialization_options(told, experimental_capabilities, extensions)


@dataclass(frozen=True, slots=True)
class _Listed:
    """All that is listed at a fingerprint of the layers, which stood at these ``places``, and from what; ``number``
    counts the different lists.
    """

    fingerprint: str = ""
    places: Mapping[str, str] = field(default_factory=lambda: {})
    tools: Mapping[str, Tool] = field(default_factory=lambda: {})
    live: Mapping[str, LiveTool] = field(default_factory=lambda: {})
    number: int = 0


class Service:
    """One user's tools over the protocol, whatever carries it. Use it inside ``async with``: then changes are told."""

    def __init__(self, forge: Served) -> None:
        self._forge = forge
        self._log = logging.getLogger("agentforge")
        self._forgings = Forgings(forge, self._log.warning)
        self._behind: set[asyncio.Task[str]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._listed = _Listed()
        self._lock = threading.Lock()
        self.changes = Changes(self._look)
        self._listen = ListenHandler(self.changes.bus)
        self.server = _Protocol(
            "agentforge",
            version=version("agentforge-toolsmith"),
            instructions=INSTRUCTIONS,
            get_tool_input_schema=lambda name: tool.input_schema if (tool := self._known(name)) else None,
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
            on_subscriptions_listen=self._listen,
        )
        self.server.add_notification_handler("notifications/initialized", NotificationParams, self.changes.greeted)

    async def __aenter__(self) -> Service:
        await self._forge.left_behind()
        await asyncio.to_thread(self._tools)
        self._watching = asyncio.create_task(self.changes.watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listen.close()
        tasks: list[asyncio.Task[Any]] = [*self._behind, *([self._watching] if self._watching else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._forgings.aclose()

    async def list_tools(self, ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        """A page of the list: our own four names first, then the live tools by name."""
        del ctx
        cursor = params.cursor if params is not None else None
        start = int(cursor) if cursor is not None and cursor.isdecimal() and len(cursor) < 10 else 0
        if cursor is not None and not start:
            raise MCPError(INVALID_PARAMS, f"There is no page {cursor[:20]!r} of the list.")
        tools = [*(await asyncio.to_thread(self._tools)).values()]
        more = str(start + PAGE) if len(tools) > start + PAGE else None
        return ListToolsResult(tools=tools[start : start + PAGE], next_cursor=more)

    async def call_tool(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult:
        """Whatever goes wrong is a result in one sentence, which the calling model may read."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await self._called(ctx, params.name, arguments(params.arguments))
        except AgentForgeError as error:
            return refused(str(error))
        except TimeoutError:
            return refused(f"It was given up after {CALL_SECONDS:g} seconds.")
        except Exception:  # noqa: BLE001 - the outermost boundary of a call: a defect of ours ends no connection
            self._log.exception("A call of %r failed inside AgentForge.", params.name[:80])
            return refused("Something is wrong inside AgentForge; the log of the server tells what.")

    async def _called(self, ctx: Context, name: str, args: JSONObject) -> CallToolResult:
        own: dict[str, Callable[[JSONObject], Awaitable[JSONObject]]] = {
            SEARCH_TOOLS: self._search,
            FORGE_TOOL: partial(self._begin, caller_of(ctx.session.client_params)),
            FORGE_STATUS: self._status,
            FEEDBACK: self._feedback,
        }
        if name in own:
            if problems := mismatches(args, cast("JSONObject", OWN[name].input_schema)):
                return refused(refusal(name, problems))
            return answered(await own[name](args))
        tool = await asyncio.to_thread(self._forge.find, name)
        signature = tool.signature
        if problems := mismatches(args, signature.parameters):
            return refused(refusal(name + signature.text, problems))
        result = await self._forge.call(name, args)
        if result.ok and (problems := mismatches(result.value, signature.returns)):
            return refused(f"What {name} returned is not of its declared type: {problems[0]} (call {result.call})")
        return of_call(result)

    async def _search(self, args: JSONObject) -> JSONObject:
        limit = args.get("limit", 5)
        most = limit if isinstance(limit, int) else 5
        found, fits = await asyncio.to_thread(self._forge.fitting, str(args["query"]), most)
        tools: list[JSON] = [
            {"name": tool.name, "signature": tool.signature.text, "summary": self._forge.summary(tool)}
            for tool in found
        ]
        return {"tools": tools, "fits": fits}

    async def _begin(self, caller: str, args: JSONObject) -> JSONObject:
        job = await self._forgings.begin(need_of(args, caller, trusted=self._forge.settings.mcp.trust))
        return {"job": job, "next": f"It takes minutes: ask {FORGE_STATUS} with this job."}

    async def _status(self, args: JSONObject) -> JSONObject:
        seconds = args.get("wait_seconds", 0)
        return await self._forgings.status(str(args["job"]), float(seconds if isinstance(seconds, int | float) else 0))

    async def _feedback(self, args: JSONObject) -> JSONObject:
        call, word = str(args["call"]), str(args["word"])
        if not self._forge.settings.mcp.trust:
            return {"noted": await self._not_believed(call, word)}
        task = asyncio.create_task(self._learn(call, "good" if word == "good" else "bad", args))
        self._behind.add(task)
        task.add_done_callback(self._ended)
        await asyncio.wait([task], timeout=FEEDBACK_SECONDS)
        return {"noted": task.result() if task.done() else "The word is kept; what follows from it goes on meanwhile."}

    async def _learn(self, call: str, word: str, args: JSONObject) -> str:
        raises = args.get("raises")
        learned = await self._forge.feedback(
            "good" if word == "good" else "bad",
            call,
            expected=args.get("expected", UNSAID),
            raises=str(raises) if raises is not None else None,
        )
        return learned.reason

    async def _not_believed(self, call: str, word: str) -> str:
        """An agent's word is a model's: only the user's own one counts, unless the settings say otherwise."""
        how = f"The user's own word counts, by 'agentforge feedback {word} {call}'."
        if word == "good":
            return f"Of {await self._forge.knows(call)} nothing was noted. {how}"
        return f"{await self._forge.doubted(call)} {how}"

    def _ended(self, task: asyncio.Task[str]) -> None:
        self._behind.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._log.warning("Feedback broke off: %s", error)

    def _look(self) -> object:
        """What is told to clients when it differs; blocks."""
        self._tools()
        return self._listed.number

    def _known(self, name: str) -> Tool | None:
        return OWN.get(name) or self._listed.tools.get(name)

    def _tools(self) -> Mapping[str, Tool]:
        """All that is listed, made anew where something moved; blocks."""
        with self._lock:
            now, before = self._forge.fingerprint(), self._listed
            if before.fingerprint == now:
                return before.tools
            places = self._forge.places()  # first: what comes meanwhile is looked at once more
            live = self._served(before)
            tools = {**OWN}
            for name, tool in live.items():
                if before.live.get(name) is tool and name in before.tools and not tool.depends:
                    tools.setdefault(name, before.tools[name])
                    continue
                with suppress(ToolInvalid):  # `agentforge doctor` tells of it
                    tools.setdefault(name, described(tool, self._forge.reach(tool), self._forge.summary(tool)))
            self._listed = _Listed(now, places, tools, live, before.number + (tools != before.tools))
            return tools

    def _served(self, before: _Listed) -> dict[str, LiveTool]:
        """What is live by name; of what was before only that is read which differs."""
        moved = self._forge.served_since(before.places)
        if moved is None:
            return {tool.name: tool for tool in self._forge.served()}
        live = {**before.live, **{name: tool for name, tool in moved.items() if tool is not None}}
        return {name: live[name] for name in sorted(live) if name not in moved or moved[name] is not None}
