"""Decisions that runs wait for, from a program: ``forge.approvals``; and how a run goes on after one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, secrets_of
from agentforge.approval import Allow, ApprovalRequest, Decision, Defer, Deny, Narrow, OnApproval
from agentforge.errors import ApprovalExpired, ToolNotFound, UsageError
from agentforge.settings import Settings
from agentforge.types import JSONObject, State

if TYPE_CHECKING:
    from agentforge.agent.approving import Approving, Going, Kept
    from agentforge.memory.approvals import Approval
    from agentforge.memory.approvals import Approvals as Rows
    from agentforge.memory.permissions import Permission, Permissions, Scope
    from agentforge.registry.tool import Tool


class Approvals:
    """What runs of one user wait for. Made by ``Forge.approvals``. All of it raises StorageError where the database
    cannot be read or written, and UsageError for an id that is unknown.
    """

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings

    async def list(self, *, waiting: bool = True) -> list[Approval]:
        """The decisions that are waited for, oldest first; with ``waiting`` False those that were made, too."""
        rows = await self._rows()
        return await asyncio.to_thread(partial(rows.list, waiting=waiting))

    async def get(self, approval: str) -> Approval:
        """One of them as it stands; a tool that was decided about in the review queue meanwhile is decided."""
        rows = await self._rows()
        found = await asyncio.to_thread(rows.get, approval)
        if found.state != "waiting" or found.request.kind != "tool":
            return found
        made = await asyncio.to_thread(self._reviewed, found.request)
        return found if made is None else await asyncio.to_thread(rows.decide, approval, made, "review")

    async def decide(self, approval: str, decision: Decision, *, by: str = "") -> Approval:
        """Decides; the run goes on by ``forge.resume``. ``by`` is who does, by default the user. A tool that is
        allowed is live from now on; one that is denied is taken away.

        Raises:
            UsageError: it was decided already, a tool was to be narrowed, or a call to more than it asked for.
            ApprovalExpired: its time is over.
            AgentForgeError: a tool could not be let in; the decision is still waited for.
        """
        found = await self.get(approval)
        if isinstance(decision, Defer) or (isinstance(decision, Narrow) and found.request.kind == "tool"):
            raise UsageError("A decision that waits is Allow() or Deny(…), and Narrow(…) for a call.")
        if found.state == "expired":
            raise _expired(found)
        if isinstance(decision, Narrow):
            await asyncio.to_thread(self._check, found.request, decision)
        if found.state == "waiting" and found.request.kind == "tool":
            await self.settle(found.request, decision, by)
        rows = await self._rows()
        return await asyncio.to_thread(rows.decide, approval, decision, by or self._settings.user)

    async def remember(self, request: ApprovalRequest, scope: Scope, *, by: str = "") -> Permission:
        """Keeps a yes to a call for the ``session`` it was asked in, or for ``always``: :meth:`allowed` says so of
        later calls of that tool that want no more rights, in any process. ``by`` is who said it, by default the user.

        Raises:
            UsageError: the question is not about a call.
        """
        if request.kind != "call":
            raise UsageError("Only calls are allowed for longer: a tool that is let in stays.")
        kept = await self._permissions()
        return await asyncio.to_thread(kept.remember, request, scope, by or self._settings.user)

    async def permissions(self) -> Sequence[Permission]:
        """What was allowed for longer than one call, oldest first."""
        return await asyncio.to_thread((await self._permissions()).list)

    async def allowed(self, request: ApprovalRequest) -> bool:
        """Whether a lasting permission answers a question, so that nobody has to be asked."""
        return any(one.covers(request) for one in await self.permissions())

    async def forget(self, tool: str) -> Sequence[Permission]:
        """Takes back all lasting permissions of a tool, and returns them."""
        return await asyncio.to_thread((await self._permissions()).forget, tool)

    def _check(self, request: ApprovalRequest, decision: Narrow) -> None:
        """Says now, and not when the run goes on, that a call cannot be narrowed so (raises UsageError)."""
        from agentforge.agent.approving import narrowed

        with suppress(ToolNotFound):  # a tool that is gone, or another by now, counts as denied then
            tool = self._opened.layers.find(request.tool)
            if tool.version == request.version:
                narrowed(tool, request.args, decision)

    async def settle(self, request: ApprovalRequest, decision: Decision, by: str = "") -> None:
        """Makes the proposed tool of a question live, or takes it away (raises AgentForgeError)."""
        from agentforge.api.checking import tried
        from agentforge.api.review import Review

        review, name = Review(self._opened, self._settings), request.tool
        if isinstance(decision, Deny):
            await asyncio.to_thread(
                partial(review.reject, name, decision.reason or "denied", version=request.version, approver=by)
            )
            return
        found = await tried(name, request.version, self._opened, self._settings)
        await asyncio.to_thread(partial(review.approve, name, version=request.version, approver=by, tried=found))

    async def go_on(self, approval: str) -> Going:
        """What a run goes on with, for the one caller who asks first.

        Raises:
            UsageError: nobody has decided, or the run has gone on already.
            ApprovalExpired: nobody decided in time.
        """
        from agentforge.agent.approving import Going
        from agentforge.forge.parts import ForgeResult

        found = await self.get(approval)
        if found.state == "expired":
            raise _expired(found)
        if found.decision is None:
            raise UsageError(f"Nobody has decided {approval} yet.", fix="Give a decision, or decide it first.")
        rows, request = await self._rows(), found.request
        loop = await asyncio.to_thread(rows.loop, approval)
        if not await asyncio.to_thread(rows.take, approval):
            raise UsageError(f"The run of {approval} has gone on already.", fix="Go on with its session instead.")
        forged = None
        if request.kind == "tool":
            denied = isinstance(found.decision, Deny)
            forged = ForgeResult("", request.tool, "failed" if denied else "live", "it was denied" if denied else "")
        return Going(approval, request, found.decision, loop, forged)

    def approving(self, ask: OnApproval) -> Approving:
        """What a turn works with that asks ``ask``."""
        from agentforge.agent.approving import Approving

        return Approving(ask, self._keep, self.settle, self._proposal)

    async def _keep(self, request: ApprovalRequest, loop: JSONObject, seconds: float) -> Kept:
        from agentforge.agent.approving import Kept

        rows = await self._rows()
        kept = await asyncio.to_thread(rows.keep, request, loop, seconds)
        return Kept(kept.id, kept.expires)

    async def _proposal(self, name: str) -> Tool:
        found = await asyncio.to_thread(self._proposed, name)
        if not found:
            raise ToolNotFound(f"Nothing waits under the name {name!r}.")
        return found[-1]

    def _proposed(self, name: str) -> list[Tool]:
        from agentforge.registry.tool import Tool

        snapshot = self._opened.registry.snapshot()
        found = snapshot.proposed([name]) if name in snapshot.proposals else []
        return [one for one in found if isinstance(one, Tool)]

    def _reviewed(self, request: ApprovalRequest) -> Allow | Deny | None:
        if any(tool.version == request.version for tool in self._proposed(request.tool)):
            return None
        snapshot = self._opened.registry.snapshot()
        standing = snapshot.states.tools.get(request.tool)
        live = standing is not None and standing.version == request.version and standing.state is State.LIVE
        return Allow() if live else Deny("It was decided in the review queue")

    async def _permissions(self) -> Permissions:
        from agentforge.memory.permissions import Permissions

        await self._opened.the_episodes()
        database = await asyncio.to_thread(self._opened.rows)
        return Permissions(database, org=self._settings.org, user=self._opened.owner)

    async def _rows(self) -> Rows:
        from agentforge.memory.approvals import Approvals as Rows

        await self._opened.the_episodes()
        own = self._settings
        database = await asyncio.to_thread(self._opened.rows)
        return Rows(database, org=own.org, user=self._opened.owner, secrets=secrets_of(own))


def _expired(found: Approval) -> ApprovalExpired:
    return ApprovalExpired(
        f"{found.id} was waited for until {found.expires}; nothing of what it was about was done.",
        fix=f"Ask again: the session {found.request.session} can be continued.",
    )
