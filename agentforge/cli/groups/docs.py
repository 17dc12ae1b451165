"""The words of ``agentforge docs``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.shared import group
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who, Yes

docs = group("Documents that are kept, searched and cited: text, Markdown, HTML and PDF.")

Reference = Annotated[
    str, typer.Argument(help="Its id (or the beginning of it), its path, or its title.", metavar="DOCUMENT")
]
Trusted = Annotated[
    bool | None,
    typer.Option(
        "--trusted/--untrusted",
        help="Whether you vouch for its words as if they were yours. Without either, what is new is untrusted, and "
        "what is known stays as it was.",
    ),
]


@docs.command("add")
def docs_add(
    path: Annotated[str, typer.Argument(help="A file, or a folder with all documents in it.", metavar="PATH")],
    title: Annotated[str, typer.Option("--title", help="What to call it; by default what it calls itself.")] = "",
    trusted: Trusted = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Keep a document, or its newest version, in your registry; unchanged contents change nothing.

    Tools that were made from a passage which has changed are marked as stale and told, old and new side by side. Of a
    folder, what cannot be read is told and left out (exit code 1).
    """
    from agentforge.cli import documents as command

    return command.add(Who(org, user, settings, company), path, "json" if json else form, title=title, trusted=trusted)


@docs.command("list")
def docs_list(
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List documents, one per line."""
    from agentforge.cli import documents as command

    return command.list_documents(Who(org, user, settings, company), "json" if json else form)


@docs.command("show")
def docs_show(
    document: Reference,
    passages: Annotated[
        bool, typer.Option("--passages", help="Its passages, each with its id and place, instead of the text.")
    ] = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Show what is known of a document, and its text."""
    from agentforge.cli import documents as command

    return command.show(Who(org, user, settings, company), document, "json" if json else form, passages=passages)


@docs.command("search")
def docs_search(
    words: Annotated[list[str], typer.Argument(help="What to look for; any words.", metavar="WORD...")],
    most: Annotated[int, typer.Option("--most", "-k", help="So many passages at the most.", min=1, max=100)] = 5,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Find the passages that fit some words best, each with where it stands."""
    from agentforge.cli import documents as command

    return command.search(Who(org, user, settings, company), " ".join(words), most, "json" if json else form)


@docs.command("remove")
def docs_remove(
    document: Reference,
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
    """Take a document out of your registry and of every search; says what the git history still holds.

    Rewriting the history is asked for once more; without a terminal --yes is needed. A document that was removed before
    is named by its id then.
    """
    from agentforge.cli import documents as command

    return command.remove(
        Who(org, user, settings, company), document, "json" if json else form, rewrite=rewrite, yes=yes
    )


@docs.command("refresh")
def docs_refresh(
    documents: Annotated[
        list[str] | None,
        typer.Argument(help="Which ones; without any, all that came from files.", metavar="[DOCUMENT]..."),
    ] = None,
    trusted: Trusted = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Read the files again that documents came from; those that have changed get a new version.

    A changed file is untrusted until you vouch for it again. What cannot be read any more is told and stays as it is
    (exit code 1).
    """
    from agentforge.cli import documents as command

    return command.refresh(
        Who(org, user, settings, company), documents or [], "json" if json else form, trusted=trusted
    )


@docs.command("learn")
def docs_learn(
    document: Reference,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Make tools of the rules, formulas and formats that stand in a document; each cites its passages.

    What a tool cites already, and what was looked at and has not changed, is left alone. Tools from an untrusted
    document wait for your review. Takes minutes for each rule; one that failed is told (exit code 1). With session:ID
    instead of a document: those that you stated in messages of a session.
    """
    from agentforge.cli import knowledge as command

    return command.learn(Who(org, user, settings, company), document, "json" if json else form)


@docs.command("renew")
def docs_renew(
    tool: Annotated[
        str | None, typer.Argument(help="Which one; without, all that are stale.", metavar="[TOOL]")
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Make stale tools anew from what stands now in the place of their passages, also where that failed before.

    A worker and later turns do so by themselves, once for each change.
    """
    from agentforge.cli import knowledge as command

    return command.renew(Who(org, user, settings, company), tool, "json" if json else form)


@docs.command("why")
def docs_why(
    document: Reference,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Tell which tools were made from a document, by version, and which answers each version gave.

    So an answer that an earlier wording gave is explained: how the passage read then, and how it reads now.
    """
    from agentforge.cli import knowledge as command

    return command.why(Who(org, user, settings, company), document, "json" if json else form)
