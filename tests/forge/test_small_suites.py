"""Suites of few inputs: of a handful of changed tools a single survivor is a small share, and may be the right one."""

from __future__ import annotations

import pytest

from agentforge.registry.repository import Registry
from agentforge.settings import GateSettings
from tests.forge.checks import check, gate, write

pytestmark = pytest.mark.asyncio(loop_scope="module")

RANKS = '''def ranks(scores: list[int]) -> list[int]:
    """Rank scores from highest to lowest, equal scores sharing a rank and leaving a gap (1, 2, 2, 4)."""
    return [1 + sum(other > score for other in set(scores)) for score in scores]
'''
FEW = """from tool import ranks


def test_ranks():
    assert ranks([10, 30, 20]) == [3, 1, 2]
    assert ranks([5, 5]) == [1, 1]
    assert ranks([]) == []
"""
MANY = FEW + "".join(
    f"    assert ranks({scores}) == {[1 + sum(other > score for other in scores) for score in scores]}\n"
    for scores in ([1], [4, 4, 1], [9, 1], [1, 9], [3, 2, 1], [7, 7, 7])
)
EXAMPLES = [({"scores": [10, 30, 20]}, [3, 1, 2]), ({"scores": [1, 2, 1]}, [2, 1, 2]), ({"scores": []}, [])]


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


def folder_of(tmp_path, source, tests):
    return write(tmp_path / "t", source, tests, EXAMPLES, name="ranks", signature="(scores: list[int]) -> list[int]")


async def test_a_survivor_that_shows_like_the_examples_is_not_forgiven(bubblewrap_box, registry, tmp_path):
    """The tool is wrong, and the change that nobody notices is the one that would mend it."""
    checked = await check(folder_of(tmp_path, RANKS, FEW), bubblewrap_box, registry, GateSettings())
    strength = gate(checked, "suite strength")
    assert strength.evidence["noticed"] >= 0.85 * (strength.evidence["mutants"] - len(strength.evidence["equivalent"]))
    assert checked.state == "rejected"
    assert "no test notices line 3: set(scores) → scores, as ranks(scores=" in strength.summary
    assert "the tests hold only 3 different inputs" in strength.summary


async def test_one_among_many_inputs_is(bubblewrap_box, registry, tmp_path):
    """As long as enough of the others are noticed."""
    right = RANKS.replace("set(scores)", "scores").replace(
        "    return", "    if len(scores) == 3 and scores[0] == 11:\n        return [0]\n    return"
    )
    checked = await check(folder_of(tmp_path, right, MANY), bubblewrap_box, registry, GateSettings(killed=0.3))
    strength = gate(checked, "suite strength")
    assert strength.evidence["unnoticed_within"] > 0
    assert strength.evidence["unforgiven"] == []
