"""How tasks are run from a program: to their end, as a stream of events, and on from where one was paused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Self, cast

from agentforge.api.opened import OnNotice
from agentforge.api.rooms import Rooms
from agentforge.api.starting import Start
from agentforge.approval import Decision, OnApproval
from agentforge.errors import UsageError
from agentforge.events import Event
from agentforge.result import RunResult, result_of
from agentforge.types import Role, RunLimits, Usage

if TYPE_CHECKING:
    from agentforge.agent.approving import Going


class Runs(Rooms):
    """What a façade runs. Opened and closed by whoever is one (:class:`~agentforge.api.facade.Forge`)."""

    _on_notice: OnNotice
    _spent: dict[Role, Usage]

    async def open(self) -> Self:
        """Opens what is needed at once."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Closes all that was opened."""
        raise NotImplementedError

    async def run(
        self,
        text: str,
        *,
        session: str | None = None,
        on_approval: OnApproval | None = None,
        limits: RunLimits | None = None,
    ) -> RunResult:
        """Runs one task to its end. ``session`` goes on with an earlier one.

        ``on_approval`` is asked before each call of a tool that reaches beyond its box, and for each tool that was
        made and does not go live by itself. Where it defers, the result is ``waiting``, and :meth:`resume` goes on.
        ``limits`` of money, tokens and seconds hold for this run; one that reaches them ends as ``limited``.

        What went wrong inside the task is in the result; only what kept it from starting is raised.

        Raises:
            UsageError: the text is empty or too long, there is no such session, or no price to limit money by.
        """
        return await self._result(Start(text, session, on_approval, limits))

    async def resume(
        self,
        approval: str,
        decision: Decision | None = None,
        *,
        on_approval: OnApproval | None = None,
        limits: RunLimits | None = None,
    ) -> RunResult:
        """Goes on with a run that waits for the decision of that id, in this process or any other, once.

        ``decision`` is the user's; without it one that was made already (``forge.approvals``, or for a tool the
        review queue) is taken. ``on_approval`` is asked for what comes next, as in :meth:`run`; without one such
        things wait again. What was allowed is done at most once, also where a process ends in the middle of it.

        Raises:
            UsageError: there is no such decision, nobody has made it, or its run has gone on.
            ApprovalExpired: nobody decided in time.
            AgentForgeError: a tool could not be let in.
        """
        return await self._result(Start.again(await self._going(approval, decision), on_approval, limits))

    async def resume_stream(
        self,
        approval: str,
        decision: Decision | None = None,
        *,
        on_approval: OnApproval | None = None,
        limits: RunLimits | None = None,
    ) -> AsyncGenerator[Event, None]:
        """The events of :meth:`resume`, as those of :meth:`stream`; raises as that does."""
        start = Start.again(await self._going(approval, decision), on_approval, limits)
        async with aclosing(self._turn(start, {})) as events:
            async for event in events:
                yield event

    def run_sync(
        self,
        text: str,
        *,
        session: str | None = None,
        on_approval: OnApproval | None = None,
        limits: RunLimits | None = None,
    ) -> RunResult:
        """:meth:`run` for code without an event loop; opens and closes everything around it.

        Raises:
            UsageError: an event loop is running (await :meth:`run` there), and as :meth:`run`.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self._run_once(Start(text, session, on_approval, limits)))
        raise UsageError("run_sync was called inside a running event loop.", fix="Use 'await forge.run(…)' there.")

    async def _run_once(self, start: Start) -> RunResult:
        try:
            await self.open()
            return await self._result(start)
        finally:
            await self.aclose()

    async def stream(
        self,
        text: str,
        *,
        session: str | None = None,
        on_approval: OnApproval | None = None,
        limits: RunLimits | None = None,
    ) -> AsyncGenerator[Event, None]:
        """The events of one task as they happen; exactly one is terminal, and it is the last.

        Close it (``contextlib.aclosing``) when leaving early: that interrupts the task.

        Raises:
            UsageError: as :meth:`run`.
        """
        async with aclosing(self._turn(Start(text, session, on_approval, limits), {})) as events:
            async for event in events:
                yield event

    async def _going(self, approval: str, decision: Decision | None) -> Going:
        if decision is not None:
            await self.approvals.decide(approval, decision)
        return await self.approvals.go_on(approval)

    async def _result(self, start: Start) -> RunResult:
        spent: dict[Role, Usage] = {}
        async with aclosing(self._turn(start, spent)) as events:
            told = [event async for event in events if event.type != "model_delta"]
        return replace(result_of(told), usage=sum(spent.values(), Usage()), by_role=spent)

    async def _turn(self, start: Start, spent: dict[Role, Usage]) -> AsyncGenerator[Event, None]:
        """One task; ``spent`` holds what it took as soon as it is over."""
        from agentforge.agent.session import check_text
        from agentforge.api.turns import counted, open_session

        if start.going is None:
            check_text(start.text, self.settings.agent.prompt_bytes)
        opened, session = self._opened(), start.session
        async with counted(opened, self._spent, spent) as models:
            current = await open_session(opened, self.settings, models, start)
            repairs = await opened.user_repairs()
            begun = current.id if session is None else ""
            await repairs.take_up(self._on_notice, await self.knowledge.behind(self._on_notice, begun))
            made = current.turn(start.text) if start.going is None else current.go_on(start.going)
            turn = cast("AsyncGenerator[Event, None]", made)
            async with repairs.handed_over(current.id, self._on_notice), aclosing(turn) as events:
                async for event in events:
                    yield event
