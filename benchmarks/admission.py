"""Whether anything wrong gets in: planted tool folders through all gates, as by `agentforge tools check`.

DIR holds tool folders below right/ and wrong/ (`python -m benchmarks.planted DIR` makes ours). Admitted
means that the tool would go live. What is measured: how many wrong ones are admitted (the aim is none),
the share of right ones that are (at least 0.97), and `gate_seconds_ratio`: the wall-clock seconds of one
check, in a warm box, over those of one bare `python -m pytest` of the same suite, which take turns; its
median over the folders that passed all gates (the aim is at most 10).

The arms arise and autotool give the same folders to the admission step of two other programs, as far as
it goes without a model (benchmarks/peers/README.md says how far).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from agentforge import Forge
from agentforge.errors import AgentForgeError, SandboxError
from agentforge.settings import Settings, load
from benchmarks.conditions import code_hash, commit_of, machine_load
from benchmarks.form import cannot_run, parser, progress, read_lines, resumable, short_hash, show
from benchmarks.peers.admission import PEER_ARMS, judged_by
from benchmarks.planted.bare import BareSuites, bare_suites
from benchmarks.planted.bare import __file__ as bare_file
from benchmarks.planted.folders import Folder, folders_of, some_of
from benchmarks.planted.folders import __file__ as folders_file
from benchmarks.sandbox.bare import python_like

ARMS = ("agentforge", *PEER_ARMS)
QUICK_RIGHT, QUICK_WRONG = 4, 7
PEER_BATCH = 10
"""Folders that one process of a peer is given; a batch is what an interruption loses."""
Row = dict[str, Any]


async def check(forge: Forge, bare: BareSuites, folder: Folder, number: int) -> Row:
    """One folder through the gates, and its suite bare; who begins changes from folder to folder."""
    seconds: dict[str, float] = {}
    if number % 2:
        seconds["bare_seconds"] = await asyncio.to_thread(bare.seconds, folder)
    began = time.monotonic()
    try:
        checked = await forge.check(folder.path)
    except SandboxError:
        raise
    except AgentForgeError as error:
        return {"state": "rejected", "gate": "folder", "reason": str(error), "gates": {}}
    seconds["seconds"] = time.monotonic() - began
    if not number % 2:
        seconds["bare_seconds"] = await asyncio.to_thread(bare.seconds, folder)
    failed = [gate for gate in checked.gates if gate.verdict == "failed"]
    return {
        "state": checked.state,
        "gate": failed[0].gate if failed else "",
        "reason": "; ".join(checked.problems) or checked.reason,
        "gates": {gate.gate: gate.seconds for gate in checked.gates if gate.verdict != "skipped"},
        "told": {gate.gate: gate.summary for gate in checked.gates},
        "evidence": {gate.gate: gate.evidence for gate in failed},
        **{name: round(value, 4) for name, value in seconds.items()},
    }


class Results:
    """The kept rows of equal conditions, in a file that grows with every folder."""

    def __init__(self, path: Path, conditions: Mapping[str, str], folders: Sequence[Folder]) -> None:
        self._path, self._conditions = path, conditions
        hashes = {one.id: one.hash for one in folders}
        path.parent.mkdir(parents=True, exist_ok=True)
        old = read_lines(path) if path.exists() else []
        wanted = [row for row in old if row["id"] in hashes]
        self.rows = resumable(wanted, lambda row: {**conditions, "hash": hashes[row["id"]]})

    def has(self, arm: str, folder: Folder) -> bool:
        """Whether this folder has been judged by this arm."""
        return any(row["arm"] == arm and row["id"] == folder.id for row in self.rows)

    def add(self, arm: str, folder: Folder, figures: Row) -> None:
        """Keeps one row, at once."""
        told = {"wrong": folder.wrong, "suite": folder.suite, "mistake": folder.mistake, "load": machine_load()}
        row = {"arm": arm, "id": folder.id, "hash": folder.hash, **self._conditions, **told, **figures}
        self.rows.append(row)
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


def summed(rows: Sequence[Row]) -> Row:
    """The figures of one arm."""
    wrong, right = [row for row in rows if row["wrong"]], [row for row in rows if not row["wrong"]]
    in_wrongly = [row for row in wrong if row["state"] == "live"]
    out_wrongly = [row for row in right if row["state"] != "live"]
    suites: dict[str, Counter[str]] = {}
    for row in wrong:
        suites.setdefault(row["suite"], Counter())["admitted" if row["state"] == "live" else "rejected"] += 1
    return {
        "wrong_total": len(wrong),
        "wrong_admitted": len(in_wrongly),
        "right_total": len(right),
        "right_admitted_share": round(1 - len(out_wrongly) / len(right), 4) if right else None,
        "by_suite": {kind: {"total": count.total(), "admitted": count["admitted"]} for kind, count in suites.items()},
        "by_gate": dict(Counter(row["gate"] for row in wrong if row["state"] != "live").most_common()),
        "admitted_wrongly": [{name: row[name] for name in ("id", "mistake", "reason")} for row in in_wrongly],
        "rejected_wrongly": [{name: row[name] for name in ("id", "state", "gate", "reason")} for row in out_wrongly],
    }


def timed(rows: Sequence[Row]) -> Row:
    """Seconds of the gates: over the folders that passed all of them, and of each gate over those that it saw."""
    whole = [row for row in rows if row["state"] != "rejected" and row.get("bare_seconds")]
    gates: dict[str, list[float]] = {}
    for row in whole:
        for gate, seconds in row["gates"].items():
            gates.setdefault(gate, []).append(seconds)
    every = [row["seconds"] / row["bare_seconds"] for row in rows if row.get("bare_seconds")]
    return {
        "gate_seconds_ratio": _median([row["seconds"] / row["bare_seconds"] for row in whole]),
        "gate_seconds_ratio_of_all_folders": _median(every),
        "seconds": _median([row["seconds"] for row in whole]),
        "bare_seconds": _median([row["bare_seconds"] for row in whole]),
        "seconds_by_gate": {gate: _median(seconds) for gate, seconds in gates.items()},
    }


def _median(values: Sequence[float]) -> float | None:
    return round(median(values), 3) if values else None


async def measure(settings: Settings, results: Results, folders: Sequence[Folder]) -> None:
    """Judges what has not been judged yet."""
    left = [one for one in folders if not results.has("agentforge", one)]
    if not left:
        return
    with bare_suites(python_like("3.11.0")) as bare:
        async with Forge(user="admission", org="bench", settings=settings, on_notice=progress) as forge:
            await check(forge, bare, left[0], 0)  # the box is warm afterwards
            for number, folder in enumerate(left):
                figures = await check(forge, bare, folder, number)
                results.add("agentforge", folder, figures)
                mark = "!" if folder.wrong == (figures["state"] == "live") else " "
                progress(f"{mark} {number + 1}/{len(left)} {folder.id}: {figures['state']} {figures['reason'][:160]}")


async def measure_peer(arm: str, results: Results, folders: Sequence[Folder]) -> None:
    """The same folders through a peer's own admission step."""
    left = [one for one in folders if not results.has(arm, one)]
    for start in range(0, len(left), PEER_BATCH):
        batch = left[start : start + PEER_BATCH]
        for folder, verdict in zip(batch, await judged_by(arm, batch), strict=True):
            state = "live" if verdict.adopted else "rejected"
            results.add(arm, folder, {"state": state, "gate": arm, "reason": verdict.reason, "gates": {}})
        progress(f"{arm}: {start + len(batch)}/{len(left)}")


def conditions_of(settings: Settings) -> dict[str, str]:
    """What a verdict depends on besides its folder."""
    used = {name: settings.model_dump(mode="json").get(name) for name in ("forge", "gates", "sandbox")}
    runner = [Path(module).read_text("utf-8") for module in (__file__, bare_file, folders_file)]
    return {"code": code_hash(), "runner": short_hash(runner), "settings": short_hash(used)}


async def run(options: Any) -> int:
    """Judges all folders by all arms, then shows all of it."""
    arms = [arm for arm in options.arms.split(",") if arm]
    if unknown := [arm for arm in arms if arm not in ARMS]:
        return cannot_run(f"Unknown arms: {', '.join(unknown)}. Known: {', '.join(ARMS)}.", 2)
    folders = [one for one in folders_of(options.planted) if options.only in one.id]
    if options.quick:
        folders = some_of(folders, QUICK_RIGHT, QUICK_WRONG)
    settings = load()
    conditions = conditions_of(settings)
    commit = commit_of()
    results = Results(options.out, conditions, folders)
    by_arm: dict[str, Row] = {}
    for arm in arms:
        if arm == "agentforge":
            await measure(settings, results, folders)
        else:
            await measure_peer(arm, results, folders)
        rows = [row for row in results.rows if row["arm"] == arm]
        by_arm[arm] = {**summed(rows), **(timed(rows) if arm == "agentforge" else {})}
    first = by_arm.get("agentforge") or next(iter(by_arm.values()))
    figures = {"benchmark": "admission", "commit": commit, **conditions, **first, "arms": by_arm}
    columns = ("wrong_total", "wrong_admitted", "right_total", "right_admitted_share", "gate_seconds_ratio")
    table: dict[str, Row] = {arm: {name: one.get(name) for name in columns} for arm, one in by_arm.items()}
    for arm, one in by_arm.items():
        for suite, count in one["by_suite"].items():
            table[f"{arm}, {suite}"] = {"wrong_total": count["total"], "wrong_admitted": count["admitted"]}
    show(figures, table, as_json=options.json)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    options.add_argument("--planted", type=Path, required=True, help="folder with right/ and wrong/")
    options.add_argument("--arms", default="agentforge", help=f"separated by commas: {', '.join(ARMS)}")
    options.add_argument("--only", default="", help="only the folders whose path holds this text, such as honest_weak")
    options.add_argument(
        "--out",
        type=Path,
        default=Path("results/admission.jsonl"),
        help="kept results; a run resumes from those of the same code, settings and folder",
    )
    try:
        return asyncio.run(run(options.parse_args(arguments)))
    except KeyboardInterrupt:
        return cannot_run("Interrupted; what was judged is kept, and the next run with this --out goes on.", 130)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
