"""The words of ``agentforge config``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, FormatOption, Org, Set, User, Who

config = group("Settings and where they come from.")


@config.command("show")
def config_show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Show the settings in force; secrets are masked."""
    from agentforge.cli import config as command

    return command.show(Who(org, user, settings), "json" if json else form, origin=origin)
