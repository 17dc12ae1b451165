"""Writes the planted set: ``right/NAME/`` and ``wrong/NAME.MISTAKE/SUITE/NAME/``, and ``planted.jsonl`` about them.

The first mistake of each tool comes with every suite, the others with the honest but weak one, and mistakes of
omission with the suites of :mod:`benchmarks.planted.missing`. Nothing
depends on the time, the machine or chance.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agentforge.boxes.protocol import Box
from agentforge.errors import UsageError
from agentforge.registry.contract import read_signature
from agentforge.registry.manifest import Manifest
from agentforge.registry.tool import Tool, to_files
from agentforge.types import Example, JSONObject
from benchmarks.planted.missing import missing_of
from benchmarks.planted.proof import Known, Proved, is_held_out, known, proved
from benchmarks.planted.source import Planted
from benchmarks.planted.suites import SUITES, Case

INDEX = "planted.jsonl"
WEAK = "honest_weak"
FEWEST_EXAMPLES, MOST_EXAMPLES = 4, 6


async def build(folder: Path, tools: Sequence[Planted], box: Box, progress: Callable[[str], None]) -> list[JSONObject]:
    """Writes all folders and returns the rows of the index.

    Raises:
        UsageError: ``folder`` holds something else, or a tool or a mistake is not what it claims to be.
    """
    _emptied(folder)
    rows: list[JSONObject] = []
    for tool in tools:
        progress(f"{tool.name}: {len(tool.mistakes)} mistakes")
        facts = await known(box, tool)
        await _insist_on_suite(box, tool.name, tool.tool, tool.tests)
        place, count = Path("right", tool.name), len(facts.examples)
        examples = [_example(facts, number, number, count) for number in range(count)]
        _write(folder / place, tool.name, tool.tool, tool.tests, examples)
        rows.append({"path": str(place), "suite": "strong"})
        for number, mistake in enumerate(tool.mistakes):
            made = await proved(box, tool, facts, mistake)
            kinds = list(SUITES) if number == 0 else [WEAK]
            suites = {kind: SUITES[kind](tool.name, cases_of(facts, made, kind)) for kind in kinds}
            for tests in filter(None, suites.values()):
                await _insist_on_suite(box, tool.name, made.source, tests)
            rows += _write_wrong(folder, tool.name, facts, made, suites)
        for made, suites in await missing_of(box, tool, facts):
            for tests in suites.values():
                await _insist_on_suite(box, tool.name, made.source, tests)
            rows += _write_wrong(folder, tool.name, facts, made, suites)
    (folder / INDEX).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return rows


def _emptied(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / INDEX).exists():
        raise UsageError(f"{folder} holds something else than a planted set.", fix="Name a new folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / INDEX).touch()


def _write_wrong(folder: Path, name: str, facts: Known, made: Proved, suites: Mapping[str, str]) -> list[JSONObject]:
    examples = examples_of(facts, made)
    passes = all(facts.inputs.index(one.args) in made.agreeing for one in examples)
    rows: list[JSONObject] = []
    for suite, tests in suites.items():
        place = Path("wrong", f"{name}.{made.mistake.name}", suite, name)
        _write(folder / place, name, made.source, tests, examples)
        told: JSONObject = {"mistake": made.mistake.told, "passes_examples": passes, "differs_on": made.differing}
        rows.append({"path": str(place), "suite": suite, **told})
    return rows


def examples_of(facts: Known, made: Proved) -> list[Example]:
    """A user's examples: all, or those that the wrong tool passes, filled up with fresh ones that it passes."""
    places = list(range(len(facts.examples)))
    if not made.mistake.plain:
        places = [place for place in places if place in made.agreeing]
        for place in made.agreeing:
            given = [facts.inputs[one] for one in places]
            fresh = place >= len(facts.examples) and "returns" in facts.right[place]
            if fresh and len(places) < FEWEST_EXAMPLES and facts.inputs[place] not in given:
                places.append(place)
    places = places[:MOST_EXAMPLES]
    return [_example(facts, place, at, len(places)) for at, place in enumerate(places)]


def cases_of(facts: Known, made: Proved, kind: str) -> list[Case]:
    """What a suite may say of the wrong tool: fresh inputs, else examples.

    The honest one holds only what is right of it; the others are true of it whatever it gives.
    """
    usable = made.agreeing if kind == WEAK else made.returning
    fresh = [place for place in usable if place >= len(facts.examples)]
    return [(facts.inputs[place], facts.right[place]) for place in fresh or usable]


def _example(facts: Known, place: int, at: int, count: int) -> Example:
    """One input with its right outcome, as the example number ``at`` of ``count``."""
    outcome: Any = facts.right[place]
    held_out = is_held_out(at, count)
    return Example(facts.inputs[place], outcome.get("returns"), outcome.get("raises"), "need", held_out)


def _write(folder: Path, name: str, source: str, tests: str, examples: Sequence[Example]) -> None:
    signature = read_signature(source, name)
    manifest = Manifest(name=name, summary=signature.summary, signature=signature.text)
    folder.mkdir(parents=True)
    for file, contents in to_files(Tool(manifest, source, tests, tuple(examples))).items():
        (folder / file).write_bytes(contents)


async def _insist_on_suite(box: Box, name: str, source: str, tests: str) -> None:
    result = await box.suite(source, tests)
    if not result.passed:
        failing = [f"{row.name}: {row.message[:300]}" for row in result.rows if row.outcome != "passed"]
        raise UsageError(f"{name} fails its suite ({result.status}): {failing[:3]} {result.stderr[-300:]}")
