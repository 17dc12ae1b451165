"""What comes from a revoked episode or source gets into no registry, however it is made."""

from __future__ import annotations

from collections.abc import Iterable

from agentforge.errors import ToolInvalid
from agentforge.registry.lineage import example_source
from agentforge.registry.references import Origin
from agentforge.registry.revoked import Revoked, read_revoked
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import Tool
from agentforge.types import Need


def refuse_revoked(snapshot: Snapshot, tool: Tool) -> None:
    """Lets nothing through that names a revoked origin, or is made on top of a version that a revocation holds.

    Raises:
        ToolInvalid: it does; the sentence says which.
        RegistryError: ``revoked.toml`` is malformed, so that nobody knows.
    """
    revoked = read_revoked(snapshot)
    origin = tool.manifest.provenance
    sources = [*origin.sources, *(example_source(one.source) for one in tool.examples)]
    _refuse(revoked, tool.name, origin.episodes, sources)
    held = revoked.held.get(tool.name)
    if held and held.version == origin.parent and revoked.holds(tool.name, snapshot.states.tools.get(tool.name)):
        problem = f"it is made on top of version {origin.parent[:12]}, which revocation {held.by[0]} holds"
        raise ToolInvalid(tool.name, [problem], fix=_fix(held.by[0]))


def refuse_held(snapshot: Snapshot, name: str) -> None:
    """Keeps the version that stands from being released while a revocation holds it, also where it is held only
    for what it imports, and whatever was said of it since.

    Raises:
        ToolInvalid: a revocation holds it; the fix says how to undo that one.
        RegistryError: as :func:`refuse_revoked`.
    """
    revoked, standing = read_revoked(snapshot), snapshot.states.tools.get(name)
    held = revoked.held.get(name)
    by = [key for key in held.by if key in revoked.in_force] if held is not None else []
    if held is not None and by and standing is not None and standing.version == held.version:
        told = f"{' and '.join(f'revocation {key}' for key in by)} {'hold' if len(by) > 1 else 'holds'}"
        raise ToolInvalid(name, [f"{told} version {held.version[:12]}"], fix=_undoing(by))


def refuse_revoked_need(snapshot: Snapshot, need: Need) -> None:
    """The same before any model is asked (raises as :func:`refuse_revoked`)."""
    sources = [*need.sources, *(example_source(one.source) for one in need.examples)]
    _refuse(read_revoked(snapshot), need.name, [need.episode, *need.forked_from, *need.taught_in], sources)


def _refuse(revoked: Revoked, name: str, episodes: Iterable[str], sources: Iterable[str]) -> None:
    origins = [*(Origin("episode", one) for one in episodes), *(Origin("source", one) for one in sources)]
    problems = {origin: revoked.of(origin) for origin in origins if revoked.of(origin)}
    if problems:
        raise ToolInvalid(
            name,
            [f"it comes from {origin}, which was revoked ({key})" for origin, key in problems.items()],
            fix=_fix(*problems.values()),
        )


def _fix(*revocations: str) -> str:
    return f"Start a new session without it, or let it in again with {_commands(revocations)}."


def refuse_revoked_origin(snapshot: Snapshot, name: str, episodes: Iterable[str], sources: Iterable[str]) -> None:
    """The same for whatever else comes from episodes and sources (raises as :func:`refuse_revoked`)."""
    _refuse(read_revoked(snapshot), name, episodes, sources)


def _undoing(revocations: Iterable[str]) -> str:
    return f"Let it in again with {_commands(revocations)}, if that was wrong."


def _commands(revocations: Iterable[str]) -> str:
    return " and ".join(f"'agentforge revoke --undo {key}'" for key in dict.fromkeys(revocations))
