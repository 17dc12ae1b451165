"""What was spent, in money: by the prices of the endpoints, and only where they are known."""

from __future__ import annotations

from collections.abc import Mapping

from agentforge.errors import AgentForgeError
from agentforge.models.limited import cost
from agentforge.settings import Settings
from agentforge.types import Role, Usage


def dollars(spent: Mapping[Role, Usage], settings: Settings) -> float | None:
    """US dollars that these tokens cost; None where nobody knows the price of some."""
    try:
        return sum(cost(usage, settings.endpoint(role)) for role, usage in spent.items() if usage.calls)
    except AgentForgeError:
        return None


def money(usd: float) -> str:
    """``$1.20``, ``$0.0042``: as many places as say something."""
    return f"${usd:.2f}" if usd >= 1 or not usd else f"${usd:.4f}"


def since(before: Mapping[Role, Usage], now: Mapping[Role, Usage]) -> dict[Role, Usage]:
    """What was spent between two readings, by role; roles that took nothing are left out."""
    taken = {role: usage - before.get(role, Usage()) for role, usage in now.items()}
    return {role: usage for role, usage in taken.items() if usage.calls}
