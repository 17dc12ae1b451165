"""What a client of models has spent since a moment."""

from __future__ import annotations

from agentforge.models.protocol import ModelClient
from agentforge.types import JSONObject, Usage


class Meter:
    """Reads the client's own counters, so that whatever went through it counts: also making, testing, repairing."""

    def __init__(self, models: ModelClient) -> None:
        self._models = models
        self._before = self._now()

    def told(self) -> JSONObject:
        """Generated tokens, prompt tokens and calls since it was made."""
        used = self._now() - self._before
        return {"generated": used.output_tokens, "prompt": used.input_tokens, "calls": used.calls}

    @property
    def generated(self) -> int:
        """Generated tokens since it was made."""
        return (self._now() - self._before).output_tokens

    def _now(self) -> Usage:
        return sum(self._models.usage.values(), Usage())
