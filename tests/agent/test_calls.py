"""Calls that tools and scripts make of tools with rights of their own: who may, with what, and what is told.

On real boxes: ``tests/conformance/test_calls.py``.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentforge.agent import toolbox
from agentforge.agent.calls import Caller
from agentforge.agent.dispatch import call_tool, run_code
from agentforge.agent.turn import Turn
from agentforge.boxes.asks import Refused
from agentforge.boxes.observed import Observed, Request
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock, Locked
from agentforge.boxes.protocol import CallResult, Grant, Limits
from agentforge.errors import SandboxBusy, SandboxError, ToolInvalid
from agentforge.registry.packages import commit_lock
from agentforge.registry.tool import Tool
from agentforge.testing.box import FakeBox, Run, raised, returned
from agentforge.types import Capabilities, State

from .conftest import Scene, make_tool

ONE = {"positional": ["IX"], "named": {}}


def tool(name: str, capabilities: Capabilities, imports: str = "") -> Tool:
    head = f"from toolbox import {imports}\n" if imports else ""
    source = f'{head}def {name}(text: str, times: int = 1) -> str:\n    """It."""\n    return text\n'
    made = make_tool(name, "(text: str, times: int = 1) -> str", "It.", source)
    depends = tuple(imports.split(", ")) if imports else ()
    manifest = made.manifest.model_copy(update={"capabilities": capabilities, "depends": depends})
    return Tool(manifest, source, made.tests)


class Silent:
    def called(self, call: Any) -> None: ...

    async def reaching(self, tool: Tool) -> None: ...

    async def returned(self, call: Any, result: CallResult, refused: str = "") -> None: ...


async def granted_to(scene: Scene, name: str) -> Grant:
    """What a run of the tool was granted."""
    caller = Caller(scene.box, scene.layers, {}, Limits(), Silent())
    await caller.call(*scene.layers.pinned(name), {"text": "x"})
    return scene.box.runs[-1].grant


@pytest.fixture
def shop(scene: Scene) -> Scene:
    """Tools: ``fetches`` has a host, ``uses`` imports it, ``reads`` and ``writes`` have files."""
    for made in (
        tool("fetches", Capabilities(hosts=("api.example.com",))),
        tool("reads", Capabilities(files=("read prices.csv", "write out.csv"))),
        tool("writes", Capabilities(files=("write out.csv",))),
        tool("uses", Capabilities(), "fetches, reads, writes"),
        tool("chain", Capabilities(clock=True), "uses"),
    ):
        scene.add(made)
    scene.box = FakeBox(calls=lambda run: returned(run.entry))
    return scene


async def test_a_right_goes_to_the_tool_that_declares_it_and_to_no_other(shop: Scene) -> None:
    assert (await granted_to(shop, "fetches")).asks.keys() == {"fetch"}
    grant = await granted_to(shop, "uses")
    assert grant.asks.keys() == {"fetches", "reads", "writes"}
    assert await grant.asks["fetches"](ONE) == "fetches"
    run: Run = shop.box.runs[-1]
    assert (run.entry, run.args, run.depth, run.grant.asks.keys()) == ("fetches", {"text": "IX"}, 1, {"fetch"})


async def test_what_a_pure_tool_imports_is_asked_for_by_the_process_it_runs_in(shop: Scene) -> None:
    grant = await granted_to(shop, "chain")
    assert shop.box.runs[-1].toolbox.keys() == {"uses"}
    assert grant.asks.keys() == {"fetches", "reads", "writes"}
    assert grant.clock


async def test_one_that_needs_files_is_refused_and_one_that_only_leaves_some_is_not(shop: Scene) -> None:
    asks = (await granted_to(shop, "uses")).asks
    with pytest.raises(Refused, match=r"reads was not called: it reads prices\.csv, which only a direct call"):
        await asks["reads"](ONE)
    assert await asks["writes"](ONE) == "writes"


async def test_one_that_was_set_aside_meanwhile_is_refused(shop: Scene) -> None:
    asks = (await granted_to(shop, "uses")).asks
    shop.registry.set_state("fetches", State.QUARANTINED)
    with pytest.raises(Refused, match="no live tool named 'fetches'"):
        await asks["fetches"](ONE)
    assert len(shop.box.runs) == 1


@pytest.mark.parametrize(
    "stated", [{}, {"positional": "IX", "named": {}}, {"positional": [], "named": {}, "grant": {"clock": True}}]
)
async def test_a_question_of_another_form_is_refused(shop: Scene, stated: Any) -> None:
    with pytest.raises(Refused, match="no known form"):
        await (await granted_to(shop, "uses")).asks["fetches"](stated)


async def test_no_box_to_be_had_is_told_to_the_caller_and_a_broken_one_is_not_its_business(shop: Scene) -> None:
    asks = (await granted_to(shop, "uses")).asks

    def fail(error: Exception) -> Any:
        def answer(_: Run) -> CallResult:
            raise error

        return answer

    shop.box._calls = fail(SandboxBusy("All 1 boxes are in use."))
    with pytest.raises(Refused, match="fetches could not be called: All 1 boxes are in use") as refused:
        await asks["fetches"](ONE)
    assert refused.value.kind == "failed"
    shop.box._calls = fail(SandboxError("The daemon is gone."))
    with pytest.raises(SandboxError, match="daemon"):
        await asks["fetches"](ONE)


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (raised("ValueError", "no"), "ValueError"),
        (raised("Odd", "no"), "RuntimeError"),
        (raised("SystemExit", "1"), "RuntimeError"),
        (CallResult("timed_out"), "TimeoutError"),
        (CallResult("died"), "OSError"),
    ],
)
async def test_only_a_builtin_exception_is_named(shop: Scene, result: CallResult, error: str) -> None:
    asks = (await granted_to(shop, "uses")).asks
    shop.box._calls = lambda _: result
    with pytest.raises(Refused) as refused:
        await asks["fetches"](ONE)
    assert (refused.value.kind, refused.value.error) == ("raised", error)


SIX = Lock((Locked("six", "1.0", ("a" * 64,)),))


@pytest.fixture
def packaged(shop: Scene) -> Scene:
    """One more tool, ``packs``, that imports a package, and ``wraps``, which imports ``packs``."""
    commit_lock(shop.registry.store, SIX, subject="Lock packages")
    shop.add(tool("packs", Capabilities(packages=("six",))))
    shop.add(tool("wraps", Capabilities(), "packs"))
    return shop


async def test_packages_go_to_the_tool_that_declares_them_and_not_to_its_caller(packaged: Scene) -> None:
    assert (await granted_to(packaged, "packs")).packages == SIX.digest
    grant = await granted_to(packaged, "wraps")
    assert (grant.packages, grant.asks.keys()) == ("", {"packs"})
    assert packaged.box.runs[-1].toolbox == {}
    assert await grant.asks["packs"](ONE) == "packs"
    run: Run = packaged.box.runs[-1]
    assert (run.entry, run.depth, run.grant) == ("packs", 1, Grant(packages=SIX.digest))


async def test_a_package_that_is_locked_no_more_is_a_refusal_that_is_written_down(packaged: Scene) -> None:
    asks = (await granted_to(packaged, "wraps")).asks
    commit_lock(packaged.registry.store, NO_PACKAGES, subject="Lock nothing")
    runs = len(packaged.box.runs)
    with pytest.raises(Refused, match=r"packs was not called: .*agentforge packages lock six"):
        await asks["packs"](ONE)
    with pytest.raises(ToolInvalid, match="agentforge packages lock six"):
        await granted_to(packaged, "packs")
    packaged.script("unused")
    turn = await _turn(packaged, lambda kind, data: None)
    result = await call_tool(turn, await toolbox.find(packaged.parts, "packs"), {"text": "x"})
    assert not result.ok
    assert [(row.tool, row.status) for row in packaged.episodes.load(turn.session).calls] == [("packs", "refused")]
    assert len(packaged.box.runs) == runs


class AskingBox(FakeBox):
    """Runs no script: asks for the tool ``fetches`` instead."""

    async def run(self, code: str, *, grant: Grant, **rest: Any) -> CallResult:
        del code, rest
        try:
            return returned(await grant.asks["fetches"]({"positional": ["IX"], "named": {"times": 2}}))
        except Refused as refused:
            return raised(refused.error, refused.message)


async def test_a_turn_tells_of_such_a_call_and_writes_its_row(shop: Scene) -> None:
    shop.box = AskingBox(lambda run: returned("nine") if run.args["times"] == 2 else raised("ValueError"))
    shop.script("unused")
    told: list[tuple[str, dict[str, Any]]] = []
    turn = await _turn(shop, lambda kind, data: told.append((kind, data)))
    result = await run_code(turn, "from toolbox import fetches\nfetches('IX', times=2)")
    assert result.value == "nine"
    assert [(kind, data["tool"], data.get("by")) for kind, data in told] == [
        ("tool_called", "run_python", None),
        ("tool_called", "fetches", "run_python"),
        ("tool_returned", "fetches", None),
        ("tool_returned", "run_python", None),
    ]
    rows = shop.episodes.load(turn.session).calls
    assert [(row.tool, row.args, row.value) for row in rows if row.tool == "fetches"] == [
        ("fetches", {"text": "IX", "times": 2}, "nine")
    ]
    assert rows[0].version == shop.layers.find("fetches").version
    assert turn.tools_used == ["fetches"]
    assert turn.tainted
    assert [one.ref for one in shop.episodes.load(turn.session).sources] == ["api.example.com"]


class FetchingBox(FakeBox):
    """Where a tool may fetch, it fetches from a host that nobody declared; then it answers, or stays for ever."""

    stays = False

    def __init__(self, *answers: Any) -> None:
        super().__init__(*answers)
        self.asked = asyncio.Event()

    async def call(self, source: str, entry: str, args: Any, *, grant: Grant, **rest: Any) -> CallResult:
        if "fetch" in grant.asks:
            with pytest.raises(Refused):
                await grant.asks["fetch"]({"url": "https://other.example/?q=private"})
        self.asked.set()
        if self.stays:
            await asyncio.Event().wait()
        return await super().call(source, entry, args, grant=grant, **rest)


ELSEWHERE = Observed({Request("GET", "other.example", "refused"): 1})


async def test_a_row_tells_what_its_call_was_seen_to_reach_and_no_event_does(shop: Scene) -> None:
    shop.box = FetchingBox(lambda run: returned(run.entry))
    shop.script("unused")
    told: list[Any] = []
    turn = await _turn(shop, lambda kind, data: told.append(data))
    for name in ("fetches", "uses", "writes"):
        await call_tool(turn, await toolbox.find(shop.parts, name), {"text": "x"})
    seen = {row.tool: row.observed for row in shop.episodes.load(turn.session).calls}
    assert seen == {"fetches": ELSEWHERE, "uses": None, "writes": Observed()}
    assert "other.example" not in str(told)


async def test_what_a_call_reached_before_its_caller_ended_is_told_as_well(shop: Scene) -> None:
    told: list[CallResult] = []

    class Told(Silent):
        async def returned(self, call: Any, result: CallResult, refused: str = "") -> None:
            told.append(result)

    box = FetchingBox()
    box.stays = True
    asks = Caller(box, shop.layers, {}, Limits(), Told())._asks(shop.layers.pinned("uses")[1], "uses", 0)
    nested = asyncio.ensure_future(asks["fetches"](ONE))
    await box.asked.wait()
    nested.cancel()
    with pytest.raises(asyncio.CancelledError):
        await nested
    assert [(result.status, result.observed) for result in told] == [("timed_out", ELSEWHERE)]


async def test_a_call_that_is_cancelled_in_a_turn_leaves_its_row(shop: Scene) -> None:
    shop.box = box = FetchingBox()
    box.stays = True
    turn = await _turn(shop, lambda *_: None)
    calling = asyncio.ensure_future(call_tool(turn, await toolbox.find(shop.parts, "fetches"), {"text": "x"}))
    await box.asked.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert [(row.status, row.observed) for row in shop.episodes.load(turn.session).calls] == [("timed_out", ELSEWHERE)]


async def _turn(scene: Scene, emit: Any) -> Turn:
    session = scene.episodes.start("test")
    return Turn(scene.parts, session, 1, "", (), False, emit)
