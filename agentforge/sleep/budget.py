"""What a night may spend: tokens, and money where the settings tell what an endpoint's tokens cost."""

from __future__ import annotations

from collections.abc import Mapping

from agentforge.errors import ConfigurationError
from agentforge.settings import Settings
from agentforge.types import Role, Usage

MILLION = 1_000_000


def paid(usage: Mapping[Role, Usage], settings: Settings) -> float:
    """The money for so much of each role, in whatever currency the prices have; what has no price costs nothing."""
    return sum(
        (used.input_tokens * prices[0] + used.output_tokens * prices[1]) / MILLION
        for role, used in usage.items()
        if (prices := _prices(role, settings))
    )


def dearest(settings: Settings) -> float:
    """The highest price of a million tokens of any role; 0 where none has one."""
    return max((price for role in Role for price in _prices(role, settings)), default=0.0)


def _prices(role: Role, settings: Settings) -> tuple[float, ...]:
    try:
        endpoint = settings.endpoint(role)
    except ConfigurationError:
        return ()
    return endpoint.input_price, endpoint.output_price
