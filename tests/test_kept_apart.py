"""Whatever users and administrators do, in whatever order: nothing of one user's is ever shown to another, in no
session, prompt, listing, search, cache or export; and what a company says reaches its own users alone.

Each thing holds a word that stands nowhere else, so that whoever gets to see the word gets to see the thing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from agentforge import Forge
from agentforge.boxes.protocol import Box
from agentforge.errors import ToolNotFound, UsageError
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.settings import COMPANY, SandboxSettings, load
from agentforge.testing import FakeBox, Reply, ScriptedModel
from agentforge.testing.box import raised
from agentforge.testing.scripted import Request
from agentforge.types import Need, State
from tests.agent.conftest import make_tool

pytestmark = pytest.mark.timeout(1800)
"""Each step is a commit or a whole turn, and the machine may be busy."""

T = TypeVar("T")
NUMBERS = itertools.count()

USERS = [("acme", "ada"), ("acme", "eve"), ("zeta", "ada")]
"""Two of one company, and two of one name."""
OWNERS = [*USERS, ("acme", COMPANY), ("zeta", COMPANY)]
PERSON, OWNER, ANY = st.integers(0, len(USERS) - 1), st.integers(0, len(OWNERS) - 1), st.integers(0, 99)


@dataclass
class Owner:
    """A user, or a company as its administrator sees it; ``words`` are all that was ever said here, ``forgotten`` those
    of entries and documents that were taken away.
    """

    org: str
    name: str
    forge: Forge
    model: ScriptedModel
    words: set[str] = field(default_factory=set)
    entries: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)


def answer(request: Request) -> Reply:
    """Asks memory and toolbox for all that they hold before it answers."""
    if request.messages[-1].answers:
        return Reply("Noted.")
    asked = {"query": "the thing is here"}
    return Reply(calls=(ToolCall("1", "recall", asked), ToolCall("2", "search_tools", asked)))


def shown(model: ScriptedModel) -> str:
    """All that the model got to see since the last look."""
    told = "\n".join(repr(request.ask) for request in model.requests)
    model.requests.clear()
    return told


class Story(RuleBasedStateMachine):
    """Writes, reads, forgets and administers."""

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.owners = [self.opened(org, name) for org, name in reversed(OWNERS)][::-1]  # companies exist first

    def opened(self, org: str, name: str) -> Owner:
        async def open_box(settings: SandboxSettings) -> Box:
            return FakeBox(lambda run: raised("ValueError", f"the thing {run.args} is here"))

        model = ScriptedModel(answer, features=FEATURES["claude"])
        company, user = name == COMPANY, "boss" if name == COMPANY else name
        own = load(overrides={"org": org, "user": user}).model_copy(update={"home": self.home})
        forge = Forge(user=user, org=org, settings=own, models=model, open_box=open_box, company=company)
        self.runner.run(forge.open())
        return Owner(org, name, forge, model)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        async def done() -> T:
            return await work

        return self.runner.run(done())

    def word(self, owner: Owner) -> str:
        made = f"word{next(NUMBERS)}x"
        owner.words.add(made)
        return made

    def visible(self, owner: Owner) -> set[str]:
        company = (one.words for one in self.owners if one.name == COMPANY and one.org == owner.org)
        return owner.words.union(*company)

    def check(self, owner: Owner, told: str) -> None:
        """Nothing that is not this owner's, or their company's, is in it."""
        visible = self.visible(owner)
        seen = {word for one in self.owners for word in one.words - visible if word in told}
        assert not seen, (owner.org, owner.name, seen)

    @rule(who=OWNER, kind=st.sampled_from(["fact", "preference", "lesson"]), topic=st.sampled_from(["", "things"]))
    def remember(self, who: int, kind: Any, topic: str) -> None:
        owner = self.owners[who]
        word = self.word(owner)
        done = owner.forge.memory.add(f"The thing {word} is here", kind=kind, topic=topic)
        assert done.entry
        owner.entries[done.entry.id] = word

    @rule(who=OWNER)
    def say_how_to_work(self, who: int) -> None:
        owner = self.owners[who]
        owner.forge.memory.persona.edit(f"The thing {self.word(owner)} is wanted.\n")

    @rule(who=OWNER)
    def keep_a_document(self, who: int) -> None:
        owner = self.owners[who]
        word = self.word(owner)
        kept = owner.forge.documents.keep(f"The thing {word} is here.\n", origin=f"mail:{word}", trusted=True).kept
        owner.documents[kept[0].document.id] = word

    @rule(who=OWNER)
    def learn_a_tool(self, who: int) -> None:
        owner = self.owners[who]
        word = self.word(owner)
        source = f'def tool_{word}(n: int) -> int:\n    """Tell the thing {word}."""\n    return n\n'
        tool = make_tool(f"tool_{word}", "(n: int) -> int", f"Tell the thing {word}.", source)
        owner.forge._opened().registry.add(tool, state=State.LIVE)
        owner.tools.append(tool.name)

    @rule(who=PERSON, goes_on=st.booleans(), right=st.booleans())
    def talk(self, who: int, goes_on: bool, right: bool) -> None:
        owner = self.owners[who]
        session = owner.sessions[-1] if goes_on and owner.sessions else None
        done = self.do(owner.forge.run(f"The thing {self.word(owner)} is here.", session=session))
        assert done.answer == "Noted."
        self.check(owner, shown(owner.model))
        owner.sessions += [] if done.session in owner.sessions else [done.session]
        if right:
            expected = f"The thing {self.word(owner)} is right."
            self.do(owner.forge.feedback("bad", session=done.session, expected=expected))

    @rule(who=PERSON, which=ANY)
    def call_a_tool(self, who: int, which: int) -> None:
        owner = self.owners[who]
        names = [tool.name for tool in owner.forge.tools() if tool.name.startswith("tool_word")]
        if names:
            number = f"90909{next(NUMBERS)}90909"
            owner.words.add(number)
            self.do(owner.forge.call(names[which % len(names)], {"n": int(number)}))

    @rule(who=PERSON)
    def want_a_tool(self, who: int) -> None:
        owner = self.owners[who]
        need = Need(f"need_{self.word(owner)}", "(n: int) -> int", "Tell the thing.")
        owner.jobs.append(self.do(owner.forge.enqueue(need)))

    @rule(who=OWNER, which=ANY)
    def forget(self, who: int, which: int) -> None:
        owner = self.owners[who]
        if owner.entries:
            key = [*owner.entries][which % len(owner.entries)]
            owner.forge.memory.forget(key)
            owner.forgotten.add(owner.entries.pop(key))
        elif owner.documents:
            key = [*owner.documents][which % len(owner.documents)]
            owner.forge.documents.remove(key)
            owner.forgotten.add(owner.documents.pop(key))

    @rule(who=PERSON, which=ANY)
    def erase(self, who: int, which: int) -> None:
        owner = self.owners[who]
        if owner.sessions:
            session = owner.sessions.pop(which % len(owner.sessions))
            self.do(owner.forge.sessions.erase(session))

    @rule(who=OWNER)
    def begin_anew(self, who: int) -> None:
        old = self.owners[who]
        self.runner.run(old.forge.aclose())
        new = self.opened(old.org, old.name)
        old.forge, old.model = new.forge, new.model

    @rule(who=OWNER, by=st.integers(1, len(OWNERS) - 1))
    def ask_for_what_is_not_theirs(self, who: int, by: int) -> None:
        owner, other = self.owners[who], self.owners[(who + by) % len(OWNERS)]
        if owner.name == COMPANY and owner.org == other.org:
            return
        forge = other.forge
        for key in owner.entries:
            with pytest.raises(UsageError):
                forge.memory.get(key)
            with pytest.raises(UsageError):
                forge.memory.forget(key)
        for key in owner.documents:
            with pytest.raises(UsageError):
                forge.documents.text(key)
        for name in owner.tools:
            with pytest.raises(ToolNotFound):
                forge.tool(name)
        for session in owner.sessions:
            for asked in (
                forge.sessions.show(session),
                forge.sessions.fork(session),
                forge.sessions.context(session),
                forge.sessions.erase(session),
                *([] if other.name == COMPANY else [forge.run("Go on.", session=session)]),
            ):
                with pytest.raises(UsageError):
                    self.do(asked)
        for job in owner.jobs:
            with pytest.raises(UsageError):
                self.do(forge.job(job))

    @rule(who=OWNER)
    def look(self, who: int) -> None:
        owner = self.owners[who]
        remembered = self.remembered(owner)
        self.check(owner, remembered + self.do(self.told(owner)))
        gone = {word for one in self.owners for word in one.forgotten if word in remembered}
        assert not gone, "what was forgotten is not remembered anywhere"
        mine = {*owner.entries.values(), *owner.documents.values()}
        assert not {word for word in mine if word not in remembered}, "and all else is"
        for one in self.owners:
            if one.name == COMPANY and one.org == owner.org:
                told = {*one.entries.values(), *one.documents.values()}
                assert not {word for word in told if word not in remembered}, "what the company says reaches its users"

    def remembered(self, owner: Owner) -> str:
        """What memory and documents say to an owner."""
        memory, documents = owner.forge.memory, owner.forge.documents
        told: list[object] = [*memory.list(everything=True), *memory.search("the thing is here", 1000)]
        told += [*memory.pending(), *(documents.text(one.id) for one in documents.list())]
        return repr([*told, *documents.search("the thing is here", 1000)])

    async def told(self, owner: Owner) -> str:
        """All else that an owner can ask for."""
        forge, opened = owner.forge, owner.forge._opened()
        memory = forge.memory
        told: list[object] = [memory.why(one.id) for one in memory.list(everything=True)]
        told += [memory.persona.text(), memory.persona.history(), memory.company_persona]
        told += [*forge.tools(None), *opened.index().search("tell the thing", 1000), *forge.log()]
        told += [*await forge.sessions.list(1000), *await forge.sessions.search("the thing is here", limit=1000)]
        told += [await forge.sessions.show(one.id) for one in await forge.sessions.list(1000)]
        told += [json.dumps(line) async for line in forge.sessions.export()]
        told += [*await (await forge.jobs()).list(1000), *await forge.repairs(), forge.problems()]
        told += [forge.review.advice(name) for name in owner.tools]
        return repr(told)

    def teardown(self) -> None:
        if not hasattr(self, "owners"):
            return
        try:
            for who, owner in enumerate(self.owners):
                self.look(who)
                caches = self.home / "caches" / owner.org
                for cache in caches.glob(f"{owner.name}.*"):
                    self.check(owner, cache.read_bytes().decode("latin-1"))
        finally:
            for owner in self.owners:
                self.runner.run(owner.forge.aclose())
            self.runner.close()
            shutil.rmtree(self.home, ignore_errors=True)


TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
