"""What a day's sessions tell of the user: facts and preferences, and a persona of what was said again and again.

Of a session only those of the user's own sentences are read in which people speak of themselves or of how they want
things done; where there is none, no model is asked. What becomes of an entry is decided by the gates of memory
(:mod:`agentforge.memory.gates`). A persona is only ever proposed, once a week at the most.

What this does not see: what is said in other words than these, and in other languages than English.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from agentforge.agent.asking import closed_object
from agentforge.agent.attachments import grounds
from agentforge.agent.notations import as_worked_lines
from agentforge.errors import UsageError
from agentforge.memory.entries import TEXT_CHARS, TOPIC, Candidate, Entry, Kind
from agentforge.memory.persona import EPISODES_NEEDED, Persona
from agentforge.memory.words import repeats
from agentforge.models.prompts import render
from agentforge.models.protocol import Message, ModelClient
from agentforge.registry.lineage import source_id
from agentforge.sleep.parts import Committed, Copy, Made, NightParts
from agentforge.sleep.report import Kind as ChangeKind
from agentforge.sleep.wordings import wordings
from agentforge.types import JSON, JSONObject, Role

MOST_ENTRIES = 5
"""Of one session."""
ENTRY_TOKENS = 400
PERSONA_DAYS = 7
"""The clock of the persona: it is proposed no oftener."""

_TELLS = re.compile(
    r"\b(?:i|i['’](?:m|d|ve|ll)|me|my|mine|myself|we|our|ours|us|always|never|prefer\w*|from now on|remember|in future"
    r"|call me|please (?:use|write|answer|keep|give)|don['’]t|do not)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


class FromSession:
    """What one session tells is remembered. Implements :class:`~agentforge.sleep.parts.Proposal`."""

    kind: ChangeKind = "memory"
    costs = True

    def __init__(self, session: str, updated: str, said: Sequence[str], parts: NightParts) -> None:
        self.key = f"memory/{session}/{updated}"
        self.updated = updated
        self.what = f"what session {session} tells is remembered"
        self._session, self._said, self._parts = session, said, parts

    async def make(self, copy: Copy, once: str, models: ModelClient | None) -> Made | str:
        """Asks role ``reflect``; the gates decide when it is committed."""
        del copy, once
        if models is None:
            return "No model is set up that could read it."
        told = "\n".join(telling(self._said))[-2 * models.context(Role.REFLECT) :]  # about half of its window
        question = [Message("user", render("sleep_remember", words=told))]
        answer = await models.decide(Role.REFLECT, question, _schema(), max_tokens=ENTRY_TOKENS, temperature=0.0)
        candidates = await asyncio.to_thread(self._candidates, answer)
        if not candidates:
            return "It tells nothing that lasts."
        return Made(lambda job: self._commit(candidates, job), rehearsed=False)

    def settle(self, tool: str) -> None:
        """Nothing: a session is read once."""

    def _candidates(self, answer: JSONObject) -> list[Candidate]:
        sources = self._parts.episodes.sources(self._session)
        read = tuple(dict.fromkeys(source_id(one.kind, one.ref) for one in sources))
        rows = [row for row in cast("list[JSON]", answer.get("entries") or []) if isinstance(row, dict)]
        return [_candidate(row, self._session, read) for row in rows[:MOST_ENTRIES]]

    def _commit(self, candidates: Sequence[Candidate], job: str) -> Committed:
        commits: list[str] = []
        became: Counter[str] = Counter()
        for number, one in enumerate(candidates):
            try:
                done = self._parts.memory.add(one, said=self._said, once=f"{job}.{number}")
            except UsageError:
                became["refused"] += 1
                continue
            became[done.outcome] += 1
            made = self._parts.memory.store.log(trailer=("Job", f"{job}.{number}"), limit=1)
            commits += [each.sha for each in made]
        told = ", ".join(f"{count} {outcome}" for outcome, count in became.items())
        kept = "waits" if became["pending"] and not became["accepted"] else "kept" if commits else "nothing"
        return Committed(tuple(commits), kept, f"Of {len(candidates)} entries: {told}.")


class OfPersona:
    """What was said in three sessions or more is proposed for the persona. Implements
    :class:`~agentforge.sleep.parts.Proposal`.
    """

    kind: ChangeKind = "persona"
    costs = False

    def __init__(self, entries: Sequence[Entry], parts: NightParts) -> None:
        self.key = f"persona/{'+'.join(entry.id for entry in entries)}"[:150]
        said = "a preference that was" if len(entries) == 1 else f"{len(entries)} preferences that were"
        self.what = f"{said} said in {EPISODES_NEEDED} sessions or more, for the persona"
        self._entries, self._parts = entries, parts

    async def make(self, copy: Copy, once: str, models: ModelClient | None) -> Made | str:
        """A proposal: what the persona says is the user's to decide."""
        del copy, once, models
        return Made(self._commit, "waits", "It waits for you: 'agentforge persona show'.", rehearsed=False)

    def settle(self, tool: str) -> None:
        """Nothing: what waits, or was turned down, stands in the registry."""

    def _commit(self, job: str) -> Committed:
        memory = self._parts.memory
        persona = Persona(memory, approver="")
        lines = [*persona.text().rstrip("\n").split("\n"), *(f"- {entry.text}" for entry in self._entries)]
        episodes = dict.fromkeys(one for entry in self._entries for one in entry.episodes)
        done = persona.propose("\n".join(lines).lstrip("\n") + "\n", episodes=[*episodes], once=job)
        commits = tuple(one.sha for one in memory.store.log(trailer=("Job", job), limit=1))
        return Committed(commits) if commits else Committed((), "nothing", done.why)


def telling(said: Sequence[str]) -> list[str]:
    """The sentences of what a user typed that may tell of the user."""
    return [one.strip() for text in said for one in _SENTENCE.split(text) if _TELLS.search(one)]


def new_sessions(since: str, until: str, parts: NightParts) -> Iterator[FromSession]:
    """The sessions between two moments that tell anything of the user, oldest first. Blocks.

    Questions of one form whose answers were judged are work, and tell nothing more: a small model takes three facts
    from each.
    """
    work = {truth.question for one in wordings(parts.truths.newest()) for truth in one.truths}
    revoked = parts.memory.known().revoked
    for session, updated in parts.news.sessions(since, until, parts.settings.sleep.sessions):
        if f"episode:{session}" in revoked:
            continue
        typed = [text for where, text in grounds(parts.episodes.messages(session)) if where == "user"]
        said = [text for text in typed if as_worked_lines(text) not in work]
        if telling(said):
            yield FromSession(session, updated, said, parts)


def of_persona(now: str, parts: NightParts) -> list[OfPersona]:
    """The proposal of a persona, where one is due; ``now`` is the moment up to which the night looks. Blocks."""
    persona = Persona(parts.memory, approver="")
    week_ago = (datetime.fromisoformat(now) - timedelta(days=PERSONA_DAYS)).isoformat(timespec="microseconds")
    nights = [one for one in parts.earlier() if one.until > week_ago]
    if persona.proposed() or any(done.kind == "persona" and done.commits for one in nights for done in one.changes):
        return []
    lines = persona.text().splitlines()
    ripe = [
        entry
        for entry in parts.memory.known().current
        if entry.kind == "preference" and len(entry.episodes) >= EPISODES_NEEDED and not _stands(entry.text, lines)
    ]
    return [OfPersona(ripe, parts)] if ripe else []


def _stands(text: str, lines: Sequence[str]) -> bool:
    return any(line.strip() and repeats(text, line.lstrip("- ")) for line in lines)


def _schema() -> JSONObject:
    entry = closed_object(
        kind={"type": "string", "enum": ["fact", "preference"]},
        text={"type": "string", "maxLength": TEXT_CHARS},
        topic={"type": "string", "maxLength": 40},
    )
    return closed_object(entries={"type": "array", "items": entry, "maxItems": MOST_ENTRIES})


def _candidate(row: JSONObject, session: str, read: tuple[str, ...]) -> Candidate:
    kind: Kind = "preference" if row.get("kind") == "preference" else "fact"
    topic = str(row.get("topic", "")).strip().lower()
    known = topic if TOPIC.fullmatch(topic) else ""
    return Candidate(str(row.get("text", "")), kind, known, episodes=(session,), sources=read, tainted=bool(read))
