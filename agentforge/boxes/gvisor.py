"""gVisor (``runsc``): another kernel, in user space, between a container and this machine's own.

Tier ``strict`` uses it where the Docker daemon lists it. No descriptors can be passed through it, so
the transport is stdio. It takes no outer filter from Docker; what it lets through to the machine's
kernel it decides itself. The worker's own filter stands inside as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agentforge.boxes import hardening
from agentforge.boxes.hardening import Flag
from agentforge.errors import SandboxUnavailable
from agentforge.settings import SandboxSettings

RUNTIME: Final = "runsc"

USED: Final = "gVisor (runsc) stands between every container and this machine's kernel."
NOT_THERE: Final = "gVisor (runsc) is not installed in Docker: containers share this machine's kernel."

_OWN_THREADS: Final = 192
"""gVisor is a program of the machine's and its threads count in the container's limit: with 64 it crashed."""

_NOT_TOLD: Final = {"Seccomp": "2", "NoNewPrivs": "1", "CapAmb": "0000000000000000"}


def choose(settings: SandboxSettings, info: Mapping[str, Any]) -> str:
    """The runtime for containers, ``""`` for the daemon's own; ``info`` is what ``docker info`` says.

    Raises:
        SandboxUnavailable: gVisor is to be used, and the settings ask for descriptors.
    """
    if settings.tier != "strict" or RUNTIME not in (info.get("Runtimes") or {}):
        return ""
    if settings.transport == "descriptors":
        raise SandboxUnavailable(
            "Tier strict uses gVisor, which Docker has here, and no descriptors can be passed through it.",
            fix="Set sandbox.transport to auto or stdio.",
        )
    return RUNTIME


def notes(settings: SandboxSettings, runtime: str) -> tuple[str, ...]:
    """Whether gVisor is used, in tier ``strict``."""
    if settings.tier != "strict":
        return ()
    return (USED if runtime else NOT_THERE,)


def around(settings: SandboxSettings) -> SandboxSettings:
    """The limits of a container that holds gVisor itself beside its processes."""
    return settings.model_copy(update={"pids": settings.pids + _OWN_THREADS})


def flags(runtime: str) -> tuple[Flag, ...]:
    """What ``docker inspect`` must say beyond the hardening of every container."""
    return (Flag("gVisor", RUNTIME, lambda c: c["HostConfig"]["Runtime"]),) if runtime else ()


def missing_in_state(state: Mapping[str, str]) -> list[str]:
    """As for any container, but for the lines that gVisor does not have or that tell of Docker's filter."""
    return hardening.missing_in_state({**state, **_NOT_TOLD})
