"""What a night may spend: tokens, and money where the settings tell what an endpoint's tokens cost."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from agentforge.errors import ConfigurationError, UsageError
from agentforge.models.limited import cost
from agentforge.settings import Endpoint, Settings
from agentforge.types import Role, Usage

MILLION = 1_000_000


def insist_on_prices(settings: Settings) -> None:
    """Raises UsageError where nobody knows what a role costs, or nothing has a price: no limit of money could be kept,
    or it would bound nothing.
    """
    if not dearest(settings):
        raise UsageError(
            "What a night costs cannot be told: no endpoint has a price.",
            fix="Set endpoints.NAME.input_price and endpoints.NAME.output_price, or limit its tokens.",
        )
    for role in Role:
        if endpoint := _endpoint(role, settings):
            cost(Usage(), endpoint)


def paid(usage: Mapping[Role, Usage], settings: Settings) -> float:
    """The US dollars for so much of each role; what has no price costs nothing."""
    total = 0.0
    for role, used in usage.items():
        if endpoint := _endpoint(role, settings):
            with suppress(UsageError):
                total += cost(used, endpoint)
    return total


def dearest(settings: Settings) -> float:
    """The highest price of a million tokens of any role; 0 where none has one."""
    endpoints = [found for role in Role if (found := _endpoint(role, settings))]
    return max((price or 0.0 for one in endpoints for price in (one.input_price, one.output_price)), default=0.0)


def _endpoint(role: Role, settings: Settings) -> Endpoint | None:
    try:
        return settings.endpoint(role)
    except ConfigurationError:
        return None
