"""What stands for the part of a session that its history no longer holds, and what in it is still open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from agentforge.agent.context import FRAME_TOKENS, Account, Window, shortened
from agentforge.models.protocol import Message
from agentforge.types import JSON, JSONObject

SHARE = 0.2
"""Part of the window that a summary may take."""
OPEN_CHARS = 240
"""Longest sentence that is kept as an open commitment."""

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_PROMISE = re.compile(
    r"\b(i'?ll|i will|i am going to|i'm going to|we'?ll|we will|let'?s come back|come back to (?:this|that|it)"
    r"|remind me|remember to|don'?t forget|do not forget|to-?do\b|still (?:open|to do|missing)|next time"
    r"|follow up|pending|i promise|promised|agreed|deadline|due (?:on|by)|by (?:tomorrow|tonight|monday|tuesday"
    r"|wednesday|thursday|friday|saturday|sunday|next week|the end of)|from now on|always|never again)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands for the first ``spoken`` requests of a session: a text, and the sentences that are still open."""

    spoken: int = 0
    text: str = ""
    open: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: JSONObject) -> Summary:
        """The summary that a ``compacted`` event carries."""
        listed = cast("list[JSON]", data.get("open") or [])
        return cls(int(cast("int", data.get("spoken", 0))), str(data.get("summary", "")), tuple(map(str, listed)))

    def to_json(self) -> JSONObject:
        """The data of a ``compacted`` event."""
        return {"spoken": self.spoken, "summary": self.text, "open": [*self.open]}

    def shown(self, window: Window, account: Account) -> str:
        """How a model sees it, inside :data:`SHARE` of its window: what is open before the text, the newest of it
        first where not all fits. Empty where nothing is summarised.
        """
        if not self.spoken:
            return ""
        count, room = window.models.count, int(window.tokens * SHARE)
        head = f"[The first {self.spoken} requests of this session, summarised]"
        left, kept = room - count(head) - FRAME_TOKENS, list[str]()
        for one in reversed(self.open):
            left -= count(one) + 3
            if left < 0:
                break
            kept.insert(0, f"- {one}")
        if lost := len(self.open) - len(kept):
            account.leave_out("summary", f"{lost} older open sentences did not fit into {room} tokens")
        text = shortened(window.models, self.text, left) if left > FRAME_TOKENS else ""
        if text != self.text:
            account.leave_out("summary", f"its text did not fit into {room} tokens")
        return "\n".join(part for part in (head, text, *(["Still open:", *kept] if kept else [])) if part)


def after(messages: Sequence[Message], summary: Summary) -> list[Message]:
    """The messages that ``summary`` does not stand for."""
    starts = spoken_at(messages)
    return list(messages[starts[summary.spoken] :]) if summary.spoken < len(starts) else []


def spoken_at(messages: Sequence[Message]) -> list[int]:
    """Where the user speaks: a history is cut in front of these only, so that a call and its answer stay together."""
    return [at for at, message in enumerate(messages) if message.role == "user" and not message.answers]


def commitments(messages: Iterable[Message]) -> list[str]:
    """The sentences in which somebody commits to something or asks for something to be kept, in order."""
    found: list[str] = []
    for message in messages:
        who = "User" if message.role == "user" else "Assistant"
        said = [match.group().strip() for match in _SENTENCE.finditer(message.text)]
        found += [f"{who}: {one[:OPEN_CHARS]}" for one in said if _PROMISE.search(one)]
    return list(dict.fromkeys(found))
