"""Taking back one commit of memory: all of what it did, or nothing where somebody changed any of it since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agentforge.errors import UsageError
from agentforge.gitstore.changing import Change
from agentforge.gitstore.past import Commit
from agentforge.memory import files
from agentforge.memory.drafting import Draft
from agentforge.memory.files import Table
from agentforge.memory.keeping import Memory, Written
from agentforge.memory.known import Known

SHORTEST_HASH = 7
"""Characters that name a commit, at the least."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One table, or one text (``key`` is empty), that a commit changed."""

    path: str
    key: str
    before: Table | str | None
    after: Table | str | None

    def now(self, known: Known) -> Table | str | None:
        return known.tables.get(self.path, {}).get(self.key) if self.key else known.texts.get(self.path)


def undo(memory: Memory, commit: str, *, approver: str = "") -> Written:
    """Makes memory what it was before a commit, as far as that commit changed it; undoing the undoing is possible.

    Raises:
        UsageError: there is no such commit, it changed nothing that is remembered, any of that was changed since, or
            something else is known on the same topic by now.
        RegistryError, StorageError: it cannot be written; nothing was changed.
    """
    found = _find(memory, commit)
    steps = _steps(memory.at(found.parent), memory.at(found.sha))
    if not steps:
        raise UsageError(f"Commit {found.sha[:12]} changed nothing that is remembered.")
    keys = sorted({step.key or step.path for step in steps})

    def change(known: Known) -> Change | None:
        if changed := [step.key or step.path for step in steps if step.now(known) != step.after]:
            raise UsageError(
                f"Commit {found.sha[:12]} cannot be undone: {', '.join(changed)} was changed since.",
                fix="'agentforge memory why ID' shows what happened; undo the later change first.",
            )
        draft = Draft(known)
        for step in steps:
            _restore(draft, step)
        _check_topics(draft, keys)
        return draft.change(f"Undo {found.sha[:12]}", [step.key for step in steps if step.key])

    return memory.committed(change, [Written("accepted", f"Undone: {', '.join(keys)}.")], approver=approver)


def _find(memory: Memory, commit: str) -> Commit:
    commits = memory.store.log([files.MEMORY, files.LESSONS]) if len(commit) >= SHORTEST_HASH else []
    found = [one for one in commits if one.sha.startswith(commit)]
    if len(found) != 1 or not found[0].parent:
        raise UsageError(f"No commit of memory is named {commit[:64]!r}.", fix="'agentforge memory why ID' shows them.")
    return found[0]


def _steps(before: Known, after: Known) -> list[_Step]:
    tables = [(path, key) for known in (before, after) for path in known.tables for key in known.tables[path]]
    texts = [(path, "") for path in files.TEXTS]
    steps = [_Step(path, key, *_both(before, after, path, key)) for path, key in dict.fromkeys([*tables, *texts])]
    return [step for step in steps if step.before != step.after]


def _both(before: Known, after: Known, path: str, key: str) -> tuple[Table | str | None, Table | str | None]:
    read: Callable[[Known], Table | str | None] = _Step(path, key, None, None).now
    return read(before), read(after)


def _restore(draft: Draft, step: _Step) -> None:
    if isinstance(step.before, dict):
        draft.restore(step.path, step.key, step.before)
    elif step.key:
        draft.restore(step.path, step.key, None)
    else:
        draft.write(step.path, step.before)


def _check_topics(draft: Draft, keys: list[str]) -> None:
    """Two entries on one topic are never in use: whatever came since has to go first."""
    for key in keys:
        entry = draft.entries.get(key)
        others = draft.on_topic(entry) if entry is not None and not entry.superseded_by else []
        if entry is not None and others:
            raise UsageError(f"It cannot be undone: {others[0]} is known on the topic {entry.topic!r} by now.")
