"""The gates of known answers: the visible tests, and the examples that no generator saw."""

from __future__ import annotations

from collections.abc import Sequence

from agentforge.boxes.protocol import SuiteResult
from agentforge.forge.cases import holds
from agentforge.forge.evidence import describe_failure
from agentforge.forge.gates.bench import ITS_SUITE, Bench
from agentforge.forge.gates.verdict import MOST_SHOWN, judged, shortened, skipped, texts
from agentforge.types import Example, GateResult

_UNFINISHED = {
    "timed_out": "the suite did not end in time (a test that sleeps or waits, or a tool that never ends?)",
    "died": "the suite ended its process or used too much memory",
    "output_too_big": "the suite printed far too much",
    "bad_result": "the suite reported something that cannot be read",
}

_NOT_RUN = SuiteResult("timed_out")


async def visible_tests(bench: Bench) -> GateResult:
    """The suite passes, with tests and tool in separate processes; and every visible example holds, and every case
    that the docstring states, whatever the suite says of it. Where one shows that the tool does not end, the suite is
    not run, which would wait for it; and where the suite does not end, nothing calls the tool any more.
    """
    sub = bench.submission
    wrong = await _wrong(bench, sub.visible)
    denied = [] if bench.endless else await _wrong(bench, sub.stated)
    endless = bench.endless
    suite = _NOT_RUN if endless else await bench.own_suite()
    if suite.status == "timed_out" and not endless:
        bench.endless = ITS_SUITE
    failing = failing_tests(suite)
    told = [*_of_suite(suite, endless), *_contradicted(wrong, sub.visible), *_denied(denied)]
    return judged(
        "visible tests",
        not told,
        f"{len(suite.rows)} tests pass and {len(sub.visible)} visible examples hold"
        + (f", and {len(sub.stated)} cases that its docstring states" if sub.stated else ""),
        shortened("; ".join(told), 1000),
        tests=len(suite.rows),
        failing=texts(failing),
        examples=len(sub.visible),
        wrong=texts(wrong),
        stated=len(sub.stated),
        denied=texts(denied),
        suite_seconds=round(suite.seconds, 3),
    )


async def held_out_examples(bench: Bench) -> GateResult:
    """Ground truth that no generator ever saw."""
    held = bench.submission.held_out
    if not held:
        return skipped("held-out examples", "no example could be held out")
    wrong = await _wrong(bench, held)
    return judged(
        "held-out examples",
        not wrong,
        f"{len(held)} held-out examples hold",
        f"{len(wrong)} of {len(held)} held-out examples are wrong",
        examples=len(held),
        wrong=texts(wrong),
    )


async def _wrong(bench: Bench, examples: Sequence[Example]) -> list[str]:
    return [
        describe_failure(bench.submission.name, example, result)
        for example, result in await bench.held_to(examples)
        if not holds(example, result)
    ]


def _contradicted(wrong: Sequence[str], examples: Sequence[Example]) -> list[str]:
    return [f"{len(wrong)} of {len(examples)} visible examples are wrong", *wrong[:MOST_SHOWN]] if wrong else []


def _denied(wrong: Sequence[str]) -> list[str]:
    return ["it contradicts what its docstring states", *wrong[:MOST_SHOWN]] if wrong else []


def _of_suite(suite: SuiteResult, endless: str) -> list[str]:
    if endless and not suite.passed:
        return [f"the suite was not run: {shortened(endless, 200)} does not end"]
    why = why_not_passed(suite)
    return [why] if why else []


def failing_tests(suite: SuiteResult) -> list[str]:
    """Each test that does not pass, with what it says."""
    return [f"{row.name}: {_last_line(row.message)}" for row in suite.rows if row.outcome != "passed"]


def why_not_passed(suite: SuiteResult) -> str:
    """Why a suite does not pass, as a clause; empty where it does."""
    if suite.passed:
        return ""
    if suite.status != "finished":
        return _UNFINISHED[suite.status]
    if not suite.rows:
        return "there are no tests"
    failing = failing_tests(suite)
    return f"{len(failing)} of {len(suite.rows)} tests do not pass: {'; '.join(failing[:MOST_SHOWN])}"


def _last_line(message: str) -> str:
    """What a report of pytest comes to: its first line that tells of an error."""
    lines = [line[1:].strip() for line in message.splitlines() if line.startswith("E ")]
    return shortened(lines[0] if lines else message.strip().split("\n")[-1], 200)
