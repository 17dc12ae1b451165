"""``agentforge sessions list|search|show|fork|export``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TypeVar, cast

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.api import Forge
from agentforge.api.sessions import Sessions
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, presentable, table
from agentforge.errors import UsageError
from agentforge.memory.episodes import Episode
from agentforge.memory.transcript import Entry, transcript
from agentforge.secrecy import repeated
from agentforge.settings import load
from agentforge.types import JSON, JSONObject

T = TypeVar("T")

_MARKS = {"user": "› ", "attachment": "+ ", "assistant": "", "call": "⚙ ", "result": "→ ", "error": "✗ "}
_STYLES = {"user": "bold", "assistant": "", "error": "red"}
_RESULT_LINES = 20
"""So many lines of a result or an attachment are shown to people; JSON has all of it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    words: str
    since: str | None
    before: str | None
    limit: int


def list_sessions(who: Who, limit: int, form: str) -> int:
    """One line for each session, the newest first."""
    output = Output(form)
    found = ask_sessions(who, lambda sessions: sessions.list(limit + 1))
    rows = table("SESSION", "LAST", "TURNS", "TITLE", "FORK OF")
    for one in found[:limit]:
        rows.add_row(one.id, local(one.updated), str(one.turns), cell(one.title, 80), one.parent)
    if not found and not output.json:
        output.note("There is no session.")
    if len(found) > limit and not output.json:
        output.note(f"There are more: --limit shows more than {limit}.")
    entries: list[JSON] = [cast("JSONObject", asdict(one)) for one in found[:limit]]
    return output.finish(rows if found else "", {"sessions": entries, "more": len(found) > limit})


def search_sessions(who: Who, asked: Asked, form: str) -> int:
    """One line for each session that was found, the best first."""
    since, before = moment(asked.since, "--since"), moment(asked.before, "--before")
    found = ask_sessions(
        who, lambda sessions: sessions.search(asked.words, since=since, before=before, limit=asked.limit)
    )
    output = Output(form)
    rows = table("SESSION", "SAID", "TURN", "BY", "WORDS")
    for one in found:
        rows.add_row(one.session, local(one.created), str(one.turn), one.kind, cell(one.snippet, 160))
    if not found and not output.json:
        output.note("Nothing was found.")
    return output.finish(rows if found else "", {"found": [cast("JSONObject", asdict(one)) for one in found]})


def show_session(who: Who, session: str, form: str) -> int:
    """One session with what was said in it."""
    episode = ask_sessions(who, lambda sessions: sessions.show(session))
    return Output(form).finish(_page(episode), {"session": _data(episode)})


def fork_session(who: Who, session: str, turn: int | None, form: str) -> int:
    """The new id alone on stdout, so that a script can go on with it."""
    made = ask_sessions(who, lambda sessions: sessions.fork(session, turn=turn))
    output = Output(form)
    if not output.json:
        output.note(f"It begins like {session}; go on with: agentforge chat -r {made}")
    return output.finish(made, {"session": made, "parent": session})


def export_sessions(who: Who, session: str | None, kind: str, form: str) -> int:
    """Lines as they are read, or one document after the other; with JSON all of it in one object."""
    output = Output(form)
    shown: list[JSON] = []

    def show(part: JSON) -> None:
        if output.json:
            shown.append(part)
        elif isinstance(part, dict):
            output.line(part)
        else:
            output.text(str(part))

    async def export(sessions: Sessions) -> None:
        parts = sessions.export(session) if kind == "jsonl" else _documents(sessions, session)
        async for part in parts:
            show(part)

    ask_sessions(who, export)
    return output.finish("", {"lines": shown} if kind == "jsonl" else {"markdown": "\n".join(map(str, shown))})


async def _documents(sessions: Sessions, session: str | None) -> AsyncIterator[str]:
    """The oldest first, as lines of JSON are."""
    wanted = [session] if session else [one.id for one in reversed(await sessions.list(limit=10**9))]
    for one in wanted:
        yield await sessions.markdown(one)


def ask_sessions(who: Who, question: Callable[[Sessions], Awaitable[T]]) -> T:
    """What a question to one user's sessions gives."""
    settings = load(overrides=who.overrides())

    async def answer() -> T:
        async with Forge(user=settings.user, org=settings.org, settings=settings) as forge:
            return await question(forge.sessions)

    return asyncio.run(answer())


def moment(given: str | None, option: str) -> datetime | None:
    """A time that a person gives, local unless it names a zone.

    Raises:
        UsageError: it is none.
    """
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} {repeated(given, 40)} is no date.", fix="For example: 2026-03-01, or 2026-03-01T14:30"
        ) from None


def local(stamp: str) -> str:
    """A time of a row, for people."""
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return presentable(stamp[:16])


def _page(episode: Episode) -> RenderableType:
    tokens = sum(usage.input_tokens + usage.output_tokens for usage in episode.usage.values())
    facts = {
        "begun": local(episode.created),
        "last": local(episode.updated),
        "fork of": f"{episode.parent}, up to turn {episode.parent_turn}" if episode.parent else "",
        "read": ", ".join(f"{one.kind} {one.ref}" for one in episode.sources),
        "calls": str(len(episode.calls) or ""),
        "tokens": f"{tokens:,}" if tokens else "",
    }
    lines = [Text.assemble((episode.id, "bold"), "  ", cell(episode.title, 80))]
    lines += [Text(f"  {key:<9}").append_text(cell(value, 400)) for key, value in facts.items() if value]
    return Group(*lines, *(_entry(one) for one in transcript(episode.messages)))


def _entry(entry: Entry) -> Text:
    lines = presentable(entry.text).rstrip().splitlines()
    if entry.speaker in ("result", "error", "attachment") and len(lines) > _RESULT_LINES:
        lines = [*lines[:_RESULT_LINES], f"… {len(lines) - _RESULT_LINES} more lines (all of it with --json)"]
    return Text(f"\n{_MARKS[entry.speaker]}" + "\n".join(lines), style=_STYLES.get(entry.speaker, "dim"))


def _data(episode: Episode) -> JSONObject:
    """All of it; what was observed of a call as ``tools why`` tells it stands there."""
    told = cast("JSONObject", asdict(episode))
    for call, one in zip(episode.calls, cast("list[JSONObject]", told["calls"]), strict=True):
        one["observed"] = call.observed.to_json() if call.observed else None
    return {**told, "tainted": episode.tainted}
