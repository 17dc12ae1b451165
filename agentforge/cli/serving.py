"""``agentforge web``: the registry browser on loopback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from agentforge.api.opened import company_of
from agentforge.boxes.packages.lock import Lock
from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.errors import ToolInvalid
from agentforge.registry.layers import BaseLayer, Layers, Registry
from agentforge.registry.tool import Tool
from agentforge.settings import Settings, load
from agentforge.types import Layer, State
from agentforge.web.app import serve
from agentforge.web.catalogue import Catalogue, Entry, OpenCatalogue, Version

VERSIONS = 50
"""So many versions of a tool are shown at the most."""


def web(who: Who, *, host: str | None, port: int | None) -> int:
    """Serves until Ctrl-C, which is the ordinary way to end it: exit code 0."""
    given = {key: value for key, value in (("web.host", host), ("web.port", port)) if value is not None}
    settings = load(overrides=who.overrides() | given)
    output = Output()
    with open_catalogue(settings)():
        pass  # what is wrong with the registry is told here, not on the first page

    def ready(address: str) -> None:
        output.text(address)
        output.note("Open this address; the token in it is valid until Ctrl-C.")

    try:
        asyncio.run(serve(settings.web, open_catalogue(settings), on_ready=ready))
    except KeyboardInterrupt:
        output.note("Stopped.")
    return 0


def open_catalogue(settings: Settings) -> OpenCatalogue:
    """Opens the layers of the settings' user for one request."""

    @contextmanager
    def opened() -> Generator[Catalogue]:
        place = settings.registries / settings.org / f"{settings.user}.git"
        with ExitStack() as stack, Registry.open_or_create(place) as registry:
            company = company_of(settings, stack, logging.getLogger("agentforge").warning)
            yield LayersCatalogue(settings.user, Layers(registry, BaseLayer(), company))

    def call() -> AbstractContextManager[Catalogue]:
        return opened()

    return call


class LayersCatalogue:
    """One person's tools as the pages read them."""

    def __init__(self, owner: str, layers: Layers) -> None:
        self._owner = owner
        self._registry = layers.registry
        self._layers = layers

    @property
    def owner(self) -> str:
        """Whose registry it is."""
        return self._owner

    def entries(self) -> list[Entry]:
        """Every tool of every layer and state, the nearest layer first."""
        others = (State.PROPOSED, State.QUARANTINED, State.RETIRED)
        found = [Entry(tool) for tool in self._layers.live()]
        found += [Entry(tool) for state in others for tool in self._registry.tools(state)]
        found += [Entry(tool, shadowed=True) for tool in self._layers.shadowed()]
        return sorted(found, key=lambda entry: list(Layer).index(entry.tool.layer))

    def problems(self) -> list[str]:
        """What is wrong in any layer; the tools that are named are not used."""
        return self._layers.problems()

    def packages(self, tool: Tool) -> Lock:
        """What the registry of the tool's layer has locked."""
        return self._layers.packages(tool)

    def versions(self, tool: Tool) -> list[Version]:
        """The tool's commits, newest first."""
        registry = self._layers.of(tool.layer)
        if registry is None:
            return []
        found = registry.versions(tool.name)[:VERSIONS]
        return [
            Version(each.commit, each.message, each.time, *_texts(registry, tool.name, each.commit)) for each in found
        ]


def _texts(registry: Registry, name: str, commit: str) -> tuple[str, str]:
    """Source and tests as of a commit; empty where its folder was malformed."""
    try:
        was = registry.get_version(name, commit)
    except ToolInvalid:
        return "", ""
    return was.source, was.tests
