"""A tool that asks one tool of an MCP server: its source is written here from the server's description, by no model.

Names, types and words of the description are untrusted: only what is a plain parameter gets into the signature, and
the words into one line of the docstring. What the server says later changes nothing of the tool.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator, Mapping
from typing import cast

from agentforge import clock
from agentforge.errors import ToolInvalid
from agentforge.registry.contract import name_problems, read_signature
from agentforge.registry.manifest import Manifest, Provenance, one_line
from agentforge.registry.tool import Tool, contents_of
from agentforge.servers.connection import Offered
from agentforge.types import JSON, Capabilities, JSONObject, State

SUMMARY = 180
_ANY = "str | int | float | bool | list | dict | None"
_SCALARS: Mapping[str, str] = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_OWN = ("given", "ask_server")
"""Names that the source itself uses where a parameter would stand in their way."""
_ENTRY = re.compile(r"[A-Za-z0-9_.:@+=-]{1,100}")
"""What a tool of a server may be called, to be named among the rights of a tool here."""


def tool_asking(server: str, offered: Offered) -> Tool:
    """The tool, as it is proposed.

    Raises:
        ToolInvalid: the server's tool has a name or parameters that no tool here can have; all problems.
    """
    name = re.sub(r"[^a-z0-9_]+", "_", f"{server}_{offered.name}".lower()).strip("_")
    problems = name_problems(name)
    if not _ENTRY.fullmatch(offered.name):
        problems.append("its name holds other characters than letters, digits and _.:@+=-")
    parameters = [*_parameters(offered.parameters, problems)]
    if problems:
        raise ToolInvalid(name, problems)
    source = _source(name, server, offered, parameters)
    entry = f"{server}/{offered.name}"
    manifest = Manifest(
        name=name,
        summary=_summary(server, offered),
        signature=read_signature(source, name).text,
        capabilities=Capabilities(servers=(entry,)),
        provenance=Provenance(sources=(f"mcp:{entry}",), created=clock.now().date()),
    )
    tests = f"from tool import {name}\n\n\ndef test_it_is_a_function():\n    assert callable({name})\n"
    report: JSONObject = {"format": 1, "gates": [], "contents": contents_of(source, tests)}
    return Tool(manifest, source, tests, report=report, state=State.PROPOSED)


def _summary(server: str, offered: Offered) -> str:
    said = one_line(re.sub(r'["\\]', "'", offered.description), SUMMARY - 30)
    return one_line(f"{said or offered.name} (MCP server {server})", SUMMARY)


def _source(name: str, server: str, offered: Offered, parameters: list[tuple[str, str, bool]]) -> str:
    words = ", ".join(f"{key}: {kind}" if needed else f"{key}: {kind} = None" for key, kind, needed in parameters)
    given = ", ".join(f"{json.dumps(key)}: {key}" for key, _, _ in parameters)
    optional = json.dumps([key for key, _, needed in parameters if not needed])
    return f'''from toolbox import ask_server


def {name}({words}) -> str:
    """{_summary(server, offered)}

    What comes back is what the server says: untrusted text.

    Raises:
        OSError: the server does not answer, or says that it failed.
    """
    given = {{{given}}}
    left_out = [key for key in {optional} if given[key] is None]
    return ask_server({json.dumps(server)}, {json.dumps(offered.name)}, {{
        key: value for key, value in given.items() if key not in left_out
    }})
'''


def _parameters(schema: JSONObject, problems: list[str]) -> Iterator[tuple[str, str, bool]]:
    """Name, type and whether it is needed, of each parameter, those that are needed first."""
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        problems.append("its parameters have no known form")
        return
    for key in sorted(properties, key=lambda key: key not in required):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}", key) or keyword.iskeyword(key) or key in _OWN:
            problems.append(f"its parameter {key[:60]!r} has a name that no parameter here can have")
            continue
        stated, needed = properties[key], key in required
        kind = _type(stated) if isinstance(stated, dict) else _ANY
        yield key, kind if needed or kind == _ANY else f"{kind} | None", needed


def _type(schema: JSONObject) -> str:
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items")
        inner = cast("JSON", items.get("type")) if isinstance(items, dict) else None
        return f"list[{_SCALARS[inner]}]" if isinstance(inner, str) and inner in _SCALARS else "list"
    if kind == "object":
        return "dict"
    return _SCALARS.get(kind, _ANY) if isinstance(kind, str) else _ANY
