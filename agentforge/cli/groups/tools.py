"""The words of ``agentforge tools``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agentforge.cli.groups.feedback import What
from agentforge.cli.groups.shared import ToolName, group
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Quiet, Set, Timeout, User, Who

tools = group("What was learned, and the starter tools.")

StateOption = Annotated[
    Literal["live", "proposed", "quarantined", "retired", "all"], typer.Option("--state", help="Which tools.")
]


@tools.command("list")
def tools_list(
    state: StateOption = "live",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List tools, one per line."""
    from agentforge.cli import tools as command

    return command.list_tools(Who(org, user, settings, company), state, "json" if json else form)


@tools.command("search")
def tools_search(
    words: Annotated[list[str], typer.Argument(help="What is to be done, in any words.", metavar="WORDS...")],
    most: Annotated[int, typer.Option("--most", "-k", help="How many tools at most.", min=1, max=100)] = 5,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Search the live tools, best first, as the agent does; says so where probably none fits."""
    from agentforge.cli import tools as command

    return command.search_tools(Who(org, user, settings, company), " ".join(words), most, "json" if json else form)


@tools.command("show")
def tools_show(
    name: ToolName,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show one tool: signature, source, tests, report and where it comes from."""
    from agentforge.cli import tools as command

    return command.show_tool(Who(org, user, settings, company), name, "json" if json else form)


@tools.command("log")
def tools_log(
    name: Annotated[
        str | None, typer.Argument(help="One tool; without it the whole registry.", metavar="[NAME]")
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show the commits of a tool, newest first."""
    from agentforge.cli import tools as command

    return command.log_tool(Who(org, user, settings, company), name, "json" if json else form)


@tools.command("check")
def tools_check(
    folder: Annotated[str, typer.Argument(help="The folder of a tool.", metavar="DIR")],
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Run all gates on a tool folder; exit code 1 when it is rejected. Nothing is committed."""
    from agentforge.cli import checking

    return checking.check_tool(Who(org, user, settings, company), folder, "json" if json else form)


@tools.command("audit")
def tools_audit(
    image: Annotated[
        str,
        typer.Option(
            "--image", help="Run every suite again in this image: a Python such as 3.13, or a tag built here."
        ),
    ] = "",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make that image anew first, from what its base consists of by now.")
    ] = False,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Set aside those of your tools that fail there, with the reason.")
    ] = False,
    timeout: Timeout = None,
    form: FormatOption = "text",
    json: AsJson = False,
    quiet: Quiet = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Find tools that are unused, shadowed, duplicate or stale, and those that another image would break.

    Each finding is a sentence and what to do about it. Nothing is changed but with --quarantine. Exit code 1 where a
    tool fails, 124 where the time ran out.
    """
    from agentforge.cli import auditing

    wanted = auditing.Wanted(image, rebuild, quarantine, timeout, quiet)
    return auditing.audit(Who(org, user, settings, company), wanted, "json" if json else form)


@tools.command("call")
def tools_call(
    name: ToolName,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Arguments by name; @FILE stands for what a file holds.", metavar="[NAME=VALUE]..."),
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Call a live tool in the sandbox, without a model; so an app is started, too.

    Texts are taken as they stand, all other values are read as JSON; for a list, a file may also hold an item on each
    line. The result goes to stdout; exit code 1 when the tool failed. The call is recorded: 'agentforge feedback' says
    whether its answer was right.
    """
    from agentforge.cli import calling

    return calling.call_tool(Who(org, user, settings), name, words or [], "json" if json else form)


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


@tools.command("connect")
def tools_connect(
    server: Annotated[str, typer.Argument(help="A server of the settings (servers.NAME).", metavar="SERVER")],
    names: Annotated[
        list[str] | None, typer.Argument(help="Its tools; without any it is told what there are.", metavar="[TOOL]...")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All its tools.")] = False,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Propose tools that ask an MCP server; each goes live when you approve it. Needs the extra 'mcp'.

    The server is started, or reached, as the settings say. What it says is untrusted text.
    """
    from agentforge.cli import connecting

    return connecting.connect(Who(org, user, settings), server, names or [], form, every=every)


@tools.command("repair")
def tools_repair(
    what: What = None,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    settings: Set = None,
    quiet: Quiet = False,
) -> int:
    """Work through the repairs that wait: repeat what failed, and mend the tools that have a defect."""
    from agentforge.cli import feedback as command

    return command.repair(Who(org, user, settings), what, form, quiet=quiet)
