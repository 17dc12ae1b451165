"""What the words of several command groups have in common."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.completing import tool_names


def group(help_text: str) -> typer.Typer:
    """An empty command group."""
    return typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode=None)


ToolName = Annotated[str, typer.Argument(help="The tool's name.", metavar="NAME", autocompletion=tool_names)]
