"""Who may take a job: pure rules over its row, the time and what is known of the process that holds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agentforge.jobs.protocol import LEASE_SECONDS


def free(status: str, owner: str, lease: str, now: str, gone: Callable[[str], bool]) -> bool:
    """Whether anybody may take the job: it waits, or its process has ended or gave no sign of life for so long
    that its lease ran out (a process of another machine is judged by its lease alone).
    """
    if status == "running":
        return lease < now or gone(owner)
    return status == "queued"


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds: sorts as time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def until(moment: datetime, seconds: float = LEASE_SECONDS) -> str:
    """When a lease that is given at ``moment`` runs out."""
    return timestamp(moment + timedelta(seconds=seconds))
