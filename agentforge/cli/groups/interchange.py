"""The words of ``agentforge tools`` that are about other formats: ``export`` and ``import``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agentforge.cli.groups.review import tools
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who

License = Annotated[
    str, typer.Option("--license", help="Licence of the tools that state none, such as MIT.", metavar="ID")
]


@tools.command("export")
def tools_export(
    names: Annotated[list[str] | None, typer.Argument(help="Live tools.", metavar="[NAME]...")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All live tools.")] = False,
    kind: Annotated[
        Literal["skill", "script", "server"], typer.Option("--as", help="An Agent Skill, a program, or an MCP server.")
    ] = "script",
    out: Annotated[str, typer.Option("--out", help="The folder to write into.", metavar="DIR")] = ".",
    name: Annotated[
        str, typer.Option("--name", help="Name of the result (default: the tool's, or 'toolbox').", metavar="NAME")
    ] = "",
    license: License = "",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Write live tools, with all that they need, as something that runs without AgentForge.

    A script is one Python file with inline metadata ('uv run' or plain Python); so an app becomes a program of its
    own. A skill is a folder with SKILL.md and such a script, a server speaks MCP over stdin and stdout. Source, tests
    and summary go along; examples, requests, reports and where a tool came from stay here.
    """
    from agentforge.cli import interchange as command

    asked = command.Asked(names or [], everything, kind, out, name, license)
    return command.export_tools(Who(org, user, settings, company), asked, "json" if json else form)


@tools.command("import")
def tools_import(
    path: Annotated[str, typer.Argument(help="A Python file, a skill's folder or a tool folder.", metavar="PATH")],
    names: Annotated[
        list[str] | None, typer.Option("--tool", help="Only this tool of it; repeatable.", metavar="NAME")
    ] = None,
    license: License = "",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Bring in tools from a skill, an exported file or plain Python: through all gates, and then they wait for you.

    Nothing in it is run outside the sandbox. Of plain Python each public, typed function with a docstring becomes a
    tool; its tests are those of a test file beside it, or the cases that the docstring states. Exit code 1 when none
    was let in.
    """
    from agentforge.cli import interchange as command

    return command.import_tools(Who(org, user, settings, company), path, names or [], license, "json" if json else form)
