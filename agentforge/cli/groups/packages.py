"""The words of ``agentforge packages``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who

packages = group("What tools may import beside Python's own library.")


@packages.command("lock")
def packages_lock(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to add or change; with nothing at all, newest versions.", metavar="[NAME[==VERSION]]"
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="What to take out; repeatable.", metavar="NAME")
    ] = None,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Choose versions for the packages of a registry, show what changes, and commit it.

    Only wheels are taken, each is written down with its hash, and nothing of a package is run.
    """
    from agentforge.cli import packages as command

    return command.lock(Who(org, user, settings, company), names or (), remove or (), form)


@packages.command("list")
def packages_list(
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List what is locked, and whether it is ready for boxes."""
    from agentforge.cli import packages as command

    return command.list_packages(Who(org, user, settings, company), "json" if json else form)


@packages.command("build")
def packages_build(
    form: FormatOption = "text", org: Org = None, user: User = None, company: Company = False, settings: Set = None
) -> int:
    """Download what is locked, check each hash, and make it ready for boxes."""
    from agentforge.cli import packages as command

    return command.build(Who(org, user, settings, company), form)


@packages.command("clean")
def packages_clean(form: FormatOption = "text", settings: Set = None) -> int:
    """Remove what was built for locks that no registry of this home has any more."""
    from agentforge.cli import packages as command

    return command.clean(Who(sets=settings), form)
