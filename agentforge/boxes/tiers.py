"""Isolation tiers: what was asked for (``sandbox.tier``), what a cell can give, and the difference in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal, TypeAlias

from agentforge.boxes.cell import Hello
from agentforge.boxes.protocol import Toolbox

Wanted: TypeAlias = Literal["call", "reuse", "strict"]

IN_WORDS: Mapping[str, str] = {
    "call": "a fresh process in namespaces of its own for every call",
    "reuse": "as tier call, but a tool that may reach nothing keeps its process",
    "strict": "as tier call, and a container for every tool",
    "wiped": "a fresh process for every call; one after the other in a container that is wiped in between",
}
"""What a box gives, by tier."""

REUSE_NEEDS_NAMESPACES = "Tier reuse was asked for and is not given: what is kept must have namespaces of its own."
REUSE_NEEDS_DESCRIPTORS = "Tier reuse was asked for and is not given: over stdio nothing can be kept."
OWN_CONTAINERS = "As tier strict asks, every tool has a container of its own all the same."


def given(wanted: Wanted, hello: Hello, transport: Literal["descriptors", "stdio"]) -> tuple[str, tuple[str, ...]]:
    """The tier that a cell gives, and what a person should know about it.

    ``wiped``, where no call has namespaces of its own, is never called anything better.
    """
    if hello.tier != "call":
        notes = {"call": (), "reuse": (REUSE_NEEDS_NAMESPACES,), "strict": (OWN_CONTAINERS,)}[wanted]
        return hello.tier, hello.notes + notes
    if wanted == "reuse" and transport == "stdio":
        return hello.tier, (*hello.notes, REUSE_NEEDS_DESCRIPTORS)
    return wanted, hello.notes


def own_tool(source: str, toolbox: Toolbox) -> str:
    """What tells tools apart in tier ``strict``: a hash of all that runs."""
    return hashlib.sha256(json.dumps([source, *sorted(toolbox.items())]).encode()).hexdigest()
