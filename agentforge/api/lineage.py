"""Where tools and memory come from, and taking back what came from something wrong: ``forge.lineage``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, insist_on_own, secrets_of
from agentforge.errors import UsageError
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.memory.origins import Affected
    from agentforge.registry.ancestry import Family
    from agentforge.registry.revocation import Outcome
    from agentforge.registry.revoked import Revocation


class Lineage:
    """What comes from an episode, a source or a tool of one user. Made by ``Forge.lineage``.

    A ``reference`` is the id of an episode, a source (``page:api.example.com``, or only ``api.example.com``), or a
    tool (``NAME`` or ``NAME@VERSION``); ``episode:…``, ``source:…`` and ``tool:…`` are exact. All of it works on
    git and so blocks: call it in a thread where an event loop must go on.
    """

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._registry = opened.registry
        self._settings = settings

    def tree(self, reference: str) -> Family:
        """Everything that comes from it; nothing is changed.

        Raises:
            UsageError: it means nothing that is known, several things (the fix names them), or a tool of a layer
                below, which is not this user's to take back.
            RegistryError: the registry is damaged.
        """
        from agentforge.registry.ancestry import family_of

        try:
            return family_of(self._registry, reference, self._is_episode)
        except UsageError:
            if source := self._source_of_memory(reference):
                return family_of(self._registry, f"source:{source}")
            insist_on_own(self._opened, reference.removeprefix("tool:").partition("@")[0])
            raise

    def remembered(self, origin: str) -> Affected:
        """What is remembered, or waits to be, only because of an episode or a source: ``str(tree(…).origin)``."""
        from agentforge.memory.origins import affected

        return affected(self._opened.memory().known(), origin)

    def revoke(self, reference: str, *, reason: str = "", approver: str = "") -> Outcome:
        """Quarantines everything that comes from it, and takes proposals out of the queue, in one commit. What is
        remembered only because of it is left out from then on.

        What comes from a revoked episode or source later is refused. Doing it twice changes nothing.

        Raises:
            UsageError: as :meth:`tree`.
            RegistryError, StorageError: it cannot be written; nothing was changed.
        """
        from agentforge.registry.revocation import revoke
        from agentforge.secrecy import redact

        family = self.tree(reference)
        origin, revoked_already = family.origin, bool(family.revocation)
        discreet = redact(reason, secrets_of(self._settings))
        left = self.remembered(str(origin)).names if not revoked_already else ()
        done = revoke(self._registry, origin, reason=discreet, approver=self._approver(approver))
        return replace(done, memory=left)

    def undo(self, revocation: str, *, approver: str = "") -> Outcome:
        """Gives back what a revocation took; ``kept`` of the result says what it could not, and why.

        Raises:
            UsageError: there is no such revocation.
            RegistryError, StorageError: as :meth:`revoke`.
        """
        from agentforge.registry.revocation import undo

        done = undo(self._registry, revocation, approver=self._approver(approver))
        return replace(done, memory=self.remembered(str(done.origin)).names) if done.commit else done

    def list(self) -> dict[str, Revocation]:
        """All revocations by id, undone ones included, the oldest first (raises RegistryError)."""
        from agentforge.registry.revocation import revocations

        return revocations(self._registry)

    def _is_episode(self, word: str) -> bool:
        episodes = self._opened.episodes or self._opened.open_episodes()
        return episodes.exists(word) or f"episode:{word}" in self._origins_of_memory()

    def _source_of_memory(self, word: str) -> str:
        """The id of a source that only memory names; empty where it names none, or several, so."""
        from agentforge.registry.lineage import SOURCE_KINDS, source_id

        ids = {word, *(source_id(kind, word) for kind in SOURCE_KINDS)}
        found = [one for one in sorted(ids) if f"source:{one}" in self._origins_of_memory()]
        return found[0] if len(found) == 1 else ""

    def _origins_of_memory(self) -> frozenset[str]:
        from agentforge.memory.origins import origins

        return origins(self._opened.memory().known())

    def _approver(self, given: str) -> str:
        from agentforge.registry.manifest import ID

        approver = given or self._settings.user
        if not ID.fullmatch(approver):
            raise UsageError(
                f"{approver[:80]!r} cannot stand for a person in a commit.",
                fix="Give one word of letters, digits and . _ @ + - as the approver.",
            )
        return approver
