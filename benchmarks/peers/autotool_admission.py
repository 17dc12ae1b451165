"""Gives tools to the step by which autotool-mcp 0.1.0 adopts one: ``ToolVerifier.verify``, as ``create_tool`` does.

It checks a script by its syntax tree, starts it as an MCP server and calls it once; tests play no part. The
tool is put into the script that the peer's contract asks for (a server, text as result); the call has the
arguments of the first example of the user that returns something, as a host would name them, else none,
and the peer makes some up. ``TypedDict`` comes from ``typing_extensions``, without which its server does
not start on this Python.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

HEAD = """
import typing as _typing

import typing_extensions as _extensions

_typing.TypedDict = _extensions.TypedDict
"""
TAIL = """

import functools as _functools
import inspect as _inspect
import json as _json

from mcp.server.mcpserver import MCPServer

mcp = MCPServer("{name}")


def _as_text(function):
    @_functools.wraps(function)
    def served(*args, **named):
        return _json.dumps(function(*args, **named))

    served.__signature__ = _inspect.signature(function).replace(return_annotation=str)
    served.__annotations__ = {{**function.__annotations__, "return": str}}
    return served


mcp.tool(name="{name}")(_as_text({name}))

if __name__ == "__main__":
    mcp.run()
"""


def script(tool: dict[str, Any]) -> str:
    """The tool as a server; a ``from __future__`` import stays in front."""
    source: str = tool["source"]
    future = "from __future__ import annotations\n"
    head = future if future in source else ""
    return head + HEAD + source.replace(future, "") + TAIL.format(name=tool["name"])


def drive(need: dict[str, Any], _url: str, _model: str, tell: Callable[[str | None, str], None]) -> None:
    """Tells the verdicts on all tools so far after each; the same script and call are judged once."""
    from autotool.synthesis.verifier import ToolVerifier

    verifier = ToolVerifier("/tmp/staging")
    seen: dict[str, dict[str, Any]] = {}
    verdicts: list[dict[str, Any]] = []
    for tool in need["tools"]:
        code = script(tool)
        key = json.dumps([code, tool["args"]])
        if key not in seen:
            call = {"primary_tool": tool["name"], "smoke_arguments": tool["args"]}
            report = asyncio.run(verifier.verify(tool["name"], code, **call))
            told = "its one call passed" if report.ok else f"{report.stage}: {(report.error or '').strip()[-300:]}"
            seen[key] = {"adopted": report.ok, "reason": told}
        verdicts.append(seen[key])
        tell(json.dumps(verdicts), f"{len(verdicts)} tools")
