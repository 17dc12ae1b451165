"""Tools that call tools with rights of their own: on every box, without leaks and without waiting for themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agentforge.agent.calls import MOST_DEEP, Called, Caller
from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.registry.contract import read_signature
from agentforge.registry.layers import BaseLayer, Closure, Layers
from agentforge.registry.manifest import Manifest
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, to_files
from agentforge.types import Capabilities

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = 1_577_880_000
"""What the fixed clock of a run without the capability says."""

CLOCK = Capabilities(clock=True)
TOOLS = {
    "now": (CLOCK, "import time", "n: int", "return int(time.time()) + n"),
    "sleepy": (CLOCK, "import time", "n: int", "time.sleep(n); return n"),
    "picky": (CLOCK, "", "n: int", "raise KeyError('no such number')"),
    "odd": (CLOCK, "class Odd(ValueError): pass", "n: int", "raise Odd('strange')"),
    "later": (Capabilities(), "from toolbox import now", "n: int", "return now(n)"),
    "spy": (Capabilities(), "import time\nfrom toolbox import now", "n: int", "now(0); return int(time.time())"),
    "waits": (Capabilities(), "from toolbox import sleepy", "n: int", "return sleepy(n=n)"),
    "down": (CLOCK, "from toolbox import down as again", "n: int", "return 0 if n == 0 else 1 + again(n - 1)"),
    "catches": (
        Capabilities(),
        "from toolbox import odd, picky",
        "n: int",
        "try:\n        (picky, odd)[n](1)\n    except Exception as error:\n"
        "        return [type(error).__name__, str(error)]",
    ),
}


@dataclass
class Told:
    """A ledger that remembers."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def called(self, call: Called) -> None:
        self.rows.append(("called", call.tool.name, call.by))

    async def returned(self, call: Called, result: CallResult, refused: str = "") -> None:
        self.rows.append(("refused" if refused else result.status, call.tool.name, call.by))


def make(name: str) -> Tool:
    capabilities, head, parameters, body = TOOLS[name]
    returns = "list[str]" if name == "catches" else "int"
    source = f'{head}\n\n\ndef {name}({parameters}) -> {returns}:\n    """It."""\n    {body}\n'
    signature = read_signature(source, name).text
    manifest = Manifest(name=name, summary="It.", signature=signature, capabilities=capabilities)
    return Tool(manifest, source, f"from tool import {name}\n")


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layers]:
    folder: Path = tmp_path_factory.mktemp("tools")
    for name in TOOLS:
        (folder / "base" / name).mkdir(parents=True)
        for file, contents in to_files(make(name)).items():
            (folder / "base" / name / file).write_bytes(contents)
    with Registry.create(folder / "me.git") as registry:
        yield Layers(registry, BaseLayer(folder / "base"))


def caller(box: Box, layers: Layers, seconds: float = 10.0) -> tuple[Caller, Told]:
    told = Told()
    return Caller(box, layers, {}, Limits(seconds), told), told


async def call(made: Caller, name: str, n: int) -> CallResult:
    tool, needs = made.layers.pinned(name)
    return await made.call(tool, needs, {"n": n})


async def test_a_tool_calls_another_one_with_a_right_that_it_does_not_get_itself(warm_box: Box, layers: Layers) -> None:
    made, told = caller(warm_box, layers)
    result = await call(made, "later", 0)
    assert result.ok, result
    assert abs(int(str(result.value)) - time.time()) < 60
    assert told.rows == [("called", "now", "later"), ("returned", "now", "later")]
    assert (await call(made, "spy", 0)).value == NOW


async def test_a_script_calls_it_by_position_and_by_name(warm_box: Box, layers: Layers) -> None:
    made, told = caller(warm_box, layers)
    code = "from toolbox import later, now\nnow(5) - now(n=0), later(0) > 1600000000"
    result = await made.run(code, made.layers.closure(["later", "now"]), "run_python")
    assert result.ok, result
    assert result.value in ([5, True], [4, True])
    assert [row[2] for row in told.rows if row[0] == "returned"] == ["run_python"] * 3


@pytest.mark.parametrize(
    ("which", "seen"),
    [(0, ["KeyError", "'no such number'"]), (1, ["RuntimeError", "odd: Odd: strange"])],
)
async def test_what_it_raises_is_raised_in_its_caller(
    warm_box: Box, layers: Layers, which: int, seen: list[str]
) -> None:
    made, told = caller(warm_box, layers)
    result = await call(made, "catches", which)
    assert result.value == ([seen[0], repr(seen[1])] if which == 0 else seen)
    assert told.rows[-1][0] == "raised"


async def test_wrong_arguments_never_reach_it(warm_box: Box, layers: Layers) -> None:
    made, told = caller(warm_box, layers)
    for wrong in ("now()", "now('5')", "now(1, 2)", "now(1, n=1)", "now(m=1)"):
        result = await made.run(f"from toolbox import now\n{wrong}", Closure(apart=("now",)), "run_python")
        assert (result.status, result.error) == ("raised", "TypeError"), wrong
        assert "now(n: int) -> int was not run" in result.message, wrong
        assert told.rows[-1][0] == "refused"


async def test_as_deep_as_allowed_and_no_deeper(warm_box: Box, layers: Layers) -> None:
    """Every level holds a process while the next one runs, on boxes that give one at a time as well."""
    made, _ = caller(warm_box, layers, seconds=60)
    assert (await call(made, "down", MOST_DEEP)).value == MOST_DEEP
    result = await call(made, "down", MOST_DEEP + 1)
    assert (result.status, result.error) == ("raised", "PermissionError")
    assert f"{MOST_DEEP} deep" in result.message


async def test_callers_that_hold_every_process_do_not_wait_for_each_other(warm_box: Box, layers: Layers) -> None:
    made, _ = caller(warm_box, layers, seconds=30)
    results = await asyncio.gather(*(call(made, "down", 2) for _ in range(6)))
    assert [result.value for result in results] == [2] * 6


async def test_it_ends_with_its_caller(warm_box: Box, layers: Layers) -> None:
    made, told = caller(warm_box, layers)
    assert (await call(made, "waits", 0)).value == 0  # whatever has to be started is there now
    brief, told = caller(warm_box, layers, seconds=0.5)
    began = time.monotonic()
    result = await call(brief, "waits", 30)
    assert result.status == "timed_out"
    assert time.monotonic() - began < 10
    assert told.rows[-1] == ("timed_out", "sleepy", "waits")
    assert (await call(made, "later", 0)).ok, "nothing stays taken"


async def test_it_ends_with_whoever_gives_up_waiting(warm_box: Box, layers: Layers) -> None:
    made, told = caller(warm_box, layers, seconds=60)
    waiting = asyncio.ensure_future(call(made, "waits", 50))
    while not told.rows:  # noqa: ASYNC110 - the ledger has no event
        await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert told.rows[-1] == ("timed_out", "sleepy", "waits")
    assert (await call(made, "later", 0)).ok
