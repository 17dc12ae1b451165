"""What a page is made of: values that are read, and changes that are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import BaseModel, Field

from agentforge.api import Forge
from agentforge.web.people import Person, Right

T = TypeVar("T")

PAGE: Final = 30
"""Lines of a long list that are shown at once."""
MOST_PAGES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: who asks for what, and how it is answered."""

    forge: Forge
    locked: Callable[[], AbstractContextManager[object]]
    person: Person
    path: Mapping[str, str]
    query: Mapping[str, str]

    async def of(self, question: Callable[[Forge], T]) -> T:
        """The answer to a question that blocks, asked in a thread, one after the other."""

        def ask() -> T:
            with self.locked():
                return question(self.forge)

        return await asyncio.to_thread(ask)

    @property
    def page(self) -> int:
        """Which page of a list, from 1; what makes no sense is the first."""
        given = self.query.get("page", "")
        fits = given.isascii() and given.isdigit() and len(given) < 6
        return min(max(int(given), 1), MOST_PAGES) if fits else 1

    def word(self, name: str, most: int = 200) -> str:
        """A text of the query, cut."""
        return self.query.get(name, "")[:most].strip()


Given: TypeAlias = Any
"""The body of a change: an instance of the model that the change names."""


class Made(BaseModel):
    """A change that was made: one sentence, the commit (empty: nothing was to be done), and what there is to know."""

    did: str
    commit: str = ""
    remarks: list[str] = []
    address: str = Field(default="", description="The page that shows what came of it.")


class Seen(BaseModel):
    """What was looked at: nothing is changed where it has changed since."""

    saw: str = Field(default="", pattern="^([0-9a-f]{12})?$", description="As ``saw`` of what was read; empty: any.")


class Why(Seen):
    """With a reason, which is kept."""

    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")


@dataclass(frozen=True, slots=True)
class Read:
    """A page: where it is, its template, and what it tells. ``here`` names the room in the head of all pages;
    ``private`` is what was said to the agent or is remembered of its user, for administrators alone.
    """

    path: str
    template: str
    answer: type[BaseModel]
    summary: str
    here: str
    read: Callable[[Asked], Awaitable[BaseModel]]
    query: Sequence[str] = ()
    private: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Something that can be changed: where it is asked for, with what, who may, and what does it."""

    path: str
    body: type[BaseModel]
    summary: str
    right: Right
    do: Callable[[Asked, Given], Awaitable[Made]]


def minute(stamp: str) -> str:
    """A time of a row (UTC, ISO 8601), for people."""
    return stamp[:16].replace("T", " ")
