"""The hardening of a container: what is asked of Docker, and the proof that it was given.

A flag that Docker accepted is not yet a flag in force (an old kernel drops a limit with a warning),
so every one is read back from the running container, and the state of its first process from the
kernel. Anything missing: the box is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.types import LogConfig, Mount, Ulimit

from agentforge import assets
from agentforge.settings import SandboxSettings

USER = "65534:65534"
CONTROL_FOLDER = "/run/agentforge"
TMPFS = {"/tmp": "rw,noexec,nosuid,nodev,size=16m,nr_inodes=1024,mode=1777"}  # noqa: S108  inside the box


def profile() -> str:
    """The outer seccomp profile as compact JSON, the form in which Docker reports it."""
    text = (assets.folder("sandbox") / "seccomp.json").read_text("utf-8")
    return json.dumps(json.loads(text), separators=(",", ":"))


def request(settings: SandboxSettings, control: Path | None) -> dict[str, Any]:
    """The arguments with which a container is created.

    ``control`` is the folder of the host's socket. With None the host will be attached instead, and
    the end of its connection is that of the container's stdin (``StdinOnce``).
    """
    memory = settings.memory_mb << 20
    return {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={profile()}"],
        "user": USER,
        "ipc_mode": "none",
        "pids_limit": settings.pids,
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": int(settings.cpus * 1e9),
        "tmpfs": TMPFS,
        "log_config": LogConfig(type="none"),
        "ulimits": [Ulimit(name="core", soft=0, hard=0), Ulimit(name="nofile", soft=1024, hard=1024)],
        "mounts": [Mount(CONTROL_FOLDER, str(control), type="bind", read_only=True)] if control else [],
        "stdin_open": control is None,
        "tty": False,
        "hostname": "box",
        "init": False,
        "auto_remove": True,
    }


@dataclass(frozen=True, slots=True)
class Flag:
    """One property that the running container must have."""

    name: str
    wanted: object
    read: Callable[[Mapping[str, Any]], object]


def flags(settings: SandboxSettings, image: str, *, attached: bool = False) -> tuple[Flag, ...]:
    """Everything that ``docker inspect`` must say of a box made from the image id ``image``.

    ``attached``: the host speaks over the container's streams, and nothing at all is mounted.
    """
    memory = settings.memory_mb << 20
    host = "HostConfig"
    mounts = [] if attached else [(CONTROL_FOLDER, False)]
    streams = (attached, attached, False)
    return (
        Flag("image", image, lambda c: c["Image"]),
        Flag("running", True, lambda c: c["State"]["Running"]),
        Flag("not privileged", False, lambda c: c[host]["Privileged"]),
        Flag("network none", "none", lambda c: c[host]["NetworkMode"]),
        Flag("only the empty network", ["none"], lambda c: sorted(c["NetworkSettings"]["Networks"])),
        Flag("no published ports", [], lambda c: list(c[host].get("PortBindings") or ())),
        Flag("read-only root", True, lambda c: c[host]["ReadonlyRootfs"]),
        Flag("all capabilities dropped", ["ALL"], lambda c: c[host]["CapDrop"]),
        Flag("no capability added", [], lambda c: list(c[host]["CapAdd"] or ())),
        Flag("security options", _security_options(), lambda c: sorted(c[host]["SecurityOpt"] or ())),
        Flag("user", USER, lambda c: c["Config"]["User"]),
        Flag("no added groups", [], lambda c: list(c[host].get("GroupAdd") or ())),
        Flag("ipc none", "none", lambda c: c[host]["IpcMode"]),
        Flag("own process namespace", "", lambda c: c[host]["PidMode"]),
        Flag("own host name namespace", "", lambda c: c[host]["UTSMode"]),
        Flag("the daemon's user namespace", "", lambda c: c[host]["UsernsMode"]),
        Flag("pids limit", settings.pids, lambda c: c[host]["PidsLimit"]),
        Flag("memory limit", memory, lambda c: c[host]["Memory"]),
        Flag("no swap beyond memory", memory, lambda c: c[host]["MemorySwap"]),
        Flag("out-of-memory killer on", False, lambda c: bool(c[host]["OomKillDisable"])),
        Flag("processor limit", int(settings.cpus * 1e9), lambda c: c[host]["NanoCpus"]),
        Flag("small tmpfs", TMPFS, lambda c: c[host]["Tmpfs"]),
        Flag("log driver none", "none", lambda c: c[host]["LogConfig"]["Type"]),
        Flag("no core dumps", [("core", 0), ("nofile", 1024)], _ulimits),
        Flag("no devices", [], lambda c: [*(c[host]["Devices"] or ()), *(c[host].get("DeviceRequests") or ())]),
        Flag("only the control folder mounted", mounts, _mounts),
        Flag("stdin of one host, no terminal", streams, lambda c: tuple(c["Config"][key] for key in _STREAMS)),
        Flag("no volumes of others", [], lambda c: [*(c[host]["VolumesFrom"] or ()), *(c[host]["Binds"] or ())]),
        Flag("kernel files masked", True, lambda c: "/proc/kcore" in (c[host]["MaskedPaths"] or ())),
        Flag("kernel settings read-only", True, lambda c: "/proc/sys" in (c[host]["ReadonlyPaths"] or ())),
        Flag("removed when it ends", True, lambda c: c[host]["AutoRemove"]),
    )


_STREAMS = ("OpenStdin", "StdinOnce", "Tty")


def _security_options() -> list[str]:
    return sorted(["no-new-privileges", f"seccomp={profile()}"])


def _ulimits(container: Mapping[str, Any]) -> list[tuple[str, int]]:
    return sorted((limit["Name"], limit["Hard"]) for limit in container["HostConfig"]["Ulimits"] or ())


def _mounts(container: Mapping[str, Any]) -> list[tuple[str, bool]]:
    return [(mount["Destination"], mount["RW"]) for mount in container["Mounts"] if mount["Type"] != "tmpfs"]


def missing(container: Mapping[str, Any], wanted: tuple[Flag, ...]) -> list[str]:
    """What ``docker inspect`` does not confirm, each as ``name (what it says instead)``."""
    problems: list[str] = []
    for flag in wanted:
        try:
            found = flag.read(container)
        except (KeyError, TypeError) as error:
            found = f"not reported: {error}"
        if found != flag.wanted:
            problems.append(f"{flag.name} (found {str(found)[:80]!r})")
    return problems


_KERNEL_STATE = {
    "Seccomp": "2",  # a filter is installed
    "NoNewPrivs": "1",
    "CapInh": "0000000000000000",
    "CapPrm": "0000000000000000",
    "CapEff": "0000000000000000",
    "CapBnd": "0000000000000000",
    "CapAmb": "0000000000000000",
}


def missing_in_kernel(pid: int) -> list[str]:
    """What the kernel does not confirm of the box's first process (``/proc/PID/status``)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError as error:
        return [f"the kernel's word on process {pid} ({error.strerror})"]
    return missing_in_state(dict(line.split(":\t", 1) for line in lines if ":\t" in line))


def missing_in_state(state: Mapping[str, str]) -> list[str]:
    """What the lines of a process's ``/proc/PID/status`` do not confirm. Where the box itself sent
    them, they are as true as the image is.
    """
    problems = [f"{key} (found {state.get(key)!r})" for key, value in _KERNEL_STATE.items() if state.get(key) != value]
    if state.get("Uid", "0").split()[0] == "0":
        problems.append("an ordinary user (found root)")
    return problems
