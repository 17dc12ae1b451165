"""What every launcher gives: a :class:`Box` in which code that a model wrote may run.

Everything a box returns is a *result* (a value of a closed vocabulary), never an exception: what
the code did is the model's business. :class:`~agentforge.errors.SandboxError` means that the box
itself failed. The host never imports generated code, never unpickles, and treats every string that
comes out of a box as hostile text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Literal, Protocol, Self, TypeAlias

from agentforge.boxes.asks import Asks
from agentforge.boxes.observed import Observed
from agentforge.types import JSON, JSONObject

CallStatus: TypeAlias = Literal[
    "returned",  # value holds the result
    "raised",  # error and message hold the exception's name and text, both hostile text
    "timed_out",  # the wall clock ran out and the process tree was killed
    "died",  # the process ended without an answer (killed, os._exit, out of memory)
    "result_too_big",
    "output_too_big",
    "bad_result",  # not JSON (a set, NaN, too deep …), a malformed frame, or files that are none
]

SuiteStatus: TypeAlias = Literal["finished", "timed_out", "died", "output_too_big", "bad_result"]

Toolbox: TypeAlias = Mapping[str, str]
"""Tool name → source: the import closure sent with a run, importable as ``from toolbox import NAME``."""

NO_TOOLBOX: Toolbox = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run, enforced on the host as well as in the box.

    The box learns of ``seconds`` only where a run takes longer than some milliseconds. A host that stands still
    in just these (stopped, not dead) lets the run go on until it goes on itself; its processor time stays bounded.

    ``file_bytes`` bounds the files that go in, and again those that come out, each all together.
    """

    seconds: float = 5.0
    result_bytes: int = 1 << 20
    output_bytes: int = 64 << 10
    file_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Grant:
    """What one run may reach beyond its arguments: a tool's capabilities, made good for this run.

    Without ``clock`` and ``randomness`` it sees a fixed time and fixed chance (determinism, not
    isolation). ``inputs`` are files by name, read-only in the run's current folder; ``outputs`` the
    names of those that it may leave there; a name is one file's, without a folder. ``asks`` are the
    functions that the host answers, such as ``toolbox.fetch``. ``packages`` is the digest of a locked
    set that it can import from, tests of a suite included; it runs in a cell that has this set.
    """

    clock: bool = False
    randomness: bool = False
    inputs: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    outputs: tuple[str, ...] = ()
    asks: Asks = field(default_factory=lambda: MappingProxyType({}))
    packages: str = ""


NOTHING = Grant()

SCRIPT = Grant(clock=True, randomness=True)
"""For code that is run once and kept nowhere: it asks what day it is because somebody wants to know."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """What one run of a tool or of a piece of code gave; ``files`` are the outputs that it left.

    ``call`` is the id under which the host wrote the call down, where it did, and ``observed`` what the host
    saw it reach; None where it was granted nothing whose use can be seen.
    """

    status: CallStatus
    value: JSON = None
    error: str = ""
    message: str = ""
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    files: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    call: str = ""
    observed: Observed | None = None

    @property
    def ok(self) -> bool:
        """Whether ``value`` is a result."""
        return self.status == "returned"


@dataclass(frozen=True, slots=True)
class TestRow:
    """The verdict on one test, computed on the host from what the *test* process reported."""

    __test__ = False

    name: str
    outcome: Literal["passed", "failed", "error", "skipped"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What one run of a pytest suite gave."""

    status: SuiteStatus
    rows: tuple[TestRow, ...] = ()
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Finished, at least one test passed, and nothing failed, errored or was skipped."""
        return self.status == "finished" and bool(self.rows) and all(row.outcome == "passed" for row in self.rows)


@dataclass(frozen=True, slots=True)
class BoxInfo:
    """Which isolation a box really gives; shown to people, never assumed."""

    launcher: Literal["docker", "bubblewrap", "fake"]
    tier: str
    transport: str
    image: str = ""
    notes: tuple[str, ...] = field(default=())


class Box(Protocol):
    """A warm sandbox of one user. Closing it removes everything it made."""

    @property
    def info(self) -> BoxInfo:
        """Which isolation it gives."""
        ...

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
        """Runs ``entry(**args)`` of the module ``source``: in a fresh process, or, in tier ``reuse`` and where
        nothing is granted, in one that this box keeps for this function.

        ``hash_seed`` as for :meth:`call_many`. ``depth`` is how many runs of this box wait for this one: it
        never waits for a process that one of them holds. Kept processes serve hash seed 0 and depth 0 only.
        """
        ...

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
        """:meth:`call` for each of ``many``, in order, each in a fresh process and pure but for ``packages``.

        ``packages`` is as in :class:`Grant`. ``hash_seed`` is that of the box's Python: a function whose
        answers differ between two of them depends on the order of a set.
        """
        ...

    async def run(
        self,
        code: str,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> CallResult:
        """Runs a script; ``value`` is that of its last expression (None where that is a statement)."""
        ...

    async def suite(
        self,
        source: str,
        tests: str,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> SuiteResult:
        """Runs the pytest file ``tests`` against the module ``source``, imported as ``tool``.

        Tests and tool live in separate processes: every call crosses as JSON, and only the test
        process holds the verdict channel. The tool alone may ask; files are not passed.
        """
        ...

    async def processes(self) -> int | None:
        """How many processes the box has on the host, idle ones included; None where that cannot be known.

        In tier ``reuse`` kept processes are not counted while they rest: each is one, and proved to be.
        """
        ...

    async def close(self) -> None:
        """Stops and removes the box; harmless when repeated."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
