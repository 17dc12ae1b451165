"""The nights of one user, from a program: ``forge.sleep``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, secrets_of
from agentforge.errors import AgentForgeError, UsageError
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.jobs.protocol import Record
    from agentforge.memory.news import News
    from agentforge.sleep.night import Night
    from agentforge.sleep.parts import NightParts, Proposal
    from agentforge.sleep.report import Report
    from agentforge.sleep.undoing import Undone
    from agentforge.types import JSONObject

MOST_NIGHTS = 100
"""Earlier nights that are looked at."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a night would do now. ``since`` is up to when the last one looked; ``new`` says whether anything has come
    since, ``begun`` is the night that was cut off, by its id.
    """

    since: str
    until: str
    new: bool
    begun: str
    proposals: tuple[Proposal, ...]


class UserSleep:
    """What the agent makes of its days while nobody waits. Made by ``Forge.sleep``."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings

    async def run(
        self,
        *,
        tokens: int | None = None,
        usd: float | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Report | None:
        """Sleeps; ``tokens`` is what models may take, ``usd`` what that may cost (by default ``settings.sleep``; 0 is
        no limit). A night that was cut off is gone on with, under the budget that it began with. None where nothing is
        new: nothing is spent then.

        Raises:
            ModelError, SandboxError, RegistryError, StorageError: it broke off; the next run goes on with it.
            UsageError: another process sleeps for this user; or money is limited, and no price is known of what
                it would ask.
            AgentForgeError: it was given up, or cancelled.
        """
        from agentforge.api.jobs import new_job_id
        from agentforge.jobs.protocol import NewJob
        from agentforge.sleep.budget import insist_on_prices
        from agentforge.sleep.night import SLEEP
        from agentforge.sleep.report import report_of

        limit = self._settings.sleep.usd if usd is None else usd
        if limit:
            insist_on_prices(self._settings)
        jobs = await self._opened.user_jobs()
        night = await asyncio.to_thread(self._begun)
        if night is not None and night.status == "failed":
            await jobs.retry(night.id)
        job = night.id if night is not None else ""
        if not job:
            since, until = await asyncio.to_thread(self._news)
            if not until:
                return None
            job = new_job_id()
            budget = self._settings.sleep.tokens if tokens is None else tokens
            payload: JSONObject = {"since": since, "until": until, "tokens": budget, "usd": limit}
            await jobs.submit(NewJob(job, SLEEP, "night", payload, "", "inline"))
        record = await jobs.run(job, self.work(tell))
        if record.status == "running":
            raise UsageError(f"Another process sleeps for this user (job {job}).", fix=f"agentforge jobs show {job}")
        if record.status != "done":
            raise AgentForgeError(f"The night (job {job}) is {record.status}: {record.reason}")
        return report_of(record.result)

    async def due(self) -> Due:
        """What a night would do now; no model is asked, nothing is run and nothing is written."""
        await self._opened.user_jobs()
        return await asyncio.to_thread(self._due)

    async def reports(self) -> Sequence[Report]:
        """The reports of nights that ended, newest first."""
        await self._opened.user_jobs()
        return await asyncio.to_thread(self._reports)

    async def report(self, night: str = "") -> Report:
        """The report of one night, by default of the last one.

        Raises:
            UsageError: there is no such night.
        """
        found = [one for one in await self.reports() if one.night == night or not night]
        if not found:
            told = f"There is no report of a night {night[:40]!r}." if night else "This agent has not slept yet."
            raise UsageError(told, fix="agentforge sleep status")
        return found[0]

    async def undo(
        self, night: str = "", changes: Sequence[int] = (), *, approver: str = "", reason: str = ""
    ) -> list[Undone]:
        """Takes back what a night did, or some of its changes by their numbers; by default the last night. Commits name
        the ``approver`` (by default the user); the ``reason`` stands in the history of the tools that it changes.

        Raises:
            UsageError: there is no such night, or no such change.
            RegistryError, StorageError: something could not be written.
        """
        from agentforge.secrecy import redact
        from agentforge.sleep.undoing import undo

        report, opened = await self.report(night), self._opened
        memory, by = opened.memory(), approver or self._settings.user
        why = redact(reason, secrets_of(self._settings))
        return await asyncio.to_thread(undo, report, opened.registry, memory, changes=changes, approver=by, reason=why)

    async def undone(self) -> frozenset[str]:
        """The first 12 characters of the commits that were taken back."""
        from agentforge.sleep.undoing import undone_in

        return await asyncio.to_thread(undone_in, self._opened.registry.store)

    def work(self, tell: Callable[[str], None] = lambda _: None) -> Night:
        """The work of such a job."""
        from agentforge.sleep.night import Night

        async def parts() -> NightParts:
            return await asyncio.to_thread(self._parts, tell)

        return Night(parts)

    def _parts(self, tell: Callable[[str], None]) -> NightParts:
        from agentforge.sleep.parts import NightParts

        opened, settings = self._opened, self._settings
        generates = opened.learner().generates
        return NightParts(
            registry=opened.registry,
            layers=opened.layers,
            index=opened.index(),
            memory=opened.memory(),
            episodes=opened.open_episodes() if opened.episodes is None else opened.episodes,
            truths=opened.truths(),
            outcomes=opened.outcomes(),
            news=self._read_news(),
            settings=settings,
            models=opened.lasting_models if generates else None,
            box=opened.box,
            forging=opened.forge_parts,
            limits=opened.limits(settings.sandbox.call_seconds),
            earlier=self._reports,
            tell=tell,
        )

    def _records(self) -> Sequence[Record]:
        from agentforge.sleep.night import SLEEP

        return self._opened.job_rows().list(MOST_NIGHTS, kind=SLEEP)

    def _reports(self) -> Sequence[Report]:
        from agentforge.sleep.report import report_of

        return [report_of(one.result) for one in self._records() if one.status == "done" and one.result]

    def _begun(self) -> Record | None:
        """The newest night, where it was begun and is not over, or broke off."""
        newest = next(iter(self._records()), None)
        return newest if newest is not None and newest.status in ("queued", "running", "failed") else None

    def _read_news(self) -> News:
        from agentforge.memory.news import News

        return News(self._opened.rows(), org=self._settings.org, user=self._opened.owner)

    def _news(self) -> tuple[str, str]:
        """Since when a night would look, and up to when; the latter is empty where nothing is new."""
        last = next(iter(self._reports()), None)
        news = self._read_news()
        since, newest = last.until if last is not None else "", news.newest()
        unchanged = last is not None and last.registry == self._opened.layers.fingerprint()
        if newest <= since and (unchanged or not newest):
            return since, ""
        most = self._settings.sleep.sessions
        read = news.sessions(since, newest, most)
        return since, read[-1][1] if len(read) == most else newest

    def _due(self) -> Due:
        from agentforge.sleep.night import proposals

        since, until = self._news()
        begun = self._begun()
        found = proposals(since, until, self._parts(lambda _: None)) if until else []
        return Due(since, until, bool(until), begun.id if begun is not None else "", tuple(found))
