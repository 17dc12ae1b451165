"""What a user said of answers: the question of a turn, and what is right of it as the user wrote it.

One row for each turn that was judged; a later word replaces an earlier one. All calls are synchronous, as in
:mod:`agentforge.memory.episodes`, rows of other users are invisible, and whatever takes a session takes its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from sqlalchemy import Connection, Table, exists, insert, select, update

from agentforge import clock
from agentforge.database.store import Database
from agentforge.database.tables import CALLS, EVENTS, JOBS, SOURCES, TRUTHS
from agentforge.secrecy import redact
from agentforge.types import JSON, JSONObject

Word: TypeAlias = Literal["right", "wrong"]

LONGEST = 8_000
"""Characters of a question, and of an answer, that is kept: a longer one is a document."""

NEWEST = 400
"""So many of the newest are looked at, so that a question costs the same however many were judged."""

FORGINGS = 20
"""So many of the newest forgings that failed are looked at."""

SCRIPT = "run_python"
"""What gave an answer that code computed."""

_ENDED = ("completed", "failed", "limited", "waiting", "interrupted")


@dataclass(frozen=True, slots=True)
class Truth:
    """A judged answer. ``expected`` is the right one where it is known; ``way`` is what gave the answer: a tool's name,
    ``run_python``, or empty for a model's own words. ``tool`` was made from this and others; ``tried`` says how many
    truths the last forging had that this one was a part of. ``tainted``: its session has read untrusted text.
    """

    id: int
    session: str
    turn: int
    word: Word
    question: str
    expected: str | None
    way: str = ""
    tool: str = ""
    tried: int = 0
    tainted: bool = False

    @property
    def source(self) -> str:
        """Where it comes from, as provenance names it: ids only."""
        return f"feedback:{self.session}:{self.turn}"


@dataclass(frozen=True, slots=True)
class Answered:
    """A turn that answered something. ``answer`` is what was said, empty where it failed; ``result`` the bare value in
    it where one was computed; ``call`` the id of the call of a tool whose value that is.
    """

    session: str
    turn: int
    question: str
    answer: str = ""
    result: str = ""
    way: str = ""
    call: str = ""
    tool: str = ""
    value: JSON = None


class Truths:
    """The judged answers of one user. ``secrets`` are texts that must never be written, exactly."""

    def __init__(self, database: Database, *, org: str, user: str, secrets: Collection[str] = ()) -> None:
        self._database = database
        self._org = org
        self._user = user
        self._secrets = tuple(secrets)

    def keep(self, answered: Answered, word: Word, expected: str | None) -> None:
        """Writes what was said of an answer. What holds a secret, or is too long, is right of nothing any more."""
        question = redact(answered.question, self._secrets)
        known = expected is not None and redact(expected, self._secrets) == expected and question == answered.question
        whole = max(len(question), len(expected or "")) <= LONGEST
        values: dict[str, Any] = {
            "word": word,
            "question": question[:LONGEST],
            "expected": expected if known and whole else None,
            "way": answered.way,
        }
        at = (*self._mine(TRUTHS), TRUTHS.c.session == answered.session, TRUTHS.c.turn == answered.turn)
        with self._database.write() as connection:
            if connection.execute(update(TRUTHS).where(*at).values(**values)).rowcount:
                return
            head = {"org": self._org, "user": self._user, "session": answered.session, "turn": answered.turn}
            connection.execute(insert(TRUTHS).values(**head, created=_now(), **values))

    def newest(self) -> list[Truth]:
        """The :data:`NEWEST` judged answers, oldest first."""
        mine = (*self._mine(SOURCES), SOURCES.c.session == TRUTHS.c.session)
        query = select(TRUTHS, exists().where(*mine).label("tainted")).where(*self._mine(TRUTHS))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(TRUTHS.c.id.desc()).limit(NEWEST)).all()
        columns = ("id", "session", "turn", "word", "question", "expected", "way", "tool", "tried", "tainted")
        return [Truth(*(getattr(row, name) for name in columns)) for row in reversed(rows)]

    def scripts(self, truths: Sequence[Truth]) -> dict[int, str]:
        """The last code that was run for each of these answers, by the id of the truth; those that code answered."""
        found: dict[int, str] = {}
        with self._database.read() as connection:
            for one in truths:
                at = (*self._mine(CALLS), CALLS.c.session == one.session, CALLS.c.turn == one.turn)
                query = select(CALLS.c.args).where(*at, CALLS.c.tool == one.way).order_by(CALLS.c.created.desc())
                args = cast("JSONObject", connection.execute(query.limit(1)).scalar() or {})
                code = args.get("code") if one.way == SCRIPT else None
                if isinstance(code, str):
                    found[one.id] = code
        return found

    def attempts(self, truths: Sequence[Truth]) -> list[JSONObject]:
        """What is kept of forgings that failed and showed a model nothing but some of these, newest first."""
        failed = (*self._mine(JOBS), JOBS.c.kind == "forging", JOBS.c.state == "failed")
        query = select(JOBS.c.artefacts).where(*failed).order_by(JOBS.c.created.desc()).limit(FORGINGS)
        with self._database.read() as connection:
            kept = [cast("JSONObject", row.artefacts or {}) for row in connection.execute(query)]
        sources = {one.source for one in truths}
        return [one for one in kept if (shown := cast("list[str]", one.get("shown", []))) and sources.issuperset(shown)]

    def mark(self, truths: Sequence[Truth], *, tool: str = "") -> None:
        """Notes that a forging had these, and the tool that came of it, if one did."""
        values: dict[str, Any] = {"tried": len(truths), **({"tool": tool} if tool else {})}
        ids = [one.id for one in truths]
        with self._database.write() as connection:
            connection.execute(update(TRUTHS).where(*self._mine(TRUTHS), TRUTHS.c.id.in_(ids)).values(**values))

    def answered(self, session: str, turn: int | None = None) -> Answered | None:
        """A turn of a session with what came of it, by default the last one that did not just judge another."""
        with self._database.read() as connection:
            before: int | None = None
            while found := self._last_turn(connection, session, before, turn):
                number, data = found
                if turn is not None or "judged" not in data:
                    return self._answered(connection, session, number, data)
                before = number
        return None

    def answered_by(self, call: str) -> Answered | None:
        """The turn whose answer a call of a tool gave; None where it gave none."""
        query = select(CALLS.c.session, CALLS.c.turn).where(*self._mine(CALLS), CALLS.c.id == call)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        found = self.answered(row.session, row.turn) if row is not None and row.session else None
        return found if found is not None and found.call == call else None

    def _last_turn(
        self, connection: Connection, session: str, before: int | None, exactly: int | None
    ) -> tuple[int, dict[str, JSONObject]] | None:
        """The newest turn before one, or exactly one, with the data of the events that tell what it did."""
        mine = [*self._mine(EVENTS), EVENTS.c.session == session]
        bounds = [EVENTS.c.turn < before] if before is not None else []
        bounds += [EVENTS.c.turn == exactly] if exactly is not None else []
        last = select(EVENTS.c.turn).where(*mine, *bounds, EVENTS.c.type.in_(_ENDED))
        number = connection.execute(last.order_by(EVENTS.c.id.desc()).limit(1)).scalar()
        if number is None:
            return None
        wanted = EVENTS.c.type.in_(("turn_started", "judged", *_ENDED))
        rows = connection.execute(select(EVENTS.c.type, EVENTS.c.data).where(*mine, EVENTS.c.turn == number, wanted))
        return int(number), {row.type: cast("JSONObject", row.data) for row in rows}

    def _answered(
        self, connection: Connection, session: str, turn: int, data: dict[str, JSONObject]
    ) -> Answered | None:
        ended = data.get("completed", {})
        question, answer, result = data.get("turn_started", {}).get("text"), ended.get("answer"), ended.get("result")
        if not isinstance(question, str):
            return None
        mine = (*self._mine(CALLS), CALLS.c.session == session, CALLS.c.turn == turn)
        last = connection.execute(select(CALLS).where(*mine).order_by(CALLS.c.created.desc()).limit(1)).one_or_none()
        gave = last is not None and last.version and last.status == "returned" and answer is not None
        return Answered(
            *(session, turn, question, str(answer or ""), str(result or "")),
            way=last.tool if last is not None else "",
            call=last.id if last is not None and gave else "",
            tool=last.tool if last is not None and gave else "",
            value=last.value if last is not None and gave else None,
        )

    def _mine(self, table: Table) -> tuple[Any, ...]:
        return (table.c.org == self._org, table.c.user == self._user)


def _now() -> str:
    return clock.now().isoformat(timespec="microseconds")
