"""Long sessions: what history no longer holds becomes a summary, and what was promised in it stays, word by word.

A session is never cut in the store. What is shortened is what a model sees of it: the ``compacted`` event says how
many requests are summarised from then on, and a session that is taken up again begins with the last one. Open
commitments are found and kept by the host, since a summary that forgets a promise is worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from agentforge.agent.context import Window, shortened, tokens_of
from agentforge.agent.summary import Summary, commitments, spoken_at
from agentforge.agent.turn import ROLE, Turn, TurnLimit
from agentforge.errors import ModelError
from agentforge.models.prompts import render
from agentforge.models.protocol import Message
from agentforge.types import JSON, JSONObject

LONG = 0.4
"""Part of the window from which on history is summarised."""
KEPT = 0.2
"""Part of the window that its newest exchanges may take afterwards, word by word."""
SUMMARY_TOKENS = 300
DIGEST_CHARS = 120
"""Of each request and each answer, where the host makes the summary without a model."""
DIGESTED = 12
"""So many of the newest requests a summary of the host's names."""
MOST_OPEN = 100
"""So many open sentences are kept, the newest ones; how many of them a model sees is a matter of room."""

_SCHEMA: JSONObject = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "done": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["summary", "done"],
    "additionalProperties": False,
}


async def keep_short(turn: Turn, window: Window) -> None:
    """Summarises the oldest exchanges of the turn's history where it has outgrown its share; tells it by a
    ``compacted`` event. A model that fails costs the summary's words and nothing that is open.
    """
    models, history = window.models, list(turn.history)
    if sum(tokens_of(models, message) for message in history) <= LONG * window.tokens:
        return
    starts = spoken_at(history)
    cut = next(
        (at for at in starts if sum(tokens_of(models, one) for one in history[at:]) <= KEPT * window.tokens), starts[-1]
    )
    gone = history[:cut]
    if not gone:
        return
    known = list(dict.fromkeys([*turn.summary.open, *commitments(gone)]))
    text, still = await _summarised(turn, window, gone, known)
    turn.summary = Summary(turn.summary.spoken + len(spoken_at(gone)), text, tuple(still[-MOST_OPEN:]))
    turn.history = tuple(history[cut:])
    turn.emit("compacted", turn.summary.to_json())


async def _summarised(
    turn: Turn, window: Window, gone: Sequence[Message], known: Sequence[str]
) -> tuple[str, Sequence[str]]:
    if not window.models.features(ROLE).free_tools:  # a small model's summary costs more than it tells
        return _digest(turn.summary.text, gone), known
    said = "\n".join(_line(message, 4 * DIGEST_CHARS) for message in gone if message.text)
    prompt = render(
        "agent_compact",
        before=turn.summary.text or "(nothing)",
        said=shortened(window.models, said, int(window.tokens * LONG)),
        open="\n".join(f"{number}. {one}" for number, one in enumerate(known, 1)) or "(none)",
    )
    try:
        told = await turn.decide("compact", "", prompt, _SCHEMA, SUMMARY_TOKENS)
    except (ModelError, TurnLimit) as error:
        turn.emit("notice", {"message": f"The session's summary was made without a model: {error}"})
        return _digest(turn.summary.text, gone), known
    done = {number for number in cast("list[JSON]", told["done"]) if isinstance(number, int)}
    return str(told["summary"]).strip(), [one for number, one in enumerate(known, 1) if number not in done]


def _digest(before: str, gone: Sequence[Message]) -> str:
    """The newest requests and answers, each in a line: what the host can say without a model."""
    lines = [line for line in before.splitlines() if line.strip()]
    lines += [_line(message, DIGEST_CHARS) for message in gone if message.text]
    return "\n".join(lines[-2 * DIGESTED :])


def _line(message: Message, chars: int) -> str:
    text = " ".join(message.text.split())
    return f"{'User' if message.role == 'user' else 'Assistant'}: {text[:chars]}{'…' if len(text) > chars else ''}"
