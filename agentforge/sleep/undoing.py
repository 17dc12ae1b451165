"""Undoing a night, or one change of it: each of its commits is taken back by one of its own, the last one first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentforge.errors import UsageError
from agentforge.gitstore.store import GitStore
from agentforge.memory.keeping import Memory
from agentforge.memory.undoing import undo as undo_memory
from agentforge.registry.repository import Registry
from agentforge.registry.undoing import undo as undo_tool
from agentforge.sleep.report import Done, Report


@dataclass(frozen=True, slots=True)
class Undone:
    """One commit of a night: ``commit`` took it back, or ``why`` says why it stays."""

    change: str
    undone: str
    commit: str = ""
    why: str = ""


def undo(
    report: Report,
    registry: Registry,
    memory: Memory,
    *,
    changes: Sequence[int] = (),
    approver: str,
    reason: str = "",
) -> list[Undone]:
    """Takes back the changes of a night, or those of these numbers (from 1). What was changed since stays, and is told;
    doing it twice changes nothing more.

    Raises:
        UsageError: the night has no change of such a number.
        RegistryError, StorageError: something could not be written; what was taken back by then is.
    """
    wanted = changes or range(1, len(report.changes) + 1)
    if bad := [number for number in wanted if not 1 <= number <= len(report.changes)]:
        raise UsageError(f"Night {report.night} has no change {bad[0]}.", fix=f"agentforge sleep report {report.night}")
    told: list[Undone] = []
    why = f"Night {report.night} was undone{f': {reason}' if reason else '.'}"
    before = undone_in(registry.store)
    for number in sorted(wanted, reverse=True):
        done = report.changes[number - 1]
        for commit in reversed(done.commits):
            if commit[:12] in before:
                told.append(Undone(done.what, commit, why="It was undone before."))
            else:
                told.append(_undo(done, commit, registry, memory, approver, why))
    return told


def undone_in(store: GitStore) -> frozenset[str]:
    """The first 12 characters of the commits that were taken back."""
    return frozenset(
        commit.message.removeprefix("Undo ") for commit in store.log() if commit.message.startswith("Undo ")
    )


def _undo(done: Done, commit: str, registry: Registry, memory: Memory, approver: str, why: str) -> Undone:
    try:
        if done.kind in ("memory", "persona"):
            made = undo_memory(memory, commit, approver=approver).commit
        else:
            made = undo_tool(registry, commit, approver=approver, reason=why)
    except UsageError as error:
        return Undone(done.what, commit, why=error.message)
    return Undone(done.what, commit, made)
