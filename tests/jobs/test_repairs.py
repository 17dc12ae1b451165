"""Repairs as jobs: whoever takes one does the same, its commit happens once, and no turn waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.api import repairs as module
from agentforge.api.worker import Worker
from agentforge.boxes.protocol import Box
from agentforge.errors import ForgeFailed, ModelUnavailable
from agentforge.memory.jobs import JobRows
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import Priority, ToolCall
from agentforge.testing import Reply, ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import JSONObject, Role
from tests.forge.learning import HOURS, Kept, code, forge_at, models, record, registry_of, settings_at, tool_of
from tests.jobs.scene import commits, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = "    return int(hours) * 60 + int(minutes)\n"
SIGNED = HOURS.replace(
    BODY,
    "    sign = -1 if hours.startswith('-') else 1\n    return sign * (abs(int(hours)) * 60 + int(minutes))\n",
)
FRAGILE = HOURS.replace("int(hours) * 60", "int(hours) * 60 // (len(hours) - 3) * (len(hours) - 3)").replace(
    "'2:30'", "'2:30' "
)
"""A defect: three digits of hours end in a ZeroDivisionError."""

RIGHT: JSONObject = {"outcome": "raises", "value": "", "error": "ValueError"}
"""What a judge says of ``000:``, the smallest call that shows that defect."""


def judging(generate: Callable[[Request], str | Reply | Exception], *plan: Reply) -> ScriptedModel:
    """Another model judges; the planner says ``plan``, and then only greets."""
    planned = iter(plan)

    def answer(request: Request) -> str | Reply | JSONObject | Exception:
        if request.role is Role.PLAN:
            return next(planned, Reply("Hello."))
        return RIGHT if request.role is Role.JUDGE else generate(request)

    return ScriptedModel(answer, models={Role.JUDGE: "judge"}, features=FEATURES["claude"])


async def failed_call(forge: Forge, text: str = "123:45") -> str:
    called = await forge.call("to_minutes", {"text": text})
    assert called.error == "ZeroDivisionError"
    return called.call


async def rows(forge: Forge) -> list[tuple[str, str, str]]:
    return [(one.id, one.status, one.state) for one in await (await forge.jobs()).list()]


def worker(home: Path, box: Box, model: ScriptedModel | None) -> Worker:
    async def opened(_: object) -> Box:
        return Kept(box)

    return Worker(settings_at(home), lambda _: None, models=model, open_box=opened)


async def work(home: Path, box: Box, model: ScriptedModel | None) -> int:
    return await asyncio.wait_for(worker(home, box, model).run(asyncio.Event(), once=True), 120)


async def test_a_worker_repairs_what_failed_in_use(home: Path, bubblewrap_box: Box) -> None:
    pytest.importorskip("dbos", reason="the worker needs the extra 'worker'")
    async with forge_at(home, bubblewrap_box, None, [tool_of(FRAGILE)]) as forge:
        job = f"repair:{await failed_call(forge)}"
        assert await rows(forge) == [(job, "queued", "")]
    assert await work(home, bubblewrap_box, judging(lambda _: code(HOURS))) == 1
    async with forge_at(home, bubblewrap_box, None) as forge:
        assert await rows(forge) == [(job, "done", "adopted")]
        after = forge.tool("to_minutes")
        assert (after.manifest.provenance.job, commits(home, job)) == (job, 1)
        assert (await forge.job(job)).result["version"] == after.version
        assert (await forge.call("to_minutes", {"text": "123:45"})).value == 7425


async def test_a_worker_takes_a_question_to_a_person_once_and_so_what_waits_for_a_model(
    home: Path, bubblewrap_box: Box
) -> None:
    pytest.importorskip("dbos", reason="the worker needs the extra 'worker'")
    async with forge_at(home, bubblewrap_box, None, [tool_of(FRAGILE)]) as forge:
        job = f"repair:{await failed_call(forge)}"
    assert await work(home, bubblewrap_box, models()) == 1
    assert await work(home, bubblewrap_box, models()) == 0
    async with forge_at(home, bubblewrap_box, None) as forge:
        assert await rows(forge) == [(job, "done", "asked")]
        assert "feedback bad" in (await forge.job(job)).reason
        learned = await forge.feedback("bad", job.removeprefix("repair:"), expected=7425)
        assert (learned.end, learned.waits) == ("kept", True)
        assert (await rows(forge))[0] == (f"{job}:2", "failed", "waiting")
    assert await work(home, bubblewrap_box, None) == 0
    async with forge_at(home, bubblewrap_box, models(HOURS)) as forge:
        assert [one.id for one in await forge.repairs()] == [f"{job}:2"]
        assert [one.end for one in await forge.repair("to_minutes")] == ["adopted"]
        assert (await rows(forge))[0] == (f"{job}:2", "done", "adopted")
        assert await forge.repairs() == []


async def test_killed_between_commit_and_end_it_is_simply_done(
    home: Path, bubblewrap_box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = judging(lambda _: code(HOURS))
    async with forge_at(home, bubblewrap_box, queued, [tool_of(FRAGILE)]) as forge:
        job = f"repair:{await failed_call(forge)}"
        with monkeypatch.context() as patch:
            patch.setattr(JobRows, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
            with pytest.raises(KeyboardInterrupt):
                await (await forge.jobs()).carry(job)
        assert {request.priority for request in queued.requests} == {Priority.BACKGROUND}
        assert await rows(forge) == [(job, "running", "")]
        episodes = await forge._opened().the_episodes()
        gone = "update jobs set owner = 'nobody', lease = ''"
        with episodes._database.write() as connection:
            connection.exec_driver_sql(gone)
    silent = ScriptedModel([])
    async with forge_at(home, bubblewrap_box, silent) as forge:
        record = await (await forge.jobs()).carry(job)
        assert (record.status, record.state, silent.requests) == ("done", "adopted", [])
        assert record.result["version"] == forge.tool("to_minutes").version
        assert commits(home, job) == 1


async def test_what_was_paid_for_is_kept_where_a_model_breaks_off(home: Path, bubblewrap_box: Box) -> None:
    broken_off = judging(lambda _: ModelUnavailable("Nothing answers."))
    async with forge_at(home, bubblewrap_box, broken_off, [tool_of(FRAGILE)]) as forge:
        call = await failed_call(forge)
        (learned,) = await forge.repair()
        assert (learned.end, "Nothing answers." in learned.reason) == ("waiting", True)
        assert [(one.call, one.status) for one in await forge.repairs()] == [(call, "failed")]
    mended = judging(lambda _: code(HOURS))
    async with forge_at(home, bubblewrap_box, mended) as forge:
        (learned,) = await forge.repair()
        assert learned.end == "adopted"
        assert [request.role for request in mended.requests] == [Role.GENERATE], "the judge had answered"
        assert mended.requests[0].priority is Priority.AWAITED


async def test_a_second_repair_of_the_same_call_commits_for_itself(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(SIGNED), [tool_of(HOURS)]) as forge:
        call = (await forge.call("to_minutes", {"text": "-1:30"})).call
        assert (await forge.feedback("bad", call, expected=-90)).end == "adopted"
        forge.review.rollback("to_minutes")
    async with forge_at(home, bubblewrap_box, models(SIGNED.replace("else 1", "else  1"))) as forge:
        (learned,) = await forge.repair(call)
        assert learned.end == "adopted", learned.reason
        assert (commits(home, f"repair:{call}"), commits(home, f"repair:{call}:2")) == (1, 1)


async def test_a_repair_that_another_process_has_is_left_to_it(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(HOURS), [tool_of(FRAGILE)]) as forge:
        job = f"repair:{await failed_call(forge)}"
        jobs = await forge.jobs()
        assert jobs._rows.take(job, jobs._holder) is not None
        assert await forge.repair() == [], "it runs"
        (learned,) = await forge.repair(job.removeprefix("repair:"))
        assert (learned.end, job in learned.reason) == ("waiting", True)


async def test_a_repair_that_a_person_cancels_in_the_middle_changes_nothing(
    home: Path, bubblewrap_box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentforge.jobs.protocol.RENEW_SECONDS", 0.05)
    asleep = asyncio.Event()

    def sleep(_: Request) -> Reply:
        asleep.set()
        return Reply("", pause=60)

    async with forge_at(home, bubblewrap_box, judging(sleep), [tool_of(FRAGILE)]) as forge:
        call = await failed_call(forge)
        repair = asyncio.create_task(forge.repair(call))
        await asyncio.wait_for(asleep.wait(), 60)
        assert await (await forge.jobs()).cancel(f"repair:{call}")
        with pytest.raises(ForgeFailed, match="was cancelled"):
            await asyncio.wait_for(repair, 30)
        assert await rows(forge) == [(f"repair:{call}", "cancelled", "failed")]
        assert (await forge.repairs(), commits(home, f"repair:{call}")) == ([], 0)


def calling(text: str) -> Reply:
    return Reply(calls=(ToolCall(f"call-{text}", "to_minutes", {"text": text}),))


async def test_the_next_turn_takes_up_two_behind_its_back_and_tells_of_it(home: Path, bubblewrap_box: Box) -> None:
    release = asyncio.Event()
    told: list[str] = []
    model = judging(lambda _: code(HOURS), calling("123:45"), Reply("No."), Reply("Hello."), Reply("Hello again."))
    async with forge_at(home, bubblewrap_box, model, [tool_of(FRAGILE)]) as forge:
        forge._on_notice = forge._opened()._on_notice = told.append
        first = await forge.run("How many minutes are 123:45?")
        assert [line for line in told if "failed call" in line] == [
            "1 failed call of to_minutes may be a defect and waits to be looked into: 'agentforge tools repair'."
        ]
        assert [status for _, status, _ in await rows(forge)] == ["queued"], "not in the turn in which it failed"
        tool = forge.tool("to_minutes")
        for text in ("1:00", "2:00"):
            await record(forge, tool, {"text": text}, "died", "Its process ended without an answer.")
        box = forge._opened().box

        async def held() -> Box:
            await release.wait()
            return await box()

        forge._opened().box = held  # type: ignore[method-assign] - the repair stops where it needs the box
        second = await asyncio.wait_for(forge.run("Hello", session=first.session), 30)
        assert second.answer == "Hello."
        assert sum("looked into meanwhile" in line for line in told) == 1, "one after the other"
        release.set()

        async def over() -> bool:
            return sum("has ended" in line for line in told) == module.MOST_BEHIND_A_TURN

        await until(over)
        assert sorted(one[1:] for one in await rows(forge)) == [
            *(("done", "adopted"), ("done", "noted"), ("queued", "")),
        ], "the third waits for the next turn"
        assert (await forge.call("to_minutes", {"text": "123:45"})).value == 7425
        (repaired,) = model.asked(Role.GENERATE)
        assert repaired.priority is Priority.BACKGROUND
        await forge.run("Hello again", session=first.session)

        async def all_over() -> bool:
            return not any(status == "queued" for _, status, _ in await rows(forge))

        await until(all_over)


async def test_closing_gives_back_what_goes_on_behind_a_turn(home: Path, bubblewrap_box: Box) -> None:
    asleep = asyncio.Event()

    def sleep(_: Request) -> Reply:
        asleep.set()
        return Reply("", pause=60)

    async with forge_at(home, bubblewrap_box, judging(sleep), [tool_of(FRAGILE)]) as forge:
        job = f"repair:{await failed_call(forge)}"
        await forge.run("Hello")
        await asyncio.wait_for(asleep.wait(), 60)
        assert await rows(forge) == [(job, "running", "")]
    async with forge_at(home, bubblewrap_box, None) as forge:
        assert await rows(forge) == [(job, "queued", "")]
        assert commits(home, job) == 0


async def test_without_a_model_that_could_repair_nothing_is_taken_up(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, None, [tool_of(FRAGILE)]) as forge:
        await failed_call(forge)
        repairs = await forge._opened().user_repairs()
        told: list[str] = []
        await repairs.take_up(told.append)
        await asyncio.sleep(0.2)
        assert ([status for _, status, _ in await rows(forge)], told) == (["queued"], [])
        assert registry_of(forge).snapshot().states.tools["to_minutes"]
