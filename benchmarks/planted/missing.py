"""Wrong tools of which something is missing, each proved wrong, with their honest suites.

``omission``: the right tool's strong suite without exactly those tests that notice; ``omission_few``: a few of these.
"""

from __future__ import annotations

from agentforge.boxes.protocol import Box, SuiteResult
from agentforge.errors import UsageError
from benchmarks.planted.omissions import few, omissions, without
from benchmarks.planted.proof import FRESH, Known, Proved, proved
from benchmarks.planted.source import Mistake, Planted

MOST = 2
"""Omissions of one tool: those that differ least from it."""
MOST_TRIED = 8
RARE = 0.8
"""Share of the fresh inputs on which it may differ: more than that is seen at once."""
FEW = 5
"""Tests of the smaller suite: what people write who are content soon."""


async def missing_of(box: Box, tool: Planted, facts: Known) -> list[tuple[Proved, dict[str, str]]]:
    """Wrong tools with their suites by kind. One that no test of the strong suite notices is none of them."""
    made = [proof for proof in [await _proof(box, tool, facts, *each) for each in _candidates(tool)] if proof]
    made.sort(key=lambda proof: proof[0].differing)
    return made[:MOST]


def _candidates(tool: Planted) -> list[tuple[int, str, str]]:
    """Number, what is missing, source; spread over the tool."""
    found = [(number, told, source) for number, (told, source) in enumerate(omissions(tool.tool))]
    most = min(MOST_TRIED, len(found))
    return [found[place * len(found) // most] for place in range(most)]


async def _proof(
    box: Box, tool: Planted, facts: Known, number: int, told: str, source: str
) -> tuple[Proved, dict[str, str]] | None:
    noticing = _noticing(await box.suite(source, tool.tests))
    if not noticing:
        return None
    try:
        made = await proved(box, tool, facts, Mistake(f"missing_{number}", told, False, source=source))
    except UsageError:
        return None
    suite = without(tool.tests, noticing)
    if made.differing > RARE * FRESH or not (await box.suite(source, suite)).passed:
        return None
    return made, {"omission": suite, "omission_few": few(suite, FEW)}


def _noticing(result: SuiteResult) -> list[tuple[str, int]]:
    """The tests that fail: the function, and the place among its rows."""
    count: dict[str, int] = {}
    failing: list[tuple[str, int]] = []
    for row in result.rows if result.status == "finished" else ():
        function = row.name.partition("[")[0]
        if row.outcome != "passed":
            failing.append((function, count.get(function, 0)))
        count[function] = count.get(function, 0) + 1
    return failing
