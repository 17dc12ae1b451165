"""``agentforge context show``."""

from __future__ import annotations

from typing import Any, cast

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, one_line, table
from agentforge.cli.sessions import ask_sessions
from agentforge.errors import UsageError
from agentforge.events import Event
from agentforge.types import JSON


def show_context(who: Who, session: str | None, turn: int | None, form: str) -> int:
    """The parts of the last prompt of one turn that memory and history went into."""
    session = session or ask_sessions(who, lambda sessions: sessions.latest())
    if session is None:
        raise UsageError("There is no session yet.", fix='Begin one: agentforge run -p "…"')
    found = ask_sessions(who, lambda sessions: sessions.context(session, turn))
    if not found:
        which = f"turn {turn}" if turn else "any turn"
        raise UsageError(f"Session {session} has no record of a prompt in {which}.")
    last = found[-1]
    told: list[JSON] = [{"turn": event.turn, "time": event.time, **event.data} for event in found]
    return Output(form).finish(Group(*_page(last, len(found))), {"session": session, "prompts": told})


def _page(event: Event, prompts: int) -> list[RenderableType]:
    data: dict[str, Any] = {**event.data}
    parts: dict[str, int] = data.get("parts", {})
    head = f"Turn {event.turn}, {sum(parts.values()):,} tokens" + (f", the last of {prompts} prompts" * (prompts > 1))
    rows = table("PART", "TOKENS")
    for name, tokens in parts.items():
        rows.add_row(cell(name, 40), f"{tokens:,}")
    page: list[RenderableType] = [Text(head, style="bold"), rows]
    if items := cast("list[dict[str, Any]]", data.get("items", [])):
        known = table("RECALLED", "ID", "TOKENS", "SCORE")
        for item in items:
            known.add_row(cell(item["part"], 20), cell(item["id"], 40), str(item["tokens"]), f"{item['score']:g}")
        page += [Text(), known]
    if tools := cast("list[str]", data.get("tools", [])):
        page += [Text(), Text(f"Tools: {one_line(', '.join(tools), 400)}")]
    for gone in cast("list[dict[str, str]]", data.get("left_out", [])):
        what = f"{gone['part']} {gone.get('id', '')}".strip()
        page.append(Text(f"Left out: {one_line(what, 80)}: {one_line(gone['why'], 200)}"))
    return page
