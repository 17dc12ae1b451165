"""Rights by version, in every kind of box: whether a call sees the clock is told by the version that stands then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentforge.agent.calls import Caller
from agentforge.boxes.protocol import Box, Limits
from agentforge.registry import review
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, contents_of
from agentforge.types import Capabilities, JSONObject, State

from .test_calls import NOW, Told

pytestmark = pytest.mark.asyncio(loop_scope="module")


TESTS = "from tool import now\n\n\ndef test_it():\n    assert now(0) > 0\n"


def clock_reader(*, granted: bool, parent: str = "") -> Tool:
    source = (
        'import email.utils\n\n\ndef now(n: int) -> int:\n    """It."""\n'
        "    return int(email.utils.mktime_tz(email.utils.parsedate_tz(email.utils.formatdate()))) + n\n"
    )
    manifest = Manifest(
        name="now",
        summary="It.",
        signature="(n: int) -> int",
        capabilities=Capabilities(clock=granted),
        provenance=Provenance(parent=parent),
    )
    report: JSONObject = {"contents": contents_of(source, TESTS), "gates": [{"gate": "fuzz", "verdict": "passed"}]}
    return Tool(manifest, source, TESTS, report=report)


@pytest.fixture
def layers(tmp_path: Path) -> Iterator[Layers]:
    (tmp_path / "base").mkdir()
    with Registry.create(tmp_path / "me.git") as registry:
        yield Layers(registry, BaseLayer(tmp_path / "base"))


async def test_the_same_code_sees_the_clock_in_the_versions_that_declare_it_only(warm_box: Box, layers: Layers) -> None:
    registry = layers.registry
    caller = Caller(warm_box, layers, {}, Limits(), Told())

    async def now() -> object:
        return (await caller.call(*layers.pinned("now"), {"n": 0})).value

    async def sees_the_clock() -> bool:
        value = await now()
        assert isinstance(value, int)
        assert value == NOW or abs(value - time.time()) < 60
        return value != NOW

    first = registry.add(clock_reader(granted=False), state=State.LIVE)
    assert not await sees_the_clock()
    registry.add(clock_reader(granted=True, parent=first), state=State.LIVE)
    assert not await sees_the_clock(), "a version that wants more waits"
    review.approve(registry, "now", approver="ada")
    assert await sees_the_clock()
    review.rollback(registry, "now", approver="ada")
    assert not await sees_the_clock()
    review.rollback(registry, "now", approver="ada")
    assert await sees_the_clock()
