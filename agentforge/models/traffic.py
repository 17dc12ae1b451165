"""What all clients of one endpoint share: its places and its pace.

A client is made for each turn and each job. The bound on requests in flight is meant for all of them together,
and a pace that is measured anew in each turn would be known when the turn is over.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TypeAlias
from weakref import WeakKeyDictionary

from agentforge.models.pace import Pace
from agentforge.models.queue import Queue
from agentforge.settings import Endpoint


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of one endpoint, in one event loop."""

    queue: Queue
    pace: Pace = field(default_factory=Pace)


_Key: TypeAlias = tuple[str, str, str, int]
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Key, Traffic]] = WeakKeyDictionary()


def traffic_of(endpoint: Endpoint) -> Traffic:
    """The same for all who ask for the same model at the same URL with the same key and bound, in one event loop:
    a program has one, so this is one process. Call it where a loop runs.
    """
    key = endpoint.key.get_secret_value() if endpoint.key else ""
    known = _shared.setdefault(asyncio.get_running_loop(), {})
    same = (endpoint.url, endpoint.model, key, endpoint.parallel)
    return known.setdefault(same, Traffic(Queue(endpoint.parallel)))
