"""Whose tokens a forging spent: those of the local generator, or those of another model that plans.

Local is the endpoint that plays role ``generate``: heavy writing is its work, whichever machine it stands on.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentforge.models.protocol import ModelClient
from agentforge.types import Role, Usage


def local_tokens(spent: Mapping[Role, Usage], models: ModelClient) -> int:
    """The generated tokens that the endpoint of role ``generate`` gave, in whichever roles."""
    local = models.endpoint_name(Role.GENERATE)
    return sum(usage.output_tokens for role, usage in spent.items() if models.endpoint_name(role) == local)


def local_token_share(spent: Mapping[Role, Usage], models: ModelClient) -> float | None:
    """The part of all generated tokens that is local, from 0 to 1; None where nothing was generated, or where no
    planner other than the generator is configured, so that the share would say nothing.
    """
    every = sum(usage.output_tokens for usage in spent.values())
    if not every or models.same_model(Role.PLAN, Role.GENERATE):
        return None
    return round(local_tokens(spent, models) / every, 3)
