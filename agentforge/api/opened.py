"""What is open while a :class:`~agentforge.api.facade.Forge` is, and what its settings give."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from agentforge.settings import Settings, check_folder

if TYPE_CHECKING:
    from agentforge.boxes.protocol import Box
    from agentforge.database.store import Database
    from agentforge.memory.episodes import Episodes
    from agentforge.memory.outcomes import Outcomes
    from agentforge.models.protocol import ModelClient
    from agentforge.registry.index import Index


class Opened:
    """What is open while a :class:`Forge` is; closed in the reverse order of opening."""

    def __init__(self, settings: Settings) -> None:
        from agentforge.registry.layers import BaseLayer, Layers, Registry

        self.stack = AsyncExitStack()
        self.box: Box | None = None
        self.box_lock = asyncio.Lock()
        self.episodes_lock = asyncio.Lock()
        self.registry = self.stack.enter_context(
            Registry.open_or_create(settings.registries / settings.org / f"{settings.user}.git")
        )
        self.layers = Layers(self.registry, BaseLayer())
        self._settings = settings
        self.episodes: Episodes | None = None
        self._database: Database | None = None

    def index(self) -> Index:
        """The search index, a cache that is rebuilt when the tools changed."""
        from agentforge.registry.index import Index

        place = self._settings.home / "caches" / self._settings.org
        return Index(self.layers, place / f"{self._settings.user}.index.db")

    def open_episodes(self) -> Episodes:
        """This user's episodes; opens the database, so it is called once."""
        from agentforge.database.store import Database
        from agentforge.memory.episodes import Episodes

        check_folder(self._settings.home)
        self._database = database = self.stack.enter_context(Database.open(self._settings.database))
        org, user = self._settings.org, self._settings.user
        self.episodes = Episodes(database, org=org, user=user, secrets=secrets_of(self._settings))
        return self.episodes

    def outcomes(self) -> Outcomes:
        """What is known of this user's calls, once :meth:`open_episodes` was called."""
        from agentforge.memory.outcomes import Outcomes

        if self._database is None:
            raise AssertionError("the database is opened with the episodes")
        org, user = self._settings.org, self._settings.user
        return Outcomes(self._database, org=org, user=user, secrets=secrets_of(self._settings))


def secrets_of(settings: Settings) -> frozenset[str]:
    """Every key and secret in the settings: none may be stored, committed or shown to a model."""
    keys = (each.key.get_secret_value() for each in settings.endpoints.values() if each.key)
    return frozenset([*keys, *(each.value.get_secret_value() for each in settings.secrets.values())])


def client_of(settings: Settings) -> ModelClient:
    """The client of the endpoints in the settings; the caller closes it."""
    from agentforge.models.client import Models

    return Models(settings)
