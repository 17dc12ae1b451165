"""What a commit does to a registry, as functions from its newest snapshot: files to write, or nothing to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentforge.errors import ToolInvalid
from agentforge.registry.manifest import Provenance, one_line
from agentforge.registry.snapshot import STATE_FILE, Snapshot
from agentforge.registry.states import Standing
from agentforge.registry.tool import Tool
from agentforge.types import State


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does; ``files`` as :meth:`GitStore.commit` takes them."""

    subject: str
    files: Mapping[str, bytes]


def provenance_trailers(tool: Tool) -> dict[str, list[str]]:
    """The commit trailers that a tool's provenance gives; ids only."""
    origin: Provenance = tool.manifest.provenance
    trailers = {
        "Job": [origin.job] if origin.job else [],
        "Episode": [*origin.episodes],
        "Source": [*origin.sources],
        "Parent": [origin.parent] if origin.parent else [],
        "Model": [f"{role}={model}" for role, model in origin.models.items()],
        "Prompt": [f"{name}={digest}" for name, digest in origin.prompts.items()],
        "Image": [origin.image] if origin.image else [],
    }
    return {key: values for key, values in trailers.items() if values}


def admission(snapshot: Snapshot, tool: Tool, files: Mapping[str, bytes], standing: Standing) -> Change | None:
    """The change that makes a tool live."""
    before = snapshot.states.tools.get(tool.name)
    if before is not None and before.version == standing.version:
        return None
    parent = tool.manifest.provenance.parent
    if before is not None and parent != before.version:
        raise ToolInvalid(
            tool.name,
            [f"the name is taken: {tool.name} is {before.state} in version {before.version[:12]}"],
            fix="Choose another name, or give that version (in full) as the parent of a new one.",
        )
    text = snapshot.states.with_tool(tool.name, standing)
    contents = {f"tools/{tool.name}/{file}": data for file, data in files.items()}
    return Change(f"{'Add' if before is None else 'Update'} {tool.name}", {**contents, STATE_FILE: text.encode()})


def proposal(snapshot: Snapshot, tool: Tool, files: Mapping[str, bytes]) -> Change | None:
    """The change that lets a tool wait for review under the next number."""
    numbers = snapshot.proposals.get(tool.name, ())
    waiting = snapshot.proposed([tool.name]) if numbers else []
    if any(isinstance(other, Tool) and other.version == tool.version for other in waiting):
        return None
    folder = f"proposed/{tool.name}/{max(numbers, default=0) + 1}"
    return Change(f"Propose {tool.name}", {f"{folder}/{file}": data for file, data in files.items()})


def move(snapshot: Snapshot, name: str, state: State, reason: str, unconfirmed: bool | None) -> Change | None:
    """The change that moves a tool that stands to a state; ``unconfirmed`` None leaves that as it is."""
    standing = snapshot.states.tools[name]
    doubt = standing.unconfirmed if unconfirmed is None else unconfirmed
    moved = Standing(state=state, version=standing.version, unconfirmed=doubt, reason=one_line(reason, 500))
    if moved == standing:
        return None
    text = snapshot.states.with_tool(name, moved)
    return Change(f"Set {name} to {state}", {STATE_FILE: text.encode()})
