"""What of a session can be searched: what user and assistant said, the tools that were called, and what failed.

Left out are arguments and results of calls, code, and text that was only attached: they are read, not said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from agentforge.types import JSONObject

Kind: TypeAlias = Literal["user", "assistant", "tool", "error"]


@dataclass(frozen=True, slots=True)
class Said:
    """One row of the table ``said``: ``text`` as every database takes it, without NUL and without half characters."""

    kind: Kind
    text: str


def said_in_message(message: JSONObject) -> tuple[Said, ...]:
    """The words of a stored message; nothing where it only calls tools or answers calls."""
    kind: Kind = "assistant" if message.get("role") == "assistant" else "user"
    content = message.get("content")
    if isinstance(content, str):
        return _told(kind, content)
    blocks = content if isinstance(content, list) else []
    texts = (block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text")
    return _told(kind, "\n\n".join(map(str, texts)))


def said_in_call(tool: str, error: str) -> tuple[Said, ...]:
    """The name of the tool, and what went wrong where something did."""
    return (*_told("tool", tool), *_told("error", error))


def said_in_event(kind: str, data: JSONObject) -> tuple[Said, ...]:
    """Why a turn failed; all else that events tell is said elsewhere."""
    return _told("error", str(data.get("message", ""))) if kind == "failed" else ()


def _told(kind: Kind, text: str) -> tuple[Said, ...]:
    plain = text.replace("\0", " ").encode("utf-8", "replace").decode().strip()
    return (Said(kind, plain),) if plain else ()
