"""What arms D and R do to a registry: the tools swapped among their names, or taken away."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

from agentforge.registry.changes import Change
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import Standing
from agentforge.registry.tool import Tool, to_files
from agentforge.types import State


def take_away(path: Path) -> list[str]:
    """Retires every live tool of a registry; their names."""
    with Registry.open(path) as registry:
        names = registry.names()
        for name in names:
            registry.set_state(name, State.RETIRED, "taken away")
    return names


def swap(path: Path) -> list[str]:
    """Puts the code of each live tool under the name, the words and the requests of the next one; the names.

    With fewer than two tools nothing can be swapped.
    """
    with Registry.open(path) as registry:
        tools = registry.tools()
        if len(tools) < 2:
            return []
        for named, coded in zip(tools, [*tools[1:], tools[0]], strict=True):
            _put(registry, _under(named, coded))
        return [tool.name for tool in tools]


def _under(named: Tool, coded: Tool) -> Tool:
    """The code of one tool under the name of another."""
    word = re.compile(rf"\b{re.escape(coded.name)}\b")
    manifest = named.manifest.model_copy(
        update={"signature": coded.manifest.signature, "depends": coded.manifest.depends}
    )
    source, tests = word.sub(named.name, coded.source), word.sub(named.name, coded.tests)
    return replace(named, manifest=manifest, source=source, tests=tests, examples=coded.examples)


def _put(registry: Registry, tool: Tool) -> None:
    """Writes it past the gates, which would not let it in."""
    files = {f"tools/{tool.name}/{file}": contents for file, contents in to_files(tool).items()}
    standing = Standing(state=State.LIVE, version=tool.version, unconfirmed=tool.unconfirmed)

    def change(snapshot: Snapshot) -> Change:
        return Change(f"Swap {tool.name}", {**files, **snapshot.states.files(tools={tool.name: standing})})

    registry.apply(change, {"Tool": [tool.name]})


def copied(source: Path | None, target: Path) -> None:
    """Makes ``target`` a copy of the folder ``source``, or an empty one; it appears whole or not at all."""
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    if source is not None:
        shutil.copytree(source, part, symlinks=True)
    else:
        part.mkdir(parents=True)
    shutil.rmtree(target, ignore_errors=True)
    part.replace(target)
