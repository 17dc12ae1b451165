"""A user whose days are scripted, and what surrounds her: a calendar, her agent, and the models behind it.

The models are scripted: what they answer stands beside each sentence of hers, so that the same days can be lived again
whenever somebody wants to see them. All else is what every user has: git, database, sandbox, gates, and the commands
of the terminal. With a real model the script is left aside, and the days go as that model makes them go.
"""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from collections import deque
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from agentforge import Forge, RunResult
from agentforge.cli.app import main as agentforge
from agentforge.errors import UsageError
from agentforge.memory.entries import Entry
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.settings import load
from agentforge.testing import MovedClock, Reply, ScriptedModel, ScriptExhausted
from agentforge.testing.script import Answer
from agentforge.testing.scripted import Request
from agentforge.types import JSON, Role

FIRST_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday, at nine in the morning."""

WHO = {role: "small" if role is Role.GENERATE else "large" for role in Role}
"""A large model decides, writes tests and reflects at night; a small one writes the code."""

_numbers = count(1)


def asks(tool: str, /, **args: JSON) -> Reply:
    """The large model asks for a tool instead of answering."""
    return Reply(calls=(ToolCall(f"call_{next(_numbers)}", tool, args),))


@dataclass
class Person:
    """One user. ``folder`` is where her files lie, ``told`` what she saw on each day, line by line; with ``real`` the
    models of the settings answer instead of the script.
    """

    user: str
    folder: Path
    real: bool = False
    settings: dict[str, object] = field(default_factory=dict)
    told: dict[int, list[str]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = MovedClock(FIRST_DAY)
        self._day = 0
        self._lines: dict[Role, deque[Answer]] = {role: deque() for role in Role}

    def wakes(self, day: int) -> None:
        """It is nine in the morning of that day."""
        left = {str(role): len(lines) for role, lines in self._lines.items() if lines}
        if left and not self.real:
            raise ScriptExhausted(f"On day {self._day} the script says more than was asked for: {left}.")
        self._day = day
        self._at(FIRST_DAY.hour)

    def says(self, text: str, *answers: Answer, session: str | None = None, **others: Sequence[Answer]) -> RunResult:
        """She says something, in a session of its own unless one is given. ``answers`` are what the large model says
        and does; ``others`` as :meth:`scripted`.
        """
        self.scripted(*answers, **others)
        self.note(f"{self._name}{text}")
        result = self.forge().run_sync(text, session=session)
        self.note(f"agent:  {result.answer or result.message}")
        for cite in result.cites:
            self.note(f"        (by {cite.tool}, from: {cite.place})")
        return result

    def corrects(self, answered: RunResult, text: str, **others: Sequence[Answer]) -> None:
        """She says in the same session whether an answer was right. No model is asked what that means."""
        self.says(text, session=answered.session, **others)

    def learns(self, document: str, *answers: Answer, **others: Sequence[Answer]) -> None:
        """She has tools made of the rules in a document."""
        self.scripted(*answers, **others)

        async def learn() -> None:
            async with self.forge() as forge:
                for job in await forge.knowledge.learn(document):
                    self.note(f"agent:  {job.name}: {job.reason} ({job.state})")

        self.note(f"{self._name}Make tools of the rules in {document!r}.")
        asyncio.run(learn())

    def sleeps(self, *answers: Answer, reflections: Sequence[Answer] = (), **others: Sequence[Answer]) -> None:
        """Her agent sleeps, at eleven in the evening; ``reflections``: what the large model finds in each session."""
        self.scripted(*answers, reflections=reflections, **others)
        self._at(23)

        async def night() -> None:
            async with self.forge() as forge:
                await forge.sleep.run()

        asyncio.run(night())
        self.types("sleep", "report")

    def types(self, *words: str) -> str:
        """She types a command of ``agentforge``; returns what stood on its stdout."""
        shown = " ".join(f"'{word}'" if " " in word else word for word in words).replace(f"{self.folder}/", "")
        self.note(f"$ agentforge {shown}")
        printed, beside = io.StringIO(), io.StringIO()
        with redirect_stdout(printed), redirect_stderr(beside):
            code = agentforge([*words, "--user", self.user])
        lines = [line.rstrip() for line in (printed.getvalue() + beside.getvalue()).splitlines()]
        for line in lines:
            self.note(f"  {line}".rstrip())
        if code:
            self.note(f"  (exit code {code})")
        return printed.getvalue()

    def remembered(self) -> list[Entry]:
        """What her agent knows of her."""

        async def known() -> list[Entry]:
            async with self.forge() as forge:
                return forge.memory.list()

        return asyncio.run(known())

    def change_of_the_night(self, entry: Entry) -> int:
        """The number that a change has in the report of the last night: the one that remembered ``entry``; 0 where that
        was no change of it.
        """

        async def number() -> int:
            async with self.forge() as forge:
                made = {one.sha for one in forge.log() if entry.id in one.trailers.get("Memory", ())}
                report = await forge.sleep.report()
                return next((number for number, one in enumerate(report.changes, 1) if made & {*one.commits}), 0)

        return asyncio.run(number())

    def scripted(
        self,
        *answers: Answer,
        code: Sequence[Answer] = (),
        tests: Sequence[Answer] = (),
        reflections: Sequence[Answer] = (),
    ) -> None:
        """What the models will say next: the large one as it decides, writes tests and reflects, the small one as it
        writes code.
        """
        for role, lines in (
            (Role.PLAN, answers),
            (Role.GENERATE, code),
            (Role.TEST, tests),
            (Role.REFLECT, reflections),
        ):
            self._lines[role].extend(lines)

    def forge(self) -> Forge:
        """Her agent, opened anew for everything that she does: nothing is carried over but what was written down."""
        few: dict[str, object] = {} if self.real else {"forge.candidates": 2, "forge.rounds": 0}
        model = None if self.real else ScriptedModel(self._next, features=FEATURES["claude"], models=WHO)
        settings = load(overrides={**few, **self.settings})
        return Forge(user=self.user, settings=settings, models=model, on_notice=self.notices.append)

    @property
    def registry(self) -> Path:
        """Her git repository."""
        return load().registries / "personal" / f"{self.user}.git"

    @property
    def _name(self) -> str:
        return f"{self.user.capitalize()}:".ljust(8)

    def note(self, line: str) -> None:
        """One more line of what she saw on that day."""
        self.told.setdefault(self._day, []).append(line)

    def _at(self, hour: int) -> None:
        self.clock.put_to(FIRST_DAY + timedelta(days=self._day - 1, hours=hour - FIRST_DAY.hour))

    def _next(self, request: Request) -> Answer:
        lines = self._lines[request.role]
        if not lines:
            raise ScriptExhausted(f"On day {self._day} it has nothing for {request.role}: {request.prompt[-2000:]}")
        return lines.popleft()


MARK = "lived-by-an-example"
"""A file in a home, by which it is known that it may be made anew."""


def new_home(folder: Path) -> Path:
    """An empty home, named by the environment; of the caller's settings only those of the sandbox stay. Returns where
    the user's files lie.

    Raises:
        UsageError: the folder holds something that no example made.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise UsageError(f"{folder} holds something else.", fix="Give another folder with --home.")
    shutil.rmtree(folder, ignore_errors=True)
    desk = folder / "desk"
    desk.mkdir(parents=True)
    (folder / MARK).touch()
    live_in(folder)
    return desk


def live_in(folder: Path) -> None:
    """Lets the environment name a home."""
    for name in list(os.environ):
        if name.startswith(("AGENTFORGE_", "ANTHROPIC_")) and not name.startswith("AGENTFORGE_SANDBOX__"):
            del os.environ[name]
    os.environ["AGENTFORGE_HOME"] = str(folder)
