"""A home such as a person has after some weeks, told with words of one's choice: sessions, memory, persona, nights."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentforge import clock
from agentforge.api import Forge
from agentforge.events import Event
from agentforge.jobs.protocol import Ending, Holder, NewJob
from agentforge.memory.entries import Candidate
from agentforge.memory.persona import Persona
from agentforge.memory.records import FinishedCall
from agentforge.settings import Settings, load
from agentforge.sleep.night import SLEEP
from agentforge.sleep.report import Done, Effect, Report
from agentforge.testing import MovedClock
from agentforge.types import JSONObject, Need, Role, Usage

from .realistic import filled

NIGHT = "night-20261118"
TOOL = "clean_phone"


@dataclass
class Lived:
    """What was made, by id."""

    session: str = ""
    other: str = ""
    fork: str = ""
    fact: str = ""
    waits: str = ""
    lesson: str = ""
    night: str = NIGHT


def settings_here(user: str = "ada") -> Settings:
    """Those of ``AGENTFORGE_HOME``, with two endpoints, one of which has a price."""
    endpoints = {
        "local": {"kind": "vllm", "url": "http://127.0.0.1:9", "model": "qwen2.5-coder-7b"},
        "claude": {
            "kind": "claude",
            "url": "http://127.0.0.1:9",
            "model": "claude-sonnet",
            "input_price": 3.0,
            "output_price": 15.0,
        },
    }
    roles = {role.value: "claude" if role is Role.PLAN else "local" for role in Role}
    return load(overrides={"user": user, "endpoints": endpoints, "roles": roles})


def registry_at(settings: Settings) -> Path:
    """Where the registry of its user is."""
    return settings.registries / settings.org / f"{settings.user}.git"


def same(text: str) -> str:
    """As it is."""
    return text


async def lived(settings: Settings, *, word: Callable[[str], str] = same, line: Callable[[str], str] = same) -> Lived:
    """Fills a home; ``word`` may put other text (hostile, say) in the place of each that a model or person wrote, and
    ``line`` in that of what is remembered: one line of printable characters.
    """
    filled(registry_at(settings))
    made = Lived()
    await _weeks(settings)
    async with Forge(user=settings.user, settings=settings) as forge:
        opened = forge.opened
        episodes = await opened.the_episodes()
        now = clock.now()
        made.session = episodes.start(word("Tidy the phone numbers of our customers"))
        for number, (asked, answer) in enumerate(
            (
                ("Tidy these numbers: (030) 123 456 and 0171/555 01 23", "+4930123456 and +491715550123"),
                ("And what is 3.50 in cents?", "350 cents."),
                ("Convert the total of invoice 17 to francs.", "The rates cannot be reached."),
            ),
            1,
        ):
            _turn(episodes, made.session, number, word(asked), word(answer), word, now - timedelta(hours=4 - number))
        episodes.record_source(made.session, "page", word("phone.example.org/formats"))
        made.other = episodes.start(word("What our fiscal year is"))
        _turn(episodes, made.other, 1, word("Remember that our fiscal year ends in March."), word("I will."), word, now)
        made.fork = await forge.sessions.fork(made.session, turn=1)
        memory = opened.memory()
        first = memory.add(Candidate(line("The fiscal year ends in December."), topic="fiscal-year"), approver="ada")
        fact = memory.add(
            Candidate(line("The fiscal year ends in March."), topic="fiscal-year", episodes=(made.other,)),
            approver="ada",
        )
        told = Candidate(
            line("Amounts are in euros unless told otherwise."), kind="preference", episodes=(made.session,)
        )
        memory.add(told, approver="ada")
        lesson = memory.add(
            Candidate(
                line("Ask for the country before tidying a phone number."),
                kind="lesson",
                when=line("a number has no country code"),
                episodes=(made.session, made.other),
            ),
            approver="ada",
        )
        waits = memory.add(
            Candidate(
                line("Customers in Austria have the country code +43."), episodes=(made.session,),
                sources=("page:phone.example.org",), tainted=True,
            )
        )  # fmt: skip
        assert first.entry is not None
        assert fact.entry is not None
        assert lesson.entry is not None
        assert waits.entry is not None
        made.fact, made.lesson, made.waits = fact.entry.id, lesson.entry.id, waits.entry.id
        _recalled(episodes, made.other, made.fact, word, now)
        persona = Persona(memory, approver="ada")
        persona.edit(line("Answer in short sentences.") + "\n" + line("- Give numbers with their units.") + "\n")
        later = [made.session, made.other, made.fork]
        text = persona.text() + line("- Put the result first, the way to it behind it.") + "\n"
        persona.propose(text, episodes=later)
        _night(forge, word, line, now)
        await forge.enqueue(Need("total_of", "(text: str) -> float", line("Add up the amounts of an invoice.")))
    return made


async def _weeks(settings: Settings) -> None:
    """Nine weeks in which it gets better: fewer failures and tokens, more reuse."""
    today = clock.now()
    async with Forge(user=settings.user, settings=settings) as forge:
        episodes = await forge.opened.the_episodes()
        for back in range(9, 0, -1):
            with MovedClock(today - timedelta(weeks=back)):
                session = episodes.start(f"Work of week {10 - back}")
                episodes.append(session, {"role": "user", "content": "How many?"}, 4)
                for turn in range(1, 5):
                    time = clock.now().isoformat(timespec="microseconds")
                    reused = turn <= (10 - back) // 2
                    done: JSONObject = {"answer": "42", "tools_used": [TOOL] if reused else [], "tools_made": []}
                    failed = turn == 4 and back > 3
                    kind, data = ("failed", {"message": "It timed out."}) if failed else ("completed", done)
                    event = Event(kind, data, 1, settings.org, settings.user, session, turn, time)  # type: ignore[arg-type] - JSON by hand
                    episodes.record_event(session, event)
                    usage = Usage(900 + 150 * back, 40 * back * (not reused), 300, 1)
                    episodes.record_cost(session, turn, Role.PLAN, "claude", usage, 1.0, "decide")


def _turn(
    episodes: object, session: str, number: int, asked: str, answer: str, word: Callable[[str], str], at: datetime
) -> None:
    """One turn with everything that a trace can show; the third one fails."""
    from agentforge.memory.episodes import Episodes

    assert isinstance(episodes, Episodes)
    failed = number == 3
    stamp = at.astimezone(UTC)
    seq = 0

    def event(kind: str, **data: object) -> None:
        nonlocal seq, stamp
        seq += 1
        stamp += timedelta(seconds=1)
        told: JSONObject = dict(data)  # type: ignore[assignment] - JSON by hand
        time = stamp.isoformat(timespec="microseconds")
        episodes.record_event(session, Event(kind, told, seq, episodes.org, episodes.user, session, number, time))

    episodes.append(session, {"role": "user", "content": asked}, number)
    event("turn_started", text=asked)
    event(
        "context",
        parts={"instructions": 310, "persona": 42, "tools": 180, "memory": 38, "history": 120 * number},
        items=[{"part": "memory", "id": "fabcdefg", "tokens": 19, "score": 3.2}],
        left_out=[{"part": "history", "id": "", "why": word("The oldest 2 turns did not fit.")}],
        tools=["clean_phone", "check_iban"],
    )
    event("model_started", role="plan", endpoint="claude", purpose="decide")
    event(
        "model_finished", role="plan", endpoint="claude", purpose="decide", input_tokens=690, output_tokens=61,
        cached_tokens=310, seconds=1.84,
    )  # fmt: skip
    args: JSONObject = {"text": word("(030) 123 456")}
    event("tool_called", tool=TOOL, args=args, call=f"call-{session}-{number}")
    if failed:
        event(
            "tool_returned", tool=TOOL, call=f"call-{session}-{number}", error=word("URLError: no route"), seconds=0.4
        )
    else:
        event("tool_returned", tool=TOOL, call=f"call-{session}-{number}", value=word("+4930123456"), seconds=0.02)
    call = FinishedCall(TOOL, "c" * 64, args, "raised" if failed else "returned", word("+4930123456"), 0.02)
    episodes.record_call(session, number, call, f"call-{session}-{number}")
    if number == 1:
        event("forge_started", job="job-1", name=TOOL, signature="(text: str) -> str")
        event(
            "forge_finished", job="job-1", name=TOOL, state="proposed", version="c" * 64, unconfirmed=False,
            reason=word("It read a page, so it waits for you."), reused="",
        )  # fmt: skip
    event("notice", message=word("No Docker daemon answers: bubblewrap is used."))
    episodes.record_cost(session, number, Role.PLAN, "claude", Usage(690, 61, 310, 1), 1.84, "decide")
    episodes.record_cost(session, number, Role.GENERATE, "local", Usage(2100, 900, 0, 4), 6.0, "forge")
    if failed:
        event("failed", message=answer, fix=word("Try again."), error="ModelUnavailable", code=4)
    else:
        made = [TOOL] if number == 1 else []
        event(
            "completed", answer=answer, usage={}, tools_made=made, tools_used=[TOOL],
            cites=[{"tool": TOOL, "version": "c", "passage": "d1.2", "place": word("Telephone policy, section 2")}],
        )  # fmt: skip
    episodes.append(session, {"role": "assistant", "content": answer}, number)


def _recalled(episodes: object, session: str, key: str, word: Callable[[str], str], now: datetime) -> None:
    from agentforge.memory.episodes import Episodes

    assert isinstance(episodes, Episodes)
    data: JSONObject = {
        "parts": {"memory": 19},
        "items": [{"part": word("facts"), "id": key, "tokens": 19, "score": 4.25}],
        "left_out": [],
        "tools": [],
    }
    time = now.astimezone(UTC).isoformat(timespec="microseconds")
    episodes.record_event(session, Event("context", data, 90, episodes.org, episodes.user, session, 1, time))


def _night(forge: Forge, word: Callable[[str], str], line: Callable[[str], str], now: datetime) -> None:
    """One night as the report of its job; its commit is one of the registry, so that it can be taken back."""
    opened = forge.opened
    commit = opened.memory().add(Candidate(line("Invoices are numbered by year.")), approver="").commit
    changes = (
        Done(
            "tool:invoice", "tool", word("A tool for invoice totals, from 4 like questions"), "dropped",
            word("1 past task would no longer go right: total of invoice 9."), (), 5200,
            Effect(12, 11, 10, (), (word("total of invoice 9"),)), 0.01,
        ),
        Done(
            "tool:phone", "tool", word("clean_phone also takes numbers with slashes"), "kept", "", (), 3100,
            Effect(12, 11, 12, (word("0171/555 01 23"),), (), 900),
        ),
        Done("memory:1", "memory", word("Remember what three sessions said"), "kept", "", (commit,), 400),
        Done("persona:1", "persona", word("A line of the persona"), "waits", word("It waits for you.")),
    )  # fmt: skip
    until = now.astimezone(UTC).isoformat(timespec="microseconds")
    report = Report(NIGHT, "", until, changes, 8700, 41.5, 1, "f", 12, 11, 12, 0.01)
    rows = opened.job_rows()
    rows.create(NewJob(NIGHT, SLEEP, "night", {}, via="inline"))
    taken = rows.take(NIGHT, Holder("me", lambda _: True))
    assert taken is not None
    rows.finish(NIGHT, taken.takes, Ending("done", word("Slept."), "done", report.to_json()))


if __name__ == "__main__":  # a home to look at by hand
    asyncio.run(lived(settings_here()))
