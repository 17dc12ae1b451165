"""The words of ``agentforge sleep``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, FormatOption, Org, Quiet, Set, User, Who

sleep = group("What is made of your days while nobody waits: each change rehearsed, measured and undoable.")

Night = Annotated[str, typer.Argument(help="A night, as 'sleep status' shows it; else the last.", metavar="[NIGHT]")]


@sleep.command("run")
def sleep_run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be tried.")] = False,
    budget: Annotated[
        int | None, typer.Option("--budget", help="Tokens that models may take (default: sleep.tokens).", min=0)
    ] = None,
    usd: Annotated[
        float | None, typer.Option("--max-usd", help="What that may cost (default: sleep.usd); 0: no limit.", min=0)
    ] = None,
    quiet: Quiet = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Make tools and facts of what is new since the last night, put the toolbox in order, and report what it brought.

    Each change is tried on past tasks whose right answers are known, and one that loses any of them is dropped.
    Where nothing is new nothing is spent. A night that was cut off is gone on with.
    """
    from agentforge.cli import sleep as command

    spend = command.Spend(budget, usd)
    return command.run(Who(org, user, settings), "json" if json else form, spend, dry_run=dry_run, quiet=quiet)


@sleep.command("status")
def sleep_status(
    form: FormatOption = "text", json: AsJson = False, org: Org = None, user: User = None, settings: Set = None
) -> int:
    """List the nights, and say what the next one would try."""
    from agentforge.cli import sleep as command

    return command.status(Who(org, user, settings), "json" if json else form)


@sleep.command("report")
def sleep_report(
    night: Night = "",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Show what a night tried, what became of each change, and what it changed for past tasks."""
    from agentforge.cli import sleep as command

    return command.report(Who(org, user, settings), night, "json" if json else form)


@sleep.command("undo")
def sleep_undo(
    night: Night = "",
    change: Annotated[
        list[int] | None, typer.Option("--change", help="Only the change of this number; repeatable.", min=1)
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Take back what a night did, or single changes; what was changed since stays, and is told (exit code 1)."""
    from agentforge.cli import sleep as command

    return command.undo(Who(org, user, settings), night, change or [], "json" if json else form)


@sleep.command("install")
def sleep_install(
    at: Annotated[str, typer.Option("--at", help="When, by the clock of this machine.", metavar="HH:MM")] = "03:15",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write it without being asked.")] = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Have 'sleep run' started every night: a timer of systemd's, or a line of your crontab where there is none.

    It is shown first and written when you agree. Keys have to stand in the settings file: a timer does not see what you
    exported in a terminal.
    """
    from agentforge.cli import sleep as command

    return command.install(Who(org, user, settings), at, "json" if json else form, yes=yes)
