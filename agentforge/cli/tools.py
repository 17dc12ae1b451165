"""``agentforge tools list|search|show|log``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TypeVar, cast

from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.text import Text

from agentforge.api import Forge
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, presentable, table
from agentforge.gitstore.past import Commit
from agentforge.registry.tool import Tool
from agentforge.settings import load
from agentforge.types import JSON, Example, JSONObject, Layer, State

T = TypeVar("T")
MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "dim")}


def list_tools(who: Who, state: str, form: str) -> int:
    """All tools in ``state``, one per line."""
    wanted = None if state == "all" else State(state)
    found, problems, hidden, gone = ask(
        who,
        lambda forge: (
            forge.tools(state=wanted),
            forge.problems(),
            forge.promotion.hidden(),
            forge.promotion.deprecated(),
        ),
    )
    output = Output(form)
    for told in gone.values():
        output.warn(told)
    for problem in problems:
        output.warn(problem)
    rows = table("NAME", "STATE", "LAYER", "SUMMARY")
    for tool in found:
        rows.add_row(tool.name, standing(tool), layer_of(tool, hidden), cell(tool.manifest.summary, 90))
    if not found and not output.json:
        output.note(f"No tool is {state}." if wanted else "There is no tool at all.")
    told_all: list[JSON] = [{**brief(tool), "hides": _hides(tool, hidden)} for tool in found]
    return output.finish(rows if found else "", {"tools": told_all, "problems": [*problems], "deprecated": {**gone}})


def layer_of(tool: Tool, hidden: Mapping[str, Sequence[Tool]], word: str = "") -> str:
    """Its layer, with ``word`` behind it, and those of the tools of its name that it hides."""
    below = ", ".join(map(str, _hides(tool, hidden)))
    return f"{tool.layer}{word}{f', hides {below}' if below else ''}"


def _hides(tool: Tool, hidden: Mapping[str, Sequence[Tool]]) -> list[JSON]:
    return [str(other.layer) for other in hidden.get(tool.name, ())] if tool.state is State.LIVE else []


def search_tools(who: Who, query: str, most: int, form: str) -> int:
    """The live tools that suit some words best."""
    found = ask(who, lambda forge: forge.search(query, most))
    output = Output(form)
    rows = table("NAME", "SUMMARY")
    for hit in found.hits:
        rows.add_row(hit.name, cell(hit.summary, 90))
    if not found.fits and not output.json:
        output.note("Probably no tool fits; these are the nearest." if found.hits else "No tool fits.")
    told: list[JSON] = [cast("JSON", asdict(hit)) for hit in found.hits]
    return output.finish(rows if found.hits else "", {"fits": found.fits, "tools": told})


def show_tool(who: Who, name: str, form: str) -> int:
    """One tool with everything that helps to judge it."""
    tool, hidden, gone = ask(
        who, lambda forge: (forge.tool(name), forge.promotion.hidden(), forge.promotion.deprecated())
    )
    output = Output(form)
    if name in gone:
        output.warn(gone[name])
    told: JSONObject = {**brief(tool), "hides": _hides(tool, hidden), **details(tool)}
    return output.finish(_page(tool, layer_of(tool, hidden, " layer")), {"tool": told})


def log_tool(who: Who, name: str | None, form: str) -> int:
    """Commits of a tool, or of the whole registry, newest first."""
    commits, layer = ask(who, lambda forge: _history(forge, name))
    output = Output(form)
    if layer and not output.json:
        output.note(f"{name} is a tool of the {layer} layer: it has no history in your registry.")
    rows = table("COMMIT", "WHEN", "WHAT", "FROM")
    for commit in commits:
        origin = ", ".join(f"{key} {value}" for key in ("Job", "Episode") for value in commit.trailers.get(key, ()))
        rows.add_row(
            commit.sha[:10], commit.time.astimezone().strftime("%Y-%m-%d %H:%M"), cell(commit.message), cell(origin)
        )
    return output.finish(rows if commits else "", {"commits": [_commit(commit) for commit in commits]})


def standing(tool: Tool) -> str:
    """``live``, ``live, unconfirmed``, ``live, stale``, ``proposed`` …"""
    return f"{tool.state}{', unconfirmed' * tool.unconfirmed}{', stale' * bool(tool.stale)}"


def brief(tool: Tool) -> JSONObject:
    """One entry of a list of tools."""
    return {
        "name": tool.name,
        "state": str(tool.state),
        "unconfirmed": tool.unconfirmed,
        "stale": list(tool.stale),
        "layer": str(tool.layer),
        "version": tool.version,
        "signature": tool.manifest.signature,
        "summary": tool.manifest.summary,
    }


def details(tool: Tool) -> JSONObject:
    """The rest of a tool: manifest, report, examples, source and tests."""
    return {
        "manifest": cast("JSON", tool.manifest.model_dump(mode="json")),
        "report": tool.report,
        "examples": [cast("JSON", asdict(example)) for example in tool.examples],
        "source": tool.source,
        "tests": tool.tests,
    }


def ask(who: Who, question: Callable[[Forge], T]) -> T:
    """What a question to one user's open library gives."""
    settings = load(overrides=who.overrides())

    async def answer() -> T:
        async with Forge(user=settings.user, org=settings.org, settings=settings, company=who.company) as forge:
            return question(forge)

    return asyncio.run(answer())


def _history(forge: Forge, name: str | None) -> tuple[list[Commit], Layer | None]:
    """Commits, or the layer of a tool that has none since it is not the user's."""
    commits = forge.log(name)
    return commits, forge.tool(name).layer if name and not commits else None


def _commit(commit: Commit) -> JSONObject:
    return {
        "sha": commit.sha,
        "time": commit.time.isoformat(),
        "message": commit.message,
        "author": commit.author,
        "trailers": {key: list(values) for key, values in commit.trailers.items()},
    }


def _page(tool: Tool, layer: str) -> RenderableType:
    """Top to bottom what a person needs to decide: what, verdict, examples, origin, source, tests."""
    head = Text.assemble((tool.name, "bold"), presentable(tool.manifest.signature))
    facts = f"{standing(tool)} · {layer} · version {tool.version[:12]} · {_reach(tool)}"
    parts: list[RenderableType] = [head, Text(facts, style="dim"), Text(presentable(tool.manifest.summary))]
    for title, lines in (
        ("Gates", _gates(tool)),
        ("Examples", [_example(tool.name, example) for example in tool.examples]),
        ("Origin", _origin(tool)),
    ):
        if lines:
            parts += [Text(f"\n{title}", style="bold"), *lines]
    for title, code in (("tool.py", tool.source), ("test_tool.py", tool.tests)):
        parts += [Text(f"\n{title}", style="bold"), Syntax(presentable(code).rstrip(), "python", theme="ansi_dark")]
    return Group(*parts)


def _reach(tool: Tool) -> str:
    reach = asdict(tool.manifest.capabilities)
    named = [key if value is True else f"{key} {', '.join(value)}" for key, value in reach.items() if value]
    return "reaches " + "; ".join(named) if named else "reaches nothing"


def _gates(tool: Tool) -> list[Text]:
    gates = tool.report.get("gates")
    lines: list[Text] = []
    for gate in gates if isinstance(gates, list) else []:
        if isinstance(gate, dict):
            mark, style = MARKS.get(str(gate.get("verdict")), ("?", "yellow"))
            line = Text.assemble((f"  {mark} ", style), f"{presentable(str(gate.get('gate'))):<18}")
            line.append_text(cell(str(gate.get("summary") or ""), 120))
            lines.append(line)
    return lines


def _example(name: str, example: Example) -> Text:
    args = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in example.args.items())
    gives = f"raises {example.raises}" if example.raises else json.dumps(example.returns, ensure_ascii=False)
    held = ", held out" if example.held_out else ""
    line = Text("  ").append_text(cell(f"{name}({args}) → {gives}", 140))
    return line.append(f"   {presentable(example.source)}{held}", style="dim")


def _origin(tool: Tool) -> list[Text]:
    facts = tool.manifest.provenance.model_dump(mode="json", exclude_defaults=True, exclude={"prompts"})
    facts.update({"depends": list(tool.manifest.depends)} if tool.manifest.depends else {})
    facts.update({"license": tool.manifest.license} if tool.manifest.license else {})
    return [Text(f"  {key:<20}").append_text(cell(value, 120)) for key, value in facts.items()]
