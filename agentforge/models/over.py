"""What every model client has in common that stands over another one and changes only what is asked or answered."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Self

from agentforge.models.protocol import Features, ModelClient, OnWaiting, Priority
from agentforge.types import Role, Usage


class Over:
    """The part of :class:`~agentforge.models.protocol.ModelClient` that is the client's within, which stays the
    caller's. Who derives from it answers ``complete``, ``stream`` and ``decide``.
    """

    def __init__(self, models: ModelClient) -> None:
        self._models = models

    def at(self, priority: Priority, on_waiting: OnWaiting | None = None) -> Self:
        """The same over the client within at that priority; all else is shared with this one."""
        other = copy(self)
        other._models = self._models.at(priority, on_waiting)
        return other

    def features(self, role: Role) -> Features:
        """Those of the client within."""
        return self._models.features(role)

    def endpoint_name(self, role: Role) -> str:
        """That of the client within."""
        return self._models.endpoint_name(role)

    def same_model(self, one: Role, other: Role) -> bool:
        """As the client within says."""
        return self._models.same_model(one, other)

    def context(self, role: Role) -> int:
        """That of the client within, in tokens."""
        return self._models.context(role)

    def count(self, text: str) -> int:
        """The estimate of the client within, in tokens."""
        return self._models.count(text)

    @property
    def usage(self) -> Mapping[Role, Usage]:
        """What the client within has spent."""
        return self._models.usage

    async def aclose(self) -> None:
        """Closes the client within."""
        await self._models.aclose()
