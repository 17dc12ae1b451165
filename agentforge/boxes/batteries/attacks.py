"""Runs a battery of attacks against a box and judges what became of each.

An attack has *succeeded* when its function delivers a true value (bytes and their like too, which JSON has no
form for), when the next call's answer is wrong, or when anything is left behind: files, processes, words of
another call in memory, or time.
Time: it may go on for at most :data:`OVERTIME_SECONDS` after its limit, and the next calls have to be
answered within :data:`NEXT_SECONDS`. On a busy machine one run may be late for other reasons, so an
attack that is guilty of nothing but time has its time taken twice, and the second counts.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agentforge.boxes.batteries.form import Attack
from agentforge.boxes.batteries.lookouts import DELIVERED, WATCH
from agentforge.boxes.batteries.remains import Calm, Look, Remains, look, plant_canary
from agentforge.boxes.batteries.stopping import refused_as_json, what_stopped
from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.errors import SandboxError
from agentforge.types import JSON, JSONObject

OVERTIME_SECONDS = 2.0
"""An end was told at most 0.004 s after its limit on a quiet machine; the rest is room for a busy one."""

NEXT_SECONDS = 10.0
"""The slowest, after a fork bomb, took 0.4 s on a quiet machine; the rest is room for a busy one."""

GOT_IT = "it got what it wanted"
"""The reason of an attack whose function delivered a true value."""

NEVER_RAN = "it never ran"
"""How what stopped an attack begins where its code or its function could not even be found."""


@dataclass(frozen=True, slots=True)
class AttackRow:
    """What became of one attack. ``reasons`` tell why it has succeeded; without any it was stopped.

    ``late`` are those of them that are about time. ``value`` is what it delivered and ``stopped_by``
    may quote it: hostile. ``next_right`` tells whether the calls after it were answered rightly, and
    ``next_seconds`` how long the slowest of them took; ``processes_left`` is None where it cannot be known.
    """

    name: str
    stopped_by: str
    reasons: tuple[str, ...]
    late: tuple[str, ...]
    value: JSON
    status: str
    next_right: bool
    processes_left: int | None
    files_left: tuple[str, ...]
    seconds: float
    next_seconds: float

    @property
    def outcome(self) -> Literal["stopped", "succeeded"]:
        """The verdict."""
        return "succeeded" if self.reasons else "stopped"


async def run_attacks(box: Box, attacks: Sequence[Attack], limits: Limits) -> AsyncIterator[AttackRow]:
    """One row for each attack, in order.

    Raises:
        SandboxError: the box fails although nothing is being tried on it.
    """
    calm = await Calm.of(box)
    for attack in attacks:
        yield await run_attack(calm, attack, limits)


async def run_attack(calm: Calm, attack: Attack, limits: Limits) -> AttackRow:
    """One attack after a call that held a secret; a second time where only time speaks against it.

    Raises:
        SandboxError: the box fails although nothing is being tried on it.
    """
    await plant_canary(calm.box)
    row = await _run_once(calm, attack, limits)
    return await _run_once(calm, attack, limits) if row.late and row.late == row.reasons else row


async def _run_once(calm: Calm, attack: Attack, limits: Limits) -> AttackRow:
    """Lets an attack loose and looks at what became of it. A box that fails meanwhile was broken by it."""
    began = time.monotonic()
    result, after = CallResult("died"), Look(False, frozenset(), 0, 0.0)
    try:
        result = await calm.box.call(attack.code, attack.entry, attack.args, limits=limits)
        if refused_as_json(result):
            result = await _as_text(calm.box, attack, result, limits)
        after = await look(calm.box)
        stopped_by = await _explained(calm.box, attack, result, limits)
        remains = await calm.remains(after)
    except SandboxError as error:
        stopped_by, remains = "", Remains(problem=error.message)
    late = _late(result, remains, limits)
    reasons = (*_got(result), *remains.told(), *late)
    return AttackRow(
        name=attack.name,
        stopped_by="" if reasons else stopped_by,
        reasons=reasons,
        late=late,
        value=result.value,
        status=result.status,
        next_right=after.right and not remains.problem,
        processes_left=remains.processes,
        files_left=remains.files,
        seconds=round(time.monotonic() - began, 3),
        next_seconds=round(remains.seconds, 3),
    )


def _got(result: CallResult) -> list[str]:
    return [GOT_IT] if result.ok and result.value else []


def _late(result: CallResult, remains: Remains, limits: Limits) -> tuple[str, ...]:
    late: list[str] = []
    if result.seconds > limits.seconds + OVERTIME_SECONDS:
        late.append(f"it ran {result.seconds - limits.seconds:.1f} s beyond its limit")
    if remains.seconds > NEXT_SECONDS:
        late.append(f"a call after it took {remains.seconds:.1f} s")
    return tuple(late)


async def _as_text(box: Box, attack: Attack, result: CallResult, limits: Limits) -> CallResult:
    """Bytes, a set and their like are loot as well, though JSON has no form for them: what it got, as text."""
    args: JSONObject = {"source": attack.code, "entry": attack.entry, "args": attack.args}
    told = await box.call(DELIVERED, "delivered", args, limits=limits)
    return replace(told, seconds=max(told.seconds, result.seconds)) if told.ok and told.value else result


def _never_ran(attack: Attack, result: CallResult) -> bool:
    """It may say so itself, which costs it nothing but belief."""
    missing = result.error == "AttributeError" and f"no attribute {attack.entry!r}" in result.message
    return result.status == "raised" and (missing or result.error in ("SyntaxError", "IndentationError", "TabError"))


async def _explained(box: Box, attack: Attack, result: CallResult, limits: Limits) -> str:
    """What stopped it. One that swallowed every refusal is run once more, watched, only to tell which they were."""
    if not result.ok:
        stopped = what_stopped(result, limits)
        return f"{NEVER_RAN}: {stopped}" if _never_ran(attack, result) else stopped
    args: JSONObject = {"source": attack.code, "entry": attack.entry, "args": attack.args}
    watched = await box.call(WATCH, "watch", args, limits=limits)
    if watched.ok and isinstance(watched.value, list) and watched.value:
        return "; ".join(str(one)[:200] for one in watched.value[:4])
    return "it got nothing and left nothing"
