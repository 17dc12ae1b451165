"""What does not end is waited for once: after that nothing calls it again, and a person has an answer soon."""

from __future__ import annotations

import pytest

from agentforge.boxes.protocol import CallResult, SuiteResult
from agentforge.forge.gates.bench import AT_ONCE, MOST_SLOW
from agentforge.registry.repository import Registry
from agentforge.settings import GateSettings
from agentforge.testing.box import FakeBox, Run, raised, returned, suite
from tests.forge.checks import EXAMPLES, SOURCE, check, gate, write

pytestmark = pytest.mark.asyncio

ENDLESS = SOURCE.replace("price = quantity * unit", "while True: pass")
NEVER, SUITE_NEVER = CallResult("timed_out"), SuiteResult("timed_out")


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


def right(run: Run) -> CallResult:
    if run.kind == "run":
        return raised("RuntimeError")
    quantity, unit = run.args["quantity"], run.args["unit"]
    return returned(round(quantity * unit * (0.9 if quantity >= 10 else 1), 2))


async def test_a_tool_that_does_not_end_on_its_examples_is_not_called_again(registry, tmp_path):
    box = FakeBox(lambda _: NEVER, lambda _: SUITE_NEVER)
    checked = await check(write(tmp_path / "t", ENDLESS), box, registry)
    assert checked.state == "rejected"
    assert len(box.runs) == AT_ONCE
    assert "total_price(quantity=1, unit=2.0) does not end" in gate(checked, "visible tests").summary
    assert "total_price(quantity=1, unit=2.0) does not end" in gate(checked, "fuzz").summary
    assert gate(checked, "capabilities").verdict == "passed"  # which looks at the files alone


async def test_a_tool_without_examples_is_waited_for_no_more_after_its_suite_did_not_end(registry, tmp_path):
    box = FakeBox(lambda _: NEVER, lambda _: SUITE_NEVER)
    checked = await check(write(tmp_path / "t", ENDLESS, examples=[]), box, registry)
    assert checked.state == "rejected"
    assert [run.kind for run in box.runs] == ["suite"]
    assert {gate(checked, name).summary for name in ("fuzz", "no traces")} == {"not run: its suite does not end"}


async def test_a_suite_that_sleeps_is_run_once_and_the_check_ends_there(registry, tmp_path):
    box = FakeBox(right, lambda _: SUITE_NEVER)
    checked = await check(write(tmp_path / "t"), box, registry)
    assert [run.kind for run in box.runs][-1] == "suite"
    assert [run.kind for run in box.runs].count("suite") == 1
    assert "did not end in time" in gate(checked, "visible tests").summary
    assert gate(checked, "fuzz").verdict == "skipped"
    assert gate(checked, "capabilities").verdict == "passed"


async def test_a_tool_that_ends_on_all_that_is_known_is_waited_for_a_few_times_by_all_gates_together(
    registry, tmp_path
):
    shown = [args for args, _ in EXAMPLES]
    box = FakeBox(lambda run: right(run) if run.args in shown else NEVER, lambda _: suite(a=True))
    settings = GateSettings(mutants=2, near_inputs=12, fuzz_inputs=12)
    await check(write(tmp_path / "t"), box, registry, settings)
    slow = [run for run in box.runs if run.kind == "call" and run.args not in shown and run.source == SOURCE]
    assert MOST_SLOW <= len(slow) < MOST_SLOW + AT_ONCE


@pytest.mark.asyncio(loop_scope="module")
async def test_a_real_box_waits_for_it_once_and_it_is_told_in_words(bubblewrap_box, registry, tmp_path):
    checked = await check(write(tmp_path / "t", ENDLESS), bubblewrap_box, registry, seconds=0.5)
    assert checked.state == "rejected"
    assert "did not end in time" in "\n".join(checked.problems)
    assert checked.seconds < 8
