"""``agentforge tools promote|proposals|rebase`` and ``agentforge registry workflow|verify``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar, cast

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge import assets
from agentforge.api import Forge
from agentforge.api.promotion import Offer
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.cli.review import diff_line
from agentforge.settings import load
from agentforge.types import JSON, JSONObject

T = TypeVar("T")


def promote(who: Who, name: str, form: str, *, dry: bool, keep: Sequence[str]) -> int:
    """Proposes a tool, or shows what that would do; 1 where something speaks against it."""
    output = Output(form)

    async def asked(forge: Forge) -> Offer:
        return await (forge.promotion.check if dry else forge.promotion.promote)(name, keep=keep)

    offer = _asked(who, asked, output)
    return output.finish(_offer_page(offer), {"promotion": _offer(offer)}, int(offer.state == "refused"))


def list_proposals(who: Who, form: str) -> int:
    """The branches that users made; an administrator takes the open ones in."""
    output = Output(form)

    async def asked(forge: Forge) -> list[JSONObject]:
        if who.company:
            await forge.promotion.take_in(output.warn)
        return [
            {
                "branch": one.branch.name,
                "name": one.name,
                "version": one.tool.version if one.tool else "",
                "users": one.users,
                "state": one.state,
                "summary": one.tool.manifest.summary if one.tool else one.problem,
            }
            for one in await asyncio.to_thread(forge.promotion.proposals)
        ]

    found = _asked(who, asked, output)
    rows = table("BRANCH", "USERS", "STATE", "SUMMARY")
    for one in found:
        rows.add_row(cell(one["branch"], 90), str(one["users"]), str(one["state"]), cell(one["summary"], 80))
    if not output.json:
        waits = who.company and any(one["state"] == "taken in" for one in found)
        hint = "agentforge tools pending --company lists what waits for a decision." if waits else ""
        output.note(hint or ("" if found else "Nothing is proposed."))
    return output.finish(rows if found else "", {"proposals": cast("JSON", found)})


def rebase(who: Who, names: Sequence[str], form: str) -> int:
    """Compares the user's own tools with those that they hide."""
    output = Output(form)
    done = _asked(who, lambda forge: forge.promotion.rebase(names), output)
    rows = table("TOOL", "STATE", "WHY")
    for one in done:
        rows.add_row(one.name, "retired" if one.retired else "stays", cell(one.why, 160))
    if not done and not output.json:
        output.note("None of your tools hides one of the company's.")
    return output.finish(rows if done else "", {"rebased": [cast("JSON", asdict(one)) for one in done]})


def workflow() -> int:
    """The workflow file, with the version of this program."""
    text = (assets.folder("registry") / "workflow.yml").read_text("utf-8")
    told = text.replace("VERSION", version("agentforge-toolsmith")).rstrip()
    return Output("text").finish(told, {"workflow": told})


def verify(who: Who, repo: str, base: str, head: str, form: str) -> int:
    """All gates on what a branch changes; 1 where one of its tools may not be merged."""
    output = Output(form)

    def tell(what: str) -> None:
        if not output.json:
            output.note(what)

    done = _asked(who, lambda forge: forge.verify(Path(repo), base, head, tell=tell), output)
    rows = table("TOOL", "CHANGE", "VERDICT")
    told: list[RenderableType] = []
    for one in done:
        rows.add_row(cell(one.name, 90), one.change, "may be merged" if one.sound else "may not be merged")
        lines = [*(f"✗ {each}" for each in one.problems), *(f"! {each}" for each in one.notes)]
        told += [Text(f"\n{one.name}", style="bold"), *(cell(line, 600) for line in lines)] if lines else []
    if not done and not output.json:
        output.note("The branch changes no tool.")
    data: list[JSON] = [{**cast("JSONObject", asdict(one)), "sound": one.sound} for one in done]
    page = Group(rows, *told) if done else ""
    return output.finish(page, {"verified": data}, int(any(not one.sound for one in done)))


def _asked(who: Who, question: Callable[[Forge], Awaitable[T]], output: Output) -> T:
    """What a question to one user's open library gives, once it has been waited for."""
    settings = load(overrides=who.overrides())

    async def answer() -> T:
        async with Forge(
            user=settings.user, org=settings.org, settings=settings, company=who.company, on_notice=output.warn
        ) as forge:
            return await question(forge)

    return asyncio.run(answer())


def _offer_page(offer: Offer) -> RenderableType:
    said = {
        "ready": "could be proposed",
        "proposed": f"is proposed: {offer.branch}",
        "known": "is shared or proposed already",
        "refused": "is not proposed",
    }
    parts: list[RenderableType] = [Text.assemble((offer.name, "bold"), f" {said[offer.state]}")]
    if offer.needed:
        parts.append(Text(f"{offer.users} of {offer.needed} users confirmed its answers"))
        parts.append(Text("may reach: ").append_text(cell(", ".join(offer.wants) or "nothing")))
    parts += [Text("✗ ", style="red").append_text(cell(one, 600)) for one in offer.problems]
    parts += [Text("! ", style="yellow").append_text(cell(one, 600)) for one in offer.notes if one]
    kinds = sorted({one.kind for one in offer.replaced})
    if kinds:
        parts.append(Text(f"{len(offer.replaced)} texts are replaced: {', '.join(kinds)}"))
    for file, lines in offer.files.items():
        parts += [Text(f"\n{file}", style="bold"), *map(diff_line, lines)]
    return Group(*parts)


def _offer(offer: Offer) -> JSONObject:
    return {
        **cast("JSONObject", asdict(offer)),
        "problems": [*offer.problems],
        "notes": [*offer.notes],
        "wants": [*offer.wants],
        "replaced": [cast("JSON", asdict(one)) for one in offer.replaced],
        "files": {file: [*lines] for file, lines in offer.files.items()},
        "gates": [cast("JSON", asdict(one)) for one in offer.gates],
    }
