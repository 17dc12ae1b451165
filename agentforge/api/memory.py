"""What is remembered of one user, from a program: ``forge.memory``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, insist_on_quiet
from agentforge.errors import UsageError
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.memory.entries import Entry, Kind, Standing, Waiting
    from agentforge.memory.forgetting import Erased
    from agentforge.memory.keeping import Written
    from agentforge.memory.persona import Persona
    from agentforge.memory.reasons import Reasons
    from agentforge.memory.recall import Hit
    from agentforge.memory.recalled import Recalled
    from agentforge.types import Layer


@dataclass(frozen=True, slots=True)
class Forgot:
    """What was forgotten: the ids of the entry and of what came from it alone, and the tools that were made from it
    and are quarantined. ``remarks`` say plainly what still holds it.
    """

    ids: tuple[str, ...]
    tools: tuple[str, ...] = ()
    commit: str = ""
    erased: Erased | None = None
    remarks: tuple[str, ...] = ()


class UserMemory:
    """Facts, preferences and lessons, and how the user wants to be worked with (:attr:`persona`). Made by
    ``Forge.memory``. What the company's layer says is read behind the user's own, and never written here.

    What is written here is said by the user in person; each change is one commit that names them. All of it works on
    git and so blocks: call it in a thread where an event loop must go on. All of them raise ``UsageError`` for an id
    that nothing has, and ``RegistryError`` or ``StorageError`` where the registry cannot be read or written.
    """

    def __init__(self, opened: Opened, settings: Settings, approver: str = "") -> None:
        self._opened = opened
        self._settings = settings
        self._approver = approver or settings.user
        self._memory = opened.memory()
        self._layers = opened.memories()

    def by(self, approver: str) -> UserMemory:
        """The same, where somebody else decides for the user: commits name them."""
        return UserMemory(self._opened, self._settings, approver)

    @property
    def persona(self) -> Persona:
        """How this user wants to be worked with."""
        from agentforge.memory.persona import Persona

        return Persona(self._memory, approver=self._approver)

    @property
    def company_persona(self) -> str:
        """What the company asks of all who work for it, behind their persona; empty where it says nothing."""
        from agentforge.memory.persona import Persona

        return "" if self._layers.company is None else Persona(self._layers.company, approver="").text()

    def layer(self, key: str) -> Layer:
        """The layer that an entry is in."""
        return self._layers.layer_of(key)

    def list(self, *, everything: bool = False) -> list[Entry]:
        """What is used, the user's own before the company's, by id; with ``everything`` also what is superseded,
        revoked or shadowed.
        """
        return [*(self._layers.every() if everything else self._layers.current())]

    def pending(self) -> list[Waiting]:
        """What waits for the user, by id."""
        return [*self._memory.known().waiting]

    def replaces(self, waiting: Waiting) -> list[Entry]:
        """What would be superseded if an entry that waits were approved, by id."""
        new = waiting.entry
        same = [one for one in self._memory.known().current if one.lesson is new.lesson]
        return [one for one in same if one.id in waiting.supersedes or (new.topic and one.topic == new.topic)]

    def problems(self) -> list[str]:
        """What is malformed in the files of memory; it is not used."""
        return [*self._memory.known().problems]  # the company's are its administrator's to mend

    def standing(self, key: str) -> Standing:
        """Where an entry stands."""
        return self._layers.standing(key)

    def get(self, key: str) -> Entry:
        """One entry, also one that waits."""
        return self._layers.holding(key).known().get(key)

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The ``k`` best current entries of all layers for any text, best first."""
        return self._layers.search(query, k)

    def why(self, key: str) -> Reasons:
        """Where an entry comes from, what it replaced and what replaced it, and every commit that touched it."""
        from agentforge.memory.reasons import reasons

        found = reasons(self._layers.holding(key), key)
        return replace(found, standing=self.standing(key))

    def recalled(self, key: str, limit: int = 10) -> Sequence[Recalled]:
        """The turns in which an entry was put before a model lately, newest first, and how well it fitted; blocks."""
        from agentforge.memory.recalled import recalled

        return recalled(self._opened.rows(), key, org=self._settings.org, user=self._opened.owner, limit=limit)

    def add(
        self, text: str, *, kind: Kind = "fact", topic: str = "", when: str = "", supersedes: Sequence[str] = ()
    ) -> Written:
        """Remembers what the user says; what stands on the same topic, and ``supersedes``, is superseded.

        Raises:
            UsageError: the gates refuse it (all reasons), or what it is to supersede is not there.
        """
        from agentforge.memory.entries import Candidate

        for each in supersedes:
            self._layers.insist_on_own(each)
        candidate = Candidate(text, kind, topic, when, supersedes=tuple(supersedes))
        done = self._memory.add(candidate, approver=self._approver)
        if done.outcome == "refused":
            raise UsageError(f"It was not remembered. {done.why}")
        return done

    def seen(self, key: str) -> str:
        """By what a decision names an entry as it was looked at: ``saw`` of the methods below, which then change
        nothing where it has changed since (raises UsageError).
        """
        return self._layers.holding(key).known().seen(key)

    def edit(self, key: str, text: str, *, when: str | None = None, saw: str = "") -> Written:
        """Replaces the text of an entry in place; git keeps the old one (raises UsageError where the gates refuse)."""
        self._layers.insist_on_own(key)
        return self._memory.edit(key, text, when=when, approver=self._approver, saw=saw)

    def approve(self, key: str, *, saw: str = "") -> Written:
        """Lets an entry that waits be used (raises UsageError where it does not wait, or the gates refuse it)."""
        self._layers.insist_on_own(key)
        return self._memory.approve(key, approver=self._approver, saw=saw)

    def reject(self, key: str, reason: str = "", *, saw: str = "") -> Written:
        """Takes an entry out of the queue; it is not proposed again."""
        self._layers.insist_on_own(key)
        return self._memory.reject(key, reason, approver=self._approver, saw=saw)

    def undo(self, commit: str) -> Written:
        """Takes back what one commit did to memory, or raises UsageError where any of it was changed since. What comes
        back so is recalled and found in sessions again, where it was said in the same words.
        """
        from agentforge.memory.undoing import undo
        from agentforge.memory.unsaid import resay

        before = self._memory.known()
        done = undo(self._memory, commit, approver=self._approver)
        after = self._memory.known()
        back = [one.text for key, one in after.entries.items() if key not in before.entries]
        if back:
            resay(self._opened.rows(), back, org=self._settings.org, user=self._opened.owner)
        return done

    def forget(self, key: str, *, rewrite: bool = False, saw: str = "") -> Forgot:
        """Takes an entry away, what came from it alone, and the tools that were made from it out of use. What was said
        in sessions in the same words is not recalled or found any more; their messages stay.

        With ``rewrite`` the registry's history is rewritten without it, also of an entry that was forgotten before;
        every clone of the registry has to be made anew then.

        Raises:
            UsageError: there is no such entry; or the history is to be rewritten, and a job runs.
        """
        from agentforge.memory.forgetting import erase

        self._layers.insist_on_own(key)
        if rewrite:
            insist_on_quiet(self._opened)
        known = self._memory.known()
        if rewrite and key not in known.entries and key not in known.pending:
            ids, episodes, commit = self._forgotten(key), (), ""
        else:
            gone = self._memory.forget(key, approver=self._approver, saw=saw)
            ids, commit = tuple(one.id for one in gone.entries), gone.commit
            unsaid = self._unsaid([one.text for one in gone.entries])
            episodes = tuple(dict.fromkeys([*gone.episodes, *unsaid]))
        tools = self._quarantined(ids)
        erased = erase(self._memory, ids) if rewrite else None
        return Forgot(ids, tools, commit, erased, _remarks(key, episodes, tools, erased))

    def _unsaid(self, texts: Sequence[str]) -> tuple[str, ...]:
        from agentforge.memory.unsaid import unsay

        return unsay(self._opened.rows(), texts, org=self._settings.org, user=self._opened.owner)

    def _forgotten(self, key: str) -> tuple[str, ...]:
        """The ids that went when an entry was forgotten earlier."""
        commits = self._memory.store.log(trailer=("Memory", key), limit=1)
        if not commits:
            raise UsageError(f"Nothing was ever remembered under {key[:40]!r}.")
        known = self._memory.known()
        return tuple(one for one in commits[0].trailers["Memory"] if one not in {*known.entries, *known.pending})

    def _quarantined(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Takes the tools out of use that name one of these entries as a source; returns their names."""
        from agentforge.registry.ancestry import family_of
        from agentforge.registry.revocation import revoke

        registry, taken = self._opened.registry, list[str]()
        for each in ids:
            family = family_of(registry, f"source:memory:{each}")
            if len(family.rows) > 1:  # the first one is the entry itself
                done = revoke(registry, family.origin, reason="It was forgotten.", approver=self._approver)
                taken += [*done.tools, *done.proposals]
        return tuple(taken)


def _remarks(key: str, episodes: Sequence[str], tools: Sequence[str], erased: Erased | None) -> tuple[str, ...]:
    told: list[str] = []
    if tools:
        told.append(f"What was made from it is out of use, and may hold its words: {', '.join(tools)}.")
    if episodes:
        told.append(
            f"What was said in these sessions is still in the database: {', '.join(episodes)}; "
            "'agentforge sessions delete ID' erases one."
        )
    if erased is None:
        told.append(
            "The history of your registry still holds it, as does every clone: "
            f"'agentforge memory forget {key} --rewrite' rewrites the history."
        )
        return tuple(told)
    return (*told, *rewritten(erased))


def rewritten(erased: Erased) -> list[str]:
    """What rewriting a history did, for a person."""
    told = [f"Its words still stand in: {', '.join(erased.left[:10])}."] if erased.left else []
    return [
        *told,
        f"{erased.commits} commits have a new id. Clones and remotes still hold the old ones: make clones anew, and "
        "push with --force.",
    ]
