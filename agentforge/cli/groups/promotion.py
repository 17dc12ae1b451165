"""The words of what goes from a user to the company: ``tools promote|proposals|rebase`` and ``registry``."""

from __future__ import annotations

from typing import Annotated

import typer

from agentforge.cli.groups.interchange import tools
from agentforge.cli.groups.shared import ToolName, group
from agentforge.cli.options import AsJson, Company, FormatOption, Org, Set, User, Who

registry = group("A company's registry on a host of git: what verifies its pull requests.")


@tools.command("promote")
def tools_promote(
    name: ToolName,
    check: Annotated[
        bool, typer.Option("--check", help="Only show what would be replaced, and what speaks against it.")
    ] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="A text that looks personal and is not; repeatable.", metavar="TEXT"),
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Propose a tool of yours to your company: scrubbed, through all gates, for a person to decide.

    Secrets and personal data, also what your facts tell, are replaced by made-up texts in code, tests, examples and
    requests; where it came from is left out. Setting review.users says how many users must have confirmed its answers.
    Exit code 1 when it is not proposed.
    """
    from agentforge.cli import promotion

    who = Who(org, user, settings)
    return promotion.promote(who, name, "json" if json else form, dry=check, keep=keep or [])


@tools.command("proposals")
def tools_proposals(
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """List what users proposed to the company: branches proposals/NAME-VERSION of its registry.

    With --company each open one is first tried at all gates here; then 'tools diff', 'approve' and 'reject' decide.
    """
    from agentforge.cli import promotion

    return promotion.list_proposals(Who(org, user, settings, company), "json" if json else form)


@tools.command("rebase")
def tools_rebase(
    names: Annotated[
        list[str] | None, typer.Argument(help="Tools of yours; by default all.", metavar="[NAME]...")
    ] = None,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Compare your own tools with those of the company that they hide.

    One that does the same is retired in favour of the shared one, and can be released again; another one stays.
    """
    from agentforge.cli import promotion

    return promotion.rebase(Who(org, user, settings), names or [], "json" if json else form)


@registry.command("workflow")
def registry_workflow() -> int:
    """Print the workflow that verifies pull requests, for .github/workflows/verify.yml of a company's registry."""
    from agentforge.cli import promotion

    return promotion.workflow()


@registry.command("verify")
def registry_verify(
    repo: Annotated[str, typer.Option("--repo", help="The repository, bare or checked out.", metavar="DIR")] = ".",
    base: Annotated[str, typer.Option("--base", help="What the branch is to be merged into.", metavar="REV")] = "main",
    head: Annotated[str, typer.Option("--head", help="The branch.", metavar="REV")] = "HEAD",
    form: FormatOption = "text",
    json: AsJson = False,
    settings: Set = None,
) -> int:
    """Run all gates on every tool that a branch of a registry changes; exit code 1 when one may not be merged.

    What the branch says of its tools is not believed. Nothing is written.
    """
    from agentforge.cli import promotion

    return promotion.verify(Who(sets=settings), repo, base, head, "json" if json else form)
