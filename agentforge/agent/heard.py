"""A rule that the user states in a message, so that it can be cited: by its session and turn.

Only a message that asks for nothing is one: a request with a rule in it is a task, and has its own ways to a tool. The
host leaves out all others, so that ordinary messages cost nothing; of what is left a model says whether it is a rule,
as of a passage of a document (:mod:`agentforge.agent.knowledge`). What is one is kept as a document of its own.

What this does not see: a rule in other languages than English, one that is told over several messages, and that a later
message contradicts an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agentforge.agent.knowledge import Rule, may_be_rule
from agentforge.agent.needs import asks
from agentforge.events import Event
from agentforge.memory.documents.passages import passages_of
from agentforge.memory.documents.record import id_of

ORIGIN = "message:"
"""How the origin of such a document begins; session and turn come after."""

FEWEST_WORDS = 8
"""A shorter message states no rule."""

_LASTS = re.compile(
    r"(?i)\b(?:always|never|from now on|in future|as a rule|rules?|polic(?:y|ies)|formula|whenever|every time|we"
    r"|ours?|charge[sd]?|costs?|rates?|tariff|limits?|fees?|counts? as|consists? of"
    r"|is (?:computed|calculated|written|built)|has the form|format|remember|note that"
    r"|for (?:your|the) (?:notes|record|information))\b"
)


def stated_in(events: Iterable[Event]) -> list[tuple[int, str]]:
    """The turns of a session in which the user may have stated a rule, with its words, in order; told by the host
    alone. A turn that made a tool, or used one, is left out.
    """
    said: dict[int, str] = {}
    for event in events:
        if event.type == "turn_started" and may_state(str(event.data.get("text", ""))):
            said[event.turn] = str(event.data["text"])
        elif event.data.get("tools_made") or event.data.get("tools_used"):
            said.pop(event.turn, None)
    return sorted(said.items())


def may_state(text: str) -> bool:
    """Whether a message may state a rule, and asks for nothing."""
    return (
        len(text.split()) >= FEWEST_WORDS and _LASTS.search(text) is not None and may_be_rule(text) and not asks(text)
    )


def origin_of(session: str, turn: int) -> str:
    """The address of a message."""
    return f"{ORIGIN}{session}:{turn}"


def message_of(origin: str) -> tuple[str, int]:
    """The session and the turn of the message that a document comes from; empty and 0 for any other document."""
    session, _, turn = origin.removeprefix(ORIGIN).rpartition(":")
    return (session, int(turn)) if origin.startswith(ORIGIN) and turn.isdecimal() else ("", 0)


def session_of(origin: str) -> str:
    """The session of the message that a document comes from; empty for any other document."""
    return message_of(origin)[0]


def rule_said(session: str, turn: int, text: str, *, untrusted: bool) -> Rule:
    """A message as a rule. ``untrusted``: its session had read what nobody vouches for."""
    passages = tuple(passages_of(text, id_of(origin_of(session, turn))))
    return Rule(f"Message, session {session}, turn {turn}", passages, untrusted, episode=session)
