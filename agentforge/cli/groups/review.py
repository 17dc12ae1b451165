"""The words of ``agentforge tools`` that are about decisions: what waits, what it changes, and what becomes of it."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.completing import tool_names
from agentforge.cli.groups.shared import ToolName
from agentforge.cli.groups.tools import tools
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who

Target = Annotated[
    str,
    typer.Argument(
        help="The tool's name; with a number where several proposals of it wait.",
        metavar="NAME[/N]",
        autocompletion=tool_names,
    ),
]
Seen = Annotated[
    str, typer.Option("--version", help="The version that you looked at; nothing happens to any other.", metavar="HASH")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stays in the tool's history.")]
Approver = Annotated[str, typer.Option("--approver", help="Who decides, as an id (default: the user).", metavar="ID")]


@tools.command("pending")
def tools_pending(
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List what waits for a person, and why."""
    from agentforge.cli import review as command

    return command.list_pending(Who(org, user, settings, company), "json" if json else form)


@tools.command("diff")
def tools_diff(
    target: Target,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show what a proposal changes: what it may reach, source, tests, manifest, examples, and its gates.

    Beside that, as advice and no proof: what calls of the version that stands were seen to reach.
    """
    from agentforge.cli import review as command

    return command.show_diff(Who(org, user, settings, company), target, "json" if json else form)


@tools.command("approve")
def tools_approve(
    target: Target,
    reason: Reason = "",
    version: Seen = "",
    approver: Approver = "",
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Make a proposal live, with all that it says it may reach.

    One whose report does not speak for its contents is approved only with --version (exit code 6). It is first tried
    on calls that once went wrong, where its report does not tell of all of them.
    """
    from agentforge.cli import review as command

    who = Who(org, user, settings, company)
    return command.approve(who, target, form, version=version, approver=approver, reason=reason)


@tools.command("reject")
def tools_reject(
    target: Target,
    reason: Reason = "",
    version: Seen = "",
    approver: Approver = "",
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Take a proposal away; --reason is needed, and kept in the tool's history."""
    from agentforge.cli import review as command

    return command.decide(
        Who(org, user, settings, company),
        form,
        lambda review: review.reject(target, reason, version=version, approver=approver),
    )


@tools.command("rollback")
def tools_rollback(
    name: ToolName,
    version: Annotated[
        str, typer.Argument(help="Which version; without it the one that stood before.", metavar="[VERSION]")
    ] = "",
    reason: Reason = "",
    approver: Approver = "",
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Let an earlier version of a tool stand again; another rollback undoes it.

    It comes back as it last stood: one that was quarantined stays so until it is released.
    """
    from agentforge.cli import review as command

    return command.decide(
        Who(org, user, settings, company),
        form,
        lambda review: review.rollback(name, version, approver=approver, reason=reason),
    )


@tools.command("pin")
def tools_pin(
    name: ToolName,
    approver: Approver = "",
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Keep the version of a tool that stands: new ones wait for you, whatever the policy says."""
    from agentforge.cli import review as command

    return command.decide(Who(org, user, settings, company), form, lambda review: review.pin(name, approver=approver))


@tools.command("unpin")
def tools_unpin(
    name: ToolName,
    approver: Approver = "",
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Let new versions of a tool go live again where the policy lets them."""
    from agentforge.cli import review as command

    return command.decide(Who(org, user, settings, company), form, lambda review: review.unpin(name, approver=approver))


@tools.command("quarantine")
def tools_quarantine(
    name: ToolName,
    reason: Reason = "",
    approver: Approver = "",
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Set a tool aside until it is released."""
    from agentforge.cli import review as command

    return command.decide(
        Who(org, user, settings, company), form, lambda review: review.quarantine(name, reason, approver=approver)
    )


@tools.command("retire")
def tools_retire(
    name: ToolName,
    reason: Reason = "",
    approver: Approver = "",
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Take a tool out of use; git keeps it, and it can be released."""
    from agentforge.cli import review as command

    return command.decide(
        Who(org, user, settings, company), form, lambda review: review.retire(name, reason, approver=approver)
    )


@tools.command("release")
def tools_release(
    name: ToolName,
    reason: Reason = "",
    approver: Approver = "",
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Make a quarantined or retired tool live again."""
    from agentforge.cli import review as command

    return command.decide(
        Who(org, user, settings, company), form, lambda review: review.release(name, reason, approver=approver)
    )


@tools.command("history")
def tools_history(
    name: ToolName,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show what happened to a tool, newest first: versions, decisions, by whom and why."""
    from agentforge.cli import review as command

    return command.show_history(Who(org, user, settings, company), name, "json" if json else form)


@tools.command("why")
def tools_why(
    name: ToolName,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Say why a tool is what it is: what made it, what speaks for it, who let it in, where it stands.

    Beside what it is granted, as advice and no proof: what its calls were seen to reach.
    """
    from agentforge.cli import review as command

    return command.show_why(Who(org, user, settings, company), name, "json" if json else form)
