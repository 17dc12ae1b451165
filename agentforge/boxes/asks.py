"""What a run may ask of the host while it lasts, and how the host says no."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from agentforge.types import JSONObject

Kind: TypeAlias = Literal["refused", "failed"]


class Refused(Exception):  # noqa: N818 — says what happened, as the names in agentforge.errors do
    """An ask of a run that is not granted or cannot be answered; its sentence goes back into the box,
    and is raised there as PermissionError or OSError.

    ``kind`` tells which: ``refused`` (PermissionError) is what this run may not do, however often it
    tries; ``failed`` (OSError) is what it may do and the world did not let it. ``message`` names the
    culprit and what to do about it, and holds no secret.
    """

    def __init__(self, message: str, kind: Kind = "refused") -> None:
        super().__init__(message)
        self.message = message
        self.kind: Kind = kind


class Fetcher(Protocol):
    """Whoever answers the fetches of one run: from the network, or from recordings."""

    async def fetch(self, request: JSONObject) -> JSONObject:
        """The answer to one request; its form stands in :mod:`agentforge.boxes.fetches`.

        Raises:
            Refused: it is not granted, or cannot be answered.
        """
        ...
