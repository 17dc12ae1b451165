"""The words of ``agentforge sandbox``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, FormatOption, Set, Who

sandbox = group("Where generated code runs.")

BatteryFile = Annotated[
    Path,
    typer.Argument(
        help="A battery; {runner}, {control} and {control_dir} in its code stand for the box's paths.", metavar="FILE"
    ),
]
Launcher = Annotated[
    Literal["auto", "docker", "bubblewrap"] | None,
    typer.Option("--launcher", help="Which sandbox (setting sandbox.launcher)."),
]


@sandbox.command("build")
def sandbox_build(form: FormatOption = "text", settings: Set = None) -> int:
    """Build the image that boxes start from."""
    from agentforge.cli import isolation

    return isolation.build(Who(sets=settings), form)


@sandbox.command("check")
def sandbox_check(form: FormatOption = "text", json: AsJson = False, settings: Set = None) -> int:
    """Say which isolation this machine gives, and try it."""
    from agentforge.cli import isolation

    return isolation.check(Who(sets=settings), "json" if json else form)


@sandbox.command("attack")
def sandbox_attack(
    file: BatteryFile, launcher: Launcher = None, form: FormatOption = "text", settings: Set = None
) -> int:
    """Run a battery of attacks against a box; exit code 1 if any succeeded.

    FILE is a JSON object: name, then code, fn and args. An attack has succeeded when fn delivers a
    true value, when the next call's answer is wrong, or when files, processes or time are left behind.
    """
    from agentforge.cli import batteries

    return batteries.attack(Who(sets=settings), file, launcher, form)


@sandbox.command("cheat")
def sandbox_cheat(
    file: BatteryFile, launcher: Launcher = None, form: FormatOption = "text", settings: Set = None
) -> int:
    """Run a battery of wrong tools that try to pass honest tests; exit code 1 if any did.

    FILE is a JSON object: tests (a pytest file), cheats (name, then source), and optionally honest
    (the source of a tool that has to pass).
    """
    from agentforge.cli import batteries

    return batteries.cheat(Who(sets=settings), file, launcher, form)
