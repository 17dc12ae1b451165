"""The words of ``agentforge revoke``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who

revoke = group("Taking back what came from something wrong.")


@revoke.command("revoke")
def revoke_origin(
    reference: Annotated[
        str | None,
        typer.Argument(
            help="Where it came from; episode:, source: or tool: before it makes a word exact.",
            metavar="[EPISODE|TOOL[@VERSION]|SOURCE]",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is shown with every tool that it holds.")] = "",
    undo: Annotated[
        str | None, typer.Option("--undo", help="Give back what this revocation took.", metavar="ID")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show all revocations.")] = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Take back everything that came from an episode, a source or a tool.

    Shows the tree of what came from it, then quarantines all of it in one commit. Nothing is deleted, and
    --undo gives it back. Without a terminal nothing happens unless --yes is given (exit code 6).
    """
    from agentforge.cli import revoking as command

    who, form = Who(org, user, settings, company), "json" if json else form
    if listing + (undo is not None) + (reference is not None) != 1:
        return command.misused()
    if listing:
        return command.list_revocations(who, form)
    if undo is not None:
        return command.undo(who, undo, form)
    return command.revoke(who, reference or "", form, yes=yes, reason=reason)
