"""Who uses the pages, and what each of them may decide."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias, get_args

from agentforge.settings import WebSettings


class Rank(StrEnum):
    """What a person is trusted with, the least first."""

    READER = "reader"
    REVIEWER = "reviewer"
    ADMIN = "admin"


Act: TypeAlias = Literal["approve", "reject", "quarantine", "retire", "release", "rollback"]
"""A decision about a tool."""

Right: TypeAlias = Literal["see", "remember", "undo", "revoke"]
"""What else a role may: see what was said and is remembered, decide about that, take back a night, revoke an origin."""

_REVIEWER: tuple[Act, ...] = ("approve", "reject", "quarantine")
_ACTS: Mapping[Rank, tuple[Act | Right, ...]] = {
    Rank.READER: (),
    Rank.REVIEWER: _REVIEWER,
    Rank.ADMIN: (*_REVIEWER, "retire", "release", "rollback", *get_args(Right)),
}


@dataclass(frozen=True, slots=True)
class Person:
    """One who knows a token. ``name`` stands in the commits of their decisions."""

    name: str
    role: Rank
    token: str = field(repr=False)

    def may(self, act: str) -> bool:
        """Whether their role covers a decision, or one of the other rights."""
        return act in _ACTS[self.role]

    @property
    def cookie(self) -> str:
        """What their browser shows instead of the token."""
        return self._derived(b"agentforge web cookie")

    @property
    def csrf(self) -> str:
        """What every form of theirs carries: a page of another origin cannot know it."""
        return self._derived(b"agentforge web form")

    def _derived(self, purpose: bytes) -> str:
        return hmac.new(self.token.encode(), purpose, hashlib.sha256).hexdigest()


def people_of(settings: WebSettings, starter: str, token: str) -> tuple[Person, ...]:
    """Who started the pages, as administrator, and those of the settings."""
    others = settings.people.items()
    return (
        Person(starter, Rank.ADMIN, token),
        *(Person(name, Rank(one.role), one.token.get_secret_value()) for name, one in others),
    )


def by_token(people: Iterable[Person], token: str) -> Person | None:
    """Whose token this is; every one of them is compared, so that time tells nothing."""
    return _only([one for one in people if hmac.compare_digest(one.token.encode(), token.encode())])


def by_cookie(people: Iterable[Person], cookie: str) -> Person | None:
    """Whose cookie this is."""
    return _only([one for one in people if hmac.compare_digest(one.cookie.encode(), cookie.encode())])


def _only(found: list[Person]) -> Person | None:
    return found[0] if found else None
