"""``agentforge sandbox attack|cheat``: lets batteries of hostile code loose on the sandbox of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias, cast

from rich.table import Table

from agentforge.boxes.batteries.attacks import NEVER_RAN, AttackRow, run_attacks
from agentforge.boxes.batteries.cheats import CheatRow, honest_passes, run_cheats
from agentforge.boxes.batteries.form import Attack, CheatBattery, read_attacks, read_cheats
from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box, Limits
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.cli.steps import Steps
from agentforge.errors import SandboxError, UsageError
from agentforge.settings import SandboxSettings, docker_host, load
from agentforge.types import JSON, JSONObject

SUCCEEDED = 1
"""The exit code when anything hostile got through."""

Row: TypeAlias = AttackRow | CheatRow
_SHOWN = 100
"""Characters of a name and of what stopped it in the table; JSON holds all."""


def attack(who: Who, file: Path, launcher: str | None, form: str) -> int:
    """Runs a battery of attacks; 1 when any succeeded."""
    attacks = read_attacks(file)
    return asyncio.run(_Run(settings_for(who, launcher), form).attacks(attacks))


def cheat(who: Who, file: Path, launcher: str | None, form: str) -> int:
    """Runs a battery of cheats; 1 when any succeeded."""
    battery = read_cheats(file)
    return asyncio.run(_Run(settings_for(who, launcher), form).cheats(battery, file))


def settings_for(who: Who, launcher: str | None) -> SandboxSettings:
    """The sandbox's settings in force; ``launcher`` overrides theirs."""
    settings = load(overrides=who.overrides()).sandbox
    docker_host()
    return settings.model_copy(update={"launcher": launcher}) if launcher else settings


class _Run:
    """One battery on one box of its own: what is told while it runs, and in the end."""

    def __init__(self, settings: SandboxSettings, form: str) -> None:
        self._settings = settings
        self._output = Output(form)
        self._rows: list[Row] = []
        self._told: JSONObject = {}

    async def attacks(self, attacks: list[Attack]) -> int:
        """All attacks, one after the other."""
        own = self._settings
        limits = Limits(own.call_seconds, own.result_bytes, own.output_bytes)

        async def work(box: Box) -> None:
            await self._follow(run_attacks(box, attacks, limits), [attack.name for attack in attacks])

        return await self._with_box("attacks", work)

    async def cheats(self, battery: CheatBattery, file: Path) -> int:
        """The control, then all cheats."""
        limits = Limits(self._settings.suite_seconds, output_bytes=self._settings.output_bytes)

        async def work(box: Box) -> None:
            controlled = await honest_passes(box, battery, limits)
            self._judge_control(controlled, battery, file)
            await self._follow(run_cheats(box, battery, limits, controlled=controlled), list(battery.cheats))

        return await self._with_box("cheats", work)

    def _judge_control(self, passed: bool, battery: CheatBattery, file: Path) -> None:
        """Tests that nothing can pass would reject every cheat, and prove nothing."""
        self._told["control"] = "passed" if passed else "unknown"
        if not passed and battery.named:
            raise UsageError(f"{file}: its honest tool does not pass its tests.", fix="Mend the tests or the tool.")
        if not passed:
            self._output.warn(
                f"{file} names no honest tool that passes its tests, so nothing shows that they can be passed."
            )

    async def _with_box(self, kind: str, work: Callable[[Box], Awaitable[None]]) -> int:
        """A box that fails for good after something got through ends the battery; before that it is an error."""
        async with await open_box(self._settings, user="battery", on_notice=self._output.warn) as box:
            self._told["box"] = cast("JSON", asdict(box.info))
            try:
                await work(box)
            except SandboxError as error:
                if not self._succeeded:
                    raise
                self._output.warn(f"The battery ended early: {error}")
        return self._finish(kind)

    async def _follow(self, rows: AsyncIterator[Row], names: list[str]) -> None:
        with Steps(self._output.err) as steps:
            for number, name in enumerate(names):
                steps.show(name, name, number, len(names))
                row = await anext(rows)
                self._rows.append(row)
                if row.reasons:
                    steps.keep(f"✗ {row.name}: {'; '.join(row.reasons)}", "red")

    @property
    def _succeeded(self) -> list[str]:
        return [row.name for row in self._rows if row.reasons]

    def _finish(self, kind: str) -> int:
        succeeded: list[JSON] = [*self._succeeded]
        if idle := [row.name for row in self._rows if row.stopped_by.startswith(NEVER_RAN)]:
            self._output.warn(f"Nothing is shown by {len(idle)} of them, which never ran: {', '.join(idle)[:300]}")
        rows = cast("list[JSON]", [{**asdict(row), "outcome": row.outcome} for row in self._rows])
        data: JSONObject = {**self._told, "total": len(rows), "succeeded": succeeded, kind: rows}
        return self._output.finish(drawn(kind, self._rows), data, SUCCEEDED if succeeded else 0)


def drawn(kind: str, rows: list[Row]) -> Table:
    """The table of a battery: what became of each entry, and what was left."""
    made = table(kind.removesuffix("s").upper(), "OUTCOME", "WHAT STOPPED IT", "NEXT CALL RIGHT", "PROCESSES LEFT")
    for row in rows:
        why = cell("; ".join(row.reasons) or row.stopped_by, _SHOWN)
        style = "bold red" if row.reasons else "green"
        left = "?" if row.processes_left is None else str(row.processes_left)
        outcome = cell(row.outcome)
        outcome.stylize(style)
        made.add_row(cell(row.name, _SHOWN), outcome, why, _YES[row.next_right], left)
    return made


_YES = {True: "yes", False: "no"}
