"""Runs a battery of cheats: wrong tools that try to pass honest tests.

A cheat has *succeeded* when the tests pass with it, when the honest tool no longer passes after it, or
when processes are left behind.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from agentforge.boxes.batteries.form import CheatBattery
from agentforge.boxes.batteries.remains import processes_beyond, steady_processes
from agentforge.boxes.protocol import Box, Limits, SuiteResult
from agentforge.boxes.stopping import what_rejected
from agentforge.errors import SandboxError


@dataclass(frozen=True, slots=True)
class CheatRow:
    """What became of one cheat. ``reasons`` tell why it has succeeded; without any it was rejected.

    ``next_right`` tells whether the honest tool passed after it; None where none is known.
    """

    name: str
    stopped_by: str
    reasons: tuple[str, ...]
    next_right: bool | None
    processes_left: int | None
    seconds: float

    @property
    def outcome(self) -> Literal["rejected", "succeeded"]:
        """The verdict."""
        return "succeeded" if self.reasons else "rejected"


async def honest_passes(box: Box, battery: CheatBattery, limits: Limits) -> bool:
    """The control: whether the tests can be passed at all, by the honest tool.

    Raises:
        SandboxError: the box failed.
    """
    return (await box.suite(battery.honest, battery.tests, limits=limits)).passed


async def run_cheats(
    box: Box, battery: CheatBattery, limits: Limits, *, controlled: bool = True
) -> AsyncIterator[CheatRow]:
    """One row for each cheat, in order. ``controlled``: the honest tool passed, and has to after each cheat again.

    Raises:
        SandboxError: the box fails although nothing is being tried on it.
    """
    await honest_passes(box, battery, limits)
    before = await steady_processes(box)
    for name, source in battery.cheats.items():
        yield await _run_cheat(box, battery, name, source, limits, controlled, before)


async def _run_cheat(
    box: Box, battery: CheatBattery, name: str, source: str, limits: Limits, controlled: bool, before: int | None
) -> CheatRow:
    began, left, after = time.monotonic(), None, False
    result, reasons = SuiteResult("died"), list[str]()
    try:
        result = await box.suite(source, battery.tests, limits=limits)
        after = await honest_passes(box, battery, limits)
        left = await processes_beyond(box, before)
    except SandboxError as error:
        reasons.append(f"it broke the box: {error.message}")
    reasons += ["the tests passed"] * result.passed
    reasons += ["the honest tool did not pass after it"] * (controlled and not after and not reasons)
    reasons += [f"{left} processes left"] * bool(left)
    stopped_by = "" if reasons else what_rejected(result, limits)
    seconds = round(time.monotonic() - began, 3)
    return CheatRow(name, stopped_by, tuple(reasons), after if controlled else None, left, seconds)
