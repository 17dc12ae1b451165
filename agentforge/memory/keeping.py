"""Remembering: what is known of one user, and every change to it as one commit of the user's registry.

Facts, preferences and lessons come in through the gates (:mod:`agentforge.memory.gates`); what comes from untrusted
text waits for the user. Nothing is overwritten without a trace: a newer entry supersedes, and git keeps what an edit
replaced. Commit messages and trailers hold ids only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agentforge import clock
from agentforge.errors import UsageError
from agentforge.gitstore.changing import Change, commit_newest
from agentforge.gitstore.store import GitStore
from agentforge.memory.drafting import Draft
from agentforge.memory.entries import ID, MOST_EPISODES, REASON_CHARS, Candidate, Entry, Rejected, Waiting, new_id
from agentforge.memory.gates import Asked, Outcome, Verdict, judge
from agentforge.memory.known import Known, Reader, unknown
from agentforge.memory.lines import without
from agentforge.memory.recall import Hit, Recall
from agentforge.memory.words import digest, meaning
from agentforge.secrecy import redact


@dataclass(frozen=True, slots=True)
class Written:
    """What became of something: ``why`` is a sentence; ``entry`` is what is remembered, or what it repeats;
    ``superseded`` are the ids of what it replaced; ``commit`` is empty where nothing was written.
    """

    outcome: Outcome
    why: str = ""
    entry: Entry | None = None
    superseded: tuple[str, ...] = ()
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten: the entry and those that came from it alone, what they came from, and the commit."""

    entries: tuple[Entry, ...]
    episodes: tuple[str, ...]
    commit: str


def _no_origins() -> frozenset[str]:
    return frozenset()


def _utc_day() -> date:
    return clock.now().date()


class Memory:
    """What is remembered in one registry. ``revoked`` gives the origins that are revoked in it (``episode:ID``,
    ``source:ID``), ``secrets`` are texts that are never written, exactly, ``today`` is the UTC day (tests).

    All of it works on git and so blocks. Every method that writes raises RegistryError and StorageError as
    :func:`agentforge.gitstore.changing.commit_newest`.
    """

    def __init__(
        self,
        store: GitStore,
        *,
        revoked: Callable[[], frozenset[str]] = _no_origins,
        secrets: Collection[str] = (),
        today: Callable[[], date] = _utc_day,
    ) -> None:
        self.store = store
        self.secrets = tuple(secrets)
        self.today = today
        self._reader = Reader(store, revoked)
        self._recall = Recall()

    def known(self) -> Known:
        """All that is remembered at this moment; cheap where no commit came since the last time."""
        return self._reader.newest()

    def close(self) -> None:
        """Gives up what is held in memory; the repository is its owner's to close."""
        self._recall.close()

    def at(self, rev: str) -> Known:
        """What was remembered at a commit."""
        return self._reader.at(rev)

    def search(self, query: str, k: int = 5, *, lessons: bool | None = None) -> list[Hit]:
        """The ``k`` best current entries for any text, best first; of facts and lessons, or of one of the two."""
        return self._recall.search(self.known().current, query, k, lessons=lessons)

    def add(self, candidate: Candidate, *, said: Sequence[str] = (), approver: str = "", once: str = "") -> Written:
        """Remembers something, where the gates let it. ``said`` is what the user typed in its episode; with
        ``approver`` it is asked for by a person. ``once`` names the effect of a job (its id, or ``ID/N`` where
        it has several): where a commit names it already, nothing is done.

        Raises:
            UsageError: an entry that it is to supersede is not there, or superseded already.
        """
        told: list[Written] = []
        candidate = _trimmed(candidate)

        def change(known: Known) -> Change | None:
            if once and (done := self._done(known, once)):
                told.append(done)
                return None
            asked = Asked(candidate, known, said, self.secrets, by_hand=bool(approver))
            verdict, draft = judge(asked), Draft(known)
            written = self._decided(draft, asked, verdict)
            told.append(written)
            key = written.entry.id if written.entry else ""
            return draft.change(_SUBJECTS[verdict.outcome].format(key), [key]) if key else None

        trailers = {"Episode": candidate.episodes, "Source": candidate.sources, "Job": [once] if once else []}
        return self.committed(change, told, approver=approver, trailers=trailers)

    def edit(self, key: str, text: str, *, when: str | None = None, approver: str = "", saw: str = "") -> Written:
        """Replaces the text of an entry (and ``when`` it applies) in place; git keeps the old one. With ``saw``
        (:meth:`Known.seen`), as in the methods below, only where it is as it was seen.

        Raises:
            UsageError: there is no such entry, it is superseded, has changed since it was seen, or the gates refuse the
                text (all reasons).
        """
        told: list[Written] = []

        def change(known: Known) -> Change | None:
            known.insist(key, saw)
            old = known.get(key)
            if old.superseded_by:
                raise UsageError(f"{key} is superseded by {old.superseded_by}.", fix="Edit that one, or add a new one.")
            text_now, when_now = _flat(text), old.when if when is None else _flat(when)
            candidate = Candidate(text_now, old.kind, when=when_now)
            verdict = judge(Asked(candidate, known, secrets=self.secrets, by_hand=True))
            if verdict.outcome == "refused" or (verdict.outcome == "repeats" and verdict.entry != key):
                raise UsageError(f"{key} was not changed. {verdict.why}")
            new, draft = old.model_copy(update={"text": text_now, "when": when_now}), Draft(known)
            if key in known.pending:
                draft.wait(known.pending[key].model_copy(update={"entry": new}))
            else:
                draft.put(new)
                draft.reword([old.text] if old.text != new.text else [], new)
            told.append(Written("accepted", entry=new))
            return draft.change(f"Edit {key}", [key])

        return self.committed(change, told, approver=approver)

    def approve(self, key: str, *, approver: str, saw: str = "") -> Written:
        """Lets an entry that waits be used; what it contradicts is superseded. Its origins and its mark stay.

        Raises:
            UsageError: nothing waits under that id, or the gates refuse it by now.
        """
        told: list[Written] = []

        def change(known: Known) -> Change | None:
            known.insist(key, saw)
            waiting = _waiting(known, key)
            entry = waiting.entry
            candidate = Candidate(entry.text, entry.kind, entry.topic, entry.when, entry.episodes, entry.sources)
            verdict = judge(Asked(candidate, known, secrets=self.secrets, by_hand=True))
            if verdict.outcome == "refused":
                raise UsageError(f"{key} cannot be approved. {verdict.why}", fix=f"agentforge memory reject {key}")
            draft = Draft(known)
            draft.drop(key)
            if verdict.outcome == "repeats":
                told.append(Written("repeats", verdict.why, known.entries[verdict.entry]))
            else:
                open_ones = [each for each in waiting.supersedes if _stands(known, each)]
                draft.enter(entry, open_ones, self.today())
                told.append(Written("accepted", entry=entry, superseded=tuple(draft.superseded)))
            return draft.change(f"Approve {key}", [key])

        return self.committed(change, told, approver=approver)

    def reject(self, key: str, reason: str = "", *, approver: str, saw: str = "") -> Written:
        """Takes an entry out of the queue; it is not proposed again. The reason is kept, its words are not.

        Raises:
            UsageError: nothing waits under that id.
        """
        told: list[Written] = []
        why = _flat(redact(reason, self.secrets))[:REASON_CHARS].strip()

        def change(known: Known) -> Change | None:
            known.insist(key, saw)
            entry, draft = _waiting(known, key).entry, Draft(known)
            draft.turn_down(key, Rejected(words=digest(entry.text), date=self.today(), reason=why))
            told.append(Written("refused", why, entry))
            return draft.change(f"Reject {key}", [key])

        return self.committed(change, told, approver=approver)

    def forget(self, key: str, *, approver: str = "", saw: str = "") -> Forgotten:
        """Takes an entry away, those that were derived from it alone (their only source is ``memory:ID``), and the
        lines of the persona, also of one that waits, which say the same and no more.

        The history of the registry keeps them: :func:`agentforge.memory.forgetting.erase` rewrites it.

        Raises:
            UsageError: there is no such entry.
        """
        told: list[Written] = []
        gone: dict[str, Entry] = {}

        def change(known: Known) -> Change | None:
            known.insist(key, saw)
            gone.clear()
            gone.update({one.id: one for one in derived(known, key)})
            draft = Draft(known)
            for each in gone:
                draft.drop(each)
            for path, text in without(known.texts, [one.text for one in gone.values()]).items():
                draft.write(path, text)
            told.append(Written("accepted", entry=gone[key]))
            return draft.change(f"Forget {key}", list(gone))

        done = self.committed(change, told, approver=approver)
        episodes = dict.fromkeys(episode for one in gone.values() for episode in one.episodes)
        return Forgotten(tuple(gone.values()), tuple(episodes), done.commit)

    def committed(
        self,
        change: Callable[[Known], Change | None],
        told: Sequence[Written],
        *,
        approver: str = "",
        trailers: Mapping[str, Sequence[str]] | None = None,
    ) -> Written:
        """Commits what ``change`` makes of the newest state; ``told`` is what it says became of it, the last one."""
        if approver and not ID.fullmatch(approver):
            raise UsageError(f"{approver[:80]!r} cannot stand for a person in a commit.")
        named = {**(trailers or {}), "Approver": [approver] if approver else []}

        def make() -> tuple[str, Change] | None:
            known = self.known()
            wanted = change(known)
            return None if wanted is None else (known.head, wanted)

        commit = commit_newest(self.store, make, named) or ""
        last = told[-1]
        return Written(last.outcome, last.why, last.entry, last.superseded, commit)

    def _done(self, known: Known, once: str) -> Written | None:
        for commit in self.store.log(trailer=("Job", once), limit=1):
            key = next(iter(commit.trailers.get("Memory", ())), "")
            entry = known.get(key) if key in {*known.entries, *known.pending} else None
            return Written("repeats", "It was done before.", entry)
        return None

    def _decided(self, draft: Draft, asked: Asked, verdict: Verdict) -> Written:
        candidate, known = asked.candidate, asked.known
        if verdict.outcome == "refused":
            return Written("refused", verdict.why)
        if verdict.outcome == "repeats":
            return Written("repeats", verdict.why, self._confirmed(draft, asked, verdict.entry))
        draft.check(candidate.kind == "lesson", candidate.supersedes)
        entry = Entry(
            id=new_id(candidate.kind, known.taken()),
            kind=candidate.kind,
            text=candidate.text,
            topic=candidate.topic,
            when=candidate.when,
            episodes=tuple(dict.fromkeys(candidate.episodes))[:MOST_EPISODES],
            sources=_sources(asked),
            outcomes=dict(candidate.outcomes),
            created=self.today(),
            untrusted=candidate.tainted and not asked.vouched,
        )
        if verdict.outcome == "pending":
            draft.wait(Waiting(entry=entry, supersedes=candidate.supersedes, why=verdict.why))
            return Written("pending", verdict.why, entry)
        for key, one in known.pending.items():
            if meaning(one.entry.text) == meaning(entry.text) and one.entry.lesson is entry.lesson:
                draft.drop(key)
        draft.enter(entry, candidate.supersedes, self.today())
        return Written("accepted", "", entry, tuple(draft.superseded))

    def _confirmed(self, draft: Draft, asked: Asked, key: str) -> Entry:
        """What is said again is confirmed, unless untrusted text may have said it."""
        entry = asked.known.get(key)
        if key in asked.known.pending or (asked.candidate.tainted and not asked.vouched):
            return entry
        episodes = tuple(dict.fromkeys([*entry.episodes, *asked.candidate.episodes]))[:MOST_EPISODES]
        facts = {"confirmed": self.today(), "episodes": episodes if entry.episodes else ()}  # by hand: from no episode
        again = entry.model_copy(update=facts)
        draft.put(again)
        return again


def derived(known: Known, key: str) -> list[Entry]:
    """An entry and all that came from it alone, in any number of steps (raises UsageError where there is none)."""
    everything = [*known.entries.values(), *(one.entry for one in known.pending.values())]
    found = {key: known.get(key)}
    while True:
        ours = {f"memory:{each}" for each in found}
        more = [one for one in everything if one.id not in found and not one.episodes and one.sources]
        more = [one for one in more if ours.issuperset(one.sources)]
        if not more:
            return [*found.values()]
        found |= {one.id: one for one in more}


_SUBJECTS: Mapping[Outcome, str] = {"accepted": "Remember {}", "pending": "Let {} wait", "repeats": "Confirm {}"}


def _sources(asked: Asked) -> tuple[str, ...]:
    """What an entry came from. What the user says himself came from no page that was read beside it."""
    one = asked.candidate
    own = one.tainted and asked.vouched
    return tuple(each for each in dict.fromkeys(one.sources) if not own or each.startswith("memory:"))


def _trimmed(candidate: Candidate) -> Candidate:
    return replace(candidate, text=_flat(candidate.text), when=_flat(candidate.when), topic=candidate.topic.strip())


def _flat(text: str) -> str:
    return " ".join(text.split())


def _waiting(known: Known, key: str) -> Waiting:
    if key in known.pending:
        return known.pending[key]
    if key in known.entries:
        raise UsageError(f"{key} does not wait: it is {known.standing(key)}.")
    raise unknown(key)


def _stands(known: Known, key: str) -> bool:
    return key in known.entries and not known.entries[key].superseded_by
