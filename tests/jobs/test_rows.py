"""The rows of jobs as a state machine: whatever two processes and a person do, one holds a job, and it ends once."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agentforge.database.store import Database
from agentforge.jobs.journal import Journal
from agentforge.jobs.lease import free
from agentforge.jobs.protocol import LEASE_SECONDS, Ending, Holder, NewJob
from agentforge.memory.jobs import JobRows, waiting
from agentforge.types import JSON

PROCESSES = ("one", "two", "three")
JOB = "job1"
NUMBERS = itertools.count()
ENDINGS = st.sampled_from(
    [
        Ending("done", "It went well.", "live"),
        Ending("failed", "It was no good.", "failed"),
        Ending("failed", "It broke off.", "failed", keep_steps=True),
    ]
)


@cache
def opened() -> Database:
    """One database for all stories, since making it takes longest."""
    return Database.open("sqlite://")


class Jobs(RuleBasedStateMachine):
    """Our own picture of one job, moved along beside the real rows."""

    def __init__(self) -> None:
        super().__init__()
        self.database = opened()
        self.job = f"job{next(NUMBERS)}"
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.rows = JobRows(self.database, org="o", user="u", clock=lambda: self.now)
        self.dead: set[str] = set()
        self.status = "queued"
        self.owner = ""
        self.lease = self.now
        self.takes = 0
        self.crashes = 0
        self.steps: dict[str, JSON] = {}
        self.tickets: list[int] = []  # every take that somebody may still believe in

    @initialize()
    def begin(self) -> None:
        self.rows.create(NewJob(self.job, "forging", "double", {"form": 1}))

    def held_by(self, takes: int) -> bool:
        return self.status == "running" and takes == self.takes

    @rule(process=st.sampled_from(PROCESSES))
    def take(self, process: str) -> None:
        expected = self.status == "queued" or (
            self.status == "running" and (self.owner in self.dead or self.lease < self.now)
        )
        taken = self.rows.take(self.job, Holder(process, self.dead.__contains__))
        assert (taken is not None) == expected
        if taken is None:
            return
        self.crashes += self.status == "running"
        self.takes += 1
        self.status, self.owner = "running", process
        self.lease = self.now + timedelta(seconds=LEASE_SECONDS)
        self.dead.discard(process)
        self.tickets.append(self.takes)
        assert (taken.takes, taken.crashes, taken.status) == (self.takes, self.crashes, "running")

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        takes = data.draw(st.sampled_from(self.tickets))
        assert self.rows.renew(self.job, takes) == self.held_by(takes)
        if self.held_by(takes):
            self.lease = self.now + timedelta(seconds=LEASE_SECONDS)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), ending=ENDINGS)
    def finish(self, data: st.DataObject, ending: Ending) -> None:
        takes = data.draw(st.sampled_from(self.tickets))
        happened = takes == self.takes and self.status == "cancelled" and ending.status == "done"
        expected = self.held_by(takes) or happened
        assert self.rows.finish(self.job, takes, ending) == expected
        if expected:
            self.status, self.owner = ending.status, ""
            self.steps = self.steps if ending.keep_steps else {}

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        takes = data.draw(st.sampled_from(self.tickets))
        assert self.rows.release(self.job, takes) == self.held_by(takes)
        if self.held_by(takes):
            self.status, self.owner = "queued", ""

    @rule()
    def cancel(self) -> None:
        expected = self.status in ("queued", "running")
        assert self.rows.cancel(self.job) == expected
        self.status = "cancelled" if expected else self.status

    @rule()
    def retry(self) -> None:
        expected = self.status in ("failed", "cancelled")
        assert self.rows.retry(self.job) == expected
        if expected:
            self.status, self.crashes = "queued", 0

    @rule(process=st.sampled_from(PROCESSES))
    def die(self, process: str) -> None:
        self.dead.add(process)

    @rule(seconds=st.integers(1, 120))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(key=st.sampled_from("abc"), result=st.one_of(st.none(), st.integers(), st.text(max_size=3)))
    def keep(self, key: str, result: JSON) -> None:
        self.rows.keep(self.job, key, result)
        self.steps.setdefault(key, result)

    @invariant()
    def the_row_says_what_we_think(self) -> None:
        found = self.rows.get(self.job)
        if found is None:
            return
        assert (found.status, found.takes, found.crashes) == (self.status, self.takes, self.crashes)
        assert self.rows.steps(self.job) == self.steps
        holder = Holder("looker", self.dead.__contains__)
        takeable = free(
            found.status, found.owner, found.lease, self.now.isoformat(timespec="microseconds"), holder.gone
        )
        offered = [ticket.job for ticket in waiting(self.database, holder, lambda: self.now)]
        assert (self.job in offered) == takeable


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.fixture
def rows() -> JobRows:
    return JobRows(Database.open("sqlite://"), org="o", user="u", secrets=("hunter2-hunter2",))


def test_what_was_given_back_inline_is_taken_up_and_what_was_just_asked_for_is_not(rows: JobRows) -> None:
    holder = Holder("one", lambda label: False)
    rows.create(NewJob("fresh", "forging", "a", {}, via="inline"))
    rows.create(NewJob("left", "forging", "b", {}, via="inline"))
    rows.create(NewJob("queued", "forging", "c", {}, via="queue"))
    taken = rows.take("left", holder)
    assert taken is not None
    assert rows.release("left", taken.takes)
    assert [job.id for job in rows.unfinished("inline")] == ["left"]
    later = JobRows(rows._database, org="o", user="u", clock=lambda: datetime.now(UTC) + timedelta(minutes=5))
    assert [job.id for job in later.unfinished("inline")] == ["fresh", "left"], "its process died before it began"


def test_nothing_secret_is_written(rows: JobRows) -> None:
    rows.create(NewJob(JOB, "forging", "double", {"text": "it is hunter2-hunter2"}))
    rows.keep(JOB, "step", {"answer": "hunter2-hunter2"})
    taken = rows.take(JOB, Holder("one", lambda label: False))
    assert taken is not None
    rows.finish(
        JOB, taken.takes, Ending("failed", "said hunter2-hunter2", artefacts={"a": "hunter2-hunter2"}, keep_steps=True)
    )
    assert "hunter2" not in f"{rows.get(JOB)}{rows.steps(JOB)}"


async def test_a_step_runs_once_and_a_failed_one_again(rows: JobRows) -> None:
    rows.create(NewJob(JOB, "forging", "double", {}))
    ran: list[str] = []

    async def work() -> JSON:
        ran.append("x")
        if len(ran) == 1:
            raise RuntimeError
        return {"answer": len(ran)}

    journal = await Journal.open(rows, JOB)
    with pytest.raises(RuntimeError):
        await journal.step("a", work)
    assert [await journal.step("a", work) for _ in range(2)] == [{"answer": 2}] * 2
    assert await (await Journal.open(rows, JOB)).step("a", work) == {"answer": 2}
    assert await (await Journal.open(rows, JOB)).step("b", work) == {"answer": 3}
    assert len(ran) == 3
