"""Outcomes of calls: what a person said of them, and what the program found out.

A call's row says what it did. What became known later stands in ``labels``, which only grows: the newest
row of a person and the newest one of the program count. ``returned`` is no label and counts for nothing.
All calls are synchronous, as in :mod:`agentforge.memory.episodes`, and rows of other users are invisible.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import Connection, Row, Table, func, insert, select, update

from agentforge import clock
from agentforge.database.store import Database
from agentforge.database.tables import CALLS, LABELS, SESSIONS, SOURCES
from agentforge.errors import UsageError
from agentforge.redaction import redact_json
from agentforge.secrecy import is_redacted, redact
from agentforge.types import JSON, Example, JSONObject, OutcomeKind

Word: TypeAlias = Literal["confirmed", "wrong"]
"""What a person says of a call."""

DEFECT = "defect"
"""The one finding of the program that counts as a label (``forge.classify`` has all of them)."""

DOUBT = 4
"""Words on a tool's answers that are taken to be missing: one alone tells little of the tool."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Known:
    """One call with all that is known of it.

    ``error`` is the text of what went wrong, ``word`` what a person said last and ``expected`` their
    correction: an object with ``returns`` or ``raises``. ``finding`` is what the program found last.
    ``told`` is the newest label and ``said`` the newest one of a person, by their rows, which only grow; 0 is none.
    """

    id: str
    session: str
    tool: str
    version: str
    args: JSONObject
    status: str
    value: JSON
    error: str
    created: str
    word: Word | None = None
    expected: JSONObject | None = None
    finding: str = ""
    told: int = 0
    said: int = 0

    @property
    def raised(self) -> str:
        """The name of the exception that it ended with; empty where there was none."""
        name = self.error.partition(":")[0]
        return name if self.status == "raised" and name.isidentifier() else ""

    @property
    def whole(self) -> bool:
        """Whether it can be played again: no argument was hidden, and no answer that a person confirmed."""
        return not is_redacted(repr(self.args)) and not (self.word == "confirmed" and is_redacted(repr(self.value)))

    @property
    def source(self) -> str:
        """Where what a person says of it comes from, as provenance names it: ids only."""
        return f"feedback:{reference(self.id)}"

    @property
    def truth(self) -> Example | None:
        """What a person vouches for: the correction, or the confirmed outcome itself."""
        source = self.source
        if self.word == "wrong" and self.expected is not None:
            raises = self.expected.get("raises")
            return Example(self.args, self.expected.get("returns"), str(raises) if raises else None, source)
        if self.word == "confirmed" and self.status == "returned":
            return Example(self.args, self.value, None, source)
        if self.word == "confirmed" and self.raised:
            return Example(self.args, None, self.raised, source)
        return None

    @property
    def defect(self) -> bool:
        """Whether it is a confirmed defect: found by the program, and by no person called right."""
        return self.finding == DEFECT and self.word != "confirmed"

    @property
    def labelled(self) -> bool:
        """Whether it counts among the labelled calls."""
        return self.word is not None or self.finding == DEFECT


@dataclass(frozen=True, slots=True)
class Label:
    """One entry of a call's history. ``by`` is ``user`` or ``program``."""

    kind: str
    by: str
    expected: JSONObject | None
    reason: str
    created: str


class Outcomes:
    """What is known of one user's calls. ``secrets`` are texts that must never be written, exactly."""

    def __init__(self, database: Database, *, org: str, user: str, secrets: Collection[str] = ()) -> None:
        self._database = database
        self._org = org
        self._user = user
        self._secrets = tuple(secrets)

    def call(self, call: str) -> Known:
        """One call.

        Raises:
            UsageError: this user has no such call.
        """
        with self._database.read() as connection:
            row = connection.execute(select(CALLS).where(*self._mine(CALLS), CALLS.c.id == call)).one_or_none()
            if row is None:
                raise _unknown(call)
            return self._known(connection, [row])[0]

    def last_call(self) -> Known:
        """The last call of a tool in the newest session that has one, else the last one outside any session.

        Raises:
            UsageError: no tool was ever called.
        """
        tools = (*self._mine(CALLS), CALLS.c.version != "")
        newest = (SESSIONS.c.updated.desc(), CALLS.c.created.desc())
        joined = select(CALLS).join(SESSIONS, CALLS.c.session == SESSIONS.c.id)
        with self._database.read() as connection:
            row = connection.execute(joined.where(*tools, *self._mine(SESSIONS)).order_by(*newest).limit(1)).first()
            if row is None:
                row = connection.execute(select(CALLS).where(*tools).order_by(CALLS.c.created.desc()).limit(1)).first()
            if row is None:
                raise UsageError("No tool was called yet, so there is no answer to judge.")
            return self._known(connection, [row])[0]

    def calls(self, tool: str, *, version: str | None = None, limit: int = 200) -> list[Known]:
        """The newest calls of a tool that ran, newest first; of one version or of all."""
        mine = [*self._mine(CALLS), CALLS.c.tool == tool, CALLS.c.status != "refused"]
        mine += [CALLS.c.version == version] if version is not None else []
        query = select(CALLS).where(*mine).order_by(CALLS.c.created.desc()).limit(limit)
        with self._database.read() as connection:
            return self._known(connection, [*connection.execute(query)])

    def labelled(self, tool: str, version: str, limit: int) -> list[Known]:
        """The labelled calls of one version, the one that was labelled last first."""
        mine = (*self._mine(LABELS), LABELS.c.tool == tool, LABELS.c.version == version)
        with self._database.read() as connection:
            named = [*connection.execute(select(LABELS.c.call).where(*mine).distinct()).scalars()]
            found = self._known(connection, self._calls(connection, named))
        return sorted((one for one in found if one.labelled), key=lambda one: -one.told)[:limit]

    def judged(self, limit: int) -> list[Known]:
        """The calls of any tool that a person judged, the one that was judged last first."""
        mine = (*self._mine(LABELS), LABELS.c.by == "user", LABELS.c.version != "")
        newest = select(LABELS.c.call).where(*mine).group_by(LABELS.c.call).order_by(func.max(LABELS.c.id).desc())
        with self._database.read() as connection:
            named = [*connection.execute(newest.limit(limit)).scalars()]
            found = self._known(connection, self._calls(connection, named))
        return sorted(found, key=lambda one: -one.said)

    def credit(self) -> dict[str, float]:
        """What people said of each tool's answers, the last word on each call: near 1 where many were confirmed, near
        -1 where many were wrong, near 0 where little is known. Tools of which nothing was said are left out.
        """
        said = (*self._mine(LABELS), LABELS.c.kind.in_(get_args(Word)))
        last = select(func.max(LABELS.c.id)).where(*said).group_by(LABELS.c.call)
        asked = select(LABELS.c.tool, LABELS.c.kind, func.count()).where(LABELS.c.id.in_(last))
        told: dict[str, Counter[str]] = {}
        with self._database.read() as connection:
            for tool, kind, times in connection.execute(asked.group_by(LABELS.c.tool, LABELS.c.kind)):
                told.setdefault(tool, Counter())[kind] = times
        return {tool: (one["confirmed"] - one["wrong"]) / (one.total() + DOUBT) for tool, one in told.items()}

    def uses(self) -> dict[str, tuple[int, str]]:
        """How often each tool was called, and when last (UTC, ISO 8601), by name; those never called are left out."""
        asked = select(CALLS.c.tool, func.count(), func.max(CALLS.c.created)).where(*self._mine(CALLS))
        with self._database.read() as connection:
            return {tool: (times, last) for tool, times, last in connection.execute(asked.group_by(CALLS.c.tool))}

    def used_since(self, time: str) -> frozenset[str]:
        """The names of the tools that were called at or after a time (UTC, ISO 8601)."""
        query = select(CALLS.c.tool).where(*self._mine(CALLS), CALLS.c.created >= time).distinct()
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def label(
        self, call: Known, kind: str, *, by: Literal["user", "program"], expected: JSON = None, reason: str = ""
    ) -> None:
        """Adds a label; a person's one is from now on the outcome of the call.

        Raises:
            UsageError: the call was erased meanwhile.
        """
        values: dict[str, Any] = {
            "call": call.id,
            "tool": call.tool,
            "version": call.version,
            "kind": kind,
            "by": by,
            "expected": redact_json(expected, self._secrets),
            "reason": redact(reason, self._secrets),
        }
        mine = (*self._mine(CALLS), CALLS.c.id == call.id)
        with self._database.write() as connection:
            if connection.execute(select(CALLS.c.id).where(*mine).with_for_update()).first() is None:
                raise _unknown(call.id)
            connection.execute(insert(LABELS).values(**self._stamp(), **values))
            if by == "user":
                connection.execute(update(CALLS).where(*mine).values(outcome=OutcomeKind(kind).value))

    def history(self, call: str) -> list[Label]:
        """Every label that a call ever had, oldest first."""
        mine = (*self._mine(LABELS), LABELS.c.call == call)
        with self._database.read() as connection:
            rows = connection.execute(select(LABELS).where(*mine).order_by(LABELS.c.id))
            return [Label(row.kind, row.by, row.expected, row.reason, row.created) for row in rows]

    def tainted(self, session: str) -> bool:
        """Whether untrusted text was ever read in a session; a call outside any has read none."""
        mine = (*self._mine(SOURCES), SOURCES.c.session == session)
        with self._database.read() as connection:
            return bool(session) and connection.execute(select(SOURCES.c.id).where(*mine).limit(1)).first() is not None

    def _known(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[Known]:
        labels = self._labels(connection, [row.id for row in rows])
        return [_with_labels(row, labels.get(row.id, [])) for row in rows]

    def _labels(self, connection: Connection, calls: Sequence[str]) -> dict[str, list[Row[Any]]]:
        found: dict[str, list[Row[Any]]] = {}
        for some in _chunks(calls):
            mine = (*self._mine(LABELS), LABELS.c.call.in_(some))
            for row in connection.execute(select(LABELS).where(*mine).order_by(LABELS.c.id)):
                found.setdefault(row.call, []).append(row)
        return found

    def _calls(self, connection: Connection, calls: Sequence[str]) -> list[Row[Any]]:
        queries = (select(CALLS).where(*self._mine(CALLS), CALLS.c.id.in_(some)) for some in _chunks(calls))
        return [row for query in queries for row in connection.execute(query)]

    def _mine(self, table: Table) -> tuple[Any, ...]:
        return (table.c.org == self._org, table.c.user == self._user)

    def _stamp(self) -> dict[str, str]:
        return {"org": self._org, "user": self._user, "created": clock.now().isoformat(timespec="microseconds")}


def reference(call: str) -> str:
    """A call's id as one short word, for trailers and names: an endpoint may have chosen it, and chosen anything."""
    return call if _PLAIN.fullmatch(call) else hashlib.sha256(call.encode()).hexdigest()[:24]


def _unknown(call: str) -> UsageError:
    return UsageError(
        f"There is no tool call {call[:80]!r}.",
        fix="Without an id the latest call is meant; `agentforge run --output-format stream-json` shows the ids.",
    )


def _chunks(calls: Sequence[str], size: int = 500) -> list[Sequence[str]]:
    """SQLite takes 999 values in one statement at the least."""
    return [calls[at : at + size] for at in range(0, len(calls), size)]


def _with_labels(row: Row[Any], labels: Sequence[Row[Any]]) -> Known:
    said = next((label for label in reversed(labels) if label.by == "user"), None)
    found = next((label for label in reversed(labels) if label.by == "program"), None)
    return Known(
        *(row.id, row.session, row.tool, row.version, row.args, row.status, row.value, row.error, row.created),
        word=said.kind if said is not None else None,
        expected=said.expected if said is not None else None,
        finding=found.kind if found is not None else "",
        told=labels[-1].id if labels else 0,
        said=said.id if said is not None else 0,
    )
