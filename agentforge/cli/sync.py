"""``agentforge sync``: what it prints."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import cast

from rich.console import Group, RenderableType

from agentforge.api import Forge
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.settings import load
from agentforge.sync.report import Synced
from agentforge.types import JSONObject


def sync(who: Who, remote: str, form: str, *, dry_run: bool, quiet: bool) -> int:
    """Takes what came and sends what is new; a table of both goes to stdout."""
    settings, output = load(overrides=who.overrides()), Output(form)

    def tell(what: str) -> None:
        if not (output.json or quiet):
            output.note(what)

    async def synced() -> Synced:
        async with Forge(
            user=settings.user, org=settings.org, settings=settings, company=who.company, on_notice=output.warn
        ) as forge:
            return await forge.sync.run(remote, dry_run=dry_run, tell=tell)

    done = asyncio.run(synced())
    for each in done.told:
        output.warn(each)
    if not output.json and not done.dry_run and _waiting(done):
        output.note("agentforge tools pending shows what waits for you.")
    return output.finish(_page(done), {"sync": cast("JSONObject", asdict(done))})


def _waiting(done: Synced) -> list[str]:
    return [*done.waits, *(one.target for one in done.arrived if one.state == "proposed")]


def _page(done: Synced) -> RenderableType:
    rows = table("", "WHAT", "HOW")
    for one in done.took:
        rows.add_row("came", cell(one.name, 70), f"{one.state}, version {one.version[:12]}")
    for path in done.others:
        rows.add_row("came", cell(path, 70), "")
    for target in done.waits:
        rows.add_row("waits", cell(target, 70), "proposed there")
    for one in done.arrived:
        did = {"proposed": "waits", "rejected": "refused", "known": "known", "unseen": "would be tried"}[one.state]
        rows.add_row(did, cell(one.target or one.name, 70), cell(one.reason, 160))
    for name in done.went:
        rows.add_row("went", cell(name, 70), "")
    told = [rows] if rows.row_count else []
    return Group(*told, _sum(done))


def _sum(done: Synced) -> str:
    if done.quiet:
        return "Both sides hold the same."
    waiting = len(_waiting(done))
    commits = "commit" if done.commits == 1 else "commits"
    words: Sequence[tuple[int, str]] = (
        (len(done.took) + len(done.others), "came"),
        (waiting, "waits for you" if waiting == 1 else "wait for you"),
        (done.commits, f"{commits} would go" if done.dry_run else f"{commits} went"),
    )
    signed = f" {done.signer} signed what came." if done.signer else ""
    return f"{', '.join(f'{number} {what}' for number, what in words if number) or 'Nothing to take'}.{signed}"
