"""What calls of a tool were seen to reach, beside what it is granted: advice for who decides, and no proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from agentforge.boxes.network.grants import parse_secret
from agentforge.boxes.observed import Request
from agentforge.memory.seen import NOTHING_SEEN, Seen
from agentforge.registry.rights import rights
from agentforge.registry.tool import Tool

_NAMED: Final = 4
"""So many hosts and files of a kind are named in a sentence; the rest is counted."""

_SHORT: Final = 12
"""Characters of a hash that people are shown."""

_HIDDEN: Final = ("clock", "randomness", "package ", "read ", "ask ")
"""How rights begin whose use the host does not see (a file that is read is given to every call)."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What was seen of the version that stands, or else waits, and of all ``others`` of its name together.

    ``unused`` are rights of its own that none of the calls that were seen used, ``hidden`` those whose use the host
    cannot see. ``unsure`` are those to fetch that were not seen to be used, where some calls made requests of more
    kinds than are kept, which may have used them. All are in the words of ``Reasons.reaches``. A host that was
    refused is named as the tool wrote it.
    """

    version: str = ""
    seen: Seen = NOTHING_SEEN
    others: Seen = NOTHING_SEEN
    unused: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """It in at most three sentences; none where no call was seen."""
        seen, others = self.seen, self.others
        of = f"of version {self.version[:_SHORT]} (advice, no proof)"
        older = f"; of {seen.unseen} more calls nothing was kept" if seen.unseen else ""
        beside = [
            f"Granted but never used in these calls: {', '.join(self.unused)}" if self.unused else "",
            f"Granted, and perhaps used by requests of further kinds: {', '.join(self.unsure)}" if self.unsure else "",
            f"Granted, and not to be seen: {', '.join(self.hidden)}" if self.hidden and seen.calls else "",
        ]
        lines = (
            f"Seen in {_calls(seen)} {of}: {_told(seen)}{older}" if seen.calls else "",
            ". ".join(filter(None, beside)),
            f"Seen in {_calls(others)} of other versions: {_told(others)}" if others.calls else "",
        )
        return tuple(filter(None, lines))


def advice_on(tool: Tool | None, seen: Mapping[str, Seen]) -> Advice:
    """The advice on ``tool``, from what was seen of every version of its name; None is one that cannot be read."""
    version = tool.version if tool else ""
    mine = seen.get(version, NOTHING_SEEN)
    others = sum((one for each, one in seen.items() if each != version), NOTHING_SEEN)
    granted = rights(tool.manifest.capabilities) if tool else frozenset[str]()
    hidden = {right for right in granted if right.startswith(_HIDDEN)}
    unseen = granted - hidden - {*_used(mine)} if mine.calls else frozenset[str]()
    unseen = {right for right in unseen if not _carried(right, mine)}
    unsure = {right for right in unseen if mine.more and right.startswith("fetch ")}
    return Advice(
        version=version,
        seen=mine,
        others=others,
        unused=tuple(sorted(unseen - unsure)),
        hidden=tuple(sorted(hidden)),
        unsure=tuple(sorted(unsure)),
    )


def _used(seen: Seen) -> Iterator[str]:
    for method, host, came in seen.requests:
        if came != "refused":
            yield f"fetch {method} {host}"
            if method == "HEAD":
                yield f"fetch GET {host}"  # which brings HEAD along
    yield from (f"write {name}" for name in seen.left)


def _carried(right: str, seen: Seen) -> bool:
    """Whether it is a secret that a request carried, however its declaration is written."""
    kind, _, entry = right.partition(" ")
    with suppress(ValueError):
        return kind == "secret" and str(parse_secret(entry)) in seen.secrets
    return False


def _calls(seen: Seen) -> str:
    return "1 call" if seen.calls == 1 else f"{seen.calls} calls"


def _told(seen: Seen) -> str:
    """``api.example.org GET ×12; 2 refused to other.example``."""
    granted = {request: count for request, count in seen.requests.items() if request.came != "refused"}
    refused = Counter[str]()
    for (_, host, came), count in seen.requests.items():
        if came == "refused":
            refused[host] += count
    parts = [
        *_few(_host(granted, host, method) for host, method in _pairs(granted)),
        *_few(f"{name} given ×{calls}" for name, calls in seen.given.items()),
        *_few(f"{name} left ×{calls}" for name, calls in seen.left.items()),
        *_few(
            f"{count} refused {f'to {host}' if host else 'that could not be read'}" for host, count in refused.items()
        ),
        *([f"{seen.more} requests of further kinds"] if seen.more else []),
    ]
    return "; ".join(parts) or "nothing"


def _pairs(granted: Mapping[Request, int]) -> list[tuple[str, str]]:
    """Hosts with methods, the commonest first."""
    found = Counter[tuple[str, str]]()
    for (method, host, _), count in granted.items():
        found[host, method] += count
    return [pair for pair, _ in found.most_common()]


def _host(granted: Mapping[Request, int], host: str, method: str) -> str:
    """What was asked of a host by one method, and what came of it where that was no success."""
    came = {each.came: count for each, count in granted.items() if (each.host, each.method) == (host, method)}
    odd = ", ".join(f"{what} ×{count}" for what, count in came.items() if not what.startswith("2"))
    return f"{host} {method} ×{sum(came.values())}{f' ({odd})' if odd else ''}"


def _few(parts: Iterable[str]) -> list[str]:
    every = [*parts]
    return every if len(every) <= _NAMED else [*every[:_NAMED], f"{len(every) - _NAMED} more of the kind"]
