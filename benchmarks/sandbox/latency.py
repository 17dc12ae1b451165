"""One call, one suite: paced and back to back, against everything else that could run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from agentforge.boxes.protocol import Box
from agentforge.errors import SandboxError
from agentforge.settings import SandboxSettings
from benchmarks.form import progress
from benchmarks.sandbox.bare import Bare
from benchmarks.sandbox.containers import Containers, containers
from benchmarks.sandbox.ours import call_of, suite_of
from benchmarks.sandbox.peers.line import peer
from benchmarks.sandbox.peers.setup import PEERS
from benchmarks.sandbox.plan import Plan
from benchmarks.sandbox.rounds import Contestant, Field, Times, back_to_back, paced, timed_blocking
from benchmarks.sandbox.work import WrongAnswerError

BARE, OURS, REUSE = "bare", "box", "reuse"
BUBBLEWRAP, EXEC, RUN = "bubblewrap", "docker exec", "docker run"


@dataclass
class Opponents:
    """What can take part on this machine, and why the others cannot."""

    calls: dict[str, Contestant] = field(default_factory=dict[str, Contestant])
    suites: dict[str, Contestant] = field(default_factory=dict[str, Contestant])
    missing: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    async def enter(cls, stack: AsyncExitStack, bare: Bare, settings: SandboxSettings, plan: Plan) -> Opponents:
        """All of them started and tried once; ``stack`` ends them."""
        found = cls({BARE: Contestant(timed_blocking(bare.call))}, {BARE: Contestant(timed_blocking(bare.suite))})
        found._try(BUBBLEWRAP, bare.call_in_bubblewrap)
        try:
            plain = stack.enter_context(containers(settings))
        except SandboxError as error:
            found._miss(f"{EXEC}, {RUN}", error)
        else:
            found._add_docker(plain, plan)
        for name in PEERS:
            try:
                once = await stack.enter_async_context(peer(name))
            except SandboxError as error:
                found._miss(name, error)
            else:
                found.calls[name] = Contestant(once, plan.every, optional=True)
        return found

    def _add_docker(self, plain: Containers, plan: Plan) -> None:
        self._try(EXEC, plain.exec_call, plan.every)
        self._try(RUN, plain.run_call, plan.every)
        self.suites[RUN] = Contestant(timed_blocking(plain.run_suite), plan.every, optional=True)

    def _try(self, name: str, work: Callable[[], None], every: int = 1) -> None:
        try:
            work()
        except (SandboxError, WrongAnswerError) as error:
            self._miss(name, error)
        else:
            self.calls[name] = Contestant(timed_blocking(work), every, optional=True)

    def _miss(self, name: str, error: Exception) -> None:
        self.missing[name] = str(error)
        progress(f"Not compared with {name}: {error}")


@dataclass(frozen=True)
class Latencies:
    """Who took how long."""

    call: Mapping[str, Times]
    call_back_to_back: Mapping[str, Times]
    suite: Mapping[str, Times]
    suite_back_to_back: Mapping[str, Times]

    def figures(self) -> dict[str, Any]:
        """Ratios of medians to the bare process of the same rounds; the 95th percentile is also set against
        its median, which is the smaller one.
        """
        return {
            "call_p50_ratio": _ratio(self.call, OURS),
            "call_p95_ratio": _share(self.call[OURS].p95, self.call[BARE].p50),
            "call_p95_to_p95_ratio": _share(self.call[OURS].p95, self.call[BARE].p95),
            "reuse_p50_ratio": _ratio(self.call, REUSE),
            "suite_p50_ratio": _ratio(self.suite, OURS),
            "back_to_back_p50_ratio": _ratio(self.call_back_to_back, OURS),
            "reuse_back_to_back_p50_ratio": _ratio(self.call_back_to_back, REUSE),
            "suite_back_to_back_p50_ratio": _ratio(self.suite_back_to_back, OURS),
            "bubblewrap": _ratio(self.call, BUBBLEWRAP),
            "docker_exec": _ratio(self.call, EXEC),
            "docker_run": _ratio(self.call, RUN),
            "suite_docker_run": _ratio(self.suite, RUN),
            **{f"vs_{name.replace('-', '_')}": self._times_faster(name) for name in PEERS},
        }

    def milliseconds(self) -> dict[str, dict[str, dict[str, float]]]:
        """Kind of measurement → who → median, 95th percentile and number of runs."""
        return {
            kind: {who: times.figures() for who, times in taken.items()}
            for kind, taken in (
                ("call", self.call),
                ("call back to back", self.call_back_to_back),
                ("suite", self.suite),
                ("suite back to back", self.suite_back_to_back),
            )
        }

    def _times_faster(self, name: str) -> float | None:
        found = self.call.get(name)
        return round(found.p50 / self.call[OURS].p50, 1) if found else None


async def latencies(box: Box, reuse: Box | None, opponents: Opponents, plan: Plan) -> Latencies:
    """Everything, interleaved with the bare process of each."""
    bare_call, bare_suite = opponents.calls[BARE], opponents.suites[BARE]
    boxes: Field = {OURS: Contestant(call_of(box))} | ({REUSE: Contestant(call_of(reuse))} if reuse else {})
    suite = {OURS: Contestant(suite_of(box))}
    burst, uncounted = plan.burst, plan.uncounted
    return Latencies(
        await paced("calls", {**opponents.calls, **boxes}, plan.rounds),
        await back_to_back(
            "calls back to back", {BARE: bare_call, **boxes}, plan.burst_rounds, burst=burst, uncounted=uncounted
        ),
        await paced("suites", {**opponents.suites, **suite}, plan.suite_rounds),
        await back_to_back(
            "suites back to back", {BARE: bare_suite, **suite}, plan.suite_burst_rounds, burst=5, uncounted=uncounted
        ),
    )


def _ratio(taken: Mapping[str, Times], who: str) -> float | None:
    return _share(taken[who].p50, taken[BARE].p50) if who in taken else None


def _share(value: float, of: float) -> float:
    return round(value / of, 4)
