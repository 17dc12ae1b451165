"""The persona: how this user wants to be worked with, as one reviewed document whose versions are commits.

``memory/persona.md`` is Markdown. A line that was learned ends with the episodes that it came from, as a comment
(``<!-- from: ID ID ID -->``), which nobody is shown: when all of them are revoked, the line is left out. A change waits
as ``memory/persona.proposed.md`` until the user approves or rejects it; what the user edits stands at once.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agentforge.errors import UsageError
from agentforge.gitstore.changing import Change
from agentforge.memory.drafting import Draft
from agentforge.memory.entries import ID, REASON_CHARS, Rejected
from agentforge.memory.files import PERSONA, PROPOSED
from agentforge.memory.keeping import Memory, Written
from agentforge.memory.known import Known
from agentforge.memory.lines import Line, lines_in, proposal_for, source_of, split, version_of
from agentforge.memory.words import digest
from agentforge.secrecy import redact

PERSONA_CHARS = 4_000
"""Longest persona, as it is read: a page, so that every prompt can hold it."""
EPISODES_NEEDED = 3
"""So many episodes speak for a change that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the persona: the commit that made it, when, who approved it, from which episodes."""

    commit: str
    time: datetime
    what: str
    approver: str
    episodes: tuple[str, ...]


class Persona:
    """The persona in the registry of ``memory``; commits name ``approver`` as who decided. Every method that writes
    raises as those of :class:`Memory`.
    """

    def __init__(self, memory: Memory, *, approver: str) -> None:
        self._memory = memory
        self._approver = approver

    def text(self) -> str:
        """The persona as it is used: without what is revoked, and without comments; empty where there is none."""
        known = self._memory.known()
        return _shown(known.texts.get(PERSONA, ""), known.revoked)

    def lines(self) -> list[Line]:
        """The lines of :meth:`text`, each with the episodes that it came from."""
        known = self._memory.known()
        return [line for line in lines_of(known) if not line.withdrawn(known.revoked)]

    def at(self, commit: str) -> str:
        """The persona as it was at a commit (raises UsageError where there was none)."""
        if not any(one.commit.startswith(commit) for one in self.history() if len(commit) >= 7):
            raise UsageError(
                f"There is no version {commit[:64]!r} of the persona.", fix="See 'agentforge persona history'."
            )
        return _shown((self._memory.store.read(PERSONA, commit) or b"").decode("utf-8", "replace"), ())

    def proposed(self) -> str:
        """The persona as it would be; empty where nothing waits."""
        known = self._memory.known()
        return _shown(split(known.texts.get(PROPOSED, ""))[1], known.revoked)

    def history(self) -> list[Version]:
        """The versions, newest first."""
        return [
            Version(
                commit.sha,
                commit.time,
                commit.message,
                next(iter(commit.trailers.get("Approver", ())), ""),
                commit.trailers.get("Episode", ()),
            )
            for commit in self._memory.store.log([PERSONA])
        ]

    def diff(self, version: str = "") -> list[str]:
        """What the proposal changes, or what has changed since a version, as lines of a unified diff.

        Raises:
            UsageError: nothing waits, or there is no such version.
        """
        if version:
            return _differences(self.at(version), self.text(), version[:12], "now")
        _waiting(self._memory.known())
        return _differences(self.text(), self.proposed(), "now", "proposed")

    def seen(self) -> str:
        """By what a decision names the persona, and the change of it that waits, as they were looked at."""
        return _seen(self._memory.known())

    def edit(self, text: str, *, saw: str = "") -> Written:
        """Replaces the persona by the user's own words. Lines that stay keep where they came from; lines that are left
        out because they are revoked stay in the file. With ``saw`` (:meth:`seen`), as in :meth:`approve` and
        :meth:`reject`, nothing is changed where it is not as it was seen (raises UsageError).

        Raises:
            UsageError: it is too long, or holds a secret or characters that nobody sees.
        """

        def made(known: Known) -> tuple[Draft, str]:
            _insist(known, saw)
            draft = Draft(known)
            old = lines_in(known.texts.get(PERSONA, ""))
            hidden = [line for line in old if line.withdrawn(known.revoked)]
            new = [*_carried(lines_in(text), old, ()), *hidden]
            draft.write(PERSONA, source_of(new) or None)
            return draft, "Edit the persona"

        if problem := self._problem(text):
            raise UsageError(f"The persona was not changed. {problem}")
        return self._written(made, Written("accepted"), self._approver)

    def propose(self, text: str, *, episodes: Sequence[str] = (), requested: bool = False, once: str = "") -> Written:
        """Lets a changed persona wait for the user; it takes the place of one that waits already.

        ``text`` is the whole of it. New lines name ``episodes``: three at least, none of them revoked, or a request
        that the user made in so many words (``requested``). ``once`` is the job whose effect this is. The outcome is
        ``pending``, ``repeats`` (it changes nothing) or ``refused``.
        """
        known = self._memory.known()
        if once and self._memory.store.log(trailer=("Job", once), limit=1):
            return Written("repeats", "It was done before.")
        if problem := self._problem(text) or ("" if requested else _unfounded(known, text, episodes)):
            return Written("refused", problem)
        if _shown(text, ()) == self.text():
            return Written("repeats", "It changes nothing.")
        why = "The user asked for it." if requested else f"{len(set(episodes))} episodes speak for it."

        def made(known: Known) -> tuple[Draft, str]:
            draft = Draft(known)
            standing = known.texts.get(PERSONA, "")
            lines = _carried(lines_in(text), lines_in(standing), tuple(dict.fromkeys(episodes)))
            draft.write(PROPOSED, proposal_for(standing, source_of(lines)))
            return draft, "Propose a persona"

        return self._written(made, Written("pending", why), "", {"Episode": episodes, "Job": [once] if once else []})

    def approve(self, *, saw: str = "") -> Written:
        """Makes the proposal the persona.

        Raises:
            UsageError: nothing waits, or the persona has changed since it was proposed.
        """
        named = self._episodes()

        def made(known: Known) -> tuple[Draft, str]:
            _insist(known, saw)
            version, source = _waiting(known)
            standing = known.texts.get(PERSONA, "")
            if version != version_of(standing):
                raise UsageError(
                    "The persona has changed since this was proposed, so it cannot be approved.",
                    fix="Reject it ('agentforge persona reject'), or take what is good of it over with 'persona edit'.",
                )
            draft = Draft(known)
            hidden = [line for line in lines_in(standing) if line.withdrawn(known.revoked)]
            kept = [line for line in lines_in(source) if line not in hidden]
            draft.write(PERSONA, source_of([*kept, *hidden]) or None)
            draft.write(PROPOSED, None)
            return draft, "Approve the persona"

        return self._written(made, Written("accepted"), self._approver, {"Episode": named})

    def reject(self, reason: str = "", *, saw: str = "") -> Written:
        """Takes the proposal away, and the same one is made again only if the user asks for it.

        Raises:
            UsageError: nothing waits.
        """
        why = " ".join(redact(reason, self._memory.secrets).split())[:REASON_CHARS].strip()

        def made(known: Known) -> tuple[Draft, str]:
            _insist(known, saw)
            words = digest(_shown(_waiting(known)[1], ()))
            draft = Draft(known)
            draft.write(PROPOSED, None)
            draft.refuse(f"persona-{words[:12]}", Rejected(words=words, date=self._memory.today(), reason=why))
            return draft, "Reject the persona"

        return self._written(made, Written("refused", why), self._approver)

    def _written(
        self,
        made: Callable[[Known], tuple[Draft, str]],
        written: Written,
        approver: str,
        trailers: Mapping[str, Sequence[str]] | None = None,
    ) -> Written:
        def change(known: Known) -> Change | None:
            draft, subject = made(known)
            return draft.change(subject)

        return self._memory.committed(change, [written], approver=approver, trailers=trailers)

    def _episodes(self) -> tuple[str, ...]:
        """The episodes that the newest proposal names."""
        commits = self._memory.store.log([PROPOSED], limit=1)
        return commits[0].trailers.get("Episode", ()) if commits else ()

    def _problem(self, text: str) -> str:
        """Why a text can be no persona; empty where it can."""
        if len(text) > PERSONA_CHARS:
            return f"It is too long: {len(text)} characters, and {PERSONA_CHARS} are the most."
        if not all(line.isprintable() for line in text.expandtabs().splitlines()):
            return "It holds characters that nobody sees."
        if redact(text, self._memory.secrets) != text:
            return "It holds what looks like a secret."
        return ""


def lines_of(known: Known) -> list[Line]:
    """The lines of the persona, those included that are left out."""
    return lines_in(known.texts.get(PERSONA, ""))


def turned_down(memory: Memory, commit: str) -> str:
    """Why the change that waited at a commit was rejected later; empty where nobody said so, or it was not."""
    source = split((memory.store.read(PROPOSED, commit) or b"").decode("utf-8", "replace"))[1]
    found = memory.known().rejected.get(f"persona-{digest(_shown(source, ()))[:12]}")
    return found.reason if found is not None else ""


def _seen(known: Known) -> str:
    told = [known.texts.get(PERSONA, ""), known.texts.get(PROPOSED, ""), *sorted(known.revoked)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:12]


def _insist(known: Known, saw: str) -> None:
    if saw and saw != _seen(known):
        raise UsageError("The persona has changed since you looked at it.", fix="Look at it again.")


def _unfounded(known: Known, text: str, episodes: Sequence[str]) -> str:
    """Why a change that nobody asked for is not even proposed; empty where it is."""
    if bad := [one for one in episodes if not ID.fullmatch(one)]:
        return f"{bad[0][:40]!r} is no id of an episode."
    if revoked := [one for one in episodes if f"episode:{one}" in known.revoked]:
        return f"It comes from episode {revoked[0]}, which is revoked."
    if len(set(episodes)) < EPISODES_NEEDED:
        return f"{len(set(episodes))} of {EPISODES_NEEDED} episodes speak for it, and the user did not ask for it."
    words = digest(_shown(text, ()))
    turned_down = next((one for one in known.rejected.values() if one.words == words), None)
    return f"The user turned it down on {turned_down.date}." if turned_down else ""


def _carried(new: Sequence[Line], old: Sequence[Line], episodes: tuple[str, ...]) -> list[Line]:
    """Lines with the origins of equal ones that stood before; others come from ``episodes``. Marks that a text brings
    along are nothing but text of whoever wrote it, and are dropped.
    """
    before = {line.text: line.episodes for line in old}
    return [Line(line.text, before.get(line.text, episodes) if line.text.strip() else ()) for line in new]


def _shown(source: str, revoked: Collection[str]) -> str:
    return "".join(f"{line.text}\n" for line in lines_in(source) if not line.withdrawn(revoked))


def _waiting(known: Known) -> tuple[str, str]:
    if PROPOSED not in known.texts:
        raise UsageError("No change of the persona waits.", fix="'agentforge persona edit FILE' changes it by hand.")
    return split(known.texts[PROPOSED])


def _differences(old: str, new: str, before: str, after: str) -> list[str]:
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm=""))
