"""``agentforge tools pending|diff|history|why`` and the decisions: ``approve``, ``reject``, ``rollback`` …"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.api import Forge
from agentforge.api.review import Review
from agentforge.cli.documents import citations, cited_json
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.cli.seen import advice_lines, advice_of, advised
from agentforge.cli.tools import MARKS, ask, brief, standing
from agentforge.registry.differences import Difference
from agentforge.registry.history import Happening
from agentforge.registry.pending import Pending, gates_of
from agentforge.registry.reasons import Reasons
from agentforge.registry.review import Decision
from agentforge.settings import load
from agentforge.types import JSON, JSONObject
from agentforge.web.hostile import plain

if TYPE_CHECKING:
    from agentforge.api.advice import Advice

SHORT = 12
"""Characters of a hash that people are shown."""

_STYLES = {"+": "green", "-": "red", "@": "cyan", "…": "dim"}


def decide(who: Who, form: str, decision: Callable[[Review], Decision]) -> int:
    """Makes one decision and says what it did."""
    take_in(who, Output(form))
    return _decided(ask(who, lambda forge: decision(forge.review)), form)


def approve(who: Who, target: str, form: str, *, version: str, approver: str, reason: str) -> int:
    """Tries a proposal on what was kept since it met the gates, and makes it live."""
    settings = load(overrides=who.overrides())
    take_in(who, Output(form))

    async def answer() -> Decision:
        async with Forge(user=settings.user, org=settings.org, settings=settings, company=who.company) as forge:
            tried = await forge.tried(target, version=version)
            return await asyncio.to_thread(
                forge.review.approve, target, version=version, approver=approver, tried=tried, reason=reason
            )

    return _decided(asyncio.run(answer()), form)


def take_in(who: Who, output: Output) -> None:
    """In a company's registry: makes what users proposed wait like any other proposal."""
    if not who.company:
        return
    settings = load(overrides=who.overrides())

    async def taken() -> None:
        async with Forge(user=settings.user, org=settings.org, settings=settings, company=True) as forge:
            await forge.promotion.take_in(output.warn)

    asyncio.run(taken())


def _decided(done: Decision, form: str) -> int:
    output = Output(form)
    for remark in done.remarks:
        output.warn(remark)
    where = (
        f"{done.state} in version {done.version[:SHORT]}" if done.state else f"it was version {done.version[:SHORT]}"
    )
    return output.finish(f"{done.name} {done.did}: {where}", {"decision": _plain(done)})


def list_pending(who: Who, form: str) -> int:
    """What waits for a person, one per line, with the command that shows more."""
    output = Output(form)
    take_in(who, output)
    found, problem = ask(who, lambda forge: (forge.review.pending(), forge.review.policy_problem()))
    if problem:
        output.warn(f"{problem} Until it is corrected everything waits.")
    rows = table("PROPOSAL", "VERSION", "WANTS", "WHY IT WAITS", "SUMMARY")
    for one in found:
        rows.add_row(
            one.target,
            one.version[:SHORT],
            cell(", ".join(one.reaches) or "nothing", 60),
            cell("; ".join(_remarks(one)) or one.reason, 90),
            cell(one.tool.manifest.summary if one.tool else "", 60),
        )
    if not output.json:
        output.note(f"agentforge tools diff {found[0].target} shows what it changes." if found else "Nothing waits.")
    return output.finish(rows if found else "", {"pending": [_waiting(one) for one in found]})


def show_diff(who: Who, target: str, form: str) -> int:
    """A proposal against the version that stands."""
    output = Output(form)
    take_in(who, output)

    def question(forge: Forge) -> tuple[Difference, Advice | None]:
        found = forge.review.diff(target)
        return found, advice_of(forge, found.pending.name, output)

    found, advice = ask(who, question)
    one = found.pending
    data: JSONObject = {
        **_waiting(one),
        "standing": found.standing,
        "more": list(found.more),
        "less": list(found.less),
        "files": {file: list(lines) for file, lines in found.files.items()},
        "seen": advised(advice),
    }
    return output.finish(_diff_page(found, advice), {"diff": data})


def show_history(who: Who, name: str, form: str) -> int:
    """All that happened to a tool, newest first."""
    found = ask(who, lambda forge: forge.review.history(name))
    output = Output(form)
    rows = table("WHEN", "WHAT", "VERSION", "BY", "WHY")
    for one in found:
        when = one.time.astimezone().strftime("%Y-%m-%d %H:%M")
        rows.add_row(when, cell(one.what, 60), cell(one.version[:SHORT]), cell(one.approver, 40), cell(one.reason, 120))
    if not found and not output.json:
        output.note(f"{name} is a starter tool: it has no history in your registry.")
    return output.finish(rows if found else "", {"history": [_happening(one) for one in found]})


def show_why(who: Who, name: str, form: str) -> int:
    """Why a tool is what it is, in a few lines."""
    output = Output(form)
    found, cited, advice = ask(
        who, lambda forge: (forge.review.why(name), forge.documents.cited(name), advice_of(forge, name, output))
    )
    origin = found.tool.manifest.provenance.model_dump(mode="json", exclude_defaults=True)
    data: JSONObject = {
        **brief(found.tool),
        "pinned": found.pinned,
        "reason": found.reason,
        "since": found.since.isoformat() if found.since else "",
        "let_in": _happening(found.let_in) if found.let_in else None,
        "origin": cast("JSON", origin),
        "gates": _gate_list(found.gates),
        "reaches": list(found.reaches),
        "depends": list(found.depends),
        "needed_by": list(found.needed_by),
        "hides": list(found.hides),
        "cites": cited_json(cited),
        "seen": advised(advice),
    }
    lines = [Text(f"{key:<12}").append_text(cell(value, 160)) for key, value in _why_lines(found) if value]
    return output.finish(Group(*lines, *citations(cited), *advice_lines(advice)), {"why": data})


def _diff_page(found: Difference, advice: Advice | None) -> RenderableType:
    one = found.pending
    against = f"against version {found.standing[:SHORT]}" if found.standing else "new: no version of it stands"
    parts = [
        Text.assemble((one.target, "bold"), f" · version {one.version[:SHORT]} · {against}"),
        *(Text("! ", "yellow").append_text(cell(remark)) for remark in _remarks(one)),
    ]
    if one.reason:
        parts.append(Text("waits: ").append_text(cell(one.reason)))
    parts += [Text("wants more: ", "yellow").append_text(cell(", ".join(found.more)))] if found.more else []
    if one.passed_on:
        parts.append(Text("so will: ", "yellow").append_text(cell(f"{', '.join(one.passed_on)}, which need it")))
    parts += [Text("gives up: ").append_text(cell(", ".join(found.less)))] if found.less else []
    parts += advice_lines(advice)
    for gate, verdict, summary in gates_of(one.tool) if one.tool else []:
        mark, style = MARKS.get(verdict, ("?", "yellow"))
        line = Text.assemble((f"  {mark} ", style)).append_text(cell(gate, 30))
        parts.append(line.append("  ").append_text(cell(summary, 120)))
    for file, lines in found.files.items():
        parts += [Text(f"\n{file}", style="bold"), *map(diff_line, lines)]
    parts.append(Text(f"\nagentforge tools approve {one.target} --version {one.version[:SHORT]}", style="dim"))
    return Group(*parts)


def diff_line(line: str) -> Text:
    """One line of hostile text, with what nobody would see shown by name."""
    return Text(plain(line).expandtabs(4), style=_STYLES.get(line[:1], ""))


def _remarks(one: Pending) -> list[str]:
    """What a person has to know before anything else."""
    return [*one.problems, *([one.stale] if one.stale else []), *one.doubts]


def _waiting(one: Pending) -> JSONObject:
    return {
        "name": one.name,
        "number": one.number,
        "version": one.version,
        "summary": one.tool.manifest.summary if one.tool else "",
        "signature": one.tool.manifest.signature if one.tool else "",
        "reason": one.reason,
        "unconfirmed": one.unconfirmed,
        "wants": list(one.reaches),
        "more": list(one.more),
        "passed_on": list(one.passed_on),
        "stale": one.stale,
        "doubts": list(one.doubts),
        "problems": list(one.problems),
        "gates": _gate_list(gates_of(one.tool) if one.tool else ()),
    }


def _gate_list(gates: Iterable[tuple[str, str, str]]) -> list[JSON]:
    return [{"gate": gate, "verdict": verdict, "summary": summary} for gate, verdict, summary in gates]


def _why_lines(found: Reasons) -> list[tuple[str, str]]:
    tool, origin = found.tool, found.tool.manifest.provenance
    since = found.since.astimezone().strftime(" since %Y-%m-%d %H:%M") if found.since else ""
    failed = [gate for gate, verdict, _ in found.gates if verdict == "failed"]
    passed = [f"{gate} ({summary})" for gate, verdict, summary in found.gates if verdict == "passed"]
    by = found.let_in.approver if found.let_in else ""
    alone = "nobody: it passed the gates and went live by itself" if found.let_in else ""
    return [
        ("tool", f"{tool.name}{tool.manifest.signature}"),
        ("for", tool.manifest.summary),
        ("state", f"{standing(tool)}{', pinned' if found.pinned else ''}{since}, version {tool.version[:SHORT]}"),
        ("reason", found.reason),
        ("layer", f"{tool.layer}{', hides ' * bool(found.hides)}{', '.join(found.hides)}"),
        ("approved by", f"{by}, in commit {found.let_in.commit[:10]}" if found.let_in and by else alone),
        ("asked", "; ".join(tool.manifest.requests)),
        ("job", origin.job),
        ("episodes", ", ".join(origin.episodes)),
        ("sources", ", ".join(origin.sources)),
        ("parent", origin.parent[:SHORT]),
        ("models", ", ".join(f"{role} {model}" for role, model in origin.models.items())),
        ("passed", "; ".join(passed)),
        ("failed", "; ".join(failed)),
        ("reaches", ", ".join(found.reaches) or "nothing"),
        ("depends on", ", ".join(found.depends)),
        ("needed by", ", ".join(found.needed_by)),
    ]


def _happening(one: Happening) -> JSONObject:
    return {**cast("JSONObject", asdict(one)), "time": one.time.isoformat()}


def _plain(done: Decision) -> JSONObject:
    return {**cast("JSONObject", asdict(done)), "remarks": list(done.remarks)}
