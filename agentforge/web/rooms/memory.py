"""Memory: what is remembered in each tier, where it comes from, when it was recalled; edited, let in and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, Field

from agentforge.api import Forge
from agentforge.memory.entries import TEXT_CHARS, WHEN_CHARS, Entry
from agentforge.web.rooms.room import PAGE, Asked, Change, Made, Read, Seen, Why, minute

KINDS: Final = {"": "everything", "fact": "facts", "preference": "preferences", "lesson": "lessons"}
FOUND = 50
MANY: Final = 1_000
"""Sessions are counted up to here."""
KEPT: Final = (
    "Forgetting takes it out of use and out of the files of your registry as they are now. "
    "The history of the registry still holds its words, as does every clone: "
    "'agentforge memory forget {key} --rewrite' rewrites the history. "
    "What was said in sessions stays in the database until 'agentforge sessions delete ID' erases it."
)
"""What a person has to know before they forget something."""


class Tier(BaseModel):
    """One tier of memory: what it holds, where, how often it changes, and what that takes."""

    name: str
    holds: str
    kept: str
    clock: str
    evidence: str
    count: str


TIERS: Final = (
    ("working", "what one request gets to see", "memory of the program", "every request to a model", "it fits"),
    ("episodic", "sessions, calls, outcomes", "database", "as it happens", "only added to; redacted when written"),
    ("semantic", "facts and preferences", "registry", "end of a session, sleep", "a session; what is newer supersedes"),
    ("procedural", "tools and lessons", "registry", "forging, sleep", "all gates; old tests stay green"),
    ("persona", "how you want to be worked with", "registry", "sleep, or your word", "three sessions, or your request"),
)


class Known(BaseModel):
    """Something that is remembered."""

    id: str
    kind: Literal["fact", "preference", "lesson"]
    text: str
    topic: str
    when: str
    standing: str
    layer: str
    episodes: list[str]
    sources: list[str]
    created: str
    confirmed: str
    untrusted: bool
    score: float | None = Field(default=None, description="How well it fits what was searched for.")
    waits: str = Field(default="", description="Why it waits.")
    replaces: list[str] = Field(default=[], description="What would be superseded if it were approved.")
    saw: str = Field(description="Send it along with a decision.")


class MemoryPage(BaseModel):
    """The tiers, what waits, and a page of what is remembered."""

    tiers: list[Tier]
    waiting: list[Known]
    entries: list[Known]
    problems: list[str]
    q: str
    kind: str
    everything: bool
    total: int
    page: int
    pages: int


class Touched(BaseModel):
    """One commit that touched an entry, and what it said from then on."""

    commit: str
    time: str
    what: str
    by: str
    episodes: list[str]
    text: str


class Recall(BaseModel):
    """A turn in which it was put before a model, and how well it fitted."""

    session: str
    turn: int
    time: str
    score: float


class EntryPage(BaseModel):
    """One entry with where it comes from and what became of it."""

    entry: Known
    outcomes: list[str]
    before: list[Known]
    after: list[Known]
    history: list[Touched]
    recalls: list[Recall]
    forgetting: str


class EntryEdit(Seen):
    """Another text in its place."""

    text: str = Field(min_length=1, max_length=TEXT_CHARS)
    when: str = Field(default="", max_length=WHEN_CHARS)


async def listed(asked: Asked) -> MemoryPage:
    """The room: tiers first, then what waits, then what is remembered."""
    words, kind = asked.word("q"), asked.query.get("kind", "")
    everything = asked.query.get("all", "") == "yes"
    kind = kind if kind in KINDS else ""
    sessions = len(await asked.forge.sessions.list(MANY))

    def read(forge: Forge) -> MemoryPage:
        memory = forge.memory
        if words:
            hits = [(hit.entry, hit.score) for hit in memory.search(words, FOUND)]
        else:
            hits = [(one, None) for one in memory.list(everything=everything)]
        found = [(entry, score) for entry, score in hits if kind in ("", entry.kind)]
        pages = max(1, -(-len(found) // PAGE))
        page = min(asked.page, pages)
        waiting = [
            known_of(forge, one.entry, waits=one.why or "It waits for you.", replaces=memory.replaces(one))
            for one in memory.pending()
        ]
        current = memory.list()
        lessons, tools = sum(one.kind == "lesson" for one in current), len(forge.tools())
        counts = {
            "episodic": f"{sessions}{'+' * (sessions == MANY)} sessions",
            "semantic": f"{len(current) - lessons:,} in use",
            "procedural": f"{_many(lessons, 'lesson')}, {_many(tools, 'tool')}",
            "persona": _many(len(memory.persona.lines()), "line"),
        }
        return MemoryPage(
            tiers=[
                Tier(name=name, holds=holds, kept=kept, clock=clock, evidence=evidence, count=counts.get(name, ""))
                for name, holds, kept, clock, evidence in TIERS
            ],
            waiting=waiting,
            entries=[known_of(forge, entry, score) for entry, score in found[(page - 1) * PAGE : page * PAGE]],
            problems=memory.problems(),
            q=words,
            kind=kind,
            everything=everything,
            total=len(found),
            page=page,
            pages=pages,
        )

    return await asked.of(read)


async def entry(asked: Asked) -> EntryPage:
    """One entry."""
    key = asked.path["key"]

    def read(forge: Forge) -> EntryPage:
        memory = forge.memory
        why = memory.why(key)
        recalls = memory.recalled(key)
        waits = next((one for one in memory.pending() if one.entry.id == key), None)
        replaces = memory.replaces(waits) if waits is not None else ()
        return EntryPage(
            entry=known_of(forge, why.entry, waits=why.waits, replaces=replaces),
            outcomes=[f"{call} {outcome}" for call, outcome in why.entry.outcomes.items()],
            before=[known_of(forge, one) for one in why.before],
            after=[known_of(forge, one) for one in why.after],
            history=[
                Touched(
                    commit=one.commit,
                    time=one.time.isoformat(),
                    what=one.what,
                    by=one.approver,
                    episodes=list(one.episodes),
                    text=one.text,
                )
                for one in why.happenings
            ],
            recalls=[
                Recall(session=one.session, turn=one.turn, time=minute(one.time), score=one.score) for one in recalls
            ],
            forgetting=KEPT.format(key=key),
        )

    return await asked.of(read)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def known_of(
    forge: Forge, one: Entry, score: float | None = None, *, waits: str = "", replaces: Sequence[Entry] = ()
) -> Known:
    """An entry as a value of the pages."""
    memory = forge.memory
    return Known(
        id=one.id,
        kind=one.kind,
        text=one.text,
        topic=one.topic,
        when=one.when,
        standing=memory.standing(one.id),
        layer=memory.layer(one.id),
        episodes=list(one.episodes),
        sources=list(one.sources),
        created=one.created.isoformat(),
        confirmed=one.confirmed.isoformat() if one.confirmed is not None else "",
        untrusted=one.untrusted,
        score=score,
        waits=waits,
        replaces=[f"{old.id}: {old.text}" for old in replaces],
        saw=memory.seen(one.id),
    )


async def edit(asked: Asked, given: EntryEdit) -> Made:
    """Puts another text in its place."""
    key = asked.path["key"]

    def do(forge: Forge) -> Made:
        memory = forge.memory.by(asked.person.name)
        when = given.when if memory.get(key).lesson else None
        done = memory.edit(key, given.text, when=when, saw=given.saw)
        return Made(did=f"{key} is changed." if done.commit else f"{key} is as it was.", commit=done.commit)

    return await asked.of(do)


async def approve(asked: Asked, given: Seen) -> Made:
    """Lets it be used."""
    key = asked.path["key"]

    def do(forge: Forge) -> Made:
        done = forge.memory.by(asked.person.name).approve(key, saw=given.saw)
        gone = f" In its place {', '.join(one for one in done.superseded)} goes." if done.superseded else ""
        return Made(did=f"{key} is remembered from now on.{gone}", commit=done.commit)

    return await asked.of(do)


async def reject(asked: Asked, given: Why) -> Made:
    """Takes it out of the queue; it is not proposed again."""
    key = asked.path["key"]

    def do(forge: Forge) -> Made:
        done = forge.memory.by(asked.person.name).reject(key, given.reason, saw=given.saw)
        return Made(did=f"{key} is turned down, and will not be proposed again.", commit=done.commit, address="/memory")

    return await asked.of(do)


async def forget(asked: Asked, given: Seen) -> Made:
    """Takes it away, with what came from it alone."""
    key = asked.path["key"]

    def do(forge: Forge) -> Made:
        done = forge.memory.by(asked.person.name).forget(key, saw=given.saw)
        names = ", ".join(done.ids)
        return Made(did=f"Forgotten: {names}.", commit=done.commit, remarks=list(done.remarks), address="/memory")

    return await asked.of(do)


READS = (
    Read(
        "/memory", "memory.html", MemoryPage, "What is remembered, and what waits", "memory", listed,
        ("q", "kind", "all", "page"), private=True,
    ),
    Read("/memory/{key}", "entry.html", EntryPage, "One entry: source, history", "memory", entry, private=True),
)  # fmt: skip
CHANGES = (
    Change("/memory/{key}/edit", EntryEdit, "Replaces the text of an entry", "remember", edit),
    Change("/memory/{key}/approve", Seen, "Lets an entry that waits be used", "remember", approve),
    Change("/memory/{key}/reject", Why, "Turns down an entry that waits", "remember", reject),
    Change("/memory/{key}/forget", Seen, "Forgets an entry and what came from it alone", "remember", forget),
)
