"""Tier ``strict`` with Docker: gVisor where the daemon has it, never silently without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentforge.boxes import gvisor
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.open import open_box
from agentforge.boxes.warm import WarmBox
from agentforge.errors import SandboxError
from agentforge.settings import SandboxSettings
from tests.boxes.watching import containers_of, eventually, names

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker")]

STRICT = SandboxSettings(launcher="docker", tier="strict")
SOURCE = "def f():\n    return 1\n"
TESTS = "from tool import f\ndef test_it():\n    assert f() == 1\n"


def has_gvisor() -> bool:
    with Daemon.connect() as daemon:
        return gvisor.RUNTIME in (daemon.info().get("Runtimes") or {})


async def test_every_tool_has_a_container_of_its_own() -> None:
    async with await open_box(STRICT, user="strict") as box:
        assert isinstance(box, WarmBox)
        for number in range(2):
            tool = SOURCE + f"# {number}\n"
            assert (await box.call(tool, "f", {})).value == 1
            assert (await box.call(tool, "f", {})).value == 1
        assert len(names("strict")) == 3  # for scripts, and one for each tool
        assert (await box.call(SOURCE, "f", {}, toolbox={"x": SOURCE})).value == 1
        assert (await box.call(SOURCE, "f", {})).value == 1
        assert (await box.run("1 + 1")).value == 2
        assert len(names("strict")) == 5
        assert (await box.suite(SOURCE, TESTS)).passed
        assert (await box.suite(SOURCE, TESTS + "\n")).passed
        assert len([name for name in names("strict") if "suite" in name]) == 1
        assert await box.processes() is None
    await eventually(lambda: names("strict") == [])


async def test_the_number_of_containers_is_bounded() -> None:
    few = STRICT.model_copy(update={"boxes": 2})
    async with await open_box(few, user="strict-few") as box:
        for number in range(5):
            assert (await box.call(SOURCE + f"# {number}\n", "f", {})).value == 1
        await eventually(lambda: len(names("strict-few")) <= 2)


async def test_where_docker_says_that_it_has_gvisor_nothing_else_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    if has_gvisor():
        pytest.skip("here it really has")
    real: Callable[[Daemon], dict[str, Any]] = Daemon.info

    def info(daemon: Daemon) -> dict[str, Any]:
        return {**real(daemon), "Runtimes": {"runc": {}, "runsc": {}}}

    monkeypatch.setattr(Daemon, "info", info)
    with pytest.raises(SandboxError, match="runsc"):
        await open_box(STRICT, user="no-gvisor")
    await eventually(lambda: names("no-gvisor") == [])


async def test_whether_gvisor_is_used_is_told() -> None:
    notices: list[str] = []
    async with await open_box(STRICT, user="told", on_notice=notices.append) as box:
        assert (gvisor.USED in notices) == has_gvisor()
        assert (gvisor.NOT_THERE in notices) != has_gvisor()
        if has_gvisor():
            assert box.info.transport == "stdio"
            assert {one["HostConfig"]["Runtime"] for one in containers_of("told")} == {"runsc"}
            assert "4.4.0" in str((await box.run("import os\nos.uname().release")).value)  # gVisor's own kernel
