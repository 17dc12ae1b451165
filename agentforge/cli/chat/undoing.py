"""``/undo``: the last thing that was learned or decided is taken back."""

from __future__ import annotations

from dataclasses import dataclass

from agentforge.api import Forge
from agentforge.gitstore.past import Commit

UNDO = "Undo "
"""How the subject of a commit begins that takes another one back; twelve characters of its id follow."""


@dataclass(frozen=True, slots=True)
class Last:
    """The newest change that still stands; ``about`` says what it changed."""

    commit: Commit
    about: str


def last_change(forge: Forge) -> Last | None:
    """The newest commit about one tool or about memory that was not taken back, and takes nothing back itself."""
    commits = forge.log()
    gone = {one.message.removeprefix(UNDO)[:12] for one in commits if one.message.startswith(UNDO)}
    for one in commits:
        about = ", ".join([*one.trailers.get("Tool", ()), *one.trailers.get("Memory", ())])
        if about and not one.message.startswith(UNDO) and one.sha[:12] not in gone:
            return Last(one, about)
    return None


def take_back(forge: Forge, last: Last) -> str:
    """Takes it back; returns what that did, in a sentence.

    Raises:
        UsageError: it was changed since, or something needs it.
        RegistryError, StorageError: it cannot be written; nothing was changed.
    """
    from agentforge.registry.undoing import undo

    if last.commit.trailers.get("Memory"):
        return forge.memory.undo(last.commit.sha).why or f"Undone: {last.about}."
    opened = forge.opened
    undo(opened.registry, last.commit.sha, approver=forge.settings.user, reason="It was undone in a conversation.")
    return f"Undone: {last.commit.message}."
