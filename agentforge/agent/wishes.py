"""How a user wants things done, as they say it by the way: kept in their own words, whatever becomes
of the turn.

The host reads it, so that it costs no model. Only what plainly is meant for other days than this one counts: a
preference, a dislike of something in answers, "from now on", how somebody wants to be called. What is said in other
words is left to the night (``sleep.remembering``). A long text is a task or was copied from somewhere: nobody tells
how they want to be answered in the middle of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentforge.agent.cases import worked_lines
from agentforge.agent.memorising import remembered
from agentforge.agent.turn import Turn
from agentforge.errors import AgentForgeError
from agentforge.memory.entries import TEXT_CHARS
from agentforge.memory.words import sentences

LONGEST = 1_200
"""Characters of a turn that is read for wishes."""
MOST = 3
"""Wishes that one turn tells."""

_LASTS = (
    r"(?:always|never|from now on|from here on|going forward|(?:in|for) (?:the )?future|every time|each time|by default"
    r"|as a rule)"
)
_TO_ME = (
    r"(?:please|you|your|answers?|answering|repl(?:y|ies)|i(?:'d| would)? (?:want|like|need)|let's"
    r"|(?:give|tell|show|send|write) me)"
)
_FEELS = (
    r"(?:like|love|enjoy|hate|dislike|loathe|detest|appreciate|mind|(?:can(?:not|'t)|do not|don't) (?:stand|bear|like))"
)
_OF_ANSWERS = (
    r"(?:it (?:better |best )?(?:when|if)|when|being|my|your|to (?:be|see|get|read|have)|things|everything|answers?"
    r"|repl(?:y|ies)|texts?|lists?|dates?|numbers?|times?|amounts?)"
)
_ADVERB = r"(?:\w+ly |much |also |always |just |rather )?"
_WISH = re.compile(
    rf"^(?:and |but |so |oh |also |btw,? |by the way,? |please,? )*{_LASTS}\b"
    rf"|\b{_TO_ME}\b.*\b{_LASTS}\b|\b{_LASTS}\b.*\b{_TO_ME}\b|\bwhenever (?:i|you)\b"
    rf"|\bi(?:'d| would)? {_ADVERB}(?:prefer|rather (?:have|see|get|read))\b(?! to (?!be\b|get\b|have\b|read\b|see\b))"
    r"|\bmy preference\b"
    rf"|\bi {_ADVERB}{_FEELS} {_OF_ANSWERS}\b"
    r"|\b(?:just )?call me\b|\baddress me\b",
    re.IGNORECASE,
)
_STORY = re.compile(
    r"\bwhenever (?:i|you) (?:was|were|had|went|came)\b|\bcall me (?:back|at|on|when|if|later)\b", re.IGNORECASE
)


_LEANS = re.compile(
    r"\b(?:that|this|those|these|them|one|ones|the same|instead|either|so)[.!;,]?$"
    r"|\b(?:it|them|one)\b(?! (?:when|if)\b)|\bthat way\b|^(?:always|never)(?:,|\W+\w+\W*$)",
    re.IGNORECASE,
)
"""What speaks of something that was named before."""


def wishes(text: str) -> Iterator[str]:
    """What a user says of how things are wanted from now on: sentences, with those on which they lean."""
    if len(text) > LONGEST or worked_lines(text):
        return
    told = ""
    before = ""
    for sentence in (" ".join(one.split()) for one in sentences(text)):
        if not _is_wish(sentence):
            if told:
                yield told
            told = ""
        elif before and _LEANS.search(sentence) and len(f"{told or before} {sentence}") <= TEXT_CHARS:
            told = f"{told or before} {sentence}"
        else:
            if told:
                yield told
            told = sentence
        before = "" if sentence.endswith("?") else sentence
    if told:
        yield told


def _is_wish(sentence: str) -> bool:
    plain = sentence.replace("’", "'")
    told = len(sentence) <= TEXT_CHARS and not sentence.endswith("?")
    return told and _WISH.search(plain) is not None and not _STORY.search(plain)


async def keep_wishes(turn: Turn) -> None:
    """Remembers what this turn's text says of how things are wanted; a failure costs no answer."""
    memory = turn.parts.memory
    if memory is None:
        return
    for _, wish in zip(range(MOST), wishes(turn.text), strict=False):
        try:
            await remembered(turn, memory, {"text": wish, "kind": "preference"})
        except AgentForgeError as error:
            turn.emit("notice", {"message": f"It could not be remembered: {error}"})
