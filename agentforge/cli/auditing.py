"""``agentforge tools audit``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.api import Forge
from agentforge.api.audit import Audited, Step, as_json
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell
from agentforge.cli.progress import seconds_text
from agentforge.cli.steps import Steps
from agentforge.cli.turns import TIMED_OUT
from agentforge.errors import UsageError
from agentforge.forge.auditing import FAILING, Finding
from agentforge.settings import load

FAILED = 1
"""The exit code where a tool fails; what could be tidied is no failure."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for."""

    image: str
    rebuild: bool
    quarantine: bool
    seconds: float | None
    quiet: bool


def audit(who: Who, wanted: Wanted, form: str) -> int:
    """Looks at all tools, and says what was found of which and what to do about it."""
    if wanted.quarantine and not (wanted.image or wanted.rebuild):
        raise UsageError(
            "Nothing is run again, so nothing can be found to fail.",
            fix="Say in which image: --image 3.13 --quarantine",
        )
    settings = load(overrides=who.overrides())
    output = Output(form)

    async def ask(steps: Steps | None) -> tuple[Audited, list[Finding]]:
        async with Forge(
            user=settings.user, org=settings.org, settings=settings, company=who.company, on_notice=output.warn
        ) as forge:
            tell = _shower(steps)
            found = await forge.audit(wanted.image, rebuild=wanted.rebuild, seconds=wanted.seconds, tell=tell)
            return found, await forge.set_aside(found) if wanted.quarantine else []

    if wanted.quiet or output.json:
        found, aside = asyncio.run(ask(None))
    else:
        with Steps(output.err) as steps:
            found, aside = asyncio.run(ask(steps))
    if not output.json:
        output.note(_summary(found, aside))
        if found.left:
            output.warn(f"The time limit of {wanted.seconds:g} s ran out; not looked at: {found.left}.")
    code = TIMED_OUT if found.left else FAILED if found.failing else 0
    return output.finish(_page(found), {**as_json(found), "quarantined": [one.tool for one in aside]}, code)


def _shower(steps: Steps | None) -> Callable[[Step], None]:
    def show(step: Step) -> None:
        if steps is not None:
            steps.show(step.what.partition(" ")[0], step.what, step.done, step.of)

    return show


def _page(found: Audited) -> RenderableType:
    lines: list[RenderableType] = []
    for one in found.findings:
        style = "red" if one.kind in FAILING else "yellow"
        lines.append(Text.assemble((f"{one.kind}: ", style)).append_text(cell(one.what, 500)))
        lines.append(Text("  ").append_text(cell(one.fix, 200)))
    return Group(*lines) if lines else ""


def _summary(found: Audited, aside: list[Finding]) -> str:
    parts = [f"{len(found.findings)} findings" if len(found.findings) != 1 else "1 finding"]
    parts += [f"{found.ran} suites run in {found.image}"] if found.image else []
    parts += [f"set aside: {', '.join(one.tool for one in aside)}"] if aside else []
    return " · ".join([*parts, seconds_text(found.seconds)])
