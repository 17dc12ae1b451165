"""Tools on a remote for which nobody known vouches, as tools that somebody hands in."""

from __future__ import annotations

from collections.abc import Sequence

from agentforge.errors import UsageError
from agentforge.forge.arrival.reading import Arrival, arrivals, ordered
from agentforge.sync.parts import Claim


def arrivals_of(claims: Sequence[Claim]) -> list[Arrival]:
    """Each as its folder states it, those that others need first; what it says of itself is not believed."""
    found = [_arrival(claim) for claim in claims]
    first: dict[str, Arrival] = {}
    for one in found:
        first.setdefault(one.name, one)
    return [*ordered(first, list(first)), *(one for one in found if one is not first[one.name])]


def _arrival(claim: Claim) -> Arrival:
    folder = f"tools/{claim.name}"
    try:
        texts = {f"{folder}/{name}": contents.decode() for name, contents in claim.files.items()}
        return arrivals(texts)[0]
    except UnicodeDecodeError:
        return Arrival(claim.name, folder, None, ("it holds what is no UTF-8 text",))
    except UsageError as error:
        return Arrival(claim.name, folder, None, (error.message,))
