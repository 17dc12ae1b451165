"""What a server of one user's tools needs of the façade beside its own methods: a look at what is live, a search,
forgings that nobody waits for, and the word of a calling agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agentforge.agent.toolbox import SUMMARY_CHARS
from agentforge.api.facade import Forge
from agentforge.api.feedback import generates
from agentforge.api.jobs import new_job_id
from agentforge.api.opened import OnNotice, OpenBox, secrets_of
from agentforge.boxes.files import files_of
from agentforge.errors import ToolInvalid, ToolNotFound
from agentforge.forge.work import new_forging
from agentforge.secrecy import redact
from agentforge.settings import Settings
from agentforge.types import Need

if TYPE_CHECKING:
    from agentforge.api.jobs import UserJobs
    from agentforge.jobs.protocol import Record
    from agentforge.models.protocol import ModelClient
    from agentforge.registry.rights import Reach
    from agentforge.registry.tool import Tool


class Served(Forge):
    """A :class:`Forge` whose tools other agents use. ``writes`` says whether a model here could write a tool; where
    none is set up at all, code that the calling agent brings is judged without one.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        on_notice: OnNotice,
        models: ModelClient | None = None,
        open_box: OpenBox | None = None,
        base: Path | None = None,
    ) -> None:
        from agentforge.models.speechless import Speechless

        self.writes = models is not None or generates(settings)
        super().__init__(
            user=settings.user,
            org=settings.org,
            settings=settings,
            models=models or (None if self.writes else Speechless()),
            open_box=open_box,
            on_notice=on_notice,
            base=base,
        )
        self._secrets = secrets_of(settings)

    def fingerprint(self) -> str:
        """Changes whenever what is live may have changed; blocks for microseconds where nothing has."""
        return self._opened().layers.fingerprint()

    def served(self) -> list[Tool]:
        """The live tools that a call over a wire can use, by name: neither stale ones nor those that read files."""
        return [tool for tool in self._opened().layers.live() if self._usable(tool)]

    def places(self) -> Mapping[str, str]:
        """Where each layer stands, for :meth:`served_since`."""
        return self._opened().layers.places()

    def served_since(self, places: Mapping[str, str]) -> Mapping[str, Tool | None] | None:
        """The names under which something else may be served than at these :meth:`places`, each with the tool that is,
        None where there is none; no other tool is read. None where that cannot be told.
        """
        moved = self._opened().layers.moved_since(places)
        if moved is None:
            return None
        return {name: tool if tool is not None and self._usable(tool) else None for name, tool in moved.items()}

    def find(self, name: str) -> Tool:
        """One of :meth:`served`.

        Raises:
            ToolNotFound: there is no live tool of that name; near names are suggested.
            ToolInvalid: it is stale or malformed, or it reads files.
        """
        tool = self._opened().layers.find(name)
        if not self._usable(tool):
            why = "it reads files, which only the user's own terminal can give it"
            if tool.stale:
                why = "what it was made from has changed, and it was not made anew yet"
            raise ToolInvalid(name, [why])
        return tool

    def fitting(self, query: str, k: int) -> tuple[list[Tool], bool]:
        """The ``k`` of :meth:`served` that suit ``query`` best, best first, and whether the best tool of all is one of
        them and probably fits.
        """
        seen = self.search(query, k)
        found: list[Tool] = []
        for hit in seen.hits:
            try:
                found.append(self.find(hit.name))
            except (ToolNotFound, ToolInvalid):
                continue  # the index is a cache: what it still lists may be gone or set aside by now
        return found, seen.fits and bool(found) and found[0].name == seen.hits[0].name

    def reach(self, tool: Tool) -> Reach:
        """What a tool may reach, itself and through the tools that it needs."""
        return self._opened().layers.reach(tool)

    def summary(self, tool: Tool) -> str:
        """What a tool says about itself, on one line, capped, without any secret of the settings."""
        return redact(" ".join(tool.manifest.summary.split()), self._secrets)[:SUMMARY_CHARS]

    async def begin(self, need: Need) -> str:
        """Writes a forging down as a job of this process and returns its id; :meth:`carry` runs it.

        Raises:
            ToolInvalid: the need is malformed, or holds what looks like a secret.
            StorageError: it could not be written down.
        """
        job = new_forging(new_job_id(), need, self._secrets, "inline")
        return await (await self.jobs()).submit(job)

    async def carry(self, job: str) -> Record:
        """Runs a job to its end (raises what its work raises; the record tells of it too)."""
        return await (await self.jobs()).carry(job)

    async def left_behind(self) -> UserJobs:
        """Takes up, in the background, what an ended process left."""
        jobs = await self.jobs()
        jobs.take_up(self._on_notice)
        return jobs

    async def doubted(self, call: str) -> str:
        """What a calling agent says against an answer, where it does not speak for the user: the call is looked into
        again, by a worker or behind the user's next turn, and nothing of what was said is believed. Returns a sentence.

        Raises:
            UsageError: there is no such call.
        """
        opened = self._opened()
        known = await self.recorded_call(call)
        await (await opened.user_repairs()).queue(known)
        return f"The call of {known.tool} will be looked into."

    async def knows(self, call: str) -> str:
        """The tool of a call (raises UsageError where there is none)."""
        return (await self.recorded_call(call)).tool

    def _usable(self, tool: Tool) -> bool:
        reads, _ = files_of(tool.manifest.capabilities.files)
        return not reads and not (tool.stale and not self.settings.agent.stale_tools)
