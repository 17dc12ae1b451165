"""The live tools for the plain tool runner of the ``anthropic`` library.

::

    from anthropic import AsyncAnthropic

    async with Forge(user="ada") as forge:
        runner = AsyncAnthropic().beta.messages.tool_runner(
            model="claude-opus-5-5", max_tokens=2000, thread=False,
            messages=[{"role": "user", "content": "How many seconds are 2h 45m?"}],
            tools=await runner_tools(forge),
        )
        print((await runner.until_done()).content)

Each call runs in the user's box, is recorded, and goes to the version that is live at that moment. The runner's own
model calls are the caller's: they are neither counted nor limited here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, cast

from anthropic.lib.tools import BetaAsyncFunctionTool, ToolError

from agentforge.agent.calls import error_text, refusal
from agentforge.agent.toolbox import SUMMARY_CHARS
from agentforge.api import Forge
from agentforge.boxes.files import files_of
from agentforge.errors import ToolInvalid, ToolNotFound, UsageError
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.types import JSONObject


async def runner_tools(
    forge: Forge, names: Sequence[str] | None = None, *, query: str = "", k: int = 10
) -> list[BetaAsyncFunctionTool[Any]]:
    """The live tools ``names``; or the ``k`` that suit ``query`` best; or all. For an asynchronous runner only.

    Left out, but where they are named, are tools that read files, which a model cannot give, and stale ones.

    Raises:
        ToolNotFound: there is no live tool of a name; near names are suggested.
        UsageError: one that is named reads files.
    """
    found = await asyncio.to_thread(_chosen, forge, names, query, k)
    return [_tool(forge, tool) for tool in found]


def _chosen(forge: Forge, names: Sequence[str] | None, query: str, k: int) -> list[Tool]:
    if names is not None:
        found = [forge.tool(name) for name in names]
        if reading := next((tool for tool in found if _reads(tool)), None):
            raise UsageError(f"The tool {reading.name} reads files, which a model cannot give.", fix="Use forge.call.")
        return found
    live = {tool.name: tool for tool in forge.tools()}
    wanted = [hit.name for hit in forge.search(query, k).hits] if query else [*live]
    return [live[name] for name in wanted if name in live and not live[name].stale and not _reads(live[name])]


def _reads(tool: Tool) -> bool:
    return bool(files_of(tool.manifest.capabilities.files)[0])


def _tool(forge: Forge, tool: Tool) -> BetaAsyncFunctionTool[Any]:
    signature, name = tool.signature, tool.name

    async def call(**args: Any) -> str:
        stated = cast("JSONObject", args)
        try:
            now = await asyncio.to_thread(forge.tool, name)
            if problems := mismatches(stated, now.signature.parameters):
                raise ToolError(refusal(name + now.signature.text, problems))
            result = await forge.call(name, stated)
        except (ToolNotFound, ToolInvalid, UsageError) as error:
            raise ToolError(str(error)) from error
        if error := error_text(result):
            raise ToolError(error)
        return json.dumps(result.value, ensure_ascii=False)

    summary = " ".join(tool.manifest.summary.split())[:SUMMARY_CHARS]
    schema = cast("dict[str, Any]", signature.parameters)
    return BetaAsyncFunctionTool(call, name=name, description=f"{signature.text} {summary}", input_schema=schema)
