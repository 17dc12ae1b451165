"""What the calls of a tool were seen to reach, all those of a version together.

It is advice and no proof: a tool that did something else so far may do it next time, and the host does not see
everything (:mod:`agentforge.boxes.observed`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import Text, cast, func, select

from agentforge.boxes.observed import NO_FILES, Observed, Request
from agentforge.database.store import Database
from agentforge.database.tables import CALLS


@dataclass(frozen=True, slots=True)
class Seen:
    """What the host saw in ``calls`` calls.

    ``requests`` says how often each kind of request was made, ``given`` and ``left`` in how many calls a file of
    that name was given and left, ``secrets`` in how many a secret was carried. ``more`` requests were too many to
    be told apart; of ``unseen`` calls nothing was kept: what they were granted could not be seen, or they are
    older than the keeping.
    """

    calls: int = 0
    unseen: int = 0
    requests: Mapping[Request, int] = field(default_factory=lambda: MappingProxyType({}))
    secrets: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    given: Mapping[str, int] = field(default_factory=lambda: NO_FILES)
    left: Mapping[str, int] = field(default_factory=lambda: NO_FILES)
    more: int = 0

    def __add__(self, other: Seen) -> Seen:
        return Seen(
            calls=self.calls + other.calls,
            unseen=self.unseen + other.unseen,
            requests=Counter(self.requests) + Counter(other.requests),
            secrets=Counter(self.secrets) + Counter(other.secrets),
            given=Counter(self.given) + Counter(other.given),
            left=Counter(self.left) + Counter(other.left),
            more=self.more + other.more,
        )


NOTHING_SEEN = Seen()


def seen_of(database: Database, *, org: str, user: str, tool: str) -> dict[str, Seen]:
    """What one user's calls of a tool were seen to reach, by version; of refused calls there is nothing to tell.

    Equal rows are counted by the database, so that a tool of very many calls costs little.

    Raises:
        StorageError: the database is locked or damaged.
    """
    kept = cast(CALLS.c.observed, Text)
    mine = (CALLS.c.org == org, CALLS.c.user == user, CALLS.c.tool == tool, CALLS.c.status != "refused")
    query = select(CALLS.c.version, kept, func.count()).where(*mine).group_by(CALLS.c.version, kept)
    sums: dict[str, _Sum] = {}
    with database.read() as connection:
        for version, text, calls in connection.execute(query):
            sums.setdefault(version, _Sum()).add(text, calls)
    return {version: each.seen for version, each in sums.items()}


class _Sum:
    """Adds up rows of one version."""

    def __init__(self) -> None:
        self._calls = self._unseen = self._more = 0
        self._requests = Counter[Request]()
        self._secrets, self._given, self._left = Counter[str](), Counter[str](), Counter[str]()

    def add(self, kept: str | None, calls: int) -> None:
        """So many rows that hold the same."""
        if kept is None:
            self._unseen += calls
            return
        one = Observed.from_json(json.loads(kept))
        self._calls += calls
        self._more += one.more * calls
        for request, count in one.requests.items():
            self._requests[request] += count * calls
        for names, counter in ((one.secrets, self._secrets), (one.given, self._given), (one.left, self._left)):
            for name in names:
                counter[name] += calls

    @property
    def seen(self) -> Seen:
        return Seen(*(self._calls, self._unseen, self._requests, self._secrets, self._given, self._left, self._more))
