"""The words of ``agentforge jobs``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who

jobs = group("Work that outlives a command: forgings, queued, running and over.")

JobId = Annotated[str, typer.Argument(help="The job's id.", metavar="JOB")]


@jobs.command("list")
def jobs_list(
    limit: Annotated[int, typer.Option("--limit", help="So many at the most.", min=1)] = 20,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List jobs, the newest first."""
    from agentforge.cli import jobs as command

    return command.list_jobs(Who(org, user, settings, company), limit, "json" if json else form)


@jobs.command("show")
def jobs_show(
    job: JobId,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show one job: how it stands, what came of it and why; with JSON also what was tried."""
    from agentforge.cli import jobs as command

    return command.show_job(Who(org, user, settings, company), job, "json" if json else form)


@jobs.command("cancel")
def jobs_cancel(
    job: JobId,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """End a job that is not over; one that runs stops within seconds."""
    from agentforge.cli import jobs as command

    return command.cancel_job(Who(org, user, settings, company), job, form)


@jobs.command("retry")
def jobs_retry(
    job: JobId,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Queue a failed or cancelled job again; a worker runs it.

    One that broke off goes on with the answers that were paid for; one that ran to its end begins anew.
    """
    from agentforge.cli import jobs as command

    return command.retry_job(Who(org, user, settings, company), job, form)
