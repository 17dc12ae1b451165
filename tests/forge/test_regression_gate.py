"""What a tool once did wrong holds for every later version of its name, in whatever way that comes."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import pytest

from agentforge import Forge
from agentforge.boxes.protocol import Box
from agentforge.errors import ApprovalNeeded, ToolInvalid
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.regressions import regressions
from agentforge.registry.regressions import keep_regression
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, contents_of
from agentforge.registry.untried import digest
from agentforge.testing import FakeBox, ScriptedModel
from agentforge.testing.box import returned
from agentforge.types import JSON, Capabilities, Example, State
from tests.forge.checks import check, gate, write
from tests.forge.learning import HOURS, forge_at, models, registry_of, tool_of
from tests.forge.test_gates import bench
from tests.jobs.scene import NEED, answer, forge_with

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = "    return int(hours) * 60 + int(minutes)\n"
SIGNED = HOURS.replace(
    BODY,
    "    sign = -1 if hours.startswith('-') else 1\n    return sign * (abs(int(hours)) * 60 + int(minutes))\n",
)
KEPT = Example({"text": "-1:30"}, -90, source="feedback:call_1")
LOWER = Example({"text": "B"}, "b", source="feedback:call_1")
UPPER = Example({"text": "C"}, "C", source="judge:call_2")


def lowering() -> Bench:
    return bench(lambda run: returned(str(run.args["text"]).lower()), regressions=(LOWER, UPPER))


async def test_all_of_them_have_to_hold_and_the_report_names_those_that_do() -> None:
    result = await regressions(lowering())
    assert (result.verdict, result.evidence["held"]) == ("failed", [digest(LOWER)])
    assert result.evidence["regressions"] == ["feedback:call_1", "judge:call_2"]
    assert "slugify(text='C') must return 'C', but it returned 'c'" in result.summary


async def test_where_nothing_is_kept_it_is_skipped() -> None:
    assert (await regressions(bench())).verdict == "skipped"


async def test_a_folder_is_tried_on_what_stands_in_the_registry(bubblewrap_box: Box, tmp_path: Path) -> None:
    folder = write(tmp_path / "total_price")
    with Registry.create(tmp_path / "me.git") as registry:
        keep_regression(registry, "total_price", Example({"quantity": 10, "unit": 1.0}, 9.0, source="feedback:a"), {})
        assert gate(await check(folder, bubblewrap_box, registry), "regressions").verdict == "passed"
        keep_regression(registry, "total_price", Example({"quantity": 50, "unit": 1.0}, 40.0, source="feedback:b"), {})
        checked = await check(folder, bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert gate(checked, "regressions").evidence["regressions"] == ["feedback:a", "feedback:b"]


@pytest.mark.parametrize(("right", "state"), [(8, "live"), (9, "failed")])
async def test_a_forging_under_a_name_that_was_used_before(home: Path, right: int, state: str) -> None:
    kept = Example({"n": 4}, right, source="feedback:call_1")
    async with forge_with(ScriptedModel(answer)) as forge:
        keep_regression(registry_of(forge), "double", kept, {})
        made = await (await forge.jobs()).forge(NEED, forge._opened().new_models(), lambda kind, data: None)
        assert made.state == state, made.reason
        if state == "live":
            (told,) = [one for one in forge.tool("double").report["gates"] if one["gate"] == "regressions"]
            assert told["evidence"]["held"] == [digest(kept)]
        else:
            assert "regressions" in made.reason


async def test_whoever_commits_a_version_that_was_not_tried_gets_a_proposal(home: Path) -> None:
    with Registry.open_or_create(home / "me.git") as registry:
        keep_regression(registry, "to_minutes", KEPT, {})
        registry.add(tool_of(SIGNED), state=State.LIVE)
        assert (registry.names(State.LIVE), registry.names(State.PROPOSED)) == ([], ["to_minutes"])
        reason = registry.snapshot().states.review_of("to_minutes").waiting["1"].reason
        assert reason == "It was not tried on calls that once went wrong: feedback:call_1."


def waiting(source: str, *, held: bool = False) -> Tool:
    gates: list[JSON] = [{"gate": "visible tests", "verdict": "passed", "summary": "", "evidence": {}}]
    if held:
        gates.append({"gate": "regressions", "verdict": "passed", "summary": "", "evidence": {"held": [digest(KEPT)]}})
    return reported(tool_of(source), gates)


def reported(tool: Tool, gates: list[JSON]) -> Tool:
    return replace(tool, report={"format": 1, "contents": contents_of(tool.source, tool.tests), "gates": gates})


def propose(forge: Forge, tool: Tool) -> None:
    registry_of(forge).add(tool, state=State.PROPOSED, reason="It waits.")
    keep_regression(registry_of(forge), "to_minutes", KEPT, {})


async def test_an_approval_needs_all_that_were_kept_by_then(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models()) as forge:
        propose(forge, waiting(SIGNED))
        with pytest.raises(ApprovalNeeded, match=r"was not tried on calls that once went wrong: feedback:call_1\."):
            forge.review.approve("to_minutes")
        tried = await forge.tried("to_minutes")
        assert (tried.held, tried.wrong) == (frozenset([digest(KEPT)]), ())
        keep_regression(registry_of(forge), "to_minutes", replace(KEPT, source="feedback:call_2"), {})
        with pytest.raises(ApprovalNeeded, match="feedback:call_2"):
            forge.review.approve("to_minutes", tried=tried)
        done = forge.review.approve("to_minutes", tried=await forge.tried("to_minutes"))
        assert done.state == "live"


async def test_a_version_that_gets_one_wrong_is_not_approved_whoever_looked_at_it(
    home: Path, bubblewrap_box: Box
) -> None:
    async with forge_at(home, bubblewrap_box, models()) as forge:
        propose(forge, waiting(HOURS))
        tried = await forge.tried("to_minutes")
        version = registry_of(forge).proposed()[0].version
        with pytest.raises(ToolInvalid, match=r"must return -90, but it returned -30"):
            forge.review.approve("to_minutes", version=version, tried=tried)


async def test_a_report_that_tells_of_them_is_enough_and_no_box_is_asked_for(home: Path) -> None:
    async with forge_at(home, FakeBox(), models()) as forge:
        propose(forge, waiting(SIGNED, held=True))
        assert forge.review.approve("to_minutes", tried=await forge.tried("to_minutes")).state == "live"


async def test_what_cannot_be_run_again_is_a_doubt_that_a_person_may_overrule(home: Path) -> None:
    fetching = (
        'from toolbox import fetch\n\n\ndef rate(day: str) -> str:\n    """The rate of a day."""\n'
        '    return fetch("https://rates.test/" + day)["text"]\n'
    )
    tool = tool_of(fetching, [], "rate", Capabilities(hosts=("rates.test",)))
    tests = "from tool import rate\n\n\ndef test_it():\n    assert rate\n"
    tool = reported(replace(tool, tests=tests), cast("list[JSON]", waiting(HOURS).report["gates"]))
    async with forge_at(home, FakeBox(), models()) as forge:
        registry_of(forge).add(tool, state=State.PROPOSED, reason="It waits.")
        keep_regression(registry_of(forge), "rate", Example({"day": "monday"}, "7", source="feedback:call_1"), {})
        tried = await forge.tried("rate")
        with pytest.raises(ApprovalNeeded, match="could not be tried on feedback:call_1: it reaches hosts"):
            forge.review.approve("rate", tried=tried)
        assert forge.review.approve("rate", version=tried.version, tried=tried).state == "live"


async def test_the_report_of_a_repair_tells_of_them(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(SIGNED), [tool_of(HOURS)]) as forge:
        learned = await forge.feedback("bad", (await forge.call("to_minutes", {"text": "-1:30"})).call, expected=-90)
        assert (learned.end, learned.example is not None) == ("adopted", True)
        gates = {one["gate"]: one for one in forge.tool("to_minutes").report["gates"]}
        assert gates["regressions"]["evidence"]["held"] == [digest(learned.example)]  # type: ignore[arg-type] - asserted above
        assert asdict(learned.example)["source"].startswith("feedback:")  # type: ignore[call-overload] - asserted above
