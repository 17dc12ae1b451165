"""A parcel as one Python file that needs nothing of this program, and such a file read back, without running it.

The file begins with inline script metadata (PEP 723), so that ``uv run`` installs what it needs; plain Python runs it
as well. Sources and tests stand in it as texts, unchanged to the last byte, and become modules when it starts: tools
written apart may use the same names inside, and what comes back is the very version that went. What the file does with
them is in ``registry/exports``, which is data here and never imported.
"""

from __future__ import annotations

import ast
import io
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from itertools import islice
from tokenize import TokenError, generate_tokens
from typing import Literal, TypeAlias, cast

import tomli_w

from agentforge import assets
from agentforge.boxes.packages.lock import canonical
from agentforge.parsing import parse
from agentforge.registry.interchange.parcel import UNSTATED, Carried, Parcel
from agentforge.types import JSON, JSONObject

Kind: TypeAlias = Literal["program", "server"]

FORMAT = 1
PYTHON = ">=3.11"
MCP = "mcp>=2.3,<3"
"""What a server of its own needs; its ending in ``registry/exports/server.py`` is written for these versions."""

MOST_BYTES = 8 << 20
"""Largest file that is read back; a hundred tools of the usual size have half a megabyte."""

MOST_TOKENS = 200_000
"""Tokens of such a file, in which each source is one: a node of a syntax tree takes a thousand times the room of its
text, so that a file made for it would fill the memory.
"""

_OPENING = re.compile(r"# /// ([a-zA-Z0-9-]+)")


def program_of(parcel: Parcel) -> str:
    """A program: one tool is called with ``NAME=VALUE`` words, several by their names first."""
    return _file(parcel, "program", parcel.packages)


def server_of(parcel: Parcel) -> str:
    """A server that speaks MCP over stdin and stdout and offers the entries."""
    return _file(parcel, "server", tuple(sorted((*parcel.packages, MCP))))


def about(one: Carried) -> str:
    """Licence and origin of a tool in one line."""
    return f"license {one.license or UNSTATED}; {one.origin}"


def metadata_of(text: str) -> JSONObject | None:
    """The inline script metadata of a file; None where it has none, or more than one, or it is no TOML."""
    found = [content for kind, content in _blocks(text.splitlines()) if kind == "script"]
    if len(found) != 1:
        return None
    try:
        return cast("JSONObject", tomllib.loads(found[0]))
    except (ValueError, RecursionError):
        return None


def carried_in(text: str) -> tuple[list[JSONObject], list[str]] | None:
    """The tools that a file of this form holds, as it states them, and its entries; None where it is another file.

    Everything in it is a claim of whoever made it; nothing is run.
    """
    own = _ours(metadata_of(text))
    if own is None:
        return None
    try:
        if any(True for _ in islice(generate_tokens(io.StringIO(text).readline), MOST_TOKENS, None)):
            return None
        body = parse(text).body
        stated = next(
            cast("object", ast.literal_eval(node.value))
            for node in body
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == "TOOLS" for target in node.targets)
        )
    except (SyntaxError, TokenError, ValueError, TypeError, RecursionError, MemoryError, StopIteration):
        return None
    if not isinstance(stated, dict):
        return None
    tools: list[JSONObject] = []
    for name, tool in cast("dict[object, object]", stated).items():
        if not isinstance(name, str) or not isinstance(tool, dict):
            return None
        tools.append({**cast("JSONObject", tool), "name": name})
    entries = own.get("tools")
    return tools, [str(one) for one in entries] if isinstance(entries, list) else []


def wanted_packages(metadata: JSONObject | None) -> list[str]:
    """The names of the packages that inline metadata asks for, without versions; not what a server itself needs."""
    asked = (metadata or {}).get("dependencies")
    texts = [one for one in asked if isinstance(one, str)] if isinstance(asked, list) else []
    names = [re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", one) for one in texts]
    return list(dict.fromkeys(canonical(name[1]) for name in names if name))


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """The blocks of inline metadata with their types; each ends at the last closing line of its comment."""
    at = 0
    while at < len(lines):
        opening = _OPENING.fullmatch(lines[at])
        at += 1
        if opening is None:
            continue
        end = at
        while end < len(lines) and (lines[end] == "#" or lines[end].startswith("# ")):
            end += 1
        closing = next((line for line in range(end - 1, at - 1, -1) if lines[line] == "# ///"), None)
        if closing is not None:
            yield opening[1], "\n".join(line[2:] for line in lines[at:closing])
        at = end


def _ours(metadata: JSONObject | None) -> JSONObject | None:
    table = (metadata or {}).get("tool")
    own = table.get("agentforge") if isinstance(table, dict) else None
    return own if isinstance(own, dict) and own.get("format") == FORMAT else None


def _file(parcel: Parcel, kind: Kind, packages: tuple[str, ...]) -> str:
    folder = assets.folder("registry") / "exports"
    parts = [(folder / name).read_text("utf-8") for name in ("common.py", f"{kind}.py")]
    return "".join((_head(parcel, kind, packages), _data(parcel), *parts))


def _head(parcel: Parcel, kind: Kind, packages: tuple[str, ...]) -> str:
    own = {"format": FORMAT, "kind": kind, "tools": list(parcel.entries)}
    metadata = tomli_w.dumps(
        {"requires-python": PYTHON, "dependencies": list(packages), "tool": {"agentforge": own}}
    ).splitlines()
    told = [
        f"{parcel.title}: made by AgentForge {version('agentforge-toolsmith')} from tools of a registry.",
        "It runs with your own rights, in no sandbox: read the sources below before you start it.",
        "",
        *(f"{one.tool.name}: {about(one)}" for one in parcel.tools),
        *(f"{one.tool.name} may reach {reach}" for one in parcel.tools if (reach := reaches(one))),
    ]
    lines = ["/// script", *metadata, "///"]
    return "".join(
        (
            "#!/usr/bin/env python3\n",
            *(f"# {line}".rstrip() + "\n" for line in lines),
            "\n",
            *(f"# {line}".rstrip() + "\n" for line in told),
            "\n",
        )
    )


def reaches(one: Carried) -> str:
    """What a tool may reach beyond its arguments, in words; empty where that is nothing."""
    given = asdict(one.tool.manifest.capabilities)
    return ", ".join(key if value is True else f"{key} {' '.join(value)}" for key, value in given.items() if value)


def _data(parcel: Parcel) -> str:
    lines = [f"TITLE = {parcel.title!r}\n", f"ENTRIES = {list(parcel.entries)!r}\n", "TOOLS = {\n"]
    for one in parcel.tools:
        lines.append(f"    {one.tool.name!r}: {{\n")
        lines += [f"        {key!r}: {value},\n" for key, value in _stated(one).items()]
        lines.append("    },\n")
    return "".join((*lines, "}\n\n"))


def _stated(one: Carried) -> Mapping[str, str]:
    """What is told of a tool, each as Python writes it."""
    tool = one.tool
    given = {key: value for key, value in asdict(tool.manifest.capabilities).items() if value}
    listed: dict[str, JSON] = {key: value if value is True else [*value] for key, value in given.items()}
    values: dict[str, JSON] = {
        "summary": tool.manifest.summary,
        "signature": tool.signature.text,
        "parameters": tool.signature.parameters,
        "returns": tool.signature.returns,
        "capabilities": listed,
        "license": one.license,
        "origin": one.origin,
    }
    return {
        **{key: repr(value) for key, value in values.items()},
        "source": written(tool.source),
        "tests": written(tool.tests),
    }


def written(text: str) -> str:
    """A text as Python writes it: as it stands, between three quotes, where that means the same; else escaped."""
    for quotes in ("'''", '"""'):
        plain = f"r{quotes}{text}{quotes}"
        if "# ///" in text or any(not letter.isprintable() for letter in text if letter not in "\n\t"):
            break  # a second block of metadata, or what nobody would see
        try:
            if ast.literal_eval(plain) == text:
                return plain
        except (SyntaxError, ValueError):
            continue
    return repr(text)
