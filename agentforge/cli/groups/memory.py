"""The words of ``agentforge memory``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who, Yes

memory = group("What is remembered of you: facts, preferences and lessons.")

EntryId = Annotated[str, typer.Argument(help="The id of an entry.", metavar="ID")]
Text = Annotated[str, typer.Argument(help="One sentence.", metavar="TEXT")]
When = Annotated[str | None, typer.Option("--when", help="When a lesson applies.", metavar="TEXT")]


@memory.command("list")
def memory_list(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is superseded, or comes from what is revoked.")
    ] = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List what is remembered."""
    from agentforge.cli import memory as command

    return command.list_entries(Who(org, user, settings, company), "json" if json else form, everything=everything)


@memory.command("search")
def memory_search(
    query: Annotated[str, typer.Argument(help="Any words.", metavar="QUERY")],
    limit: Annotated[int, typer.Option("--limit", help="So many at the most.", min=1)] = 5,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show what is remembered about something, the best match first."""
    from agentforge.cli import memory as command

    return command.search(Who(org, user, settings, company), query, limit, "json" if json else form)


@memory.command("show")
def memory_show(
    key: EntryId,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show one entry with where it comes from."""
    from agentforge.cli import memory as command

    return command.show(Who(org, user, settings, company), key, "json" if json else form)


@memory.command("why")
def memory_why(
    key: EntryId,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Say why something is remembered: its origin, what it replaced, what replaced it, and each change."""
    from agentforge.cli import memory as command

    return command.why(Who(org, user, settings, company), key, "json" if json else form)


@memory.command("add")
def memory_add(
    text: Text,
    kind: Annotated[
        Literal["fact", "preference", "lesson"],
        typer.Option("--kind", help="What it is.", metavar="fact|preference|lesson"),
    ] = "fact",
    topic: Annotated[
        str, typer.Option("--topic", help="What it is about, such as units; the old entry on it is superseded.")
    ] = "",
    when: When = None,
    supersedes: Annotated[
        list[str] | None, typer.Option("--supersedes", help="An entry that it contradicts; repeatable.", metavar="ID")
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Have something remembered."""
    from agentforge.cli import memory as command

    return command.add(
        Who(org, user, settings, company), "json" if json else form, text, kind, topic, when or "", supersedes or ()
    )


@memory.command("edit")
def memory_edit(
    key: EntryId,
    text: Text,
    when: When = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Replace the text of an entry; the history keeps the old one."""
    from agentforge.cli import memory as command

    return command.edit(Who(org, user, settings, company), "json" if json else form, key, text, when)


@memory.command("forget")
def memory_forget(
    key: EntryId,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Rewrite the history without it, too; clones have to be made anew.")
    ] = False,
    yes: Yes = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Forget an entry, and what came from it alone; says what still holds it.

    Tools that were made from it are quarantined. Rewriting the history is asked for once more; without a terminal
    nothing happens unless --yes is given (exit code 6).
    """
    from agentforge.cli import memory as command

    return command.forget(Who(org, user, settings, company), key, "json" if json else form, rewrite=rewrite, yes=yes)


@memory.command("undo")
def memory_undo(
    commit: Annotated[str, typer.Argument(help="A commit, as 'memory why' shows it.", metavar="COMMIT")],
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Take back what one commit did to memory, where none of it was changed since."""
    from agentforge.cli import memory as command

    return command.undo(Who(org, user, settings, company), commit, "json" if json else form)


@memory.command("pending")
def memory_pending(
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List what waits for you: it came from a session in which untrusted text was read."""
    from agentforge.cli import memory as command

    return command.list_pending(Who(org, user, settings, company), "json" if json else form)


@memory.command("approve")
def memory_approve(
    key: EntryId,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Let an entry that waits be used."""
    from agentforge.cli import memory as command

    return command.approve(Who(org, user, settings, company), key, "json" if json else form)


@memory.command("reject")
def memory_reject(
    key: EntryId,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")] = "",
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Take an entry out of the queue; it is not proposed again."""
    from agentforge.cli import memory as command

    return command.reject(Who(org, user, settings, company), key, reason, "json" if json else form)
