"""A decision that came in: made, or refused with what has changed meanwhile. For pages and programs alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from agentforge.errors import (
    AgentForgeError,
    ApprovalNeeded,
    RegistryConflict,
    ToolInvalid,
    ToolNotFound,
    UsageError,
)
from agentforge.registry.history import Happening
from agentforge.registry.review import Decision
from agentforge.web.catalogue import Decide, OpenCatalogue, Order
from agentforge.web.orders import order_of

NOT_DONE = (UsageError, ToolNotFound, ToolInvalid, ApprovalNeeded, RegistryConflict)
"""What a decision comes to that makes no sense where things stand."""
KEPT = 200
"""So many decisions are remembered for the page that is shown after each."""


@dataclass(frozen=True, slots=True)
class Done:
    """A decision that was made."""

    order: Order
    decision: Decision


@dataclass(frozen=True, slots=True)
class Stale:
    """One that was not: why, what to do, and what happened to the tool since the person looked at it."""

    order: Order
    error: AgentForgeError
    since: Sequence[Happening]


class Deciding:
    """Makes decisions, and remembers the newest for the page that follows."""

    def __init__(self, open_catalogue: OpenCatalogue, decide: Decide) -> None:
        self._open = open_catalogue
        self._decide = decide
        self._made: OrderedDict[str, Done] = OrderedDict()

    async def ask(self, request: Request, name: str, number: int = 0) -> Done | Stale:
        """What a request asks for, tried (raises OrderRefusedError, and what is no matter of the tool)."""
        order = await order_of(request, request.state.person, name, number)
        try:
            done = Done(order, await self._decide(order))
        except NOT_DONE as error:
            return Stale(order, error, await run_in_threadpool(self._since, order))
        self._made[done.decision.commit] = done
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return done

    def made(self, commit: str) -> Done | None:
        """The decision that a commit is, where it was made here lately."""
        return self._made.get(commit)

    def _since(self, order: Order) -> Sequence[Happening]:
        with self._open() as catalogue:
            happened = catalogue.history(order.name)
        newer = list(takewhile(lambda one: one.commit != order.commit, happened))
        return newer if order.commit and len(newer) < len(happened) else []
