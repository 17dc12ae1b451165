"""Whatever several users do, in whatever order: each finds, shows, exports, forks and erases their own sessions alone,
and what they find is just what was said and not erased.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from agentforge.database.store import Database
from agentforge.errors import UsageError
from agentforge.memory.episodes import Episodes
from agentforge.memory.erasure import Scope, erase, foreseen
from agentforge.memory.export import export
from agentforge.memory.forks import fork
from agentforge.memory.search import search

from .conftest import user_says

NUMBERS = itertools.count()
PEOPLE = st.integers(0, 2)
ANY = st.integers(0, 99)


@cache
def opened() -> Database:
    """One database for all stories, as all users of a company have one."""
    return Database.open("sqlite://")


@dataclass(frozen=True)
class Said:
    """A word that nobody else ever said, in a message (of that turn) or in a call's error (turn 0)."""

    word: str
    turn: int
    time: datetime


@dataclass
class Known:
    """What there must be of one session."""

    said: list[Said] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def turns(self) -> int:
        return max((one.turn for one in self.said), default=0)


class Story(RuleBasedStateMachine):
    """Three users, two of them of one name in two companies, two in one company."""

    def __init__(self) -> None:
        super().__init__()
        number = next(NUMBERS)
        names = [("acme", f"ada{number}"), ("acme", f"eve{number}"), ("zeta", f"ada{number}")]
        self.people = [{"org": org, "user": user} for org, user in names]
        self.known: list[dict[str, Known]] = [{}, {}, {}]
        self.moments: list[datetime] = [datetime.now(UTC)]
        self.words: list[str] = []

    def of(self, person: int) -> Episodes:
        return Episodes(opened(), **self.people[person])

    def one_of(self, person: int, which: int) -> str:
        """A session of theirs; their first begins with the first need of one."""
        if not self.known[person]:
            self.begin(person)
        return [*self.known[person]][which % len(self.known[person])]

    def word(self) -> str:
        self.words.append(f"word{next(NUMBERS)}x")
        return self.words[-1]

    @rule(person=PEOPLE)
    def begin(self, person: int) -> None:
        self.known[person][self.of(person).start("A title")] = Known()

    @rule(person=PEOPLE, which=ANY, how=st.sampled_from(["message", "call", "page"]))
    def happen(self, person: int, which: int, how: str) -> None:
        session, word = self.one_of(person, which), self.word()
        known, episodes = self.known[person][session], self.of(person)
        if how == "message":
            turn = episodes.next_turn(session)
            episodes.append(session, user_says(f"here is {word}"), turn)
            known.said.append(Said(word, turn, datetime.now(UTC)))
        elif how == "call":
            episodes.record_call(session, 1, "t", "v", {}, "raised", f"ValueError: {word}", 0.1)
            known.said.append(Said(word, 0, datetime.now(UTC)))
        else:
            episodes.record_source(session, "page", word)
            known.pages.append(word)
        known.updated = datetime.now(UTC)

    @rule(person=PEOPLE, which=ANY, turn=ANY)
    def fork(self, person: int, which: int, turn: int) -> None:
        session = self.one_of(person, which)
        known = self.known[person][session]
        upto = turn % known.turns + 1 if known.turns else None
        made = fork(opened(), session, **self.people[person], turn=upto)
        said = [one for one in known.said if 0 < one.turn <= (upto or 0)]
        self.known[person][made] = Known(said, [*known.pages])

    @rule()
    def time_passes(self) -> None:
        self.moments.append(datetime.now(UTC))

    @rule(person=PEOPLE, which=ANY)
    def erase_one(self, person: int, which: int) -> None:
        session = self.one_of(person, which)
        erase(opened(), Scope(**self.people[person], session=session))
        del self.known[person][session]

    @rule(person=PEOPLE, which=ANY)
    def erase_before(self, person: int, which: int) -> None:
        moment = self.moments[which % len(self.moments)]
        erase(opened(), Scope(**self.people[person], before=moment.isoformat(timespec="microseconds")))
        for session, known in [*self.known[person].items()]:
            if known.updated < moment:
                del self.known[person][session]
            else:
                known.said = [one for one in known.said if one.time >= moment]

    @rule(person=PEOPLE)
    def erase_everything(self, person: int) -> None:
        erase(opened(), Scope(**self.people[person]))
        self.known[person].clear()

    @rule(person=PEOPLE, by=st.integers(1, 2), which=ANY)
    def try_what_is_not_theirs(self, person: int, by: int, which: int) -> None:
        session, other = self.one_of(person, which), self.people[(person + by) % 3]
        attempts: list[Callable[[], object]] = [
            lambda: Episodes(opened(), **other).load(session),
            lambda: fork(opened(), session, **other),
            lambda: export(opened(), **other, session=session),
            lambda: foreseen(opened(), Scope(**other, session=session)),
            lambda: erase(opened(), Scope(**other, session=session)),
        ]
        for attempt in attempts:
            with pytest.raises(UsageError, match="There is no session"):
                attempt()

    @rule(which=ANY)
    def look_for_a_word(self, which: int) -> None:
        if self.words:
            self.find(self.words[which % len(self.words)])

    def find(self, word: str) -> None:
        for person, known in zip(self.people, self.known, strict=True):
            expected = {key for key, one in known.items() if word in {said.word for said in one.said}}
            assert {one.session for one in search(opened(), word, **person)} == expected

    def teardown(self) -> None:
        for word in self.words:
            self.find(word)
        for person, known in enumerate(self.known):
            assert {one.id for one in self.of(person).list(1000)} == {*known}
            words = {word for one in known.values() for word in one.pages}
            for session, one in known.items():
                self.compare(self.of(person), session, one)
                words |= {said.word for said in one.said}
            told = json.dumps([*export(opened(), **self.people[person])])
            assert {word for word in self.words if word in told} == words

    def compare(self, episodes: Episodes, session: str, known: Known) -> None:
        """What is shown of a session; its taint above all."""
        shown = episodes.load(session)
        assert [source.ref for source in shown.sources] == known.pages
        assert shown.messages == tuple(user_says(f"here is {one.word}") for one in known.said if one.turn)


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
