"""Tools for all users of an organisation: ``forge.promotion``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from agentforge.api.opened import Opened, secrets_of
from agentforge.errors import ToolNotFound, UsageError
from agentforge.settings import Settings
from agentforge.types import GateResult, Layer, State

if TYPE_CHECKING:
    from agentforge.api.rebasing import Rebased
    from agentforge.forge.checking import CheckParts
    from agentforge.forge.promoting import Tried
    from agentforge.forge.scrub.known import Known
    from agentforge.forge.scrub.scrubbing import Replaced, Scrubbed
    from agentforge.registry.proposals import Proposed
    from agentforge.registry.repository import Registry
    from agentforge.registry.tool import Tool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a promotion would do, or did. ``state``: ``ready`` (a dry run that would propose it), ``proposed``,
    ``known`` (proposed or shared already) or ``refused``, with all ``problems``.

    ``users`` of ``needed`` had its answers confirmed. ``replaced`` is what was scrubbed, ``files`` the diff of that,
    file by file, ``wants`` what it may reach, ``notes`` what a reviewer should look at, ``branch`` the proposal.
    """

    name: str
    state: Literal["ready", "proposed", "known", "refused"]
    users: int = 0
    needed: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    files: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {})
    wants: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    version: str = ""
    branch: str = ""


class Promotion:
    """What users propose to their company's layer. Made by ``Forge.promotion``.

    Secrets and personal data are replaced by made-up ones before anything leaves; all gates are asked again; and a
    person decides. All but :meth:`proposals` use the sandbox.
    """

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings

    async def check(self, name: str, *, keep: Collection[str] = ()) -> Offer:
        """What :meth:`promote` would do: nothing is written.

        Raises:
            ToolNotFound: there is no live tool of that name.
            UsageError: it is no tool of the user's own, or the organisation has no registry.
            StorageError, RegistryError: something cannot be read.
            SandboxError: the box failed.
        """
        return (await self._examined(name, keep))[0]

    async def promote(self, name: str, *, keep: Collection[str] = ()) -> Offer:
        """Proposes a live tool of the user's own to the company, as a branch of its registry, where nothing speaks
        against it. ``keep`` are texts that look personal and are not: they stay; secrets never do.

        Raises: as :meth:`check`.
        """
        from agentforge.registry.proposals import propose

        offer, tool, unconfirmed = await self._examined(name, keep)
        if offer.state != "ready":
            return offer
        company = self._company()
        branch = await asyncio.to_thread(propose, company, tool, unconfirmed=unconfirmed, users=offer.users)
        return replace(offer, state="proposed", branch=branch.name)

    def proposals(self) -> list[Proposed]:
        """The branches that wait in the company's registry, by name (raises UsageError: there is none)."""
        from agentforge.registry.proposals import proposals

        return proposals(self._company())

    async def take_in(self, tell: Callable[[str], None] = lambda _: None) -> list[str]:
        """Makes open branches proposals of the company's registry, each after all gates; returns their targets.
        Branches that were decided are taken away. For an administrator; ``tell`` hears why one is left as it is.

        Raises:
            UsageError: this is no company's registry.
            SandboxError: the box failed.
        """
        from agentforge.registry.proposals import proposals, sweep, taken_in

        registry = self._opened.registry
        if registry.layer is not Layer.COMPANY:
            raise UsageError("Only an administrator takes proposals in.", fix="Say --company.")
        await asyncio.to_thread(sweep, registry)
        done: list[str] = []
        for one in await asyncio.to_thread(proposals, registry):
            if one.state == "malformed" or one.tool is None:
                tell(f"{one.branch.name} is left as it is: {one.problem}.")
            elif one.state == "open":
                found = await self._tried(one.tool)
                if found.against:
                    tell(f"{one.branch.name} is left as it is: {'; '.join(found.against)}.")
                    continue
                await asyncio.to_thread(taken_in, registry, one, unconfirmed=found.unconfirmed)
                done.append(f"{one.name}/{max(registry.snapshot().proposals[one.name])}")
        return done

    async def rebase(self, names: Sequence[str] = ()) -> list[Rebased]:
        """Compares the user's own tools with those of the company that they hide (all, or ``names``): one that does the
        same is retired in favour of the shared one, with its history; another one stays (raises SandboxError).
        """
        from agentforge.api.rebasing import rebase

        return await rebase(self._opened, self._settings, names)

    def hidden(self) -> dict[str, list[Tool]]:
        """The live tools that a higher layer hides, by name, the nearest layer first."""
        found: dict[str, list[Tool]] = {}
        for tool in self._opened.layers.shadowed():
            found.setdefault(tool.name, []).append(tool)
        return found

    def deprecated(self) -> dict[str, str]:
        """What the company took out of use and the user has, had or gets from a layer below: a sentence by name."""
        from agentforge.api.rebasing import deprecated

        return deprecated(self._opened)

    async def _examined(self, name: str, keep: Collection[str]) -> tuple[Offer, Tool, bool]:
        from agentforge.api.sharing import Shared, users_of
        from agentforge.forge.arrival.reading import as_new_version
        from agentforge.forge.promoting import judge, prepared
        from agentforge.forge.scrub.scrubbing import scrub_tool
        from agentforge.policy import policy_of
        from agentforge.registry.layers import Layers

        company = self._company()
        layers = Layers(company, self._opened.layers.base)
        own = await asyncio.to_thread(self._own, name)
        scrubbed = await asyncio.to_thread(lambda: scrub_tool(own, self._known(keep)))
        standing = company.snapshot().states.tools.get(name)
        tool = as_new_version(scrubbed.tool, standing.version if standing else "")
        if said := self._known_there(tool, company):
            return Offer(name, "known", notes=(said,)), tool, False
        parts = await self._parts(company)
        parts = replace(parts, layers=layers)
        tool, dropped = await prepared(own, tool, parts)
        checked, against, notes = await judge(tool, parts)
        tool = replace(tool, report=checked.report)
        needed = policy_of(self._settings).rules.users
        users = await users_of(own, Shared(tool, layers), self._opened, self._settings)
        problems = [*scrubbed.problems, *against]
        problems += [f"it is stale: {len(own.stale)} passages that it cites are gone"] if own.stale else []
        if users < needed:
            problems.append(f"its answers were confirmed by {users} of the {needed} users that it takes")
        offer = Offer(
            name=name,
            state="refused" if problems else "ready",
            users=users,
            needed=needed,
            problems=tuple(problems),
            notes=(*notes, *dropped),
            replaced=scrubbed.replaced,
            files=_difference(own, scrubbed),
            wants=tuple(layers.reach(tool).told),
            gates=checked.gates,
            version=tool.version,
        )
        return offer, tool, checked.unconfirmed

    def _own(self, name: str) -> Tool:
        opened = self._opened
        if opened.registry.layer is Layer.COMPANY:
            raise UsageError("A company's tool is shared already.", fix="Leave out --company: a user proposes.")
        found = opened.layers.find(name)
        if found.layer is not Layer.USER:
            raise UsageError(f"{name} is a tool of the {found.layer} layer: it is shared already.")
        return found

    def _known(self, keep: Collection[str]) -> Known:
        """What the user's own memory tells of them and theirs."""
        from agentforge.forge.scrub.known import known_of
        from agentforge.memory.persona import Persona

        memory = self._opened.memory()
        facts = [entry.text for entry in memory.known().current]
        facts.append(Persona(memory, approver="").text())
        return known_of(facts, ids=[self._settings.user], secrets=secrets_of(self._settings), kept=keep)

    def _known_there(self, tool: Tool, company: Registry) -> str:
        """That the same is shared, or proposed, already; empty where it is not. Reports, which hold times, differ."""
        from agentforge.registry.proposals import proposals

        def same(other: Tool) -> bool:
            return (other.name, other.source, other.tests) == (tool.name, tool.source, tool.tests)

        try:
            standing = company.get(tool.name)
        except ToolNotFound:
            standing = None
        if standing is not None and standing.state is State.LIVE and same(standing):
            return "The company has it already."
        for one in proposals(company):
            if one.tool is not None and one.state in ("open", "taken in") and same(one.tool):
                return f"It is proposed already: {one.branch.name}."
        return ""

    async def _parts(self, company: Registry) -> CheckParts:
        from agentforge.api.checking import parts_of

        return replace(await parts_of(self._opened, self._settings), registry=company)

    async def _tried(self, tool: Tool) -> Tried:
        """What the gates here say of a tool that somebody pushed."""
        from agentforge.api.checking import parts_of
        from agentforge.forge.promoting import tried

        return await tried(tool, await parts_of(self._opened, self._settings))

    def _company(self) -> Registry:
        company = self._opened.registry if self._opened.registry.layer is Layer.COMPANY else self._opened.company
        if company is None:
            raise UsageError(
                "This organisation has no registry of its own yet.",
                fix="An administrator makes it with any command that has --company: agentforge tools list --company",
            )
        return company


def _difference(own: Tool, scrubbed: Scrubbed) -> dict[str, tuple[str, ...]]:
    from agentforge.registry.differences import differing
    from agentforge.registry.tool import to_files

    return differing(to_files(own), to_files(scrubbed.tool), ("yours", "shared"))
