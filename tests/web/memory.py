"""A catalogue in memory: pages are about what is shown; the real registry has tests of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from starlette.applications import Starlette

from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.registry.differences import Difference
from agentforge.registry.history import Happening
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.pending import Pending
from agentforge.registry.review import Decision
from agentforge.registry.tool import Tool
from agentforge.types import Example, State
from agentforge.web.app import create_app
from agentforge.web.catalogue import (
    NOTHING_KNOWN,
    Dossier,
    Entry,
    Order,
    Shelf,
    Version,
    listed,
    matches,
    shelf_of,
)
from agentforge.web.people import Person, Rank

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
    """Implements :class:`agentforge.web.catalogue.Catalogue`, and takes decisions without doing anything."""

    shown: Sequence[Entry] = ()
    past: Sequence[Version] = ()
    owner: str = "ada"
    wrong: Sequence[str] = ()
    known: Dossier = NOTHING_KNOWN
    happened: Sequence[Happening] = ()
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    opened: int = 0
    closed: int = 0
    orders: list[Order] = field(default_factory=list)
    refuses: Exception | None = None
    remark: str = "All is well."

    def head(self) -> str:
        return "c" * 40

    def shelf(self) -> Shelf:
        return shelf_of(self.shown, self.wrong)

    def search(self, query: str) -> list[str]:
        return [row.name for row in self.shelf().rows if row.in_use and matches(row, query)]

    def entry(self, name: str, version: str = "") -> Entry | None:
        named = [one for one in self.shown if one.tool.name == name and one.tool.version.startswith(version)]
        return next((one for one in named if listed(one).in_use), named[0] if named else None)

    def packages(self, tool: Tool) -> Lock:
        return NO_PACKAGES

    def versions(self, tool: Tool) -> list[Version]:
        return list(self.past)

    def dossier(self, tool: Tool) -> Dossier:
        return self.known

    def history(self, name: str) -> Sequence[Happening]:
        return self.happened

    def compared(self, name: str, old: str, new: str) -> dict[str, tuple[str, ...]]:
        return self.files

    def queue(self) -> list[str]:
        return [f"{one.tool.name}/1" for one in self.shown if one.tool.state == State.PROPOSED]

    def waiting(self, target: str) -> Difference:
        tool = next(one.tool for one in self.shown if f"{one.tool.name}/1" == target)
        pending = Pending(tool.name, 1, tool.version, tool, {}, more=self.known.reaches, doubts=self.known.seen)
        return Difference(pending, tool.version, self.files, self.known.reaches, self.known.seen)

    def policy_problem(self) -> str:
        return ""

    @contextmanager
    def open(self) -> Iterator[MemoryCatalogue]:
        self.opened += 1
        try:
            yield self
        finally:
            self.closed += 1

    async def decide(self, order: Order) -> Decision:
        self.orders.append(order)
        if self.refuses is not None:
            raise self.refuses
        return Decision(order.name, f"{order.act}d", "live", "b" * 64, "d" * 40, (self.remark,))


PEOPLE = (
    Person("ada", Rank.ADMIN, TOKEN),
    Person("ben", Rank.REVIEWER, "battery-staple"),
    Person("rex", Rank.READER, "only-looks"),
)


def app_of(catalogue: MemoryCatalogue) -> Starlette:
    """The pages over it, for three people."""
    return create_app(catalogue.open, catalogue.decide, PEOPLE)


def version(commit: str, source: str, subject: str = "Learn parse_price") -> Version:
    moment = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    return Version(commit * 10, subject, moment, source, TESTS, commit * 16)
