"""An audit tells what could be tidied and what another image would break, and changes nothing unasked."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from agentforge.api import audit
from agentforge.api.audit import Audited, Step
from agentforge.boxes import image
from agentforge.boxes.image import ImageInfo
from agentforge.boxes.protocol import Box, CallResult, SuiteResult, TestRow
from agentforge.errors import UsageError
from agentforge.forge.auditing import Finding
from agentforge.registry.layers import BaseLayer
from agentforge.settings import SandboxSettings
from agentforge.testing.box import FakeBox, Run, returned
from agentforge.types import Capabilities, Example, State
from tests.sleep.box import runs
from tests.sleep.scene import EXAMPLES, Life, add, called, head, tool, writer

PASSED = SuiteResult("finished", (TestRow("test_it", "passed"),))
FAILED = SuiteResult("finished", (TestRow("test_it", "failed", "E   assert 7 == 6"),))
BODY = "    return weight * 3"
OTHER = ImageInfo("agentforge-box:other", "sha256:0", "debian")


def answers(run: Run) -> CallResult:
    return returned([3, 13]) if run.kind == "run" else runs(run)


def box(broken: str = "") -> FakeBox:
    """A box in which the suites of tools with that text fail."""
    return FakeBox(answers, lambda run: FAILED if broken and broken in run.source else PASSED)


@pytest.fixture
def life(home: Path) -> Life:
    async def open_box(settings: SandboxSettings) -> Box:
        return box("always wrong")

    return Life(home, writer(""), open_box)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> FakeBox:
    """The box of another image, in which two tools fail."""
    made = box("wrong")

    async def opens(*_: object) -> Box:
        return made

    monkeypatch.setattr(audit, "_image", lambda *_: OTHER)
    monkeypatch.setattr(audit, "_open", opens)
    return made


def kinds(found: Audited) -> list[tuple[str, str]]:
    return [(one.kind, one.tool) for one in found.findings]


def of(found: Audited, kind: str) -> Finding:
    (one,) = (one for one in found.findings if one.kind == kind)
    return one


def _nothing(**_: object) -> None:
    """No image is there."""


async def test_what_nobody_calls_any_more_is_told_with_its_age_and_calls(life: Life) -> None:
    async with life.forge() as forge:
        add(forge, tool("price_old", BODY, created=date(2020, 1, 2)))
        add(forge, tool("price_used", "    return weight", created=date(2020, 1, 2)))
        add(forge, tool("price_new", "    return weight + 1"))
        await called(forge, "price_used", {"weight": 7}, 7)
        before = head(forge)
        found = await forge.audit()
        assert kinds(found) == [("unused", "price_old")]
        assert "price_old was never called, and is " in of(found, "unused").what
        assert of(found, "unused").fix == "agentforge tools retire price_old"
        assert head(forge) == before


async def test_what_does_the_same_as_another_tool_is_told(life: Life) -> None:
    async with life.forge() as forge:
        add(forge, tool("price_a", BODY, EXAMPLES))
        add(forge, tool("price_b", "    return weight + weight + weight", EXAMPLES))
        add(forge, tool("price_c", "    return weight * 4", EXAMPLES))
        found = await forge.audit()
        assert kinds(found) == [("duplicate", "price_b")]
        assert of(found, "duplicate").what.startswith("price_b does the same as price_a of the user layer")
        assert len(forge.tools()) == 3


async def test_what_a_higher_layer_hides_is_told(life: Life, home: Path) -> None:
    async with life.forge() as forge:
        add(forge, tool("add_months", BODY))
        forge._opened().layers.base = BaseLayer()  # the starter tools
        found = await forge.audit()
        assert ("shadowed", "add_months") in kinds(found)
        assert "add_months of the base layer is hidden by that of the user layer" in of(found, "shadowed").what


async def test_what_another_image_breaks_is_told_from_what_was_broken_before(life: Life, elsewhere: FakeBox) -> None:
    said: list[Step] = []
    async with life.forge() as forge:
        add(forge, tool("price_a", BODY))
        add(forge, tool("price_b", "    return weight * 3  # wrong there"))
        add(forge, tool("price_c", "    return weight * 3  # always wrong"))
        reads = tool("price_d", BODY)
        manifest = reads.manifest.model_copy(update={"capabilities": Capabilities(files=("prices.csv",))})
        forge._opened().registry.add(type(reads)(manifest, reads.source, reads.tests), state=State.LIVE)
        before = head(forge)
        found = await forge.audit("3.13", tell=said.append)
        assert (found.image, found.ran, found.left) == ("Python 3.13 (agentforge-box:other)", 4, "")
        broken, failing = of(found, "broken by the image"), of(found, "failing")
        assert broken.what == (
            "price_b fails in Python 3.13 (agentforge-box:other), and passes in today's image: "
            "1 of 1 tests do not pass: test_it: assert 7 == 6."
        )
        assert (failing.tool, failing.what.startswith("price_c fails in today's image already")) == ("price_c", True)
        assert of(found, "not run").what.endswith("it reads or writes files, which are not kept.")
        assert found.failing == [one for one in found.findings if one.tool in ("price_b", "price_c")]
        assert head(forge) == before, "nothing is changed unasked"
        assert [step.what for step in said if step.of == 4] == [
            f"running the tests of {name}" for name in ("price_a", "price_b", "price_c", "price_d")
        ]


async def test_an_example_that_no_longer_holds_there_is_a_failure_too(life: Life, elsewhere: FakeBox) -> None:
    async with life.forge() as forge:
        add(forge, tool("price_a", BODY, [Example({"weight": 2}, 7)]))
        found = await forge.audit("3.13")
        assert "1 of 1 examples are wrong: price_a(weight=2) must return 7, but it returned 6" in found.failing[0].what


async def test_only_on_demand_what_fails_is_set_aside_with_the_reason(life: Life, elsewhere: FakeBox) -> None:
    async with life.forge() as forge:
        add(forge, tool("price_a", BODY))
        add(forge, tool("price_b", "    return weight * 3  # wrong there"))
        found = await forge.audit("3.13")
        assert [one.tool for one in await forge.set_aside(found)] == ["price_b"]
        assert [one.name for one in forge.tools()] == ["price_a"]
        standing = forge._opened().registry.snapshot().states.tools["price_b"]
        assert (standing.state, standing.reason) == (State.QUARANTINED, found.failing[0].what)
        assert await forge.set_aside(found) == [], "what has been moved since is left alone"


async def test_when_the_time_runs_out_it_says_what_was_not_looked_at(
    life: Life, elsewhere: FakeBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> SuiteResult:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(elsewhere, "suite", never)
    async with life.forge() as forge:
        add(forge, tool("price_old", BODY, created=date(2020, 1, 2)))
        found = await forge.audit("3.13", seconds=1)
        assert found.left == "the suites of 1 tools"
        assert kinds(found) == [("unused", "price_old")], "what was found until then is kept"


async def test_an_image_that_nobody_built_is_a_wrong_use(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "find_image", _nothing)
    async with life.forge() as forge:
        with pytest.raises(UsageError, match=r"no image '2\.7'"):
            await forge.audit("2.7")


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
async def test_with_docker_every_suite_runs_again_in_a_box_of_the_named_image(home: Path) -> None:
    image.build()
    life = Life(home, writer(""), launcher="docker")
    async with life.forge() as forge:
        add(forge, tool("price_a", BODY, EXAMPLES))
        add(forge, tool("price_b", "    return weight * 3 if weight != 3 else 0", EXAMPLES))
        found = await forge.audit(image.image_tag())
        assert (found.image, found.ran) == (f"Python 3.11 ({image.image_tag()})", 2)
        assert kinds(found) == [("failing", "price_b")]
