"""The MCP servers of the settings: what they offer, and tools of here that ask them, which wait for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentforge.api.facade import Forge
from agentforge.errors import AgentForgeError, ToolInvalid, UsageError
from agentforge.registry.wrapped import tool_asking
from agentforge.servers.connection import Offered, offered
from agentforge.types import State

if TYPE_CHECKING:
    from agentforge.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of one tool of a server: ``name`` waits for review in that ``version``, or ``why`` it does not."""

    tool: str
    name: str = ""
    version: str = ""
    why: str = ""


class Connecting(Forge):
    """A :class:`Forge` that looks at the servers of its settings."""

    async def offered(self, server: str) -> list[Offered]:
        """The tools of a server, as it describes them: untrusted text.

        Raises:
            UsageError: the settings name no such server.
            ServerFailed: it does not answer.
        """
        return await offered(server, self._server(server))

    async def propose(self, server: str, tools: Sequence[str]) -> list[Proposed]:
        """Proposes a tool for each named tool of a server, which goes live when a person approves it.

        Raises:
            UsageError: the settings name no such server, or it has no such tool.
            ServerFailed: it does not answer.
        """
        known = {one.name: one for one in await self.offered(server)}
        if odd := [name for name in tools if name not in known]:
            raise UsageError(
                f"The MCP server {server} offers no tool {odd[0][:80]!r}.",
                fix=f"'agentforge tools connect {server}' lists what it offers.",
            )
        return [await asyncio.to_thread(self._propose, server, known[name]) for name in dict.fromkeys(tools)]

    def _propose(self, server: str, one: Offered) -> Proposed:
        why = f"It asks the MCP server {server}, whose answers are untrusted text: it waits for a person's review."
        try:
            tool = tool_asking(server, one)
            self._opened().registry.add(tool, state=State.PROPOSED, reason=why)
        except ToolInvalid as error:
            return Proposed(one.name, why="; ".join(error.problems))
        except AgentForgeError as error:
            return Proposed(one.name, why=str(error))
        return Proposed(one.name, tool.name, tool.version)

    def _server(self, name: str) -> ServerSettings:
        found = self.settings.servers.get(name)
        if found is None:
            known = ", ".join(sorted(self.settings.servers)) or "none"
            raise UsageError(
                f"The settings name no MCP server {name[:80]!r}; they name {known}.",
                fix="Write it into the settings, as [servers.NAME] with a command or a url.",
            )
        return found
