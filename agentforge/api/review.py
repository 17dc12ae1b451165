"""Decisions about tools, from a program: ``forge.review``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, insist_on_own, secrets_of
from agentforge.errors import ToolInvalid
from agentforge.settings import Settings
from agentforge.types import Layer, State

if TYPE_CHECKING:
    from agentforge.api.advice import Advice
    from agentforge.registry.differences import Difference
    from agentforge.registry.history import Happening
    from agentforge.registry.pending import Pending
    from agentforge.registry.reasons import Reasons
    from agentforge.registry.review import Decision, Saw
    from agentforge.registry.tool import Tool
    from agentforge.registry.untried import Tried


class Review:
    """What waits for a person, and what people decide about the tools of one user. Made by ``Forge.review``.

    Each decision is one commit that names its ``approver`` (by default the user) and can be undone. All of
    it works on git and so blocks: call it in a thread where an event loop must go on. A ``target`` is
    ``NAME`` or, where several proposals of a name wait, ``NAME/N``; ``version`` is the hash of what was looked
    at, or at least its first 7 characters, and nothing happens where another one is there.

    All of them raise ``ToolNotFound`` for a name that is unknown, ``UsageError`` for a decision that makes no
    sense where the tool stands (it says where), and ``RegistryError`` where the registry cannot be written.
    """

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._registry = opened.registry
        self._layers = opened.layers
        self._settings = settings

    def policy_problem(self) -> str:
        """What is wrong with the company's review policy, in one sentence; empty where nothing is."""
        from agentforge.policy import policy_of

        return policy_of(self._settings).problem

    def pending(self) -> list[Pending]:
        """Everything that waits, by name and number."""
        from agentforge.registry.pending import pending

        return pending(self._registry)

    def diff(self, target: str) -> Difference:
        """What a proposal changes against the version that stands."""
        from agentforge.registry.differences import difference

        return difference(self._registry, target)

    def approve(
        self, target: str, *, version: str = "", approver: str = "", tried: Tried | None = None, reason: str = ""
    ) -> Decision:
        """Makes a proposal live, with all that its manifest says it may reach. ``tried`` is what
        ``await forge.tried(target)`` gave, where its report does not tell of all calls that once went wrong.
        The ``reason``, where there is one, is kept in the tool's history.

        Raises:
            ApprovalNeeded: it was not tried on those calls; or its report does not speak for its contents, and
                ``version`` was not given.
            ToolInvalid: it breaks the contract, depends on what is not live, was made for another version
                than the one that stands, or gets a call wrong that once went wrong.
        """
        from agentforge.registry.proposals import sweep
        from agentforge.registry.review import approve

        before = {tool.name: tool.layer for tool in self._layers.live()}
        by = self._approver(approver)
        why = self._discreet(reason)
        made = approve(self._registry, target, approver=by, version=version, live=before, tried=tried, reason=why)
        done = self._settled(made)
        if self._registry.layer is Layer.COMPANY:
            sweep(self._registry)
        hidden = before.get(done.name, self._registry.layer)
        if hidden is self._registry.layer:
            return done
        return replace(done, remarks=(*done.remarks, f"It takes the place of the tool of the {hidden} layer."))

    def reject(self, target: str, reason: str, *, version: str = "", approver: str = "") -> Decision:
        """Takes a proposal away; the reason is kept in the tool's history."""
        from agentforge.registry.review import reject

        done = reject(
            self._registry, target, self._discreet(reason), approver=self._approver(approver), version=version
        )
        if self._registry.layer is Layer.COMPANY:
            from agentforge.registry.proposals import sweep

            sweep(self._registry)
        return done

    def quarantine(self, name: str, reason: str = "", *, approver: str = "", saw: Saw | None = None) -> Decision:
        """Sets a tool aside until it is released; with ``saw`` only where it still stands as it was seen."""
        return self._put(name, State.QUARANTINED, reason, approver, saw)

    def retire(self, name: str, reason: str = "", *, approver: str = "", saw: Saw | None = None) -> Decision:
        """Takes a tool out of use; git keeps it, and it can be released. ``saw`` as with :meth:`quarantine`."""
        return self._put(name, State.RETIRED, reason, approver, saw)

    def release(self, name: str, reason: str = "", *, approver: str = "", saw: Saw | None = None) -> Decision:
        """Makes a quarantined or retired tool live again. ``saw`` as with :meth:`quarantine`.

        Raises:
            ToolInvalid: its contents are not the version that stood.
        """
        return self._put(name, State.LIVE, reason, approver, saw)

    def pin(self, name: str, *, approver: str = "") -> Decision:
        """Keeps the version that stands: new ones become proposals, whatever the policy says."""
        from agentforge.registry.review import pin

        insist_on_own(self._opened, name)
        return pin(self._registry, name, approver=self._approver(approver))

    def unpin(self, name: str, *, approver: str = "") -> Decision:
        """Lets new versions of a tool go live again where the policy lets them."""
        from agentforge.registry.review import pin

        insist_on_own(self._opened, name)
        return pin(self._registry, name, approver=self._approver(approver), pinned=False)

    def rollback(
        self, name: str, version: str = "", *, approver: str = "", reason: str = "", saw: Saw | None = None
    ) -> Decision:
        """Lets an earlier version stand again, in the state in which it last stood; by default the one that
        stood before. Doing it once more undoes it. ``saw`` as with :meth:`quarantine`.

        Raises:
            ToolInvalid: that version breaks the contract of today, or depends on what is not live.
        """
        from agentforge.registry.review import rollback

        insist_on_own(self._opened, name)
        live = {tool.name for tool in self._layers.live()}
        by, why = self._approver(approver), self._discreet(reason)
        made = rollback(self._registry, name, version, approver=by, live=live, reason=why, saw=saw)
        return self._settled(made)

    def history(self, name: str) -> list[Happening]:
        """All that happened to a tool, newest first; nothing for a starter tool."""
        from agentforge.registry.history import history

        found = history(self._registry, name)
        if not found:
            self._layers.find(name)
        return found

    def why(self, name: str) -> Reasons:
        """Why a tool is what it is: what made it, what speaks for it, who let it in, where it stands.

        Raises:
            ToolInvalid: it is malformed; all problems.
        """
        from agentforge.registry.reasons import reasons

        return reasons(self._layers, self._tool(name))

    def advice(self, name: str) -> Advice:
        """What calls of a tool were seen to reach, beside what :meth:`why` says that it is granted. It is no proof:
        what a tool never did it may do next time. Empty where nothing was seen.

        Raises:
            StorageError: the database cannot be read.
        """
        from agentforge.api.advice import advice_on
        from agentforge.memory.seen import seen_of

        try:
            tool = self._tool(name)
        except ToolInvalid:
            tool = None
        return advice_on(tool, seen_of(self._opened.rows(), org=self._settings.org, user=self._opened.owner, tool=name))

    def _put(self, name: str, state: State, reason: str, approver: str, saw: Saw | None) -> Decision:
        from agentforge.registry.reasons import needed_by
        from agentforge.registry.review import put

        insist_on_own(self._opened, name)
        by, why = self._approver(approver), self._discreet(reason)
        done = put(self._registry, name, state, approver=by, reason=why, saw=saw)
        still_there = any(tool.name == name for tool in self._layers.live())  # released, or in a lower layer
        users = [] if still_there else needed_by(self._layers, name)
        gone = f"{', '.join(users)} cannot be used without it." if users else ""
        return replace(done, remarks=(*done.remarks, gone)) if gone else done

    def _settled(self, done: Decision) -> Decision:
        """A decision about a version that may cite passages which have changed since it was made."""
        from agentforge.api.documents import UserDocuments

        stale = done.name in UserDocuments(self._opened, self._settings).settle()
        told = "It is stale: a passage that it was made from has changed." if stale else ""
        return replace(done, remarks=(*done.remarks, told)) if told else done

    def _tool(self, name: str) -> Tool:
        from agentforge.registry.reasons import own_tool

        return own_tool(self._registry, name) or self._layers.find(name)

    def _approver(self, given: str) -> str:
        return given or self._settings.user

    def _discreet(self, reason: str) -> str:
        """A reason without secrets: it is committed."""
        from agentforge.secrecy import redact

        return redact(reason, secrets_of(self._settings))
