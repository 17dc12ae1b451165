"""What is remembered and what is not: each gate is a function from a candidate and what is known to a verdict.

Words are read by rules, so a gate may be wrong either way. What is kept out by mistake can be said again by hand; what
gets in can be edited and forgotten. No gate judges whether a fact is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agentforge.memory.entries import ID, TEXT_CHARS, TOPIC, WHEN_CHARS, Candidate, withdrawn
from agentforge.memory.known import Known
from agentforge.memory.words import digest, meaning, repeats, stands_in
from agentforge.secrecy import redact

MOST_WAITING = 200
"""Entries that wait for the user at the most: a page that floods the queue gains nothing by it."""

Outcome: TypeAlias = Literal["accepted", "pending", "repeats", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a candidate, in one sentence; ``entry`` is the id of what it repeats."""

    outcome: Outcome
    why: str = ""
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A candidate with what is known when it is judged. ``said`` is what the user typed in its episode; ``by_hand``:
    the user asks for it in person.
    """

    candidate: Candidate
    known: Known
    said: Sequence[str] = ()
    secrets: Collection[str] = ()
    by_hand: bool = False

    @property
    def vouched(self) -> bool:
        """Whether the user himself says it: by hand, or in a sentence of his own in that episode."""
        return self.by_hand or stands_in(self.candidate.text, self.said)


Gate: TypeAlias = Callable[[Asked], Verdict]

ACCEPTED = Verdict("accepted")

_GREETING_WORDS = (
    "hi hello hey thank thanks welcome bye goodbye good great nice cool morning evening afternoon night day "
    "yes yeah sure ok okay fine cheers much very so"
)
_GREETING = frozenset(_GREETING_WORDS.split())
_ASKS = re.compile(
    r"(can|could|would|will|do|does|did|is|are|should|may|shall) (you|i|we|it|there|this|that)\b", re.IGNORECASE
)
_AT_HAND = re.compile(
    r"\b(this|the (current|attached|above|following|given|uploaded|present)) "
    r"(task|request|question|message|file|document|text|page|table|list|script|code|conversation|session|chat|image|csv"
    r"|spreadsheet|turn|answer|example|input|output)\b"
    r"|^the user (has )?(asked|asks|requested|requests|is asking|wants to know)\b",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(today|tomorrow|yesterday|tonight|right now|just now|at the moment"
    r"|(this|next|last) (morning|evening|week|month|year))\b",
    re.IGNORECASE,
)


def judge(asked: Asked) -> Verdict:
    """The verdict of all gates: every reason to refuse it, else the first other one that has something to say."""
    verdicts = [gate(asked) for gate in GATES]
    if refused := [one.why for one in verdicts if one.outcome == "refused"]:
        return Verdict("refused", " ".join(refused))
    return next((one for one in verdicts if one.outcome != "accepted"), ACCEPTED)


def well_formed(asked: Asked) -> Verdict:
    """One line of a bounded length, with ids that are ids."""
    one = asked.candidate
    wrong: list[str] = []
    if len(one.text) > TEXT_CHARS:
        wrong.append(f"It is too long: {len(one.text)} characters, and one sentence of {TEXT_CHARS} is the most.")
    if len(one.when) > WHEN_CHARS:
        wrong.append(f"What says when it applies is longer than {WHEN_CHARS} characters.")
    if not (one.text + one.when).isprintable():
        wrong.append("It holds characters that nobody sees.")
    if one.topic and not TOPIC.fullmatch(one.topic):
        wrong.append(f"{one.topic[:40]!r} is no topic: small letters, digits and . _ - are, such as 'units'.")
    if bad := [each for each in (*one.episodes, *one.sources, *one.outcomes) if not ID.fullmatch(each)]:
        wrong.append(f"{bad[0][:40]!r} is no id.")
    return Verdict("refused", " ".join(wrong)) if wrong else ACCEPTED


def tells_something(asked: Asked) -> Verdict:
    """Not empty, no greeting, no question."""
    text = asked.candidate.text
    words = meaning(text)
    if not words:
        return Verdict("refused", "It says nothing.")
    if all(word in _GREETING for word in words):
        return Verdict("refused", "It is a greeting.")
    if text.rstrip().endswith("?") or _ASKS.match(text):
        return Verdict("refused", "It is a question.")
    return ACCEPTED


def lasts(asked: Asked) -> Verdict:
    """Of use after the task at hand, and true on another day."""
    if found := _AT_HAND.search(asked.candidate.text):
        return Verdict("refused", f"It is about the task at hand only ({found[0]!r}).")
    if found := _RELATIVE.search(asked.candidate.text):
        return Verdict("refused", f"{found[0]!r} means another day later: say the date.")
    return ACCEPTED


def holds_no_secret(asked: Asked) -> Verdict:
    """Nothing that is a known secret, or has the form of one."""
    one = asked.candidate
    for text in (one.text, one.when):
        if redact(text, asked.secrets) != text:
            return Verdict("refused", "It holds what looks like a secret.")
    return ACCEPTED


def comes_from_nothing_revoked(asked: Asked) -> Verdict:
    """Not from a revoked source, nor from revoked episodes alone."""
    one = asked.candidate
    if withdrawn(one.episodes, one.sources, asked.known.revoked):
        return Verdict("refused", "It comes from what is revoked.")
    return ACCEPTED


def was_not_rejected(asked: Asked) -> Verdict:
    """Nothing that the user turned down, unless he says it himself by now."""
    words = digest(asked.candidate.text)
    found = next((one for one in asked.known.rejected.values() if one.words == words), None)
    if found is None or asked.vouched:
        return ACCEPTED
    return Verdict("refused", f"The user turned it down on {found.date}.")


def is_new(asked: Asked) -> Verdict:
    """Nothing that repeats what is known."""
    one = asked.candidate
    for entry in asked.known.current:
        if entry.lesson is (one.kind == "lesson") and entry.when == one.when and repeats(one.text, entry.text):
            return Verdict("repeats", f"It repeats {entry.id}: {entry.text}", entry.id)
    return ACCEPTED


def is_trusted(asked: Asked) -> Verdict:
    """Not from untrusted text, unless the user himself says it."""
    if not asked.candidate.tainted or asked.vouched:
        return ACCEPTED
    again = next((one.entry for one in asked.known.pending.values() if _same(asked.candidate, one.entry.text)), None)
    if again is not None:
        return Verdict("repeats", f"It waits already, as {again.id}.", again.id)
    if len(asked.known.pending) >= MOST_WAITING:
        return Verdict("refused", f"{MOST_WAITING} entries wait for the user already.")
    return Verdict("pending", "Untrusted text was read in its session, and the user did not say it himself.")


def _same(candidate: Candidate, text: str) -> bool:
    return meaning(candidate.text) == meaning(text)


GATES: tuple[Gate, ...] = (
    well_formed,
    tells_something,
    lasts,
    holds_no_secret,
    comes_from_nothing_revoked,
    was_not_rejected,
    is_new,
    is_trusted,
)
"""In the order in which their reasons are told."""
