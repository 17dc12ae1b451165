"""What a proposal changes against the version that stands."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from agentforge.registry.pending import Pending, find
from agentforge.registry.repository import Registry
from agentforge.registry.rights import NOTHING
from agentforge.registry.tool import to_files

SHOWN = ("tool.py", "test_tool.py", "tool.toml", "examples.jsonl")
"""The files that are compared, in the order of reading; the report is shown as a list of gates instead."""

DIFF_LINES = 2000
"""Longest diff of one file; the whole stands in git."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A proposal against the version that stands (``standing`` is its hash, empty where there is none).

    ``files`` maps a file to its unified diff, line by line; files that are alike are left out. ``more`` and
    ``less`` are rights that the proposal wants beyond those of the version that stands, or gives up, its own and those
    of the tools that it needs.
    """

    pending: Pending
    standing: str
    files: Mapping[str, tuple[str, ...]]
    more: tuple[str, ...]
    less: tuple[str, ...]


def difference(registry: Registry, target: str) -> Difference:
    """What the proposal ``NAME`` or ``NAME/N`` changes; everything is new where nothing stands.

    Raises:
        ToolNotFound, UsageError: as :func:`agentforge.registry.pending.find`.
    """
    found = find(registry, target, approvable=True)
    snapshot = registry.snapshot()
    stands = snapshot.sound(found.name)
    new = snapshot.reach(found.tool) if found.tool else NOTHING
    before = to_files(stands) if stands else {}
    return Difference(
        pending=found,
        standing=stands.version if stands else "",
        files=differing(before, found.files),
        more=found.more,
        less=tuple(snapshot.granted(found.name).beyond(new)),
    )


def differing(
    before: Mapping[str, bytes], after: Mapping[str, bytes], names: tuple[str, str] = ("live", "proposed")
) -> dict[str, tuple[str, ...]]:
    """What two tool folders, called ``names``, differ in: a unified diff by file, of those that are not alike."""
    files = {file: _diff(file, before.get(file, b""), after.get(file, b""), names) for file in SHOWN}
    return {file: lines for file, lines in files.items() if lines}


def _diff(file: str, before: bytes, after: bytes, names: tuple[str, str]) -> tuple[str, ...]:
    """Lines end at line feeds only: what else some editors take for an end stays to be seen."""
    old, new = (contents.decode(errors="replace").split("\n") if contents else [] for contents in (before, after))
    lines = list(difflib.unified_diff(old, new, f"{names[0]}/{file}", f"{names[1]}/{file}", lineterm=""))
    if len(lines) > DIFF_LINES:
        lines = [*lines[:DIFF_LINES], f"… {len(lines) - DIFF_LINES} lines more"]
    return tuple(lines)
