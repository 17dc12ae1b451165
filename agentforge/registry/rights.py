"""What a tool's capabilities give it, taken apart so that two versions can be compared.

A tool that imports others reaches what these reach: it never holds their rights, but may have them used as often
as it likes. So the rights of all that it needs, directly or through others, are told and compared as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from agentforge.boxes.files import files_of
from agentforge.boxes.network.grants import parse_host
from agentforge.registry.tool import Tool
from agentforge.types import Capabilities

NO_RIGHTS = Capabilities()

Find: TypeAlias = Callable[[str], Tool | None]
"""From a name to the tool that a call of it would get, None where there is none."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a version may reach: by its ``own`` capabilities, and ``through`` the tools that it needs, by name."""

    own: Capabilities = NO_RIGHTS
    through: Mapping[str, Capabilities] = field(default_factory=lambda: {})

    @property
    def all(self) -> frozenset[str]:
        """Every single right, its own or another's."""
        return rights(self.own).union(*map(rights, self.through.values()))

    @property
    def abroad(self) -> bool:
        """Whether it reaches other machines, which may change things there and answer with untrusted text."""
        return any(given.hosts or given.servers for given in (self.own, *self.through.values()))

    @property
    def told(self) -> list[str]:
        """Every right in words: its own, then ``fetch GET api.example.com through rates``."""
        return self.beyond(NOTHING)

    def beyond(self, other: Reach) -> list[str]:
        """The rights that ``other`` has not, in words. One that it only had used by another tool, and now wants
        itself, is among them; one that it had itself, and now has used, is not.
        """
        had = other.all
        used = ((right, name) for name in sorted(self.through) for right in wanted(self.through[name]))
        return [*wanted(self.own, other.own), *(f"{right} through {name}" for right, name in used if right not in had)]


NOTHING = Reach()


def reach_of(capabilities: Capabilities, depends: Sequence[str], find: Find) -> Reach:
    """The reach of a version that needs the tools ``depends``, as these stand now."""
    through, seen, waiting = dict[str, Capabilities](), set[str](), [*depends]
    while waiting:
        name = waiting.pop()
        tool = find(name) if name not in seen else None
        seen.add(name)
        if tool is not None:
            waiting += tool.depends
            if not tool.pure:
                through[name] = tool.manifest.capabilities
    return Reach(capabilities, through)


def rights(capabilities: Capabilities) -> frozenset[str]:
    """Every single right, in words: ``fetch POST api.example.com``, ``read prices.csv``, ``clock`` …

    A right that another way of writing gives as well has the same words, so that sets of them compare.
    """
    return frozenset(_rights(capabilities))


def wanted(new: Capabilities, old: Capabilities = NO_RIGHTS) -> list[str]:
    """The rights that ``new`` has and ``old`` has not, sorted."""
    return sorted(rights(new) - rights(old))


def _rights(given: Capabilities) -> Iterator[str]:
    for entry in given.hosts:
        yield from _fetches(entry)
    reads, writes = files_of(given.files)
    yield from (f"read {name}" for name in reads)
    yield from (f"write {name}" for name in writes)
    yield from (f"secret {entry}" for entry in given.secrets)
    yield from (f"package {name}" for name in given.packages)
    yield from (f"ask {entry}" for entry in given.servers)
    yield from (name for name in ("clock", "randomness") if getattr(given, name))


def _fetches(entry: str) -> Iterator[str]:
    """One right for each method; one that cannot be read is a right of its own, and so never had before."""
    try:
        grant = parse_host(entry)
    except ValueError:
        yield f"fetch {entry}"
        return
    brought = {"HEAD"} if "GET" in grant.methods else set[str]()  # GET brings HEAD along
    yield from (f"fetch {method} {grant.origin}" for method in grant.methods - brought)
