"""Runs a battery of cheats: wrong tools that try to pass honest tests.

A cheat has *succeeded* when the tests pass with it, when the honest tool no longer passes after it, or
when processes are left behind.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from agentforge.boxes.batteries.form import HONEST_ADD, CheatBattery
from agentforge.boxes.batteries.remains import processes_beyond, steady_processes
from agentforge.boxes.batteries.stopping import what_rejected
from agentforge.boxes.protocol import Box, Limits, SuiteResult
from agentforge.errors import SandboxError


@dataclass(frozen=True, slots=True)
class CheatRow:
    """What became of one cheat. ``reasons`` tell why it has succeeded; without any it was rejected.

    ``next_right`` tells whether an honest tool passed after it.
    """

    name: str
    stopped_by: str
    reasons: tuple[str, ...]
    next_right: bool
    processes_left: int | None
    seconds: float

    @property
    def outcome(self) -> Literal["rejected", "succeeded"]:
        """The verdict."""
        return "succeeded" if self.reasons else "rejected"


SOUND = CheatBattery("from tool import add\ndef test_it():\n    assert add(1, 2)['sum'] == 3\n", {}, HONEST_ADD, False)
"""What has to pass after a cheat of a battery that names no honest tool: it tells that the box is sound."""


async def honest_passes(box: Box, battery: CheatBattery, limits: Limits) -> bool:
    """The control: whether the tests can be passed at all, by the honest tool.

    Raises:
        SandboxError: the box failed.
    """
    return (await box.suite(battery.honest, battery.tests, limits=limits)).passed


async def run_cheats(
    box: Box, battery: CheatBattery, limits: Limits, *, controlled: bool = True
) -> AsyncIterator[CheatRow]:
    """One row for each cheat, in order. ``controlled``: the honest tool passed, and has to after each cheat again;
    else that of :data:`SOUND` has to.

    Raises:
        SandboxError: the box fails although nothing is being tried on it.
    """
    control = battery if controlled else SOUND
    await honest_passes(box, control, limits)
    before = await steady_processes(box)
    for name, source in battery.cheats.items():
        yield await _run_cheat(box, battery.tests, control, name, source, limits, before)


async def _run_cheat(
    box: Box, tests: str, control: CheatBattery, name: str, source: str, limits: Limits, before: int | None
) -> CheatRow:
    began, left, after = time.monotonic(), None, False
    result, reasons = SuiteResult("died"), list[str]()
    try:
        result = await box.suite(source, tests, limits=limits)
        after = await honest_passes(box, control, limits)
        left = await processes_beyond(box, before)
    except SandboxError as error:
        reasons.append(f"it broke the box: {error.message}")
    reasons += ["the tests passed"] * result.passed
    reasons += ["the honest tool did not pass after it"] * (not after and not reasons)
    reasons += [f"{left} processes left"] * bool(left)
    stopped_by = "" if reasons else what_rejected(result, limits)
    seconds = round(time.monotonic() - began, 3)
    return CheatRow(name, stopped_by, tuple(reasons), after, left, seconds)
