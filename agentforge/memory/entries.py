"""What the agent remembers, as values: facts, preferences and lessons. Nothing here reads or writes anything."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agentforge.types import OutcomeKind

Kind: TypeAlias = Literal["fact", "preference", "lesson"]
Standing: TypeAlias = Literal["current", "superseded", "revoked", "pending", "shadowed"]
"""``superseded``: another entry says otherwise by now; ``revoked``: what it came from is revoked; ``pending``: it
waits for the user's approval; ``shadowed``: it is the company's, and the user's own says something on its topic. Only
what is ``current`` is used."""

TEXT_CHARS = 300
"""Longest text: one sentence."""
WHEN_CHARS = 200
REASON_CHARS = 500
MOST_EPISODES = 20
"""Episodes that an entry names at the most; what is said yet again adds a date only."""

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/+=-]{0,149}")
"""An id of an episode, a source, a call or a job: one word, so that it can hold no sentence."""
TOPIC = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
ENTRY_ID = re.compile(r"[fpl][0-9a-z]{7}")

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # without letters that look like digits, or like each other


def _line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be one line without control characters or spaces around it")
    return text


Id: TypeAlias = Annotated[str, Field(pattern=f"^{ID.pattern}$")]
EntryId: TypeAlias = Annotated[str, Field(pattern=f"^{ENTRY_ID.pattern}$")]


class Entry(BaseModel):
    """One thing that is remembered.

    ``topic`` is what it is about, as a key such as ``units``: a newer entry on the same topic supersedes it.
    ``when`` says when a lesson applies. It comes from ``episodes`` (the user's sessions), ``sources`` (ids of untrusted
    texts, or ``memory:ID`` where it was derived from another entry) and ``outcomes`` (of calls, by their ids).
    ``untrusted``: it came from untrusted text; that mark never comes off. Dates are UTC days.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: EntryId
    kind: Kind
    text: Annotated[str, AfterValidator(_line), Field(min_length=1, max_length=TEXT_CHARS)]
    topic: Annotated[str, Field(pattern=f"^({TOPIC.pattern})?$")] = ""
    when: Annotated[str, AfterValidator(_line), Field(max_length=WHEN_CHARS)] = ""
    episodes: tuple[Id, ...] = ()
    sources: tuple[Id, ...] = ()
    outcomes: Mapping[Id, OutcomeKind] = Field(default_factory=lambda: {})
    created: date
    confirmed: date | None = None
    untrusted: bool = False
    superseded_by: EntryId | Literal[""] = ""
    superseded: date | None = None

    @property
    def lesson(self) -> bool:
        """Whether it is a lesson; facts and preferences are of one family, so that one may supersede the other."""
        return self.kind == "lesson"

    def withdrawn(self, revoked: Collection[str]) -> bool:
        """Whether what it came from is revoked (:func:`withdrawn`)."""
        return withdrawn(self.episodes, self.sources, revoked)


def withdrawn(episodes: Collection[str], sources: Collection[str], revoked: Collection[str]) -> bool:
    """Whether what something came from is revoked: one of its sources, or all of its episodes.

    ``revoked`` are origins as ``episode:ID`` and ``source:ID``.
    """
    if not revoked:
        return False
    gone = [f"episode:{one}" in revoked for one in episodes]
    return (bool(gone) and all(gone)) or any(f"source:{one}" in revoked for one in sources)


class Waiting(BaseModel):
    """An entry that waits for the user, why it does, and what it would supersede beside its topic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entry: Entry
    supersedes: tuple[EntryId, ...] = ()
    why: str = ""


class Rejected(BaseModel):
    """What the user turned down: a hash of its words, so that it is not proposed again, when, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    date: date
    reason: Annotated[str, Field(max_length=REASON_CHARS)] = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What somebody wants remembered, before any gate. ``tainted``: untrusted text was read in its episode.

    ``supersedes`` names entries that it contradicts, beside those on its topic.
    """

    text: str
    kind: Kind = "fact"
    topic: str = ""
    when: str = ""
    episodes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    outcomes: Mapping[str, OutcomeKind] = field(default_factory=lambda: {})
    tainted: bool = False
    supersedes: tuple[str, ...] = ()


def new_id(kind: Kind, taken: Collection[str]) -> str:
    """A fresh id, such as ``f7k3q9zm``."""
    while True:
        made = kind[0] + "".join(secrets.choice(_ALPHABET) for _ in range(7))
        if made not in taken:
            return made
