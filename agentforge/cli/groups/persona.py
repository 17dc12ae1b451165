"""The words of ``agentforge persona``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who

persona = group("How you want to be worked with, as one page that you review.")

Version = Annotated[str, typer.Argument(help="A version: a commit, as 'persona history' shows it.", metavar="[COMMIT]")]


@persona.command("show")
def persona_show(
    version: Version = "",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show the persona, or an earlier version of it."""
    from agentforge.cli import persona as command

    return command.show(Who(org, user, settings, company), version, "json" if json else form)


@persona.command("edit")
def persona_edit(
    file: Annotated[str, typer.Argument(help="The new text; '-' is stdin.", metavar="FILE|-")],
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Replace the persona by a text of yours, which stands at once.

    'agentforge persona show > FILE' gives the one that stands.
    """
    from agentforge.cli import persona as command

    return command.edit(Who(org, user, settings, company), file, "json" if json else form)


@persona.command("history")
def persona_history(
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List the versions, newest first."""
    from agentforge.cli import persona as command

    return command.history(Who(org, user, settings, company), "json" if json else form)


@persona.command("diff")
def persona_diff(
    version: Version = "",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show what the change that waits would do, or what has changed since a version."""
    from agentforge.cli import persona as command

    return command.diff(Who(org, user, settings, company), version, "json" if json else form)


@persona.command("approve")
def persona_approve(
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Make the change that waits."""
    from agentforge.cli import persona as command

    return command.approve(Who(org, user, settings, company), "json" if json else form)


@persona.command("reject")
def persona_reject(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")] = "",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Take the change that waits away; it is proposed again only if you ask for it."""
    from agentforge.cli import persona as command

    return command.reject(Who(org, user, settings, company), reason, "json" if json else form)
