"""A catalogue in memory: pages are about what is shown; the real registry has tests of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import Tool
from agentforge.types import Example
from agentforge.web.catalogue import Entry, Version

TOKEN = "correct-horse"
ORIGIN = "http://127.0.0.1:8430"

SOURCE = '''def parse_price(text: str) -> int:
    """Read a price such as '3.50' as cents.

    Raises:
        ValueError: text is no price.
    """
    whole, _, cents = text.partition(".")
    return int(whole) * 100 + int(cents or 0)
'''
TESTS = "from tool import parse_price\n\n\ndef test_whole():\n    assert parse_price('3') == 300\n"
REPORT: dict[str, Any] = {
    "format": 1,
    "box": {"launcher": "docker", "tier": "call"},
    "gates": [
        {"gate": "source contract", "verdict": "passed", "summary": "no problem", "evidence": {}, "seconds": 0.01},
        {"gate": "held-out examples", "verdict": "passed", "summary": "2 of 2 right", "evidence": {"right": 2}},
    ],
}


def make_tool(**changed: Any) -> Tool:
    """A learned tool; ``changed`` replaces fields of the tool or, failing that, of its manifest."""
    fields = {"summary": "Read a price as cents.", "signature": "(text: str) -> int"} | {
        key: changed.pop(key) for key in list(changed) if key in Manifest.model_fields
    }
    made = Provenance(job="job-1", episodes=("ep-7",), models={"generate": "qwen-coder"}, created=date(2026, 11, 23))
    manifest = Manifest.model_construct(
        **{"name": "parse_price", "provenance": made, "requests": ("What is 3.50 in cents?",), **fields}
    )
    examples = (Example({"text": "3.50"}, 350, source="user"), Example({"text": "2"}, 200, held_out=True))
    tool = Tool(manifest=manifest, source=SOURCE, tests=TESTS, examples=examples, report=REPORT)
    return replace(tool, **changed)


@dataclass
class MemoryCatalogue:
    """Implements :class:`agentforge.web.catalogue.Catalogue`."""

    shown: Sequence[Entry] = ()
    history: Sequence[Version] = ()
    owner: str = "ada"
    wrong: Sequence[str] = ()
    opened: int = 0
    closed: int = 0

    def entries(self) -> list[Entry]:
        return list(self.shown)

    def problems(self) -> list[str]:
        return list(self.wrong)

    def packages(self, tool: Tool) -> Lock:
        return NO_PACKAGES

    def versions(self, tool: Tool) -> list[Version]:
        return list(self.history)

    @contextmanager
    def open(self) -> Iterator[MemoryCatalogue]:
        self.opened += 1
        try:
            yield self
        finally:
            self.closed += 1


def version(commit: str, source: str, subject: str = "Learn parse_price") -> Version:
    return Version(commit * 10, subject, datetime(2026, 11, 23, 9, 30, tzinfo=UTC), source, TESTS)
