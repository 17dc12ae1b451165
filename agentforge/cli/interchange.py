"""``agentforge tools export`` and ``agentforge tools import``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.api import Forge
from agentforge.api.interchange import Exported, Form, Imported
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.cli.tools import ask
from agentforge.errors import UsageError
from agentforge.settings import load
from agentforge.types import JSON, JSONObject


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be exported, and how."""

    names: list[str]
    everything: bool
    form: Form
    folder: str
    name: str
    license: str


def export_tools(who: Who, asked: Asked, form: str) -> int:
    """Writes tools in another format; the path goes to stdout."""
    if bool(asked.names) is asked.everything:
        raise UsageError("Name the tools, or give --all.", fix="For example: agentforge tools export parse_duration")
    done = ask(
        who,
        lambda forge: forge.interchange.export(
            asked.names, asked.form, asked.folder, name=asked.name, license=asked.license
        ),
    )
    output = Output(form)
    for name, why in done.left_out.items():
        output.warn(f"{name} was left out: {why}.")
    for remark in done.remarks:
        output.warn(remark)
    return output.finish(str(done.path), {"export": _exported(done)})


def import_tools(who: Who, path: str, names: Sequence[str], license: str, form: str) -> int:
    """Brings in tools; 1 when none of them was let in (raises UsageError where no path is named)."""
    if not path:
        raise UsageError("No path was named.", fix="Name a Python file or a folder: agentforge tools import PATH")
    settings, output = load(overrides=who.overrides()), Output(form)

    def tell(what: str) -> None:
        if not output.json:
            output.note(what)

    async def imported() -> list[Imported]:
        async with Forge(
            user=settings.user, org=settings.org, settings=settings, company=who.company, on_notice=output.warn
        ) as forge:
            return await forge.interchange.import_from(path, tools=names, license=license, tell=tell)

    done = asyncio.run(imported())
    waits = [one.target for one in done if one.state == "proposed"]
    if waits and not output.json:
        output.note(f"agentforge tools diff {waits[0]} shows what was brought in.")
    code = 1 if all(one.state == "rejected" for one in done) else 0
    return output.finish(_page(done), {"imported": [_imported(one) for one in done]}, code)


def _page(done: Sequence[Imported]) -> RenderableType:
    rows = table("TOOL", "STATE", "WHY")
    for one in done:
        rows.add_row(cell(one.target or one.name, 70), one.state, cell(one.reason, 160))
    told: list[RenderableType] = [rows]
    for one in done:
        lines = [*one.problems, *(note for note in one.notes if note)]
        told += [Text(f"\n{cell(one.name, 70)}", "bold"), *(cell(line, 600) for line in lines)] if lines else []
    return Group(*told)


def _exported(done: Exported) -> JSONObject:
    return {
        "path": str(done.path),
        "form": done.form,
        "entries": [*done.entries],
        "tools": [*done.tools],
        "left_out": dict(done.left_out),
        "remarks": [*done.remarks],
    }


def _imported(one: Imported) -> JSONObject:
    return {**cast("JSONObject", asdict(one)), "gates": [cast("JSON", asdict(gate)) for gate in one.gates]}
