"""``agentforge tools check DIR``."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.api import Forge
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, presentable, table
from agentforge.cli.tools import MARKS
from agentforge.errors import UsageError
from agentforge.forge.checking import Checked, as_json
from agentforge.settings import load

REJECTED = 1
"""The exit code where a tool is rejected; one that waits for a person is not."""


def check_tool(who: Who, folder: str, form: str) -> int:
    """All gates on a folder; 1 when it is rejected (raises UsageError where none is named)."""
    if not folder:  # as a path that would be the current folder
        raise UsageError("No folder was named.", fix="Name the folder of a tool: agentforge tools check DIR")
    settings = load(overrides=who.overrides())
    output = Output(form)

    async def ask() -> Checked:
        async with Forge(
            user=settings.user, org=settings.org, settings=settings, company=who.company, on_notice=output.warn
        ) as forge:
            return await forge.check(Path(folder))

    checked = asyncio.run(ask())
    return output.finish(_page(checked), as_json(checked), REJECTED if checked.state == "rejected" else 0)


def _page(checked: Checked) -> RenderableType:
    rows = table("GATE", "VERDICT", "SECONDS", "WHAT IT FOUND")
    for gate in checked.gates:
        mark, style = MARKS[gate.verdict]
        rows.add_row(gate.gate, Text(f"{mark} {gate.verdict}", style), f"{gate.seconds:.2f}", cell(gate.summary, 160))
    state = f"{checked.state}, unconfirmed" if checked.unconfirmed else checked.state
    head = Text.assemble((presentable(checked.name), "bold"), f" would be {state}. {presentable(checked.reason)}")
    problems = [Text(f"\n{presentable(problem)}") for problem in checked.problems]
    return Group(rows, Text(), head, *problems)
