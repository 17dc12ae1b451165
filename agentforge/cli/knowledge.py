"""``agentforge docs learn|renew|why``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.api import Forge
from agentforge.api.knowledge import Explained, Given
from agentforge.cli.documents import citations, cited_json
from agentforge.cli.jobs import brief
from agentforge.cli.options import Who
from agentforge.cli.output import Output, one_line, presentable
from agentforge.cli.tools import ask
from agentforge.jobs.protocol import Record
from agentforge.settings import load
from agentforge.types import JSONObject

FAILED = 1
SHOWN = 160
"""Characters of a question or a value on a terminal; all of them with JSON."""


def learn(who: Who, reference: str, form: str) -> int:
    """Makes tools of what a document says, and tells what became of each."""
    return _worked(who, form, reference, "There is nothing new in it that a tool could carry out.", learning=True)


def renew(who: Who, name: str | None, form: str) -> int:
    """Makes stale tools anew, and tells what became of each."""
    return _worked(who, form, name, "No tool waits to be made anew.", learning=False)


def why(who: Who, reference: str, form: str) -> int:
    """Which versions were made from a document, and which answers each of them gave."""
    found = ask(who, lambda forge: forge.knowledge.why(reference))
    output = Output(form)
    if not found and not output.json:
        output.note("No tool was made from it.")
    parts: list[RenderableType] = [part for one in found for part in _shown(one)]
    return output.finish(Group(*parts) if parts else "", {"versions": [_explained(one) for one in found]})


def _worked(who: Who, form: str, what: str | None, nothing: str, *, learning: bool) -> int:
    settings, output = load(overrides=who.overrides()), Output(form)

    def tell(message: str) -> None:
        if not output.json:
            output.note(message)

    async def work() -> Sequence[Record]:
        async with Forge(
            user=settings.user, org=settings.org, settings=settings, company=who.company, on_notice=output.warn
        ) as forge:
            if learning:
                return await forge.knowledge.learn(str(what), tell)
            return await forge.knowledge.renew(what, tell)

    done = asyncio.run(work())
    if not done and not output.json:
        output.note(nothing)
    lines = [Text(presentable(f"{one.state or one.status:<9} {one.name}: {one.reason}")) for one in done]
    data: JSONObject = {"jobs": [brief(one) for one in done]}
    return output.finish(Group(*lines) if lines else "", data, FAILED * any(one.status == "failed" for one in done))


def _shown(one: Explained) -> list[Text]:
    state = "stale" if one.stale else "stands" if one.stands else f"replaced by {one.now[:12]}"
    head = Text(one_line(one.tool, 64), style="bold").append(f"  {one.version[:12]}  {state}", style="dim")
    lines = [head, *(Text("  ").append_text(line) for line in citations(one.passages))]
    return [*lines, *(Text(presentable(f"  answered  {_answer(each)}")) for each in one.answers)]


def _answer(one: Given) -> str:
    gave = one.error or json.dumps(one.value, ensure_ascii=False)
    where = f"session {one.session}, turn {one.turn}" if one.turn else f"call {one.call}"
    asked = one.question or json.dumps(one.args, ensure_ascii=False)
    return f"{one.when[:16].replace('T', ' ')}  {where}: {one_line(asked, SHOWN)} → {one_line(gave, SHOWN)}"


def _explained(one: Explained) -> JSONObject:
    return {
        "tool": one.tool,
        "version": one.version,
        "stands": one.stands,
        "stale": one.stale,
        "now": one.now,
        "passages": cited_json(one.passages),
        "answers": [
            {
                "call": each.call,
                "session": each.session,
                "turn": each.turn,
                "when": each.when,
                "question": each.question,
                "args": each.args,
                "value": each.value,
                "error": each.error,
            }
            for each in one.answers
        ],
    }
