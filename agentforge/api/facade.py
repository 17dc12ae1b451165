"""The library's façade: wires the rooms together for one user, and nothing else.

::

    from agentforge import Forge

    async with Forge(user="ada") as forge:
        result = await forge.run("How many seconds are 2h 45m?")

Parts are opened at their first need and closed on every path out of the ``with`` block.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agentforge.api.feedback import UNSAID, Unsaid, Word
from agentforge.api.opened import OnNotice, OpenBox, Opened
from agentforge.api.runs import Runs
from agentforge.errors import ToolInvalid, ToolNotFound, UsageError
from agentforge.settings import Settings, load
from agentforge.types import JSON, TOOL_NAME, JSONObject, Need, Role, State, Usage

if TYPE_CHECKING:
    from agentforge.agent.worth import Kept
    from agentforge.api.audit import Audited, Step
    from agentforge.api.feedback import Learner
    from agentforge.api.jobs import UserJobs
    from agentforge.boxes.protocol import CallResult
    from agentforge.forge.auditing import Finding
    from agentforge.forge.checking import Checked
    from agentforge.forge.learning import Learned
    from agentforge.forge.verifying import Verified
    from agentforge.gitstore.past import Commit
    from agentforge.jobs.protocol import Record
    from agentforge.memory.outcomes import Known
    from agentforge.memory.repairs import Repair
    from agentforge.models.protocol import ModelClient
    from agentforge.registry.index import Found
    from agentforge.registry.tool import Tool
    from agentforge.registry.untried import Tried


class Forge(Runs):
    """One user's agent, tools and sessions. Open it with ``async with``, or use :meth:`run_sync`.

    ``settings`` default to what environment and settings files say; ``models`` and ``open_box``
    replace the real ones (tests), and then stay the caller's to close. ``on_notice`` is told what a
    person should know, such as a weaker sandbox; by default it is logged as a warning. ``base`` is a folder
    of tool folders in the place of the starter tools; an empty one leaves only what was learned here. ``company``:
    all is about the company's layer, which users read and an administrator, here ``user``, writes.

    Raises:
        ConfigurationError: settings, ``user`` or ``org`` are not valid.
    """

    def __init__(
        self,
        *,
        user: str,
        org: str = "personal",
        settings: Settings | None = None,
        models: ModelClient | None = None,
        open_box: OpenBox | None = None,
        on_notice: OnNotice | None = None,
        base: Path | None = None,
        company: bool = False,
    ) -> None:
        self.settings = load(overrides={"org": org, "user": user}) if settings is None else settings.owned_by(org, user)
        self._given_models = models
        self._open_box = open_box
        self._on_notice = on_notice or logging.getLogger("agentforge").warning
        self._base = base
        self._company = company
        self._open: Opened | None = None
        self._spent: dict[Role, Usage] = {}

    async def open(self) -> Self:
        """Opens the registry; everything else waits for its first need.

        Raises:
            NotARegistry: the folder of this user's registry is something else.
        """
        if self._open is None:
            given = (self.settings, self._given_models, self._open_box, self._on_notice, self._base, self._company)
            self._open = await asyncio.to_thread(Opened, *given)
        return self

    async def aclose(self) -> None:
        """Closes all that was opened; harmless when repeated."""
        opened, self._open = self._open, None
        if opened:
            await opened.aclose()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def end_session(self, session: str) -> list[Kept]:
        """Says that a session is over: tools are made of its code that gave right answers, where it is worth it.

        Raises:
            UsageError: there is no such session. Any other error: it broke off, and what was made is kept.
        """
        from agentforge.api.turns import counted, end_session

        opened = self._opened()
        async with counted(opened, self._spent, {}) as models:
            return await end_session(opened, self.settings, models, session, self._on_notice)

    async def call(
        self, name: str, args: JSONObject, *, files: Mapping[str, bytes] | None = None, record: bool = False
    ) -> CallResult:
        """Runs a live tool in the box, without a model; what the tool did is in the result.

        ``files`` are those that it declared to read, by name; those that it wrote are in the result. The call is
        written down, under the id ``result.call``, before this returns; one that is cancelled is written down as well.
        With ``record`` what it fetches is appended to its recordings (in ``settings.recordings``), which answer the
        fetches of later forgings.

        Raises:
            UsageError: ``files`` are not those that it declared, or it fetches nothing that could be recorded.
            ToolNotFound: no live tool of that name.
            ToolInvalid: it declares a package that its registry has not locked.
            SandboxError: the box failed, or its packages have not been built.
        """
        from agentforge.api.calling import call

        return await call(name, args, self._opened(), self.settings, self._on_notice, files=files or {}, record=record)

    async def feedback(
        self,
        word: Word,
        call: str | None = None,
        *,
        session: str | None = None,
        turn: int | None = None,
        expected: JSON | Unsaid = UNSAID,
        raises: str | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Learned:
        """Says that the answer of a call was ``good`` or ``bad``, and does what follows from it.

        ``call`` is the id of a call, by default of the last one of a tool in the newest session. A later word
        replaces an earlier one. With ``expected`` (a JSON value) or ``raises`` (a builtin exception) the right
        answer is known: it becomes a test for good, and where a model is set up the tool is repaired at once.

        With ``session`` instead, the answer of a ``turn`` of it is meant (from 1; by default the last one), whatever
        gave it. The right one, best a text in the form that is wanted, is kept: tools are made of such later.

        Raises:
            UsageError: there is no such call or answer, or the right answer makes no sense for it.
            SandboxError, ModelError: the word is kept, and the repair waits.
            RegistryError, StorageError: something could not be written.
        """
        where = (call, session, turn)
        return await (await self._learner()).said(word, where, tell, expected=expected, raises=raises)

    async def repair(self, what: str | None = None, *, tell: Callable[[str], None] = lambda _: None) -> list[Learned]:
        """Works through the repairs that wait: of one tool (by name), for one call (by id), or all.

        Raises:
            UsageError: ``what`` is the id of no call. Otherwise as :meth:`feedback`.
        """
        return await (await self._learner()).repair(what, tell)

    async def recorded_call(self, call: str | None = None) -> Known:
        """One call with all that is known of it, by default the last one (raises UsageError: there is none)."""
        return await (await self._learner()).known(call)

    async def repairs(self) -> list[Repair]:
        """The repairs that wait, some of them for a person's answer, oldest first."""
        return await (await self._learner()).waiting()

    async def check(self, folder: str | Path) -> Checked:
        """What the gates say of the tool in ``folder``, all problems at once; nothing is committed.

        Raises:
            UsageError: there is no such folder, or it is no tool folder.
            StorageError: it cannot be read.
            SandboxError: the box failed.
        """
        from agentforge.api.checking import check

        return await check(Path(folder), self._opened(), self.settings)

    async def audit(
        self,
        image: str = "",
        *,
        rebuild: bool = False,
        seconds: float | None = None,
        tell: Callable[[Step], None] = lambda _: None,
    ) -> Audited:
        """What could be tidied among the tools: unused, shadowed, duplicate and stale ones. Nothing is changed.

        With ``image`` (a Python such as ``3.13``, or the tag of an image that was built here) every suite is run again
        in a box from it; with ``rebuild`` from one that is made anew of what its base consists of by now. ``seconds``
        bounds what is run; building an image takes its own time.

        Raises:
            UsageError: there is no such image.
            SandboxError: Docker is missing, an image cannot be built, or a box failed.
        """
        from agentforge.api.audit import audit

        return await audit(self._opened(), self.settings, image, rebuild, seconds, tell)

    async def set_aside(self, found: Audited) -> list[Finding]:
        """Quarantines this user's tools that an audit found to fail, with the reason (raises RegistryError)."""
        from agentforge.api.audit import set_aside

        return await set_aside(self._opened(), self.settings, found)

    async def verify(
        self, repository: Path, base: str, head: str, *, tell: Callable[[str], None] = lambda _: None
    ) -> list[Verified]:
        """What the gates say of every tool that a branch of a registry, bare or checked out, changes.

        Raises:
            NotARegistry, UsageError: there is no such repository or commit.
            SandboxError: the box failed.
        """
        from agentforge.api.checking import parts_of
        from agentforge.forge.verifying import verify

        return await verify(repository, base, head, await parts_of(self._opened(), self.settings), tell)

    async def tried(self, target: str, *, version: str = "") -> Tried:
        """What a proposal does on calls that once went wrong, for :meth:`Review.approve`; the box is used only where
        its report does not tell of all of them. ``version`` tells which one, where several wait under a name.

        Raises:
            ToolNotFound, UsageError: nothing waits under that name, or several things do.
            SandboxError: the box failed.
        """
        from agentforge.api.checking import tried

        return await tried(target, version, self._opened(), self.settings)

    def tools(self, state: State | None = State.LIVE) -> list[Tool]:
        """The tools in ``state``, all layers for live ones, by name; None for those of every state."""
        opened = self._opened()
        if state is None:
            return [tool for each in State for tool in self.tools(each)]
        return opened.layers.live() if state is State.LIVE else opened.registry.tools(state)

    def search(self, query: str, k: int = 5) -> Found:
        """The ``k`` live tools that suit any text best, best first, and whether the best one probably fits at all."""
        return self._opened().index().find(query, k)

    def tool(self, name: str) -> Tool:
        """One tool: the live one, else the newest of another state.

        Raises:
            ToolNotFound: there is none, or no tool can have that name; near names are suggested.
            ToolInvalid: it is malformed; all problems.
        """
        opened = self._opened()
        if not TOOL_NAME.fullmatch(name):
            fix = "Names are lower-case letters, digits and '_', a letter first; `agentforge tools list` shows all."
            raise ToolNotFound(f"No tool can be named {name[:80]!r}.", fix=fix)
        try:
            return opened.layers.find(name)
        except ToolNotFound:
            for registry in (opened.registry, opened.company):
                with suppress(ToolNotFound):
                    if registry is not None:
                        return registry.get(name)
            raise

    def problems(self) -> list[str]:
        """What is wrong in any layer, each with what to do; the tools that are named are not used."""
        opened = self._opened()
        mine = [f"{problem}. {opened.registry.mending()}" for problem in opened.registry.problems()]
        shared = [f"{one}, in the company's layer" for one in (opened.company.problems() if opened.company else ())]
        return [*mine, *shared, *opened.layers.base.problems()]

    def log(self, name: str | None = None) -> list[Commit]:
        """Commits of one tool, or of the whole registry, newest first (raises ToolNotFound)."""
        registry = self._opened().registry
        if name is None:
            return registry.store.log()
        with suppress(ToolInvalid):  # its history shows what broke it
            self.tool(name)
        return registry.log(name)

    async def enqueue(self, need: Need) -> str:
        """Queues a forging for a worker (``agentforge worker``) and returns the job's id.

        Raises:
            ToolInvalid: the need is malformed, or holds what looks like a secret.
        """
        return await (await self.jobs()).enqueue(need)

    async def job(self, job: str) -> Record:
        """A job as it stands: status, what came of it and why, what was tried (raises UsageError: there is none)."""
        return await (await self.jobs()).get(job)

    async def jobs(self) -> UserJobs:
        """This user's jobs: list, cancel, retry, and take up what was left."""
        return await self._opened().user_jobs()

    @property
    def usage(self) -> Mapping[Role, Usage]:
        """Tokens spent through this object, by role."""
        return dict(self._spent)

    def _opened(self) -> Opened:
        if self._open is None:
            raise UsageError("This Forge is not open.", fix="Use it inside 'async with Forge(user=…) as forge:'.")
        return self._open

    async def _learner(self) -> Learner:
        opened = self._opened()
        await opened.the_episodes()
        return opened.learner()
