"""From rows to figures: per session, cumulatively and per family, with intervals.

An interval is that of a paired bootstrap clustered by family: families are drawn with replacement, each with all of
its tasks in all arms, since tasks of one family succeed or fail together. What belongs to no family (nights) is
spread over all of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from benchmarks.learning.kept import NIGHT
from benchmarks.learning.stream import LATE

RESAMPLES, SEED = 10_000, 20_251_123
LEVEL = 0.95

Row: TypeAlias = dict[str, Any]
Sums: TypeAlias = dict[str, float]
"""Of some tasks: ``tasks``, ``right``, ``late``, ``late_right``, ``generated``, ``prompt``."""
_KEYS = ("tasks", "right", "late", "late_right", "generated", "prompt")


def summed(rows: Sequence[Row]) -> Sums:
    """The sums over some rows."""
    tasks = [row for row in rows if row["id"] != NIGHT]
    late = [row for row in tasks if row["session"] >= LATE]
    counts = (len(tasks), sum(r["right"] for r in tasks), len(late), sum(r["right"] for r in late))
    spent = (sum(row["generated"] for row in rows), sum(row["prompt"] for row in rows))
    return dict(zip(_KEYS, (*counts, *spent), strict=True))


def late_success(sums: Sums) -> float | None:
    """Share of right answers from session :data:`~benchmarks.learning.stream.LATE` on."""
    return sums["late_right"] / sums["late"] if sums["late"] else None


def generated_per_correct(sums: Sums) -> float | None:
    """Generated tokens for each right answer, whatever they were spent on."""
    return sums["generated"] / sums["right"] if sums["right"] else None


def prompt_per_correct(sums: Sums) -> float | None:
    """Prompt tokens for each right answer."""
    return sums["prompt"] / sums["right"] if sums["right"] else None


STATISTICS: Mapping[str, Callable[[Sums], float | None]] = {
    "late_success": late_success,
    "generated_per_correct": generated_per_correct,
    "prompt_per_correct": prompt_per_correct,
}


def by_session(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each session by itself, and all up to its end."""
    told: list[dict[str, Any]] = []
    for number in sorted({row["session"] for row in rows}):
        own = summed([row for row in rows if row["session"] == number])
        until = summed([row for row in rows if row["session"] <= number])
        told.append({"session": number, **_told(own), "cumulative": _told(until)})
    return told


def _told(sums: Sums) -> dict[str, Any]:
    counts = {key: sums[key] for key in ("tasks", "right", "generated", "prompt")}
    success = sums["right"] / sums["tasks"] if sums["tasks"] else None
    per_correct = {"generated_per_correct": generated_per_correct(sums), "prompt_per_correct": prompt_per_correct(sums)}
    return {**counts, "success": rounded(success), **{key: rounded(one, 1) for key, one in per_correct.items()}}


def rounded(value: float | None, digits: int = 3) -> float | None:
    """``value`` with so many digits, where there is one."""
    return None if value is None else round(value, digits)


def break_even(mine: Sequence[Row], rival: Sequence[Row]) -> int | None:
    """The first session from whose end on the generated tokens per right answer, all sessions together, are no more
    than the rival's and stay so; None where that never comes.
    """
    own = {one["session"]: one["cumulative"]["generated_per_correct"] for one in by_session(mine)}
    other = {one["session"]: one["cumulative"]["generated_per_correct"] for one in by_session(rival)}
    found: int | None = None
    for number in sorted(own.keys() & other.keys(), reverse=True):
        mine_now, rival_now = own[number], other[number]
        if mine_now is None or (rival_now is not None and mine_now > rival_now):
            break
        found = number
    return found


def by_family(rows: Sequence[Row]) -> dict[str, float | None]:
    """Success of each family, all sessions together."""
    tasks, right = Counter[str](), Counter[str]()
    for row in rows:
        if row["id"] != NIGHT:
            tasks[row["family"]] += 1
            right[row["family"]] += row["right"]
    return {family: rounded(right[family] / tasks[family]) for family in sorted(tasks)}


def intervals(by_arm: Mapping[str, Sequence[Row]], mine: str = "C") -> dict[str, Any]:
    """For each arm the intervals of :data:`STATISTICS`, and ``against``: of ``mine`` less each other arm's late
    success, and its tokens per right answer over the other's. Each is ``[low, high]``, or None where a statistic is
    undefined in a resample.
    """
    families = sorted({row["family"] for rows in by_arm.values() for row in rows if row["id"] != NIGHT})
    sums = {arm: _by_cluster(rows, families) for arm, rows in by_arm.items()}
    drawn: dict[tuple[str, str], list[float | None]] = {}
    for weights in _resamples(len(families)):
        now = {arm: _weighted(clusters, weights) for arm, clusters in sums.items()}
        for name, value in {**_each(now), **_against(now, mine)}.items():
            drawn.setdefault(name, []).append(value)
    told = {name: _interval(values) for name, values in drawn.items()}
    arms = {arm: {name: told.get((arm, name)) for name in STATISTICS} for arm in by_arm}
    pairs = {name: told[name] for name in drawn if name[0].startswith(f"{mine}/")}
    against = {
        other: {key: pairs.get((f"{mine}/{other}", key)) for key in ("late_success_gain", "generated_ratio")}
        for other in by_arm
        if other != mine and mine in by_arm
    }
    return {"arms": arms, "against": against}


def against(by_arm: Mapping[str, Sequence[Row]], mine: str = "C") -> dict[str, dict[str, float | None]]:
    """The same comparisons without intervals."""
    values = _against({arm: summed(rows) for arm, rows in by_arm.items()}, mine)
    return {
        other: {key: rounded(values[f"{mine}/{other}", key]) for key in ("late_success_gain", "generated_ratio")}
        for other in by_arm
        if other != mine and mine in by_arm
    }


def _each(now: Mapping[str, Sums]) -> dict[tuple[str, str], float | None]:
    return {(arm, name): of(sums) for arm, sums in now.items() for name, of in STATISTICS.items()}


def _against(now: Mapping[str, Sums], mine: str) -> dict[tuple[str, str], float | None]:
    told: dict[tuple[str, str], float | None] = {}
    for other in now if mine in now else ():
        if other == mine:
            continue
        own, rival = late_success(now[mine]), late_success(now[other])
        told[f"{mine}/{other}", "late_success_gain"] = None if own is None or rival is None else own - rival
        spent, theirs = generated_per_correct(now[mine]), generated_per_correct(now[other])
        told[f"{mine}/{other}", "generated_ratio"] = spent / theirs if spent is not None and theirs else None
    return told


def _by_cluster(rows: Sequence[Row], families: Sequence[str]) -> list[Sums]:
    nights = summed([row for row in rows if row["id"] == NIGHT])
    clusters = [summed([row for row in rows if row["id"] != NIGHT and row["family"] == one]) for one in families]
    return [{key: one[key] + nights[key] / len(families) for key in _KEYS} for one in clusters]


def _resamples(count: int) -> list[list[int]]:
    """How often each family is drawn, for each resample; always the same ones."""
    chance, drawn = random.Random(SEED), list[list[int]]()
    for _ in range(RESAMPLES if count else 0):
        times = Counter(chance.choices(range(count), k=count))
        drawn.append([times[at] for at in range(count)])
    return drawn


def _weighted(clusters: Sequence[Sums], weights: Sequence[int]) -> Sums:
    chosen = [(one, times) for one, times in zip(clusters, weights, strict=True) if times]
    return {key: sum(one[key] * times for one, times in chosen) for key in _KEYS}


def _interval(values: Sequence[float | None]) -> list[float] | None:
    known = sorted(value for value in values if value is not None)
    if len(known) < len(values) or not known:
        return None
    edge = int(len(known) * (1 - LEVEL) / 2)
    return [round(known[edge], 3), round(known[-edge - 1], 3)]
