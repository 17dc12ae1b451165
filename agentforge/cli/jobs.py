"""``agentforge jobs list|show|cancel|retry``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TypeVar, cast

from rich.console import Group
from rich.text import Text

from agentforge.api import Forge
from agentforge.api.jobs import UserJobs
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, one_line, presentable, table
from agentforge.errors import UsageError
from agentforge.jobs.protocol import Record
from agentforge.settings import load
from agentforge.types import JSONObject

T = TypeVar("T")


def list_jobs(who: Who, limit: int, form: str) -> int:
    """One line for each job, the newest first."""
    found = _ask(who, lambda jobs: jobs.list(limit))
    output = Output(form)
    rows = table("JOB", "KIND", "NAME", "STATUS", "CREATED", "WHY")
    for job in found:
        when = job.created[:16].replace("T", " ")
        shown = (cell(job.id, 64), cell(job.kind, 40), cell(job.name, 64), cell(_status(job), 40), cell(when, 16))
        rows.add_row(*shown, cell(job.reason, 90))
    if not found and not output.json:
        output.note("There is no job.")
    return output.finish(rows if found else "", {"jobs": [brief(job) for job in found]})


def show_job(who: Who, job: str, form: str) -> int:
    """One job with what came of it."""
    found = _ask(who, lambda jobs: jobs.get(job))
    told = asdict(found)
    tried = found.artefacts.get("candidates")
    lines = [Text.assemble((one_line(found.name, 64), "bold"), f"  {one_line(f'{found.kind} {found.id}', 120)}")]
    facts = {
        "status": _status(found),
        "why": found.reason,
        "version": str(found.result.get("version") or "")[:12],
        "session": found.session,
        "created": found.created,
        "updated": found.updated,
        "taken": f"{found.takes} times" if found.takes > 1 else "",
        "tried": f"{len(tried)} candidates (all of it with --json)" if isinstance(tried, list) else "",
    }
    lines += [Text(f"  {key:<9}{presentable(value)}") for key, value in facts.items() if value]
    return Output(form).finish(Group(*lines), {"job": cast("JSONObject", told)})


def cancel_job(who: Who, job: str, form: str) -> int:
    """Ends it, or says that it is over."""
    return _change(who, job, form, lambda jobs: jobs.cancel(job), "cancelled", "is over already")


def retry_job(who: Who, job: str, form: str) -> int:
    """Queues it again, or says why not."""
    code = _change(who, job, form, lambda jobs: jobs.retry(job), "queued again", "neither failed nor was cancelled")
    if form == "text":
        Output(form).note("A worker runs it: agentforge worker")
    return code


def brief(job: Record) -> JSONObject:
    """One entry of a list of jobs."""
    keys = ("id", "kind", "name", "status", "state", "reason", "session", "created", "updated")
    return {key: getattr(job, key) for key in keys}


def _status(job: Record) -> str:
    """``queued``, or how it ended and what came of it: ``done (asked)``."""
    told = job.state and job.state != job.status and job.status in ("done", "failed")
    return f"{job.status} ({job.state})" if told else job.status


def _change(
    who: Who, job: str, form: str, change: Callable[[UserJobs], Awaitable[bool]], done: str, refused: str
) -> int:
    if not _ask(who, change):
        raise UsageError(f"Job {job} {refused}.", fix=f"See 'agentforge jobs show {job}'.")
    return Output(form).finish(f"Job {job} is {done}.", {"job": job})


def _ask(who: Who, question: Callable[[UserJobs], Awaitable[T]]) -> T:
    settings = load(overrides=who.overrides())

    async def answer() -> T:
        async with Forge(user=settings.user, org=settings.org, settings=settings, company=who.company) as forge:
            return await question(await forge.jobs())

    return asyncio.run(answer())
