"""``agentforge sleep run|status|report|undo|install``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.api import Forge
from agentforge.api.sleep import UserSleep
from agentforge.cli.failure import report as fail
from agentforge.cli.options import Who
from agentforge.cli.output import Output, agreed, cell, one_line, table
from agentforge.errors import ApprovalNeeded
from agentforge.settings import load
from agentforge.sleep.report import Done, Report
from agentforge.types import JSON, JSONObject

T = TypeVar("T")

NOTHING_NEW = "Nothing is new since the last night: nothing was spent."


@dataclass(frozen=True, slots=True)
class Spend:
    """What the command line lets a night spend; None: what the settings say."""

    tokens: int | None
    usd: float | None


def run(who: Who, form: str, spend: Spend, *, dry_run: bool, quiet: bool) -> int:
    """Sleeps, or says what would be tried."""
    output = Output(form)
    if dry_run:
        due = _ask(who, lambda sleep: sleep.due())
        told = [f"would try: {one.what}" for one in due.proposals]
        text = "\n".join(told) or ("Nothing would be tried." if due.new else NOTHING_NEW)
        tried: list[JSON] = [{"key": one.key, "kind": one.kind, "what": one.what} for one in due.proposals]
        return output.finish(text, {"new": due.new, "since": due.since, "would_try": tried})

    def tell(line: str) -> None:
        if not quiet and not output.json:
            output.note(line)

    done = _ask(who, lambda sleep: sleep.run(tokens=spend.tokens, usd=spend.usd, tell=tell))
    if done is None:
        return output.finish(NOTHING_NEW, {"night": None})
    return output.finish(_shown(done, frozenset()), {"night": done.to_json()}, 0)


def status(who: Who, form: str) -> int:
    """The nights, newest first, and what the next one would try."""

    async def question(sleep: UserSleep) -> tuple[list[Report], JSONObject, list[str]]:
        due = await sleep.due()
        facts: JSONObject = {"new": due.new, "since": due.since, "begun": due.begun, "would_try": len(due.proposals)}
        notes = [f"Night {due.begun} was cut off: 'agentforge sleep run' goes on with it."] if due.begun else []
        notes.append(f"The next night would try {len(due.proposals)} changes." if due.new else "Nothing is new.")
        return [*await sleep.reports()], facts, notes

    nights, facts, notes = _ask(who, question)
    output = Output(form)
    rows = table("NIGHT", "UNTIL", "TOKENS", "PAST TASKS RIGHT", "WHAT")
    for one in nights:
        measured = f"{one.right_before} → {one.right_after} of {one.tasks}"
        rows.add_row(one.night, _minute(one.until), f"{one.tokens:,}", measured, cell(one.sentence.partition(";")[0]))
    if not output.json:
        for note in notes:
            output.note(note)
    return output.finish(rows if nights else "", {**facts, "nights": [one.to_json() for one in nights]})


def report(who: Who, night: str, form: str) -> int:
    """One night."""

    async def question(sleep: UserSleep) -> tuple[Report, frozenset[str]]:
        return await sleep.report(night), await sleep.undone()

    found, undone = _ask(who, question)
    taken = [commit for done in found.changes for commit in done.commits if commit[:12] in undone]
    return Output(form).finish(_shown(found, undone), {"night": found.to_json(), "undone": [*taken]})


def undo(who: Who, night: str, changes: list[int], form: str) -> int:
    """Takes a night back."""
    done = _ask(who, lambda sleep: sleep.undo(night, changes))
    lines = [f"{'undone' if one.commit else 'stays'}: {one.change}{f' ({one.why})' if one.why else ''}" for one in done]
    told: list[JSON] = [
        {"change": one.change, "commit": one.undone, "undone_by": one.commit, "why": one.why} for one in done
    ]
    stays = any(not one.commit and one.why != "It was undone before." for one in done)
    return Output(form).finish("\n".join(lines) or "It changed nothing.", {"undone": told}, int(stays))


def install(who: Who, at: str, form: str, *, yes: bool) -> int:
    """Shows what makes the agent sleep every night, and writes it where somebody agrees."""
    from agentforge.sleep import schedule

    settings, output = load(overrides=who.overrides()), Output(form)
    planned = schedule.schedule(settings, at)
    data: JSONObject = {"kind": planned.kind, "text": planned.text}
    if not output.json:
        output.text(planned.text)
    if not yes and not agreed(output, "Write this?"):
        declined = ApprovalNeeded("Nothing was written.", fix="Say --yes to do it without being asked.")
        return fail(output, "ApprovalNeeded", declined.message, declined.fix, declined.exit_code, data)
    schedule.install(planned, settings)
    return output.finish(f"Written. The agent of {settings.org}/{settings.user} sleeps every night at {at}.", data)


def _shown(night: Report, undone: frozenset[str]) -> RenderableType:
    """A report, for people."""
    head = Text.assemble((f"night {night.night}", "bold"), f"  until {_minute(night.until)}")
    lines: list[RenderableType] = [head, Text(f"  {night.sentence}")]
    cost = f" for {night.usd:g} US dollars" if night.usd else ""
    lines.append(Text(f"  {night.tokens:,} tokens{cost}, {night.seconds:g} seconds"))
    for number, done in enumerate(night.changes, 1):
        back = bool(done.commits) and all(commit[:12] in undone for commit in done.commits)
        lines.append(Text(f"{number:>3}. {'undone' if back else done.outcome}: {one_line(done.what, 120)}"))
        lines += [Text(f"     {line}") for line in _details(done)]
    return Group(*lines)


def _details(done: Done) -> list[str]:
    told = [one_line(done.why, 300)] if done.why else []
    if (effect := done.effect) is not None:
        spared = f"; models generated {effect.spared} tokens for these when they were asked" if effect.spared else ""
        gained = f", {len(effect.gained)} gained, {len(effect.lost)} lost{spared}"
        told.append(f"past tasks right: {effect.right_before} → {effect.right_after} of {effect.tasks}{gained}")
    told += [f"commit {', '.join(commit[:12] for commit in done.commits)}"] if done.commits else []
    return told


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _ask(who: Who, question: Callable[[UserSleep], Awaitable[T]]) -> T:
    settings = load(overrides=who.overrides())

    async def answer() -> T:
        async with Forge(user=settings.user, org=settings.org, settings=settings) as forge:
            return await question(forge.sleep)

    return asyncio.run(answer())
