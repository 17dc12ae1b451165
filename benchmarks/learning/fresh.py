"""Whether the tools that an agent kept are right: each is called on fresh items of the family that it was used for."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from agentforge import Forge
from agentforge.agent.dispatch import value_text
from agentforge.api.opened import OpenBox
from agentforge.registry.schema import mismatches
from agentforge.settings import Settings
from agentforge.types import JSONObject
from benchmarks.form import progress, read_lines
from benchmarks.learning.ablation import copied
from benchmarks.learning.judge import Judge
from benchmarks.learning.kept import USER
from benchmarks.learning.places import Call, read_with
from benchmarks.learning.stream import Task

COUNT, SEED = 200, 7_700_001
"""Fresh items of a family, and their seed, which no stream has."""
LEAST = 0.95
"""A tool that is right on a smaller part of them is wrong."""


async def tried(
    home: Path,
    rows: Sequence[dict[str, Any]],
    tasks: Sequence[Task],
    judge: Judge,
    settings: Settings,
    given: Path | None = None,
    open_box: OpenBox | None = None,
) -> list[JSONObject]:
    """Each live tool of a home: ``right`` of ``of`` items, and ``wrong``, which is None where nobody can tell: no
    fresh items of its family, or fewer than half of them could be read with the calls that were recorded.
    """
    by_id = {task.id: task for task in tasks}
    told: list[JSONObject] = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        copied(home, copy)
        empty = Path(folder) / "empty"
        empty.mkdir()
        own = settings.model_copy(update={"home": copy})
        async with Forge(user=USER, org=settings.org, settings=own, open_box=open_box, base=empty) as forge:
            for tool in forge.tools():
                calls = [
                    (by_id[row["id"]], call["args"])
                    for row in rows
                    if row["id"] in by_id
                    for call in row.get("calls_made", ())
                    if call["tool"] == tool.name
                ]
                told.append(await _tried(forge, tool.name, calls, judge, given))
    return told


async def _tried(
    forge: Forge, name: str, calls: Sequence[tuple[Task, JSONObject]], judge: Judge, given: Path | None
) -> JSONObject:
    told: JSONObject = {"tool": name, "family": None, "right": 0, "of": 0, "wrong": None}
    if not calls:
        return {**told, "why": "it was never called"}
    family = Counter(task.family for task, _ in calls).most_common(1)[0][0]
    mine = [(task, args) for task, args in calls if task.family == family]
    told["family"], sample = family, mine[0][0]
    items = await _items(sample, judge, given)
    signature = forge.tool(name).signature
    parameters = list(cast("JSONObject", signature.parameters["properties"]))
    read = read_with([Call(task.row, args) for task, args in mine], parameters)
    if not items or read is None:
        return {**told, "why": "no fresh items" if not items else "its calls do not tell how to read a question"}
    right = of = 0
    for number, item in enumerate(items):
        args = read(item)
        if args is None or mismatches(cast("JSONObject", args), signature.parameters):
            continue
        of += 1
        result = await forge.call(name, args)
        said = [value_text(result.value), str(result.value)] if result.ok else []
        task = Task(f"fresh-{number}", family, 0, item["question"], item["answer"], sample.scorer, item)
        right += await judge.right(task, said)
    told |= {"right": right, "of": of}
    progress(f"  {name}: {right} of {of} fresh items of {family}")
    if of < len(items) / 2:
        return {**told, "why": "most fresh items could not be read"}
    return {**told, "wrong": right < LEAST * of}


async def _items(sample: Task, judge: Judge, given: Path | None) -> list[dict[str, Any]]:
    """The fresh items of a family: those of a file that holds some, else new ones."""
    found = [row for row in read_lines(given) if row["family"] == sample.family] if given else []
    return found[:COUNT] or await judge.fresh(sample.scorer, COUNT, SEED)
