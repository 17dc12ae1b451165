"""The words of ``agentforge context``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, FormatOption, Org, Set, User, Who

context = group("What a model got to see, and what it did not.")


@context.command("show")
def context_show(
    session: Annotated[str | None, typer.Argument(help="The session's id; left out: the latest.")] = None,
    turn: Annotated[
        int | None, typer.Option("--turn", help="Which turn, from 1; left out: the last one.", min=1)
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Show what went into the prompt of a turn: each part with its tokens, each entry of memory with its id and why
    it was recalled, and what was left out and why.
    """
    from agentforge.cli import context as command

    return command.show_context(Who(org, user, settings), session, turn, "json" if json else form)
