"""Every flag is proved on a running container, and a container that lacks one is refused."""

from __future__ import annotations

import copy
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes import hardening
from agentforge.boxes.open import open_box
from agentforge.errors import SandboxUnavailable
from agentforge.settings import SandboxSettings
from tests.boxes.watching import containers_of

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker")]

SETTINGS = SandboxSettings(launcher="docker", memory_mb=300, pids=50, cpus=0.5)


@pytest.fixture
async def running() -> AsyncIterator[dict[str, Any]]:
    async with await open_box(SETTINGS, user="hardening"):
        (container,) = containers_of("hardening")
        yield container


async def test_docker_inspect_proves_every_flag(running: dict[str, Any]) -> None:
    """Written out, so that nothing here can be weakened together with the code."""
    host, config = running["HostConfig"], running["Config"]
    assert host["NetworkMode"] == "none"
    assert list(running["NetworkSettings"]["Networks"]) == ["none"]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["Privileged"] is False
    assert "no-new-privileges" in host["SecurityOpt"]
    assert any(option.startswith('seccomp={"defaultAction":"SCMP_ACT_ERRNO"') for option in host["SecurityOpt"])
    assert len(host["SecurityOpt"]) == 2
    assert config["User"] == "65534:65534"
    assert host["IpcMode"] == "none"
    assert host["PidMode"] == host["UTSMode"] == host["UsernsMode"] == ""
    assert host["PidsLimit"] == 50
    assert host["Memory"] == host["MemorySwap"] == 300 << 20
    assert host["NanoCpus"] == 500_000_000
    assert host["Tmpfs"] == {"/tmp": "rw,noexec,nosuid,nodev,size=16m,nr_inodes=1024,mode=1777"}
    assert host["LogConfig"]["Type"] == "none"
    assert {limit["Name"]: limit["Hard"] for limit in host["Ulimits"]} == {"core": 0, "nofile": 1024}
    assert not host["Devices"]
    assert not host["Binds"]
    assert not host["VolumesFrom"]
    assert not host["PortBindings"]
    assert [(mount["Destination"], mount["RW"]) for mount in running["Mounts"]] == [("/run/agentforge", False)]
    assert not any("docker.sock" in str(mount) for mount in running["Mounts"])
    assert host["AutoRemove"] is True
    assert running["Image"].startswith("sha256:")


async def test_the_kernel_confirms_it_of_the_first_process(running: dict[str, Any]) -> None:
    status = Path(f"/proc/{running['State']['Pid']}/status").read_text("ascii")
    for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
        assert line in status
    assert hardening.missing_in_kernel(running["State"]["Pid"]) == []


async def test_every_flag_that_is_missing_is_named(running: dict[str, Any]) -> None:
    flags = hardening.flags(SETTINGS, running["Image"])
    assert hardening.missing(running, flags) == []
    weaknesses: dict[str, Callable[[dict[str, Any]], None]] = {
        "image": lambda c: c.update(Image="sha256:other"),
        "network none": lambda c: c["HostConfig"].update(NetworkMode="bridge"),
        "read-only root": lambda c: c["HostConfig"].update(ReadonlyRootfs=False),
        "all capabilities dropped": lambda c: c["HostConfig"].update(CapDrop=None),
        "no capability added": lambda c: c["HostConfig"].update(CapAdd=["SYS_ADMIN"]),
        "not privileged": lambda c: c["HostConfig"].update(Privileged=True),
        "security options": lambda c: c["HostConfig"].update(SecurityOpt=["no-new-privileges", "seccomp=unconfined"]),
        "user": lambda c: c["Config"].update(User=""),
        "pids limit": lambda c: c["HostConfig"].update(PidsLimit=None),
        "memory limit": lambda c: c["HostConfig"].update(Memory=0),
        "no swap beyond memory": lambda c: c["HostConfig"].update(MemorySwap=-1),
        "small tmpfs": lambda c: c["HostConfig"].update(Tmpfs={"/tmp": "rw"}),
        "log driver none": lambda c: c["HostConfig"].update(LogConfig={"Type": "json-file"}),
        "ipc none": lambda c: c["HostConfig"].update(IpcMode="shareable"),
        "no devices": lambda c: c["HostConfig"].update(Devices=[{"PathOnHost": "/dev/kvm"}]),
        "only the control folder mounted": lambda c: c["Mounts"].append(
            {"Type": "bind", "Destination": "/var/run/docker.sock", "RW": True}
        ),
        "removed when it ends": lambda c: c["HostConfig"].pop("AutoRemove"),
    }
    for name, weaken in weaknesses.items():
        weakened = copy.deepcopy(running)
        weaken(weakened)
        problems = hardening.missing(weakened, flags)
        assert [problem.partition(" (")[0] for problem in problems] == [name]


@pytest.mark.parametrize(
    "flag", ["pids_limit", "read_only", "security_opt", "ipc_mode", "cap_drop", "tmpfs", "log_config"]
)
async def test_a_container_without_a_flag_is_refused_and_removed(flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = hardening.request

    def weakened(*positional: Any) -> dict[str, Any]:
        return {key: value for key, value in request(*positional).items() if key != flag}

    monkeypatch.setattr(hardening, "request", weakened)
    with pytest.raises(SandboxUnavailable, match="lacks hardening"):
        await open_box(SETTINGS, user="weakened")
    assert containers_of("weakened") == []


def test_an_ordinary_process_would_be_refused() -> None:
    problems = hardening.missing_in_kernel(os.getpid())
    assert any(problem.startswith("Seccomp") for problem in problems)
    assert any(problem.startswith("NoNewPrivs") for problem in problems)
    assert hardening.missing_in_kernel(2**22 + 1) != []
