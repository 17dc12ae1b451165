"""The pages' reading and deciding, over one :class:`~agentforge.api.Forge` that stays open while they are served.

What is read is read under a lock, one request after another: the registry keeps what it has read, and a request that
finds nothing changed takes milliseconds however many tools there are. Decisions are those of ``forge.review``, the
same that the terminal makes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from agentforge.api import Forge
from agentforge.boxes.packages.lock import Lock
from agentforge.errors import AgentForgeError, StorageError, ToolNotFound
from agentforge.memory.outcomes import Known
from agentforge.registry.differences import Difference, differing
from agentforge.registry.history import Happening, history
from agentforge.registry.index import Index
from agentforge.registry.review import Decision
from agentforge.registry.tool import Tool, to_files
from agentforge.types import Layer, State
from agentforge.web import hostile
from agentforge.web.catalogue import Call, Catalogue, Dossier, Entry, Order, Passage, Shelf, Version, shelf_of

VERSIONS = 20
"""So many versions of a tool are shown at the most."""
CALLS = 12
"""So many of its newest calls."""
FOUND = 200
"""So many live tools are found by words."""
NEAR = 3
SHORTEST = 7


class Desk:
    """What the server hands its pages: :meth:`read` for a request, :meth:`decide` for a decision."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._lock = threading.RLock()
        self._catalogue = ForgeCatalogue(forge)

    @contextmanager
    def read(self) -> Generator[Catalogue]:
        """The catalogue, for one request."""
        with self._lock:
            yield self._catalogue

    async def decide(self, order: Order) -> Decision:
        """Makes a decision (raises as ``forge.review``); an approval tries the proposal first, where that is needed."""
        version = order.saw.version if order.saw else ""
        tried = await self._forge.tried(order.target, version=version) if order.act == "approve" else None
        review, by, why = self._forge.review, order.approver, order.reason

        def act() -> Decision:
            with self._lock:
                match order.act:
                    case "approve":
                        return review.approve(order.target, version=version, approver=by, tried=tried, reason=why)
                    case "reject":
                        return review.reject(order.target, why, version=version, approver=by)
                    case "rollback":
                        return review.rollback(order.name, order.to, approver=by, reason=why, saw=order.saw)
                    case "quarantine":
                        return review.quarantine(order.name, why, approver=by, saw=order.saw)
                    case "retire":
                        return review.retire(order.name, why, approver=by, saw=order.saw)
                    case "release":
                        return review.release(order.name, why, approver=by, saw=order.saw)

        return await asyncio.to_thread(act)


class ForgeCatalogue:
    """One person's tools as the pages read them."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._opened = forge.opened
        self._registry = self._opened.registry
        self._layers = self._opened.layers
        # By words alone: loading what compares by meaning would keep the first page waiting for seconds.
        settings = forge.settings
        self._index = Index(self._layers, settings.home / "caches" / settings.org / f"{self.owner}.index.db")
        self._shelf: tuple[str, Shelf] = ("", Shelf())

    @property
    def owner(self) -> str:
        """Whose registry it is."""
        return self._opened.owner

    def head(self) -> str:
        """The commit that is looked at."""
        return self._registry.head()

    def shelf(self) -> Shelf:
        """Every tool of every layer and state; made once for each state of the layers."""
        now = self._layers.fingerprint()
        if self._shelf[0] != now:
            self._shelf = (now, shelf_of([*self._entries()], self._layers.problems()))
        return self._shelf[1]

    def _entries(self) -> Iterator[Entry]:
        yield from (Entry(tool) for tool in self._layers.live())
        for state in (State.QUARANTINED, State.RETIRED, State.PROPOSED):
            yield from (Entry(tool) for tool in self._registry.tools(state))
        yield from (Entry(tool, shadowed=True) for tool in self._layers.shadowed())

    def search(self, query: str) -> list[str]:
        """The names of live tools for any words, best first."""
        return [hit.name for hit in self._index.search(query, FOUND)]

    def entry(self, name: str, version: str = "") -> Entry | None:
        """The tool of that name and (shortened) version."""
        for entry in self._named(name):
            if entry.tool.version.startswith(version):
                return entry
        return None

    def _named(self, name: str) -> Iterator[Entry]:
        with suppress(ToolNotFound):
            yield Entry(self._layers.find(name))
        snapshot = self._registry.snapshot()
        standing = snapshot.states.tools.get(name)
        if standing is not None and standing.state is not State.LIVE and (tool := snapshot.sound(name)):
            yield Entry(tool)
        numbers = snapshot.proposals.get(name, ())
        for number, tool in reversed([*zip(numbers, snapshot.proposed([name]) if numbers else (), strict=True)]):
            if isinstance(tool, Tool):
                yield Entry(tool, number=number)
        yield from (Entry(tool, shadowed=True) for tool in self._layers.shadowed() if tool.name == name)

    def packages(self, tool: Tool) -> Lock:
        """What the registry of the tool's layer has locked."""
        return self._layers.packages(tool)

    def versions(self, tool: Tool) -> list[Version]:
        """The tool's commits, newest first."""
        registry = self._layers.of(tool.layer)
        if registry is None:
            return []
        return [
            Version(one.commit, one.message, one.time, *_texts(registry.files(tool.name, one.commit)), one.version)
            for one in registry.versions(tool.name)[:VERSIONS]
        ]

    def dossier(self, tool: Tool) -> Dossier:
        """What is known of it beyond its files."""
        registry = self._layers.of(tool.layer)
        states = registry.snapshot().states if registry is not None else None
        standing = states.tools.get(tool.name) if states is not None else None
        waits = states.review_of(tool.name).waiting.values() if states is not None else ()
        proposed = tool.state == State.PROPOSED
        reason = next((one.reason for one in waits if one.version == tool.version), "") if proposed else ""
        calls, credit, seen = self._calls(tool)
        return Dossier(
            reaches=tuple(self._layers.reach(tool).told),
            seen=seen,
            calls=calls,
            credit=credit,
            passages=self._passages(tool),
            near=self._near(tool),
            users=self.shelf().users.get(tool.name, ()),
            history=tuple(history(registry, tool.name)) if registry is not None else (),
            reason=reason if proposed or standing is None else standing.reason,
            pinned=standing is not None and standing.pinned,
        )

    def _calls(self, tool: Tool) -> tuple[tuple[Call, ...], float | None, tuple[str, ...]]:
        """Its newest calls, its credit, and what they were seen to reach; a database that cannot be read has none."""
        try:
            self._opened.rows()
            outcomes = self._opened.outcomes()
            calls = tuple(_call(one) for one in outcomes.calls(tool.name, limit=CALLS))
            return calls, outcomes.credit().get(tool.name), self._forge.review.advice(tool.name).lines
        except StorageError:
            return (), None, ()

    def _passages(self, tool: Tool) -> tuple[Passage, ...]:
        from agentforge.registry.stale import cited

        found: list[Passage] = []
        for key in cited(tool):
            with suppress(AgentForgeError):
                one = self._forge.documents.passage(key, Layer(tool.layer))
                text = one.old.text if one.old is not None else ""
                found.append(Passage(one.citation, text, gone=one.gone))
        return tuple(found)

    def _near(self, tool: Tool) -> tuple[tuple[str, str], ...]:
        """The live tools whose words are nearest to what it says of itself."""
        hits = self._index.search(f"{tool.name.replace('_', ' ')} {tool.manifest.summary}", NEAR + 1)
        return tuple((hit.name, hit.summary) for hit in hits if hit.name != tool.name)[:NEAR]

    def history(self, name: str) -> Sequence[Happening]:
        """All that happened under a name in the person's own layer, newest first."""
        return history(self._registry, name)

    def compared(self, name: str, old: str, new: str) -> Mapping[str, Sequence[str]]:
        """What two versions differ in, by file."""
        return differing(self._files(name, old), self._files(name, new), (old[:12], new[:12]))

    def _files(self, name: str, version: str) -> Mapping[str, bytes]:
        for entry in self._named(name):
            if len(version) >= SHORTEST and entry.tool.version.startswith(version):
                return to_files(entry.tool)
        for registry in filter(None, (self._registry, self._layers.company)):
            for one in registry.versions(name) if len(version) >= SHORTEST else ():
                if version and (one.version.startswith(version) or one.commit.startswith(version)):
                    return registry.files(name, one.commit)
        raise ToolNotFound(f"{name[:80]} has no version {version[:64]!r}.", fix="Choose two of those on its page.")

    def queue(self) -> list[str]:
        """What waits for a person."""
        waiting = self._registry.snapshot().proposals
        return [f"{name}/{number}" for name in sorted(waiting) for number in waiting[name]]

    def waiting(self, target: str) -> Difference:
        """One of them."""
        return self._forge.review.diff(target)

    def policy_problem(self) -> str:
        """What is wrong with the company's review policy."""
        return self._forge.review.policy_problem()


def _call(one: Known) -> Call:
    """A call in words. Arguments and answers are as hostile as everything else."""
    known = {"confirmed": "right", "wrong": "wrong"}.get(one.word or "", "defect" if one.defect else "")
    answer = hostile.as_json(one.value) if one.status == "returned" else one.error or one.status
    return Call(one.id, one.created[:16].replace("T", " "), known, hostile.as_json(one.args), answer)


def _texts(files: Mapping[str, bytes]) -> tuple[str, str]:
    source, tests = (files.get(name, b"").decode(errors="replace") for name in ("tool.py", "test_tool.py"))
    return source, tests
