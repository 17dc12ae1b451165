"""A box that runs nothing: it answers from a script and remembers what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Self, TypeAlias, TypeVar

from agentforge.boxes.protocol import (
    NO_TOOLBOX,
    NOTHING,
    BoxInfo,
    CallResult,
    Grant,
    Limits,
    SuiteResult,
    TestRow,
    Toolbox,
)
from agentforge.testing.script import ScriptExhausted
from agentforge.types import JSON, JSONObject

_NO_ARGS: JSONObject = {}


@dataclass(frozen=True, slots=True)
class Run:
    """One thing a box was asked to run."""

    kind: str  # "call", "run" or "suite"
    source: str
    entry: str = ""
    args: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType(_NO_ARGS))
    tests: str = ""
    toolbox: Toolbox = field(default_factory=lambda: NO_TOOLBOX)
    grant: Grant = NOTHING
    hash_seed: int = 0
    depth: int = 0


R = TypeVar("R")
Results: TypeAlias = Iterable[R] | Callable[[Run], R]


def returned(value: JSON, *, stdout: str = "") -> CallResult:
    """A call that gave ``value``."""
    return CallResult("returned", value, stdout=stdout)


def raised(error: str, message: str = "") -> CallResult:
    """A call that raised."""
    return CallResult("raised", error=error, message=message)


def suite(**outcomes: bool) -> SuiteResult:
    """A finished suite: test name → whether it passed."""
    rows = (TestRow(name, "passed" if passed else "failed") for name, passed in outcomes.items())
    return SuiteResult("finished", tuple(rows))


class FakeBox:
    """Implements :class:`~agentforge.boxes.protocol.Box`; isolates nothing since it runs nothing.

    For tests of what stands *above* boxes only. ``calls`` (also for ``run``) and ``suites`` are
    results in order, or functions from :class:`Run` to a result. ``runs`` holds all that was asked.
    """

    def __init__(self, calls: Results[CallResult] = (), suites: Results[SuiteResult] = ()) -> None:
        self._calls = _answers(calls)
        self._suites = _answers(suites)
        self.runs: list[Run] = []
        self.closed = False

    @property
    def info(self) -> BoxInfo:
        """Says openly that there is no isolation."""
        return BoxInfo("fake", tier="none", transport="none", notes=("Runs nothing; answers from a script.",))

    async def call(
        self,
        source: str,
        entry: str,
        args: JSONObject,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
        hash_seed: int = 0,
        depth: int = 0,
    ) -> CallResult:
        """The next scripted result."""
        del limits
        run = Run("call", source, entry, args, toolbox=toolbox, grant=grant, hash_seed=hash_seed, depth=depth)
        return self._do(run, self._calls)

    async def call_many(
        self,
        source: str,
        entry: str,
        many: Sequence[JSONObject],
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        hash_seed: int = 0,
        packages: str = "",
    ) -> list[CallResult]:
        """The next scripted results, one for each of ``many``."""
        grant = Grant(packages=packages)
        each = (
            self.call(source, entry, args, toolbox=toolbox, limits=limits, grant=grant, hash_seed=hash_seed)
            for args in many
        )
        return [await call for call in each]

    async def run(
        self,
        code: str,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> CallResult:
        """The next scripted result."""
        del limits
        return self._do(Run("run", code, toolbox=toolbox, grant=grant), self._calls)

    async def suite(
        self,
        source: str,
        tests: str,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> SuiteResult:
        """The next scripted suite."""
        del limits
        return self._do(Run("suite", source, tests=tests, toolbox=toolbox, grant=grant), self._suites)

    async def processes(self) -> int | None:
        """Cannot be known: there are none."""
        return None

    async def close(self) -> None:
        """Remembers that it was closed."""
        self.closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _do(self, run: Run, answers: Callable[[Run], R]) -> R:
        if self.closed:
            raise AssertionError("The box was used after it had been closed.")
        self.runs.append(run)
        return answers(run)


def _answers(results: Results[R]) -> Callable[[Run], R]:
    return results if callable(results) else _in_order(iter(results))


def _in_order(results: Iterator[R]) -> Callable[[Run], R]:
    def following(run: Run) -> R:
        for result in results:
            return result
        raise ScriptExhausted(f"The fake box has no result left for this {run.kind}.")

    return following
