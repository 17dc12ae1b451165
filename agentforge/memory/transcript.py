"""A session as people read it: who said what, in the order in which it was said, as values and as Markdown.

Messages were written by models and taken from pages. In Markdown everything of theirs stands in fenced blocks longer
than any fence within, so that no reader takes it for a heading, a link, an image or HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agentforge.memory.records import ATTACHMENT, Episode
from agentforge.types import JSONObject

Speaker: TypeAlias = Literal["user", "attachment", "assistant", "call", "result", "error"]

_NAMES: dict[str, str] = {
    "user": "You",
    "attachment": "Attached",
    "assistant": "AgentForge",
    "call": "Call",
    "result": "Result",
    "error": "Error",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said, called, or came back."""

    speaker: Speaker
    text: str


def transcript(messages: Sequence[JSONObject]) -> list[Entry]:
    """The entries of stored messages; blocks of unknown type are passed over."""
    return [entry for message in messages for entry in _entries(message) if entry.text.strip()]


def _entries(message: JSONObject) -> Iterator[Entry]:
    speaker: Speaker = "assistant" if message.get("role") == "assistant" else "user"
    content = message.get("content")
    if isinstance(content, str):
        yield Entry(speaker, content)
    for block in content if isinstance(content, list) else []:
        match block:
            case {"type": "text", "text": str(text)}:
                yield Entry(speaker, text)
            case {"type": "tool_use", "name": str(name), "input": dict(given)}:
                args = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items())
                yield Entry("call", f"{name}({args})")
            case {"type": "tool_result", "content": str(text), **rest}:
                yield Entry("error" if rest.get("is_error") else "result", text)
            case {"type": str(kind), "ref": str(ref), "text": str(text)} if kind == ATTACHMENT:
                yield Entry("attachment", f"{ref}\n{text}")
            case _:
                pass


def markdown(episode: Episode) -> str:
    """One session as a document, its facts first."""
    facts = {
        "title": episode.title,
        "begun": _minute(episode.created),
        "last": _minute(episode.updated),
        "fork of": f"{episode.parent}, up to turn {episode.parent_turn}" if episode.parent else "",
        "read": "\n        ".join(f"{one.kind} {one.ref}" for one in episode.sources),
        "tokens": " · ".join(
            f"{role}: {usage.input_tokens:,} in, {usage.output_tokens:,} out" for role, usage in episode.usage.items()
        ),
    }
    told = "\n".join(f"{key:<8}{value}" for key, value in facts.items() if value)
    parts = [f"# Session {episode.id}", fenced(told)]
    parts += [f"**{_NAMES[one.speaker]}**\n\n{fenced(one.text)}" for one in transcript(episode.messages)]
    return "\n\n".join(parts) + "\n"


def fenced(text: str) -> str:
    """A block in which nothing is markup."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _minute(stamp: str) -> str:
    return f"{stamp[:16].replace('T', ' ')} UTC"
