"""The words of ``agentforge sessions``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agentforge.cli.completing import session_ids
from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, FormatOption, Org, Set, User, Who

sessions = group("What was said and done: found again, forked, taken along, erased.")

SessionId = Annotated[str, typer.Argument(help="The session's id.", metavar="SESSION", autocompletion=session_ids)]
Limit = Annotated[int, typer.Option("--limit", help="So many at the most.", min=1)]
Since = Annotated[str | None, typer.Option("--since", help="Only what was said from then on.", metavar="DATE")]
Until = Annotated[str | None, typer.Option("--before", help="Only what was said before then.", metavar="DATE")]


@sessions.command("list")
def sessions_list(
    limit: Limit = 20,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """List sessions, the one that was written last first."""
    from agentforge.cli import sessions as command

    return command.list_sessions(Who(org, user, settings), limit, "json" if json else form)


@sessions.command("search")
def sessions_search(
    words: Annotated[list[str], typer.Argument(help="Any text; its words are looked for.", metavar="WORD...")],
    since: Since = None,
    before: Until = None,
    limit: Limit = 20,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Find sessions by what was said in them, by names of tools and by errors; the best first.

    A DATE is a day or a time, such as 2026-03-01 or 2026-03-01T14:30, local unless it says otherwise.
    """
    from agentforge.cli import sessions as command

    asked = command.Asked(" ".join(words), since, before, limit)
    return command.search_sessions(Who(org, user, settings), asked, "json" if json else form)


@sessions.command("show")
def sessions_show(
    session: SessionId,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Show one session: what was said and called, what it cost, what untrusted text it read."""
    from agentforge.cli import sessions as command

    return command.show_session(Who(org, user, settings), session, "json" if json else form)


@sessions.command("fork")
def sessions_fork(
    session: SessionId,
    turn: Annotated[
        int | None, typer.Option("--turn", help="Take the turns up to this one; without it all.", metavar="N")
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Begin a new session with what was said in another, and print its id for 'run -r' and 'chat -r'.

    It inherits what untrusted text the other one read; calls and costs are not copied.
    """
    from agentforge.cli import sessions as command

    return command.fork_session(Who(org, user, settings), session, turn, "json" if json else form)


@sessions.command("export")
def sessions_export(
    session: Annotated[
        str | None, typer.Argument(help="One session; without it everything.", metavar="[SESSION]")
    ] = None,
    kind: Annotated[
        Literal["jsonl", "markdown"], typer.Option("--as", help="Lines of JSON with everything, or a text for people.")
    ] = "jsonl",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Print one session, or everything of yours, as JSON Lines or as Markdown."""
    from agentforge.cli import sessions as command

    return command.export_sessions(Who(org, user, settings), session, kind, "json" if json else form)


@sessions.command("delete")
def sessions_delete(
    session: Annotated[str | None, typer.Argument(help="The session to erase.", metavar="[SESSION]")] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="Erase what happened before then.", metavar="DATE")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Erase everything that is recorded of you.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Erase a session, all that happened before a time, or everything, for good.

    Messages, calls, outcomes, costs, sources, events and jobs leave the database and its file. Tools that were
    learned stay, and are named. Without a terminal nothing happens unless --yes is given (exit code 6).
    """
    from agentforge.cli import erasing as command

    wanted = command.Wanted(session, before, everything)
    return command.delete_sessions(Who(org, user, settings), wanted, "json" if json else form, yes=yes)
