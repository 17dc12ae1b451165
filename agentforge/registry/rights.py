"""What a tool's capabilities give it, taken apart so that two versions can be compared."""

from __future__ import annotations

from collections.abc import Iterator

from agentforge.boxes.files import files_of
from agentforge.boxes.network.grants import parse_host
from agentforge.types import Capabilities

NO_RIGHTS = Capabilities()


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
