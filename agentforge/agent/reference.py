"""Which part of the conversation a request refers to; the rest only costs a small model tokens and misleads it.

An exchange is closed once the user has judged its answer, or a tool has given it. Closed ones are left out unless the
request refers back ("and for XL?", "the same for 7", "explain that again"). What is open stays, as it may be needed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from agentforge.agent.offers import OFFERS
from agentforge.agent.summary import spoken_at
from agentforge.agent.verdicts import read_verdict
from agentforge.models.protocol import Message

SHORT = 5
"""A request of so few words hardly stands alone."""

MOST_PARTS = 8
"""Paragraphs of a verdict that stands behind a request."""

_BACK = re.compile(
    r"(?i)^\W*(?:and|but|so|or|also|then|now|again|what about|how about|same|ok|okay|yes|no|why|try)\b"
    r"|\b(?:again|earlier|previous(?:ly)?|before|above|instead|too|as well|the same|former|latter|my (?:last|first)"
    r"|(?:last|first|other|next) (?:one|time|answer|question|result|request)|you (?:said|told|gave|wrote|did|made)"
    r"|(?:did|have|had|do) (?:i|you|we)|i (?:said|told|gave|wrote|asked|mean|meant)|it|that|they|them)\b"
)


def referred_to(text: str, history: Sequence[Message]) -> list[Message]:
    """The messages of ``history`` that a request may need, in order."""
    if _BACK.search(text) or len(text.split()) <= SHORT:
        return [*history]
    starts = [*spoken_at(history), len(history)]
    exchanges = [history[start:end] for start, end in pairwise(starts)]
    kept: list[Message] = [*history[: starts[0]]]
    for at, exchange in enumerate(exchanges):
        judged = at + 1 < len(exchanges) and _judges(exchanges[at + 1][0].text)
        if not judged and not _closed(exchange):
            kept += exchange
    return kept


def _closed(exchange: Sequence[Message]) -> bool:
    """Whether it judges an answer, or a tool gave its answer."""
    calls = [call.name for message in exchange for call in message.calls]
    return _judges(exchange[0].text) or bool(calls and calls[-1] not in OFFERS)


def _judges(text: str) -> bool:
    """Whether it is a verdict, or ends in one: what was said after a turn without an answer stands in one message
    with its request (``agent.history``).
    """
    parts = text.split("\n\n")
    return any(
        read_verdict("\n\n".join(parts[at:])) is not None for at in range(max(len(parts) - MOST_PARTS, 0), len(parts))
    )
