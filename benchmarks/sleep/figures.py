"""From rows to figures: the later tasks of both arms beside each other, and what the nights took, apart from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.learning import figures
from benchmarks.learning.figures import Row, rounded
from benchmarks.learning.kept import NIGHT
from benchmarks.sleep.days import SLEEP, WITHOUT
from benchmarks.sleep.month import FACTS, SESSIONS

LEAST_SAVED = 0.2
"""So much less than without sleep a right answer is to cost."""


def told(by_arm: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """The figures of all arms, and of ``sleep`` against ``without`` where both were played."""
    later = {arm: [row for row in rows if row["session"] >= SESSIONS] for arm, rows in by_arm.items()}
    arms = {arm: {"month": _sums(_month(rows)), **_parts(later[arm])} for arm, rows in by_arm.items()}
    found: dict[str, Any] = {"arms": arms}
    if SLEEP in by_arm:
        found["nights"] = slept(by_arm[SLEEP])
    if SLEEP in by_arm and WITHOUT in by_arm:
        found["against"] = _against(later, found["nights"]["tokens"])
    return found


def slept(rows: Sequence[Row]) -> dict[str, Any]:
    """What all nights of an arm took, and the changes by what came of them."""
    each = [row["slept"] for row in sorted(rows, key=lambda row: row["session"]) if row.get("slept")]
    changes = [one for night in each for one in night["changes"]]
    spent = {key: sum(night[key] for night in each) for key in ("generated", "prompt", "calls")}
    outcomes = Counter(f"{one['kind']} {one['outcome']}" for one in changes)
    tokens = spent["generated"] + spent["prompt"]
    return {"nights": len(each), **spent, "tokens": tokens, "changes": dict(outcomes), "past_tasks": _past(each)}


def _past(each: Sequence[Row]) -> Any:
    return next((night["past_tasks"] for night in reversed(each) if "past_tasks" in night), None)


def _month(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["session"] < SESSIONS]


def _parts(rows: Sequence[Row]) -> dict[str, Any]:
    work = [row for row in rows if row["family"] != FACTS]
    facts = [row for row in rows if row["family"] == FACTS]
    success = figures.by_family(rows)
    return {"later": _sums(rows), "work": _sums(work), "facts": _sums(facts), "by_family": success}


def _sums(rows: Sequence[Row]) -> dict[str, Any]:
    """Of messages that only tell something the tokens count, and nothing else."""
    tasks = [row for row in rows if row["id"] != NIGHT and not row.get("tells")]
    right = sum(row["right"] for row in tasks)
    generated, prompt = (sum(row[key] for row in rows) for key in ("generated", "prompt"))
    return {
        "tasks": len(tasks),
        "right": right,
        "success": rounded(right / len(tasks)) if tasks else None,
        "generated": generated,
        "prompt": prompt,
        "tokens_per_right": rounded((generated + prompt) / right, 1) if right else None,
        "generated_per_right": rounded(generated / right, 1) if right else None,
    }


def _against(later: Mapping[str, Sequence[Row]], night: int) -> dict[str, Any]:
    """Success and tokens per right answer (all tokens), with intervals; and after how many later tasks the tokens of
    the nights are saved, at the mean saving of a task (None: none is saved).
    """
    one = {arm: [_all_tokens(row) for row in later[arm]] for arm in (SLEEP, WITHOUT)}
    values = figures.against(one, SLEEP)[WITHOUT]
    spread = figures.intervals(one, SLEEP)["against"][WITHOUT]
    tasks = sum(row["id"] != NIGHT for row in one[WITHOUT])
    spent = {arm: sum(row["generated"] for row in rows) for arm, rows in one.items()}
    saving = (spent[WITHOUT] - spent[SLEEP]) / tasks if tasks else 0.0
    gain, ratio = values["late_success_gain"], values["generated_ratio"]
    least, most = (spread[key] for key in ("late_success_gain", "generated_ratio"))
    return {
        "success_gain": gain,
        "tokens_ratio": ratio,
        "intervals": {"success_gain": spread["late_success_gain"], "tokens_ratio": spread["generated_ratio"]},
        "saved_per_task": round(saving, 1),
        "pays_after_tasks": math.ceil(night / saving) if saving > 0 else None,
        "reached": bool(least and most) and least[0] >= 0 and most[1] <= 1 - LEAST_SAVED,
    }


def _all_tokens(row: Row) -> Row:
    """The row with all its tokens where the figures of learning look for the generated ones."""
    return {**row, "generated": row["generated"] + row["prompt"]}
