"""What counts as success of an attack or a cheat, tried on boxes from a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentforge.boxes.batteries import attacks as attacking
from agentforge.boxes.batteries import remains
from agentforge.boxes.batteries.attacks import AttackRow, run_attacks
from agentforge.boxes.batteries.cheats import SOUND, CheatRow, honest_passes, run_cheats
from agentforge.boxes.batteries.form import Attack, CheatBattery
from agentforge.boxes.batteries.lookouts import DELIVERED, LOOK, WATCH
from agentforge.boxes.batteries.stopping import what_rejected, what_stopped
from agentforge.boxes.protocol import Box, CallResult, Limits, SuiteResult, TestRow
from agentforge.errors import SandboxError
from agentforge.testing import FakeBox
from agentforge.testing.box import Run, raised, returned, suite
from agentforge.types import JSON

LIMITS = Limits(seconds=1.0)
ATTACK = Attack("attack", "CODE", "f", {})
SEEN: dict[str, Any] = {"files": ["/tmp/work 40700"], "residue": 0}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is for kernels; these boxes have none."""
    monkeypatch.setattr(remains, "SETTLE_SECONDS", 0.05)
    monkeypatch.setattr(remains, "_STEADY_SECONDS", 0.0)


class Scripted(FakeBox):
    """A sound box, but for what a test makes of its answers: ``looks`` are changes to what later looks see."""

    def __init__(
        self,
        attack: CallResult,
        looks: dict[str, Any] | None = None,
        *,
        refusals: JSON = None,
        delivered: JSON = None,
        counts: Callable[[], int | None] = lambda: None,
    ) -> None:
        super().__init__(self._answer)
        self.attacked = False
        self._attack, self._looks, self._counts = attack, looks or {}, counts
        self._refusals, self._delivered = refusals, delivered

    def _answer(self, run: Run) -> CallResult:
        if run.source == LOOK:
            nonce = run.args["nonce"]
            assert isinstance(nonce, int)
            sound = {**SEEN, "answer": [1, 2, 3, nonce * 2 + 1]}
            return returned({**sound, **(self._looks if self.attacked else {})})
        if run.source == WATCH:
            return returned(self._refusals)
        if run.source == DELIVERED:
            return returned(self._delivered)
        if run.source == "CODE":
            self.attacked = True
            return self._attack
        return returned(None)

    async def processes(self) -> int | None:
        return self._counts()


async def row_of(box: Box) -> AttackRow:
    (row,) = [row async for row in run_attacks(box, [ATTACK], LIMITS)]
    return row


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
async def test_an_attack_that_delivers_no_true_value_is_stopped(value: JSON) -> None:
    row = await row_of(Scripted(returned(value)))
    assert (row.outcome, row.reasons, row.next_right) == ("stopped", (), True)
    assert row.stopped_by == "it got nothing and left nothing"


@pytest.mark.parametrize("value", [True, 1, "x", [0], {"a": None}])
async def test_any_true_value_is_a_success(value: JSON) -> None:
    row = await row_of(Scripted(returned(value)))
    assert (row.outcome, row.reasons, row.stopped_by) == ("succeeded", (attacking.GOT_IT,), "")


async def test_a_true_value_that_did_not_come_as_a_result_is_none() -> None:
    assert (await row_of(Scripted(CallResult("bad_result", value=True)))).outcome == "stopped"


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        ({"answer": [1, 2, 7, 3]}, "the call after it: its answer is wrong"),
        ({"answer": None}, "the call after it: its answer is wrong"),
        ({"files": ["/tmp/work 40700", "/tmp/leak 100600"]}, "files left or changed: /tmp/leak 100600"),
        ({"files": []}, "files left or changed: /tmp/work 40700"),
        ({"residue": 2}, "words of an earlier call"),
        ({"residue": "2"}, "the call after it: it returned"),
    ],
)
async def test_what_the_next_call_sees_is_a_success(looks: dict[str, Any], words: str) -> None:
    row = await row_of(Scripted(returned(None), looks))
    assert row.outcome == "succeeded"
    assert words in "; ".join(row.reasons)
    assert row.next_right is not words.startswith("the call")


async def test_processes_beyond_those_of_before_are_a_success() -> None:
    box = Scripted(returned(None), counts=lambda: 5 if box.attacked else 3)
    row = await row_of(box)
    assert (row.outcome, row.processes_left, row.reasons) == ("succeeded", 2, ("2 processes left",))


async def test_processes_that_end_in_time_or_cannot_be_known_are_none() -> None:
    counts = iter([3, 3, 5, 4, 3])
    assert (await row_of(Scripted(returned(None), counts=lambda: next(counts)))).processes_left == 0
    row = await row_of(Scripted(returned(None)))
    assert (row.processes_left, row.outcome) == (None, "stopped")


async def test_time_beyond_the_limit_is_a_success_unless_the_second_run_is_in_time() -> None:
    late = CallResult("timed_out", seconds=LIMITS.seconds + attacking.OVERTIME_SECONDS + 0.1)
    row = await row_of(Scripted(late))
    assert row.reasons == ("it ran 2.1 s beyond its limit",)
    runs = iter([late, CallResult("timed_out", seconds=1.0)])

    class OnceLate(Scripted):
        def _answer(self, run: Run) -> CallResult:
            return next(runs) if run.source == "CODE" else super()._answer(run)

    assert (await row_of(OnceLate(late))).outcome == "stopped"


async def test_a_next_call_that_comes_late_is_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacking, "NEXT_SECONDS", -1.0)
    row = await row_of(Scripted(returned(None)))
    assert row.outcome == "succeeded"
    assert "a call after it took" in row.reasons[0]


async def test_an_attack_after_which_the_box_fails_has_succeeded() -> None:
    class Breaking(Scripted):
        def _answer(self, run: Run) -> CallResult:
            if self.attacked:
                raise SandboxError("The box failed: it is gone.")
            return super()._answer(run)

    row = await row_of(Breaking(returned(None)))
    assert (row.outcome, row.next_right) == ("succeeded", False)
    assert row.reasons == ("the call after it: The box failed: it is gone.",)


async def test_a_box_in_which_nobody_can_look_proves_nothing() -> None:
    with pytest.raises(SandboxError, match="untouched"):
        await row_of(FakeBox(lambda _: raised("ImportError", "no ctypes")))


async def test_refusals_that_the_attack_swallowed_are_told_and_stay_text() -> None:
    row = await row_of(Scripted(returned(False), refusals=["PermissionError: socket() is refused", 7]))
    assert row.stopped_by == "PermissionError: socket() is refused; 7"
    assert (await row_of(Scripted(returned(False), refusals={"a": 1}))).stopped_by == "it got nothing and left nothing"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (CallResult("timed_out"), "time limit (1 s)"),
        (CallResult("output_too_big"), "output limit (64 KB)"),
        (CallResult("result_too_big"), "result limit (1024 KB)"),
        (CallResult("bad_result"), "forged frame refused"),
        (CallResult("bad_result", message="The answer is no object."), "forged frame refused"),
        (CallResult("bad_result", message="The result cannot be written as JSON: x."), "result refused: The result"),
        (CallResult("died"), "its process ended without an answer"),
        (CallResult("raised", error="MemoryError"), "memory limit"),
        (CallResult("raised", error="SystemExit", message="0"), "SystemExit: it ended its own process only (0)"),
        (CallResult("raised", error="PermissionError", message="m" * 999), "PermissionError: mmm"),
        (CallResult("returned"), "it delivered nothing"),
    ],
)
def test_every_ending_has_plain_words(result: CallResult, words: str) -> None:
    said = what_stopped(result, LIMITS)
    assert said.startswith(words)
    assert len(said) <= 200


HONEST, WRONG = "HONEST", "WRONG"
BATTERY = CheatBattery("TESTS", {"wrong": WRONG}, HONEST, True)


async def cheat_row(answers: Callable[[Run], SuiteResult], *, controlled: bool = True) -> CheatRow:
    box = FakeBox(suites=answers)
    (row,) = [row async for row in run_cheats(box, BATTERY, LIMITS, controlled=controlled)]
    return row


async def test_a_cheat_that_passes_has_succeeded() -> None:
    row = await cheat_row(lambda _: suite(test_a=True))
    assert (row.outcome, row.reasons) == ("succeeded", ("the tests passed",))


async def test_a_cheat_that_fails_is_rejected_and_the_honest_tool_passes_after_it() -> None:
    row = await cheat_row(lambda run: suite(test_a=run.source == HONEST))
    assert (row.outcome, row.next_right, row.stopped_by) == ("rejected", True, "test_a: ")


async def test_a_cheat_after_which_the_honest_tool_fails_has_succeeded() -> None:
    passed = iter([True, False, False])  # the control, the cheat, the honest tool after it
    row = await cheat_row(lambda _: suite(test_a=next(passed)))
    assert (row.outcome, row.next_right) == ("succeeded", False)


async def test_where_no_honest_tool_passes_a_sound_suite_has_to_pass_after_each_cheat() -> None:
    row = await cheat_row(lambda run: suite(test_a=run.source == SOUND.honest), controlled=False)
    assert (row.outcome, row.next_right) == ("rejected", True)
    row = await cheat_row(lambda _: suite(test_a=False), controlled=False)
    assert (row.outcome, row.next_right) == ("succeeded", False)
    assert not await honest_passes(FakeBox(suites=[suite(test_a=False)]), BATTERY, LIMITS)


async def test_a_cheat_that_breaks_the_box_has_succeeded() -> None:
    def answer(run: Run) -> SuiteResult:
        if run.source == WRONG:
            raise SandboxError("The box failed.")
        return suite(test_a=True)

    assert (await cheat_row(answer)).reasons == ("it broke the box: The box failed.",)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (SuiteResult("timed_out"), "time limit (1 s)"),
        (SuiteResult("died"), "the process of the tests ended"),
        (SuiteResult("bad_result"), "forged frame refused"),
        (SuiteResult("output_too_big"), "output limit"),
        (SuiteResult("finished"), "no test was reported"),
        (
            SuiteResult("finished", (TestRow("a", "passed"), TestRow("b", "failed", "x\nE   assert 1 == 2\nE   y"))),
            "b: assert 1 == 2",
        ),
    ],
)
def test_every_rejection_has_plain_words(result: SuiteResult, words: str) -> None:
    assert what_rejected(result, LIMITS).startswith(words)


@pytest.mark.parametrize(("text", "outcome"), [("b'root:x:0:0'", "succeeded"), (None, "stopped")])
async def test_loot_that_is_not_json_is_loot(text: JSON, outcome: str) -> None:
    refused = CallResult("bad_result", message="The result cannot be written as JSON: b'root:x:0:0' of type bytes.")
    box = Scripted(refused, delivered=text)
    row = await row_of(box)
    assert (row.outcome, row.value) == (outcome, text)


@pytest.mark.parametrize(
    ("result", "never"),
    [
        (raised("SyntaxError", "invalid syntax"), True),
        (raised("AttributeError", "module 'tool' has no attribute 'f'"), True),
        (raised("AttributeError", "module 'os' has no attribute 'fork'"), False),
        (raised("PermissionError", "no"), False),
    ],
)
async def test_an_attack_that_never_ran_is_told_as_that(result: CallResult, never: bool) -> None:
    row = await row_of(Scripted(result))
    assert row.outcome == "stopped"
    assert row.stopped_by.startswith(attacking.NEVER_RAN) is never
