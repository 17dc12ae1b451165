"""The checks that every starter tool passes, as gates with evidence: the same ones a learned tool meets.

The verdicts are computed on the host from what the box returned.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import cast

from starter_mutants import mutants

from agentforge.boxes import image
from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box, BoxInfo, Limits
from agentforge.errors import ImageError
from agentforge.forge.cases import holds
from agentforge.registry.tool import Tool, validate
from agentforge.settings import SandboxSettings
from agentforge.types import JSON, GateResult, JSONObject

MUTANTS = 30
"""Mutants tried for one tool at the most."""
KILLED = 0.9
"""Share of them that a suite must notice; some mutants behave like the original."""
SUITE = Limits(seconds=60.0)


@dataclass(frozen=True, slots=True)
class Exam:
    """One tool and the box in which it is judged."""

    tool: Tool
    box: Box

    async def suite(self, source: str) -> tuple[bool, int, list[str]]:
        """Whether the tool's suite passes on ``source``, its tests, and which of them do not pass."""
        result = await self.box.suite(source, self.tool.tests, limits=SUITE)
        failing = [row.name for row in result.rows if row.outcome != "passed"]
        return result.passed, len(result.rows), failing


async def open_starter_box() -> Box:
    """A warm box as ``open_box`` gives it; builds the image where it is missing.

    Raises:
        SandboxUnavailable: no launcher works here.
    """
    try:
        return await open_box(SandboxSettings(), user="starter", on_notice=print)
    except ImageError:
        await asyncio.to_thread(image.build)
        return await open_box(SandboxSettings(), user="starter", on_notice=print)


async def source_contract(exam: Exam) -> GateResult:
    """Source, tests, manifest and examples keep the contract and agree with each other."""
    problems = validate(exam.tool)
    return _result("source contract", not problems, "keeps the contract", "; ".join(problems), problems=problems)


async def visible_tests(exam: Exam) -> GateResult:
    """The suite passes, with tests and tool in separate processes."""
    passed, tests, failing = await exam.suite(exam.tool.source)
    told = f"{len(failing)} of {tests} tests fail"
    return _result("visible tests", passed, f"{tests} tests pass", told, tests=tests, failing=failing)


async def examples(exam: Exam) -> GateResult:
    """Every example holds."""
    tool = exam.tool
    results = await exam.box.call_many(tool.source, tool.name, [example.args for example in tool.examples])
    wrong = [number for number, (example, result) in enumerate(zip(tool.examples, results, strict=True), 1)
             if not holds(example, result)]  # fmt: skip
    count = len(tool.examples)
    return _result("examples", not wrong, f"{count} examples hold", f"wrong: {wrong}", examples=count, wrong=wrong)


async def suite_strength(exam: Exam) -> GateResult:
    """The suite fails against a stub of the same signature."""
    _, _, failing = await exam.suite(stub_of(exam.tool))
    good = "the suite fails against a stub"
    return _result("suite strength", bool(failing), good, "the suite passes against a stub", failing=len(failing))


async def mutation(exam: Exam) -> GateResult:
    """The suite notices small changes of the source."""
    made = mutants(exam.tool.source, most=MUTANTS)
    if not made:
        return GateResult("mutants", "skipped", "there is nothing simple to change in so short a source")
    alive = [mutant.change for mutant in made if (await exam.suite(mutant.source))[0]]
    told = f"{len(made) - len(alive)} of {len(made)} mutants are noticed"
    enough = len(made) - len(alive) >= KILLED * len(made)
    return _result("mutants", enough, told, told, mutants=len(made), alive=alive)


QUICK: tuple[Callable[[Exam], Awaitable[GateResult]], ...] = (source_contract, visible_tests, examples, suite_strength)
ALL = (*QUICK, mutation)


def stub_of(tool: Tool) -> str:
    """A function of the same signature that does nothing."""
    return f"from typing import Literal\n\n\ndef {tool.name}{tool.signature.text.split(' -> ')[0]}:\n    return None\n"


async def judge(exam: Exam, gates: tuple[Callable[[Exam], Awaitable[GateResult]], ...]) -> list[GateResult]:
    """The verdicts of ``gates``, in order."""
    results: list[GateResult] = []
    for gate in gates:
        started = time.monotonic()
        result = await gate(exam)
        results.append(replace(result, seconds=round(time.monotonic() - started, 3)))
    return results


def report_of(tool: Tool, gates: list[GateResult], box: BoxInfo) -> JSONObject:
    """``report.json``: the verdicts, the box they were reached in, and the contents they are about."""
    return {
        "format": 1,
        "box": cast("JSONObject", asdict(box)),
        "contents": contents_of(tool),
        "gates": [cast("JSON", asdict(gate)) for gate in gates],
    }


def contents_of(tool: Tool) -> JSONObject:
    """SHA-256 of the source and of the tests."""
    return {
        "tool.py": hashlib.sha256(tool.source.encode()).hexdigest(),
        "test_tool.py": hashlib.sha256(tool.tests.encode()).hexdigest(),
    }


def _result(gate: str, passed: bool, good: str, bad: str, **evidence: object) -> GateResult:
    return GateResult(gate, "passed" if passed else "failed", good if passed else bad, cast("JSONObject", evidence))
