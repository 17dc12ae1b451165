"""Drives autotool-mcp 0.1.0 as its manual says for small models: ``synthesize_tool`` over MCP.

``autotool serve`` is started over stdio by the peer's own client and given the local model through
its own settings file. It asks for the script of an MCP server, checks it by its syntax tree, starts
it and calls it once with arguments that the model chose, has it repaired up to three times, and
mounts it. What it mounted is what is delivered, behind a function of the need's name.

A mounted tool speaks MCP: it answers with text and its errors have no types. So JSON text is read
as the value it holds, and a ``ToolError``, which the peer demands where a need says ``ValueError``,
counts as that. ``httpx2`` and ``pydantic``, which the peer allows, are empty shells here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ANSWER_SECONDS = 3600.0  # the box ends the whole run long before

ADAPTER = """
import asyncio as _asyncio, inspect as _inspect, json as _json, sys as _sys, types as _types

_tools = {}


class _ToolError(Exception):
    pass


class _Server:
    def __init__(self, *args, **options):
        pass

    def tool(self, name=None, *args, **options):
        def keep(function):
            _tools[name if isinstance(name, str) else function.__name__] = function
            return function

        return keep(name) if callable(name) else keep

    def run(self, *args, **options):
        pass


class _Model:
    def __init__(self, **values):
        vars(self).update(values)

    def model_dump(self):
        return dict(vars(self))


def _field(default=None, *args, default_factory=None, **options):
    return default_factory() if default_factory else default


def _shell(name, **known):
    def find(missing):
        if missing.startswith("__"):
            raise AttributeError(missing)
        return type(missing, (Exception,), {})

    module = _types.ModuleType(name)
    module.__path__ = []
    module.__getattr__ = find
    vars(module).update(known)
    _sys.modules[name] = module


for _name in ("mcp", "mcp.server", "httpx2"):
    _shell(_name)
_shell("mcp.server.mcpserver", MCPServer=_Server)
_shell("mcp.server.mcpserver.exceptions", ToolError=_ToolError)
_shell("pydantic", BaseModel=_Model, Field=_field)
_script = _types.ModuleType("_script")
_sys.modules["_script"] = _script
exec(compile(SCRIPT, "mounted.py", "exec", dont_inherit=True), vars(_script))


def _read(value):
    try:
        held = _json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
    return value if TEXT and not isinstance(held, str) else held


def NAME(**arguments):
    function = _tools.get("NAME") or next(iter(_tools.values()))
    try:
        value = function(**arguments)
        if _inspect.isawaitable(value):
            value = _asyncio.run(value)
    except _ToolError as error:
        raise RAISES(str(error)) from None
    return _read(value)
"""


def delivered(script: str, need: dict[str, Any]) -> str:
    """One file without MCP that gives what a client of the mounted script gets."""
    errors = [example["raises"] for example in need["examples"] if example.get("raises")]
    source = ADAPTER.lstrip()
    for blank, value in (
        ("TEXT", repr(need["signature"].rpartition("->")[2].strip() == "str")),
        ("RAISES", errors[0] if errors else "ValueError"),
        ("NAME", need["name"]),
        ("SCRIPT", repr(script)),  # last: a script may hold any of these words
    ):
        source = source.replace(blank, value)
    return source


def described(need: dict[str, Any]) -> str:
    """The capability in words, with the examples."""
    lines = [
        f"A pure computation without network: one tool `{need['name']}{need['signature']}` with exactly these "
        f"parameters. {need['purpose']}",
        "The tool returns its result as JSON text, json.dumps(result). Examples:",
    ]
    for example in need["examples"]:
        result = f"raises {example['raises']}" if example.get("raises") else json.dumps(example["returns"])
        lines.append(f"{json.dumps(example['args'])} -> {result}")
    return "\n".join(lines)


def drive(need: dict[str, Any], url: str, model: str, tell: Callable[[str | None, str], None]) -> None:
    """One request to the peer's server; tells what it mounted."""
    home = Path.home() / ".autotool"
    home.mkdir()
    (home / ".env").write_text(f"OPENAI_BASE_URL={url}\nOPENAI_LLM={model}\n", encoding="utf-8")
    failed, answer = asyncio.run(_synthesize(home, need))
    scripts = sorted((home / "tools").glob("*.py"))
    if failed or not scripts:
        tell(None, answer[:600])
    else:
        tell(delivered(scripts[0].read_text("utf-8"), need), answer.partition("\n")[0])


async def _synthesize(home: Path, need: dict[str, Any]) -> tuple[bool, str]:
    import autotool
    from mcp.shared.exceptions import MCPError

    asked = {"tool_name": f"{need['name']}_tool", "capability_description": described(need)}
    async with autotool.connect(home=home) as client:
        try:
            result = await client.call_tool("synthesize_tool", asked, read_timeout_seconds=_ANSWER_SECONDS)
        except MCPError as error:  # so ends a model's answer that is not the JSON it asked for
            return True, f"synthesize_tool failed: {error}"
    return bool(result.is_error), "\n".join(getattr(block, "text", "") for block in result.content)
