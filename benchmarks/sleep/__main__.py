"""What a night is worth: a month of one user, thirty sessions of recurring work, and later tasks of the same kinds.

Each kind of work is asked for in several wordings, none of which comes up often enough for a turn to make a tool of
it; and some things are told in passing. After each answer the user says right or wrong and, when wrong, what was
right. Arms:
  without  AgentForge with a home of its own, no starter tools, everything that it learns in its sessions
  sleep    the same, and one night: at the end of the month, or (--every N) before each so many sessions; up to its
           first night it has the other's days

Figures of the later tasks, whose values never stood in the month and a quarter of which is worded as never before:
right answers, all tokens per right answer (generated and prompt, with all making and repairing in them), and of sleep
against without the gain in success and the ratio of tokens, with intervals (paired bootstrap by kind). The nights
apart from them: their tokens, their changes by what came of them, and after how many later tasks they have paid.
Reached: success not lower, and at least 20 % fewer tokens per right answer.

planted: two bad changes (a merge, a tool) that pass everything but the rehearsal on past tasks, with a scripted model.

A run takes up the kept rows of equal conditions; each arm goes on from its last whole session.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge.errors import AgentForgeError
from agentforge.settings import Settings
from benchmarks import conditions
from benchmarks.form import cannot_run, parser, progress, short_hash, show
from benchmarks.learning.__main__ import settings_of
from benchmarks.learning.judge import Judge
from benchmarks.learning.rows import Rows
from benchmarks.learning.run import new_models, opener
from benchmarks.learning.stream import Task, sessions
from benchmarks.sleep import figures
from benchmarks.sleep.days import ARMS, SLEEP, Days, nights
from benchmarks.sleep.kinds import KINDS
from benchmarks.sleep.month import SEED, month, quick
from benchmarks.sleep.planted import planted

CODE = ("agentforge", "sandbox", "benchmarks/learning", "benchmarks/sleep")
NOT_RUN = (
    *("agentforge/cli", "agentforge/web", "agentforge/testing", "agentforge/models/local", "agentforge/__main__.py"),
    *(f"benchmarks/learning/{name}.py" for name in ("__main__", "ablation", "figures", "fresh", "places", "plot")),
    *(f"benchmarks/sleep/{name}.py" for name in ("__main__", "figures", "planted")),
)
"""What the arms run (as in :mod:`benchmarks.conditions`), and what only plays, keeps and sums up."""


@dataclass(frozen=True)
class Play:
    """One run: what is played, to which arms, and where it is kept."""

    tasks: Sequence[Task]
    arms: Sequence[str]
    asleep: Sequence[int]
    rows: Rows
    settings: Settings
    homes: Path

    async def all(self) -> None:
        """Plays what is missing, ``without`` first: ``sleep`` begins with its days."""
        async with Judge() as judge:
            for arm in ARMS:
                if arm in self.arms or SLEEP in self.arms:
                    async with new_models(self.settings) as models:
                        asleep = self.asleep if arm == SLEEP else ()
                        days = Days(arm, models, self.settings, judge, self.homes, opener(), asleep)
                        await self._days(days)

    async def _days(self, arm: Days) -> None:
        played = sessions(self.tasks)
        before: dict[int, int | None] = dict(zip(played, [None, *played], strict=False))
        own = [number for number in played if not arm.asleep or number >= arm.asleep[0]]
        if arm.arm not in self.arms:  # only the days that the other one begins with
            own = [number for number in own if number < self.asleep[0]]
        todo = next((at for at, number in enumerate(own) if not self.rows.whole(arm.arm, number)), len(own))
        while 0 < todo < len(own) and not _there(arm, before[own[todo]]):
            todo -= 1
        for number in own[todo:]:
            progress(f"{arm.arm} session {number}")
            self.rows.add(arm.arm, number, await arm.play(number, played[number], before[number]))

    def told(self) -> dict[str, Any]:
        """The figures."""
        return figures.told({arm: self.rows.of(arm) for arm in self.arms})


def _there(arm: Days, before: int | None) -> bool:
    return before is None or arm.after(before).exists()


def chosen(options: Any) -> list[Task]:
    """The tasks to play."""
    if options.quick:
        return quick(options.seed)
    return month(options.seed, KINDS[::2], told=2) if options.half else month(options.seed)


def measured(options: Any, arms: Sequence[str]) -> dict[str, Any]:
    """Runs it and gives the JSON object (raises AgentForgeError)."""
    settings, tasks, asleep = settings_of(options), chosen(options), nights(options.every)
    found: dict[str, Any] = {"benchmark": "sleep"}
    if not options.quick or options.planted:
        with tempfile.TemporaryDirectory(prefix="agentforge-planted-") as folder:
            found["planted"] = asyncio.run(planted(Path(folder), settings, opener()))
    if options.planted:
        return found
    code = conditions.code_hash(conditions.ROOT, CODE, NOT_RUN)
    more = {name: getattr(settings, name).model_dump(mode="json") for name in ("agent", "gates", "review", "sleep")}
    same = asyncio.run(conditions.conditions_of(settings, code, more))
    by_arm = {arm: {**same, "nights": str(asleep if arm == SLEEP else "")} for arm in ARMS}
    rows = Rows.open(options.out, lambda arm: by_arm[arm], tasks)
    of = short_hash([same, asleep, [task.hash for task in tasks]])
    homes = options.out.parent / f"{options.out.stem}-homes" / of
    play = Play(tasks, arms, asleep, rows, settings, homes.absolute())
    asyncio.run(play.all())
    head = {"seed": options.seed, "tasks": len(tasks), "every": options.every}
    return {**found, **head, "commit": conditions.commit_of(conditions.ROOT, CODE), **same, **play.told()}


def tables(told: dict[str, Any]) -> list[dict[str, dict[str, Any]]]:
    """For people: each arm's later tasks, what the nights took and gave, and the planted changes."""
    keys = ("tasks", "right", "success", "tokens_per_right", "generated_per_right")
    arms = {
        f"{arm} {part}": {key: one[part][key] for key in keys}
        for arm, one in told.get("arms", {}).items()
        for part in ("month", "later", "work", "facts")
    }
    more = {
        name: {key: str(value) for key, value in told[name].items()} for name in ("nights", "against") if name in told
    }
    return [one for one in (arms, more, told.get("planted", {})) if one]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    arms = options.arms.split(",")
    if wrong := [arm for arm in arms if arm not in ARMS]:
        return cannot_run(f"Unknown arms: {', '.join(wrong)}. Known: {', '.join(ARMS)}.", 2)
    if options.every < 0:
        return cannot_run("--every is a number of sessions.", 2)
    try:
        told = measured(options, arms)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    for rows in tables(told) if not options.json else [{}]:
        show(told, rows, as_json=options.json)
    return 0


def _parser() -> Any:
    options = parser(__doc__ or "")
    options.add_argument("--arms", default=",".join(ARMS))
    options.add_argument(
        "--every", type=int, default=0, metavar="N", help="a night each N sessions (0: one, at the end)"
    )
    options.add_argument("--half", action="store_true", help="every second kind of work")
    options.add_argument("--planted", action="store_true", help="only the planted changes, which need no model")
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--cap", type=int, default=0, help="generated tokens of one task (default: the settings')")
    options.add_argument(
        "--out", type=Path, default=Path("results/sleep.jsonl"), help="kept rows; homes stand beside it"
    )
    options.add_argument("--model-url", default="", help="a server of the Messages protocol (default: settings)")
    options.add_argument("--model", default="qwen-coder")
    options.add_argument("--context", type=int, default=4096)
    return options


if __name__ == "__main__":
    sys.exit(main())
