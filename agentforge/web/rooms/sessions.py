"""Sessions: the list with its search, and the trace of one: what went into each prompt, calls, tools and costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, Field

from agentforge.events import TERMINAL, Event
from agentforge.memory.records import Cost, Episode
from agentforge.memory.transcript import transcript
from agentforge.web import hostile
from agentforge.web.rooms.room import PAGE, Asked, Read, minute

FOUND = 50
"""So many sessions are found by words."""
TURNS = 20
"""So many turns of a session stand on one page, the newest first."""
VALUE_CHARS = 4_000
"""Longer arguments and results are cut; ``agentforge sessions export`` has all of them."""


class SessionLine(BaseModel):
    """A session in the list; with a search ``kind`` says who said the best of what was found, in which turn."""

    id: str
    title: str
    updated: str
    turns: int = 0
    parent: str = ""
    kind: str = ""
    turn: int = 0
    snippet: str = ""


class SessionList(BaseModel):
    """One page of the list, or what a search found, best first."""

    sessions: list[SessionLine]
    q: str
    page: int
    more: bool


class Part(BaseModel):
    """One part of a prompt, and how many tokens it took."""

    name: str
    tokens: int


class Item(BaseModel):
    """Something that was recalled and put into a prompt: the better it fits the request, the higher its score."""

    part: str
    id: str
    tokens: int
    score: float


class LeftOut(BaseModel):
    """What did not go into a prompt, and why."""

    part: str
    id: str
    why: str


class Prompt(BaseModel):
    """What a model got to see."""

    parts: list[Part]
    items: list[Item]
    left_out: list[LeftOut]
    tools: list[str]

    @property
    def tokens(self) -> int:
        """All of it."""
        return sum(one.tokens for one in self.parts)


class Step(BaseModel):
    """One thing that happened in a turn: ``kind`` is that of its event."""

    kind: str
    what: str
    detail: str = ""
    seconds: float = 0.0
    tool: str = ""
    bad: bool = False


class Turn(BaseModel):
    """A request and all that came of it. ``ending`` is empty while it runs, or where its process was killed."""

    number: int
    time: str
    text: str
    prompts: list[Prompt]
    steps: list[Step]
    ending: str
    answer: str
    cites: list[str]
    tokens: int
    usd: float | None = Field(description="None where an endpoint has no price.")


class Trace(BaseModel):
    """A session. ``said`` is what its messages hold of turns of which nothing else is recorded, as in a fork."""

    id: str
    title: str
    created: str
    updated: str
    parent: str
    parent_turn: int
    sources: list[str]
    made: list[str] = Field(description="Tools that were made in it.")
    turns: list[Turn]
    said: list[tuple[str, str]]
    page: int
    pages: int
    calls: int
    tokens: int
    usd: float | None


async def listed(asked: Asked) -> SessionList:
    """The list, or what a search finds."""
    words, page = asked.word("q"), asked.page
    if words:
        found = await asked.forge.sessions.search(words, limit=FOUND)
        lines = [
            SessionLine(
                id=one.session, title=one.title, updated=one.created, kind=one.kind, turn=one.turn, snippet=one.snippet
            )
            for one in found
        ]
        return SessionList(sessions=lines, q=words, page=1, more=False)
    newest = await asked.forge.sessions.list(PAGE + 1, (page - 1) * PAGE)
    lines = [
        SessionLine(id=one.id, title=one.title, updated=one.updated, turns=one.turns, parent=one.parent)
        for one in newest[:PAGE]
    ]
    return SessionList(sessions=lines, q="", page=page, more=len(newest) > PAGE)


async def trace(asked: Asked) -> Trace:
    """One session."""
    session = asked.path["session"]
    episode = await asked.forge.sessions.show(session)
    events = await asked.forge.sessions.events(session)
    made = dict.fromkeys(str(one.data.get("name", "")) for one in events if _stands(one))
    numbers = sorted({one.turn for one in events if one.turn}, reverse=True)
    pages = max(1, -(-len(numbers) // TURNS))
    page = min(asked.page, pages)
    shown = numbers[(page - 1) * TURNS : page * TURNS]
    learning = asked.forge.learning
    turns: list[Turn] = []
    for number in shown:
        costs = [one for one in episode.costs if one.turn == number]
        usd = learning.cost((one.endpoint, one.usage) for one in costs)
        turns.append(turn_of(number, [one for one in events if one.turn == number], costs, usd))
    spent = episode.costs
    return Trace(
        id=episode.id,
        title=episode.title,
        created=minute(episode.created),
        updated=minute(episode.updated),
        parent=episode.parent,
        parent_turn=episode.parent_turn,
        sources=[f"{one.kind} {one.ref}" for one in episode.sources],
        made=[*made],
        turns=turns,
        said=[*_said(episode, numbers)] if page == pages else [],
        page=page,
        pages=pages,
        calls=len(episode.calls),
        tokens=_tokens(spent),
        usd=learning.cost((one.endpoint, one.usage) for one in spent),
    )


def turn_of(number: int, events: Sequence[Event], costs: Sequence[Cost], usd: float | None) -> Turn:
    """One turn, from its events."""
    begun = next((one for one in events if one.type == "turn_started"), None)
    end = next((one for one in reversed(events) if one.type in TERMINAL), None)
    data: Mapping[str, Any] = end.data if end is not None else {}
    return Turn(
        number=number,
        time=minute(events[0].time),
        text=str(begun.data.get("text", "")) if begun is not None else "",
        prompts=[_prompt(one.data) for one in events if one.type == "context"],
        steps=[*_steps(events)],
        ending=end.type if end is not None else "",
        answer=str(data.get("answer") or data.get("message") or ""),
        cites=[f"{one.get('tool')}: {one.get('place')}" for one in _objects(data.get("cites"))],
        tokens=_tokens(costs),
        usd=usd,
    )


def _stands(event: Event) -> bool:
    """Whether a tool was made that is live or waits."""
    return event.type == "forge_finished" and event.data.get("state") in ("live", "proposed")


def _said(episode: Episode, known: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Messages of turns without events; a fork holds such as a copy."""
    if known and not episode.parent:
        return
    begins = min(known, default=0)
    for one in transcript(episode.messages)[: None if not begins else 200]:
        yield one.speaker, one.text


def _steps(events: Sequence[Event]) -> Iterator[Step]:
    for event in events:
        if (step := _step(event.type, event.data)) is not None:
            yield step


def _step(kind: str, data: Mapping[str, Any]) -> Step | None:
    """An event as one line; those that say nothing of their own are passed over."""
    match kind:
        case "model_finished":
            sent, cached, made = (_number(data.get(f"{key}_tokens")) for key in ("input", "cached", "output"))
            spared = f" ({cached:,.0f} from a cache)" if cached else ""
            what = f"the model of {data.get('role', '')}, {data.get('endpoint', '')}: {data.get('purpose', '')}"
            detail = f"{sent:,.0f} tokens in{spared}, {made:,.0f} out"
            return Step(kind=kind, what=what, detail=detail, seconds=_number(data.get("seconds")))
        case "tool_called":
            by = f" by {data['by']}" if data.get("by") else ""
            return Step(
                kind=kind, what=f"is called{by}", tool=str(data.get("tool", "")), detail=_short(data.get("args"))
            )
        case "tool_returned":
            bad = "error" in data
            told = str(data["error"]) if bad else _short(data.get("value"))
            what, tool = "gives an error" if bad else "gives", str(data.get("tool", ""))
            return Step(kind=kind, what=what, tool=tool, detail=told, seconds=_number(data.get("seconds")), bad=bad)
        case "forge_started":
            return Step(kind=kind, what=f"begins to make {data.get('name', '')}", detail=str(data.get("signature", "")))
        case "forge_finished":
            name, state = str(data.get("name", "")), str(data.get("state", ""))
            reused = f" {data['reused']} does it already." if data.get("reused") else ""
            detail = f"{data.get('reason', '')}{reused}".strip()
            return Step(kind=kind, what=f"made: {state}", tool=name, detail=detail, bad=state == "failed")
        case "compacted":
            return Step(kind=kind, what="the oldest part became a summary", detail=str(data.get("summary", "")))
        case "approval_asked" | "approval_decided":
            what = "asks whether it may" if kind.endswith("asked") else f"was {data.get('decision', '')}"
            rights = ", ".join(map(str, data.get("rights") or []))
            detail = f"{rights}{': ' * bool(rights and data.get('reason'))}{data.get('reason', '')}"
            return Step(kind=kind, what=what, tool=str(data.get("tool", "")), detail=detail)
        case "judged":
            return Step(kind=kind, what=f"turn {data.get('turn')} was called {data.get('word')}")
        case "notice":
            return Step(kind=kind, what="notice", detail=str(data.get("message", "")))
        case _:
            return None


def _prompt(data: Mapping[str, Any]) -> Prompt:
    return Prompt(
        parts=[Part(name=name, tokens=int(_number(tokens))) for name, tokens in dict(data.get("parts") or {}).items()],
        items=[
            Item(
                part=str(one.get("part", "")),
                id=str(one.get("id", "")),
                tokens=int(_number(one.get("tokens"))),
                score=_number(one.get("score")),
            )
            for one in _objects(data.get("items"))
        ],
        left_out=[
            LeftOut(part=str(one.get("part", "")), id=str(one.get("id", "")), why=str(one.get("why", "")))
            for one in _objects(data.get("left_out"))
        ],
        tools=[str(one) for one in cast("list[object]", data.get("tools") or [])],
    )


def _objects(told: object) -> list[Mapping[str, Any]]:
    listed = cast("list[object]", told) if isinstance(told, list) else []
    return [cast("Mapping[str, Any]", one) for one in listed if isinstance(one, dict)]


def _number(told: object) -> float:
    return float(told) if isinstance(told, int | float) else 0.0


def _short(value: Any) -> str:
    text = hostile.as_json(value)
    return text if len(text) <= VALUE_CHARS else f"{text[:VALUE_CHARS]} … ({len(text) - VALUE_CHARS:,} characters more)"


def _tokens(costs: Sequence[Cost]) -> int:
    return sum(one.usage.input_tokens + one.usage.output_tokens for one in costs)


READS = (
    Read(
        "/sessions", "sessions.html", SessionList, "Sessions, newest first, or found by words", "sessions", listed,
        ("q", "page"), private=True,
    ),
    Read(
        "/sessions/{session}", "session.html", Trace, "What happened in a session", "sessions", trace, ("page",),
        private=True,
    ),
)  # fmt: skip
