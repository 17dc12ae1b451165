"""The conversation: one line, one turn. Ctrl-C stops a turn, Ctrl-D leaves, every word is kept."""

from __future__ import annotations

import asyncio
import re
import shlex
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from agentforge.api import Forge
from agentforge.approval import Decision, OnApproval
from agentforge.cli.chat import commands
from agentforge.cli.chat.asking import Asker
from agentforge.cli.chat.greeting import greet
from agentforge.cli.chat.lines import Lines, Piped, keys_unheard, somebody_types
from agentforge.cli.costs import dollars, money, since
from agentforge.cli.failure import present
from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.cli.progress import view_for
from agentforge.cli.running import footer, sources
from agentforge.cli.turns import INTERRUPTED, Ending, choose_session, follow, need_stdin
from agentforge.errors import LimitReached, UsageError
from agentforge.events import Event
from agentforge.settings import Settings, load
from agentforge.types import Role, RunLimits, Usage

Play: TypeAlias = Callable[[OnApproval | None, RunLimits], AsyncGenerator[Event, None]]
"""Begins a turn, with whom to ask and what it may take."""

WARN_AT = 0.8
"""Share of the budget from which on it is warned of."""

_COMMAND = re.compile(r"/[a-z]+")
"""What begins like this is a command; a path such as /etc/hosts is not."""


def chat(who: Who, *, latest: bool, resume: str | None, fork: bool, max_usd: float | None) -> int:
    """Talks until Ctrl-D. Returns 0 where a person talked, since leaving is no failure; of lines from a pipe the code
    of the first turn that failed.

    Raises:
        UsageError: stdin is closed, or as :func:`choose_session`.
    """
    need_stdin("Start it in a terminal, or pipe lines in; one task alone is: agentforge run -p TEXT")
    settings = load(overrides=who.overrides())
    output = Output()
    with asyncio.Runner() as runner:
        conversation = Conversation(runner, output, who, settings, max_usd)
        try:
            conversation.begin(latest=latest, resume=resume, fork=fork)
            return conversation.hold()
        finally:
            conversation.close()


class Conversation:
    """What goes on between one person and their agent: a session, what it cost, and how the last turn ended.

    ``lines`` stand in for those that stdin gives; then somebody is there to answer.
    """

    def __init__(
        self,
        runner: asyncio.Runner,
        output: Output,
        who: Who,
        settings: Settings,
        budget: float | None,
        lines: Lines | None = None,
    ) -> None:
        self.runner = runner
        self.output = output
        self.who = who
        self.settings = settings
        self.budget = budget
        self.session: str | None = None
        self.last: Ending | None = None
        self._first = not settings.home.exists()
        self.forge = self._new_forge()
        self.people = lines is not None or somebody_types()
        self.lines: Lines = lines or (self._typed() if self.people else Piped(output))
        self._names: list[str] = []
        self._spent: dict[Role, Usage] = {}
        self._talked = self._warned = False
        self._code = 0

    def begin(self, *, latest: bool, resume: str | None, fork: bool) -> None:
        """Opens everything, and the session that is asked for."""
        self.runner.run(self.forge.open())
        if resume == commands.WHICH:
            self.session = commands.pick_session(self)
        else:
            self.session = self.runner.run(choose_session(self.forge, latest=latest, resume=resume, fork=fork))
        greet(self.output, self.forge, self.session, first=self._first and self.people)

    def close(self) -> None:
        """Closes what was opened."""
        self.runner.run(self.forge.aclose())

    def hold(self) -> int:
        """One line after the other, until there are no more."""
        while True:
            self._names = [tool.name for tool in self.forge.tools()] if self.people else []
            line = self.lines.read(self.runner)
            if line is None:
                break
            word = line.split(maxsplit=1)[0] if line else ""
            if _COMMAND.fullmatch(word):
                if self._command(word, line[len(word) :]) is commands.LEAVE:
                    break
            elif line:
                self.turn(lambda ask, limits, text=line: self._said(text, ask, limits))
        self.end()
        if self.session:
            self.output.note(f"Kept as session {self.session}: agentforge chat -r {self.session}")
        return 0 if self.people else self._code

    @property
    def spent(self) -> dict[Role, Usage]:
        """What models took in this conversation, by role."""
        total = dict(self._spent)
        for role, usage in self.forge.usage.items():
            total[role] = total.get(role, Usage()) + usage
        return {role: usage for role, usage in total.items() if usage.calls}

    def turn(self, play: Play) -> None:
        """One turn to its end, whatever that is: it never ends the conversation."""
        before, started = self.spent, time.monotonic()
        try:
            ending = self.runner.run(self._played(play, self._limits()))
        except KeyboardInterrupt:
            self.output.note("Interrupted.", "yellow")
            return
        except Exception as error:  # noqa: BLE001 - a failed turn must not end the conversation
            self._fell(present(error, "text"))
            return
        self.session, self.last = ending.session or self.session, ending
        self._talked = self._talked or ending.code == 0  # where nothing was answered nothing can be learned
        self._conclude(ending, since(before, self.spent), time.monotonic() - started)

    def go_on(self, approval: str, decision: Decision) -> None:
        """A run that waited, on from where it stood."""
        self.turn(lambda ask, limits: self.forge.resume_stream(approval, decision, on_approval=ask, limits=limits))

    def end(self) -> None:
        """The session is over: what is worth keeping of it is kept. Ctrl-C leaves that to another time."""
        if self.session is None or not self._talked:
            return
        self._talked = False
        try:
            for kept in self.runner.run(self.forge.end_session(self.session)):
                if kept.tool:
                    self.output.note(f"Learned: {kept.tool} answers such questions from now on.")
        except KeyboardInterrupt:
            self.output.note("Left as it is.", "yellow")
        except Exception as error:  # noqa: BLE001 - the conversation is over and kept, whatever fails now
            present(error, "text")

    def change(self, session: str | None) -> None:
        """Ends this session and goes on with another one; None begins a new one with the next line."""
        self.end()
        self.session, self.last = session, None

    def use(self, setting: str) -> None:
        """Changes a setting for this conversation (raises ConfigurationError, UsageError: it makes no sense)."""
        who = replace(self.who, sets=[*(self.who.sets or ()), setting])
        self.settings = load(overrides=who.overrides())
        self.who, self._spent = who, self.spent
        self.runner.run(self.forge.aclose())
        self.forge = self._new_forge()
        self.runner.run(self.forge.open())

    def complete(self, text: str) -> Iterable[tuple[str, str]]:
        """The words that may stand where a line ends."""
        return commands.complete(text, self._names, [*self.settings.endpoints])

    async def _played(self, play: Play, limits: RunLimits) -> Ending:
        with keys_unheard(), view_for(self.output.err) as view:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine that runs has one
            asker = Asker(self.forge, self.output, self.lines, view, task.cancel)
            said: list[str] = []

            def show(event: Event) -> None:
                view.show(event)
                if event.type == "model_started":
                    said.clear()
                elif event.type == "model_delta":
                    said.append(str(event.data.get("text", "")))

            ending = await follow(play(asker.decide if self.people else None, limits), show)
        if ending.code == INTERRUPTED and said:
            self.output.note("".join(said))
        return ending

    def _said(self, text: str, ask: OnApproval | None, limits: RunLimits) -> AsyncGenerator[Event, None]:
        most = self.settings.agent.prompt_bytes
        if len(text.encode("utf-8", "surrogateescape")) > most:
            raise UsageError(f"That is longer than {most:,} bytes.", fix="Shorten it, or raise agent.prompt_bytes.")
        return self.forge.stream(text, session=self.session, on_approval=ask, limits=limits)

    def _command(self, word: str, rest: str) -> object:
        try:
            words = shlex.split(rest)
        except ValueError:
            words = rest.split()  # an apostrophe is no beginning of a quotation
        try:
            return commands.obey(self, word, words)
        except KeyboardInterrupt:
            self.output.note("Left as it is.", "yellow")
        except Exception as error:  # noqa: BLE001 - nor must a failed command
            self._fell(present(error, "text"))
        return None

    def _fell(self, code: int) -> None:
        """Something failed: of a pipe the first such code is that of the program."""
        self._code = self._code or code

    def _limits(self) -> RunLimits:
        """What the next turn may take (raises LimitReached: the budget is spent)."""
        if self.budget is None:
            return RunLimits()
        left = self.budget - (dollars(self.spent, self.settings) or 0.0)
        if left <= 0:
            raise LimitReached(f"The budget of {money(self.budget)} is spent.", fix="/cost USD sets another one.")
        return RunLimits(usd=left)

    def _conclude(self, ending: Ending, spent: dict[Role, Usage], seconds: float) -> None:
        if ending.code == 0:
            with self.output.keeping(ending.text("answer"), f"agentforge chat -r {ending.session}"):
                self.output.text(ending.text("answer"))
            for told in sources(ending):
                self.output.note(told)
        elif ending.code == INTERRUPTED:
            self.output.note("Interrupted; go on with another line.", "yellow")
        else:
            self.output.note("\n  ".join(part for part in _said_of(ending) if part) or "That failed.", "red")
        self._fell(ending.code)
        usd = dollars(spent, self.settings)
        self.output.note(footer(replace(ending, session=""), spent, seconds, usd))
        self._warn()

    def _warn(self) -> None:
        if self.budget is None or self._warned:
            return
        used = dollars(self.spent, self.settings)
        if used is not None and used >= WARN_AT * self.budget:
            self._warned = True
            self.output.warn(f"{money(used)} of the budget of {money(self.budget)} are spent.")

    def _typed(self) -> Lines:
        from agentforge.api.opened import secrets_of
        from agentforge.cli.chat.history import History
        from agentforge.cli.chat.lines import Typed
        from agentforge.cli.typed import history_file

        return Typed(self.output, History(history_file(self.settings), secrets_of(self.settings)), self.complete)

    def _new_forge(self) -> Forge:
        own = self.settings
        return Forge(user=own.user, org=own.org, settings=own, on_notice=self.output.warn)


def _said_of(ending: Ending) -> list[str]:
    """Why there is no answer, and what to do, in the words of a conversation."""
    if ending.text("approval"):
        tool = ", ".join(ending.names("pending"))
        return [ending.text("message"), f"/approve {tool} allows it and goes on; /reject {tool} says no and goes on."]
    return [ending.text("message"), ending.text("fix")]
