"""What cannot be proved is refused: no box is ever less than it says, and less than the best is announced."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from agentforge.boxes import docker, hardening
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.dial import Doorbell
from agentforge.boxes.open import open_box
from agentforge.errors import SandboxError, SandboxUnavailable
from agentforge.settings import SandboxSettings
from tests.boxes.watching import eventually

SETTINGS = SandboxSettings(launcher="docker")
SOUND: dict[str, Any] = {
    "OSType": "linux",
    "KernelVersion": os.uname().release,
    "SecurityOptions": ["name=seccomp,profile=default"],
    **dict.fromkeys(("MemoryLimit", "SwapLimit", "PidsLimit", "CpuCfsQuota"), True),
}


class Answering:
    """A daemon that says of itself what a test wants."""

    def __init__(self, runc: str = "1.3.4", **info: Any) -> None:
        self._runc, self._info = runc, SOUND | info

    def info(self) -> dict[str, Any]:
        return self._info

    def versions(self) -> dict[str, str]:
        return {"runc": self._runc} if self._runc else {}


def preflight(daemon: Any) -> list[str]:
    return docker.preflight(daemon)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"OSType": "windows"}, "Linux"),
        ({"SecurityOptions": ["name=apparmor"]}, "no seccomp"),
        ({"SecurityOptions": None}, "no seccomp"),
        ({"MemoryLimit": False}, "MemoryLimit"),
        ({"SwapLimit": False}, "SwapLimit"),
        ({"PidsLimit": None}, "PidsLimit"),
        ({"CpuCfsQuota": False}, "CpuCfsQuota"),
    ],
)
def test_a_daemon_that_cannot_give_every_layer_is_refused(info: dict[str, Any], words: str) -> None:
    with pytest.raises(SandboxUnavailable, match=words) as caught:
        preflight(Answering(**info))
    assert caught.value.fix


@pytest.mark.parametrize("runc", ["1.0.0-rc93", "1.1.5+ds1", "1.2.7", "1.3.0", "1.3.2"])
def test_a_container_runtime_with_known_holes_is_told(runc: str) -> None:
    (warning,) = preflight(Answering(runc))
    assert runc in warning
    assert "CVE-2025-31133" in warning


@pytest.mark.parametrize("runc", ["1.2.8", "1.3.3", "1.4.0", "", "crun"])
def test_others_are_not(runc: str) -> None:
    assert preflight(Answering(runc)) == []


async def test_a_box_that_never_dials_is_given_up() -> None:
    with Doorbell() as doorbell, pytest.raises(SandboxError, match="did not report"):
        await doorbell.answer(0.05)


def without(change: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Weakens the outer profile, in what is asked for and in what is insisted on alike."""
    profile = json.loads(hardening.profile())
    change(profile)
    monkeypatch.setattr(hardening, "profile", lambda: json.dumps(profile, separators=(",", ":")))


def _no_inner_filter(profile: dict[str, Any]) -> None:
    profile["syscalls"][0]["names"].remove("prctl")
    not_a_filter = {"index": 0, "value": 22, "op": "SCMP_CMP_NE"}  # PR_SET_SECCOMP
    profile["syscalls"].append({"names": ["prctl"], "action": "SCMP_ACT_ALLOW", "args": [not_a_filter]})


def _no_dropped_capabilities(profile: dict[str, Any]) -> None:
    profile["syscalls"][0]["names"].remove("capset")


def _no_mount(profile: dict[str, Any]) -> None:
    profile["syscalls"][0]["names"].remove("mount")


def _pretended_mount(profile: dict[str, Any]) -> None:
    """It says that it succeeded and does nothing, as a kernel may that has no such namespaces."""
    _no_mount(profile)
    profile["syscalls"].append({"names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0})


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
class TestDocker:
    async def test_where_no_filter_can_be_installed_there_is_no_box(self, monkeypatch: pytest.MonkeyPatch) -> None:
        without(_no_inner_filter, monkeypatch)
        with pytest.raises(SandboxError, match="prctl"):
            await open_box(SETTINGS, user="unfiltered")
        await eventually(lambda: _containers("unfiltered") == [])

    @pytest.mark.parametrize("change", [_no_mount, _pretended_mount, _no_dropped_capabilities])
    async def test_where_a_call_gets_no_namespaces_the_lesser_tier_is_announced(
        self, change: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without(change, monkeypatch)
        notices: list[str] = []
        async with await open_box(SETTINGS, user="lesser", on_notice=notices.append) as box:
            assert box.info.tier == "wiped"
            assert any("Namespaces for every call are refused here" in notice for notice in notices)

    async def test_whoever_dials_must_be_the_containers_first_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answer = Doorbell.answer

        async def another(self: Doorbell, seconds: float) -> tuple[Any, int]:
            connection, _ = await answer(self, seconds)
            return connection, os.getpid()

        monkeypatch.setattr(Doorbell, "answer", another)
        with pytest.raises(SandboxUnavailable, match="first process on the line"):
            await open_box(SETTINGS, user="stranger")
        await eventually(lambda: _containers("stranger") == [])


def _containers(user: str) -> list[str]:
    with Daemon.connect() as daemon:
        return [entry["Names"][0] for entry in daemon.labelled(f"{docker.USER_LABEL}={user}")]
