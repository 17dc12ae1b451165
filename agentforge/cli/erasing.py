"""``agentforge sessions delete``: what would go, the question, and what is left elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from agentforge.api.sessions import Erased, Sessions
from agentforge.cli.failure import report
from agentforge.cli.options import Who
from agentforge.cli.output import Output, agreed
from agentforge.cli.sessions import ask_sessions, moment
from agentforge.cli.typed import erase, history_file
from agentforge.errors import ApprovalNeeded, StorageError, UsageError
from agentforge.settings import load
from agentforge.types import JSON, JSONObject

_SHOWN = 20
"""So many sessions are named to people that something was learned from; JSON has all of them."""

_ROWS = {
    "messages": "message",
    "calls": "call",
    "labels": "outcome",
    "costs": "cost",
    "sources": "source",
    "events": "event",
    "jobs": "job",
}
"""Tables whose rows people know, and what they call one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line names."""

    session: str | None
    before: str | None
    everything: bool


def delete_sessions(who: Who, wanted: Wanted, form: str, *, yes: bool) -> int:
    """Shows what would be erased, asks where it may, and erases it."""
    if (wanted.session is not None) + (wanted.before is not None) + wanted.everything != 1:
        raise UsageError(
            "Say one thing to erase: a session, --before DATE, or --all.",
            fix="See 'agentforge sessions delete --help'.",
        )
    output = Output(form)
    before = moment(wanted.before, "--before")
    session, everything = wanted.session, wanted.everything
    seen = ask_sessions(who, lambda sessions: sessions.foreseen(session, before=before, everything=everything))
    _announce(output, seen)
    if not yes and not agreed(output, "Erase all of this for good?"):
        declined = ApprovalNeeded("Nothing was erased.", fix="Say --yes to do it without being asked.")
        return report(output, "ApprovalNeeded", declined.message, declined.fix, declined.exit_code, _data(seen))
    said = ask_sessions(who, lambda sessions: _typed(sessions, session)) if session is not None else set[str]()
    done = ask_sessions(who, lambda sessions: sessions.erase(session, before=before, everything=everything))
    _erase_typed(who, said, before, everything=everything)
    if not done.complete:
        said = f"Erased are {_told(done)}, but not from the file. {' '.join(done.remains)}"
        return report(output, "StorageError", said, "", StorageError.exit_code, _data(done))
    for remark in done.remains:
        output.warn(remark)
    return output.finish(f"Erased: {_told(done)}.", _data(done))


async def _typed(sessions: Sessions, session: str) -> set[str]:
    """What was said in a session, as it was typed."""
    return {str(one.data.get("text", "")) for one in await sessions.events(session) if one.type == "turn_started"}


def _erase_typed(who: Who, said: set[str], before: datetime | None, *, everything: bool) -> None:
    """Takes the same out of what the terminal keeps of what was typed (raises StorageError)."""
    file = history_file(load(overrides=who.overrides()))
    try:
        erase(file, said=said, before=before, everything=everything)
    except OSError as error:
        raise StorageError(
            f"The sessions are erased, but what was typed still stands in {file}: {error.strerror}.",
            fix="Remove that file.",
        ) from error


def _announce(output: Output, seen: Erased) -> None:
    """What would go, and what would stay; a program gets both in the result."""
    if output.json:
        return
    output.note(f"To be erased: {_told(seen)}.")
    erasure = seen.erasure
    if erasure.shortened:
        output.note(f"They lose their beginning and their title: {', '.join(erasure.shortened)}")
    if erasure.forks:
        output.warn(f"Forks stay, with their copy of what was said: {', '.join(erasure.forks)}")
    for title in seen.rules[:_SHOWN]:
        output.warn(f"A rule that was kept from it goes as well: {title}")
    if len(seen.rules) > _SHOWN:
        output.warn(f"So do {len(seen.rules) - _SHOWN} further ones (--json names all).")
    for session, names in [*seen.learned.items()][:_SHOWN]:
        output.warn(
            f"What was learned from {session} stays: {', '.join(names)}. "
            f"'agentforge revoke episode:{session}' takes it back; the history of the registry keeps it."
        )
    if len(seen.learned) > _SHOWN:
        output.warn(f"So it is with {len(seen.learned) - _SHOWN} further sessions (--json names all).")


def _told(erased: Erased) -> str:
    erasure = erased.erasure
    parts = [_counted(len(erasure.sessions), "session")]
    parts += [f"the beginning of {len(erasure.shortened)}"] if erasure.shortened else []
    parts += [_counted(erasure.rows[table], name) for table, name in _ROWS.items() if erasure.rows.get(table)]
    return ", ".join(parts)


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"


def _data(erased: Erased) -> JSONObject:
    erasure = erased.erasure
    learned: list[JSON] = [
        {"session": session, "what": [*names], "revoke": f"agentforge revoke episode:{session}"}
        for session, names in erased.learned.items()
    ]
    return {
        "sessions": [*erasure.sessions],
        "shortened": [*erasure.shortened],
        "forks": [*erasure.forks],
        "rows": cast("JSONObject", dict(erasure.rows)),
        "learned": learned,
        "rules": [*erased.rules],
        "remains": [*erased.remains],
    }
