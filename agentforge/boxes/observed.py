"""What the host saw one run reach: requests of its broker, secrets that they carried, files in and out.

All of it is counted on the host's side of the box; nothing is what the box says of itself. Of a request
stand here its method, its host and what came of it, never its path, query, headers or body.

What it does not see: whether a run looked at the clock, drew a random number, imported a package that it
was granted or read a file that it was given; what a host did with a request; and, of a host that was refused,
more than the name that the run wrote, which may be any text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from agentforge.types import JSON, JSONObject

MOST_KINDS: Final = 20
"""Kinds of requests that are told of one run; those of further kinds are counted."""

LONGEST_HOST: Final = 100
"""Characters that are kept of the name of a host that was refused, which may be any text. One that was granted is
kept whole, or nobody could tell which of those that were declared it is.
"""

Came: TypeAlias = str
"""What came of a request: the status of the answer (``200``), or ``refused``, or ``failed`` (granted, no answer)."""

NO_FILES: Mapping[str, int] = MappingProxyType({})


class Request(NamedTuple):
    """One kind of request. ``host`` is written as it is declared, with scheme and port where they are not the
    usual ones; both are empty where a request named no host that could be read.
    """

    method: str
    host: str
    came: Came


class Log:
    """What the broker of one run was asked and did."""

    def __init__(self) -> None:
        self._requests: dict[Request, int] = {}
        self._secrets = set[str]()

    def asked(self, method: str, host: str, came: Literal["refused", "failed"] | int) -> None:
        """One request and what came of it: a refusal, no answer, or an answer's status."""
        request = Request(method, host[:LONGEST_HOST] if came == "refused" else host, str(came))
        self._requests[request] = self._requests.get(request, 0) + 1

    def filled(self, secret: str) -> None:
        """A request carried the secret ``NAME@HOST``, as it is declared; so there are few of them."""
        self._secrets.add(secret)

    @property
    def requests(self) -> Mapping[Request, int]:
        """How often each kind of request was made: what was granted comes first, then the commonest."""
        order = sorted(self._requests.items(), key=lambda item: (item[0].came == "refused", -item[1], item[0]))
        return dict(order)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that were carried, sorted."""
        return tuple(sorted(self._secrets))


@dataclass(frozen=True, slots=True)
class Observed:
    """What the host saw one run reach.

    ``given`` and ``left`` are the sizes in bytes of the files that it was given and that it left. ``more`` is
    how many requests were of kinds beyond :data:`MOST_KINDS`.
    """

    requests: Mapping[Request, int] = field(default_factory=lambda: MappingProxyType({}))
    secrets: tuple[str, ...] = ()
    given: Mapping[str, int] = field(default_factory=lambda: NO_FILES)
    left: Mapping[str, int] = field(default_factory=lambda: NO_FILES)
    more: int = 0

    @classmethod
    def of(cls, log: Log, given: Mapping[str, bytes], left: Mapping[str, bytes]) -> Observed:
        """From a broker's log and the files of the run."""
        kinds = [*log.requests.items()]
        return cls(
            requests=dict(kinds[:MOST_KINDS]),
            secrets=log.secrets,
            given=_sizes(given),
            left=_sizes(left),
            more=sum(count for _, count in kinds[MOST_KINDS:]),
        )

    def to_json(self) -> JSONObject:
        """As it is kept; what there was nothing of is left out, so that it may be empty."""
        requests: list[JSON] = [[*request, count] for request, count in self.requests.items()]
        whole: JSONObject = {
            "requests": requests,
            "secrets": [*self.secrets],
            "given": dict(self.given),
            "left": dict(self.left),
            "more": self.more,
        }
        return {name: value for name, value in whole.items() if value}

    @classmethod
    def from_json(cls, kept: JSON) -> Observed:
        """What :meth:`to_json` gave; what has another form counts as not there."""
        known = kept if isinstance(kept, dict) else {}
        return cls(
            requests=dict(_requests(known.get("requests"))),
            secrets=tuple(one for one in _list(known.get("secrets")) if isinstance(one, str)),
            given=_numbers(known.get("given")),
            left=_numbers(known.get("left")),
            more=more if isinstance(more := known.get("more"), int) else 0,
        )


def _sizes(files: Mapping[str, bytes]) -> Mapping[str, int]:
    return {name: len(content) for name, content in files.items()}


def _requests(kept: JSON) -> Iterable[tuple[Request, int]]:
    for one in _list(kept):
        match one:
            case [str(method), str(host), str(came), int(count)]:
                yield Request(method, host, came), count
            case _:
                pass


def _list(kept: JSON) -> Collection[JSON]:
    return kept if isinstance(kept, list) else ()


def _numbers(kept: JSON) -> Mapping[str, int]:
    return {name: size for name, size in kept.items() if isinstance(size, int)} if isinstance(kept, dict) else NO_FILES
