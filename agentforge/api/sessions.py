"""What was said and done, from a program: ``forge.sessions``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, secrets_of
from agentforge.errors import RegistryError, StorageError, UsageError
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.database.store import Database
    from agentforge.events import Event
    from agentforge.memory.documents.record import Document
    from agentforge.memory.episodes import Episode, Episodes, EpisodeSummary
    from agentforge.memory.erasure import Erasure, Scope
    from agentforge.memory.search import Found
    from agentforge.types import JSONObject


@dataclass(frozen=True, slots=True)
class Erased:
    """What was, or would be, erased, and what is left of it elsewhere.

    ``learned`` names, for each session, the tools, proposals, regressions and what is remembered that came from it:
    they stay until ``agentforge revoke episode:ID`` (``forge.lineage.revoke``) takes them back, and git keeps their
    history.
    ``rules`` are the titles of the documents that messages became, for the rules in them: they go as well.
    ``remains`` says in sentences for people where words of it may still be; ``complete`` is False where that is so
    because something failed.
    """

    erasure: Erasure
    learned: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    rules: Sequence[str] = ()
    remains: Sequence[str] = ()
    complete: bool = True


class Sessions:
    """The sessions of one user; those of others do not exist. Made by ``Forge.sessions``.

    All of it raises ``UsageError`` for a session that this user does not have, and ``StorageError`` where the
    database is locked, full or damaged. Times without a zone are local.
    """

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings

    async def show(self, session: str) -> Episode:
        """Everything that is recorded of one."""
        return await asyncio.to_thread((await self._episodes()).load, session)

    async def events(self, session: str, turn: int | None = None) -> Sequence[Event]:
        """What happened in one, or in one turn of it, oldest first; all but the pieces of answers (``model_delta``)."""
        from agentforge.memory.episodes import unknown_session

        episodes = await self._episodes()
        if not await asyncio.to_thread(episodes.exists, session):
            raise unknown_session(session)
        return [one for one in await asyncio.to_thread(episodes.events, session) if turn is None or one.turn == turn]

    async def context(self, session: str, turn: int | None = None) -> Sequence[Event]:
        """What models got to see in one turn (by default the last that asked one): its ``context`` events, in order."""
        from agentforge.memory.episodes import unknown_session

        episodes = await self._episodes()
        if not await asyncio.to_thread(episodes.exists, session):
            raise unknown_session(session)
        found = [one for one in await asyncio.to_thread(episodes.events, session) if one.type == "context"]
        wanted = turn or max((one.turn for one in found), default=0)
        return [one for one in found if one.turn == wanted]

    async def search(
        self, words: str, *, since: datetime | None = None, before: datetime | None = None, limit: int = 20
    ) -> Sequence[Found]:
        """Those in which any of these words was said, in answers too, or is the name of a tool or in an error; the
        best first, each with a snippet. Any text may be asked for.
        """
        from agentforge.memory.search import search

        owner, database = self._owner, await self._database()
        return await asyncio.to_thread(
            lambda: search(database, words, **owner, since=since, before=before, limit=limit)
        )

    async def fork(self, session: str, *, turn: int | None = None) -> str:
        """Begins a new one with the messages of another up to and with ``turn``, by default all, and returns its id,
        for ``forge.run(…, session=…)``. What read untrusted text stays marked so. Calls and costs are not copied.

        Raises:
            UsageError: there is no such session, or it has no such turn.
        """
        from agentforge.memory.forks import fork

        owner, database = self._owner, await self._database()
        return await asyncio.to_thread(lambda: fork(database, session, **owner, turn=turn))

    async def export(self, session: str | None = None) -> AsyncGenerator[JSONObject]:
        """One session, or everything of this user, as objects for JSON Lines (``memory.export`` tells the form)."""
        from agentforge.memory.export import export

        owner, database, secrets = self._owner, await self._database(), secrets_of(self._settings)
        lines = await asyncio.to_thread(lambda: export(database, **owner, session=session, secrets=secrets))
        while (line := await asyncio.to_thread(next, lines, None)) is not None:
            yield line

    async def markdown(self, session: str) -> str:
        """One session as a document for people."""
        from agentforge.memory.transcript import markdown

        return markdown(await self.show(session))

    async def foreseen(
        self, session: str | None = None, *, before: datetime | None = None, everything: bool = False
    ) -> Erased:
        """What :meth:`erase` would erase now; nothing is changed."""
        from agentforge.memory.erasure import foreseen

        scope, database = self._scope(session, before, everything), await self._database()
        seen = await self._with_learned(await asyncio.to_thread(foreseen, database, scope))
        try:
            rules = await asyncio.to_thread(self._rules_of, seen.erasure, scope.before)
        except RegistryError:
            return seen  # what it could not tell of it is said there
        return replace(seen, rules=tuple(one.title for one in rules))

    async def erase(
        self, session: str | None = None, *, before: datetime | None = None, everything: bool = False
    ) -> Erased:
        """Erases one session, what happened before a time, or everything that is recorded of this user, for good.

        Its rows are gone in any case when this returns; where the file could not be rewritten, so that words may
        still be in it, the result is not ``complete`` and says so.

        Raises:
            UsageError: not just one of the three was given.
        """
        from agentforge.memory.erasure import erase

        scope, database = self._scope(session, before, everything), await self._database()
        erased = await self._with_learned(await asyncio.to_thread(erase, database, scope))
        rules, told = await asyncio.to_thread(self._without_messages, erased.erasure)
        if told:
            erased = replace(erased, rules=rules, remains=(*erased.remains, told))
        try:
            left = await asyncio.to_thread(database.scrub)
        except StorageError as error:
            return replace(erased, remains=(*erased.remains, _unwritten(error)), complete=False)
        return replace(erased, remains=(*erased.remains, left)) if left else erased

    def _without_messages(self, erasure: Erasure) -> tuple[tuple[str, ...], str]:
        """Takes out the documents that messages which are gone became; their titles, and what there is to tell."""
        from agentforge.api.documents import UserDocuments

        try:
            found = self._rules_of(erasure)
            for one in found:
                UserDocuments(self._opened, self._settings).remove(one.id)
        except RegistryError as error:
            return (), f"Whether messages were kept as rules cannot be told: {error.message}"
        many = "A message that was kept as a rule is" if len(found) == 1 else f"{len(found)} messages kept as rules are"
        told = f"{many} removed; the history of the registry still holds the words." if found else ""
        return tuple(one.title for one in found), told

    def _rules_of(self, erasure: Erasure, before: str | None = None) -> list[Document]:
        """The documents that messages became, for the rules in them, which are gone, or go where what was written
        ``before`` a time does. Blocks.

        Raises:
            RegistryError: the registry is damaged.
        """
        from agentforge.agent.heard import message_of
        from agentforge.api.documents import UserDocuments

        episodes = self._opened.open_episodes() if self._opened.episodes is None else self._opened.episodes
        turns: dict[str, set[int]] = {one: set() for one in erasure.sessions}
        for one in erasure.shortened:
            begun = [event for event in episodes.events(one) if event.type == "turn_started"]
            turns[one] = {event.turn for event in begun if before is None or event.time >= before}
        origins = ((one, message_of(one.record.origin)) for one in UserDocuments(self._opened, self._settings).list())
        return [one for one, (session, turn) in origins if turn not in turns.get(session, {turn})]

    async def latest(self) -> str | None:
        """The id of the one that was written last."""
        return await asyncio.to_thread((await self._episodes()).latest)

    async def list(self, limit: int = 20, skip: int = 0) -> Sequence[EpisodeSummary]:
        """The newest first, by when they were written last, behind the first ``skip`` of them."""
        return await asyncio.to_thread((await self._episodes()).list, limit, skip)

    async def _with_learned(self, erasure: Erasure) -> Erased:
        sessions = (*erasure.sessions, *erasure.shortened)
        try:
            return Erased(erasure, await asyncio.to_thread(self._learned_from, sessions))
        except RegistryError as error:
            return Erased(erasure, remains=(f"What was learned from it cannot be told: {error}",))

    def _learned_from(self, sessions: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Tools and what is remembered, of each session from which anything came."""
        from agentforge.memory.origins import affected
        from agentforge.registry.learned import learned_from

        tools, known = learned_from(self._opened.registry, sessions), self._opened.memory().known()
        named = {one: (*tools.get(one, ()), *affected(known, f"episode:{one}").names) for one in sessions}
        return {session: names for session, names in named.items() if names}

    def _scope(self, session: str | None, before: datetime | None, everything: bool) -> Scope:
        from agentforge.memory.erasure import Scope
        from agentforge.memory.search import stamp

        if (session is not None) + (before is not None) + everything != 1:
            raise UsageError("Say one thing to erase: a session, a time before which, or everything.")
        return Scope(**self._owner, session=session, before=None if before is None else stamp(before))

    @property
    def _owner(self) -> dict[str, str]:
        return {"org": self._settings.org, "user": self._opened.owner}

    async def _episodes(self) -> Episodes:
        return await self._opened.the_episodes()

    async def _database(self) -> Database:
        await self._episodes()
        return self._opened.rows()


def _unwritten(error: StorageError) -> str:
    return (
        f"Its words may still be in the file: {error.message} "
        "Any later `agentforge sessions delete` rewrites it, best when nothing else is running."
    )
