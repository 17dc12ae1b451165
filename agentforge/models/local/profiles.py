"""How the local model is served on this machine: weights, cores, memory, requests at once.

What the settings leave open is answered here; docs/generation.md tells the measurements behind it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from agentforge.models.local import sources
from agentforge.models.local.progress import GB
from agentforge.models.local.sources import Device
from agentforge.settings import ModelSettings

Weights: TypeAlias = Literal["bf16", "int8"]

INT8_INSTRUCTIONS = ("amx_int8", "avx512_vnni")  # as /proc/cpuinfo names them, the better first
FEW_CORES = 4  # up to here a core set aside costs more than it gives
SMALL_MEMORY = 10 * GB  # with 2 GB of cache the server's processes hold 8.3 GB (docs/generation.md)
_CPUINFO = Path("/proc/cpuinfo")
CGROUP_LIMITS = tuple(Path("/sys/fs/cgroup", name) for name in ("memory.max", "memory/memory.limit_in_bytes"))
"""Where a container finds its limit: cgroup v2 (``max``: none), v1 (a huge number: none)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What counts of a machine: ``cores`` and ``memory`` (bytes; 0: unknown) that may be used."""

    device: Device
    cores: int
    memory: int
    instructions: frozenset[str] = frozenset()

    @property
    def int8(self) -> str:
        """The instructions that make int8 worth while; empty without any."""
        return next((name for name in INT8_INSTRUCTIONS if name in self.instructions), "")

    @property
    def kind(self) -> str:
        """Twelve hex digits that differ where the CPU's instructions do: code compiled for one would
        end with an illegal instruction on another, as when a cache is carried over.
        """
        return hashlib.sha256(" ".join(sorted(self.instructions)).encode()).hexdigest()[:12]


def find_machine() -> Machine:
    """Looks at this machine. Blocking, 10 s at the most (the GPU's driver is asked)."""
    try:
        text = _CPUINFO.read_text("utf-8", "replace")
    except OSError:
        text = ""
    return Machine(sources.find_device(), _cores(), usable_memory(_memory()), instructions_in(text))


def instructions_in(cpuinfo: str) -> frozenset[str]:
    """The instruction sets that every core has, by the text of ``/proc/cpuinfo`` (x86 only)."""
    listed = [frozenset(line.split()) for line in re.findall(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)]
    return frozenset[str].intersection(*listed) if listed else frozenset()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def usable_memory(host: int, limits: Sequence[Path] = CGROUP_LIMITS) -> int:
    """Bytes that may be used: the ``host``'s (0: unknown), or less where a control group says so."""
    found = [host] if host else []
    for path in limits:
        try:
            found.append(int(path.read_text("ascii")))
        except (OSError, ValueError):  # there is no such file, or it says "max"
            continue
    return min(found, default=0)


@dataclass(frozen=True, slots=True)
class Profile:
    """How to serve. ``why`` tells why the weights are as they are; ``unchanged`` is set where int8
    was meant but cannot be made of these weights; ``compiled_for`` names the machine's :attr:`Machine.kind`.
    """

    device: Device
    weights: Weights
    why: str
    reserved_cores: int
    kv_cache_gb: int
    parallel: int
    compiled_for: str
    unchanged: bool = False

    def serve_unchanged(self, reason: str) -> Profile:
        """The same with the weights as they are, which are in a form of their own."""
        return replace(self, weights="bf16", why=reason, unchanged=True)

    @property
    def options(self) -> str:
        """What tells two servers apart that were started with different profiles."""
        facts = f"weights={self.weights} parallel={self.parallel}"
        return (
            facts
            if self.device == "gpu"
            else f"{facts} reserved_cores={self.reserved_cores} kv_cache_gb={self.kv_cache_gb}"
        )

    @property
    def variables(self) -> dict[str, str]:
        """The same as vLLM's environment variables for CPUs; nothing for a GPU."""
        if self.device == "gpu":
            return {}
        return {
            "VLLM_TARGET_DEVICE": "cpu",
            "VLLM_CPU_KVCACHE_SPACE": str(self.kv_cache_gb),
            "VLLM_CPU_NUM_OF_RESERVED_CPU": str(self.reserved_cores),
        }

    def __str__(self) -> str:
        form = "weights as they are" if self.unchanged else f"{self.weights} weights"
        facts = [f"{form} ({self.why})"]
        if self.device == "cpu":
            cores = f"all cores but {self.reserved_cores}" if self.reserved_cores else "all cores"
            facts += [cores, f"{self.kv_cache_gb} GB for the cache"]
        return ", ".join([*facts, f"{self.parallel} requests at once"])


def choose(model: ModelSettings, machine: Machine) -> Profile:
    """The profile for ``machine``; what the settings name stands, the rest is decided here."""
    weights, why = _weights(model, machine)
    reserved = (0 if machine.cores <= FEW_CORES else 1) if model.reserved_cores is None else model.reserved_cores
    kv_cache = (1 if 0 < machine.memory < SMALL_MEMORY else 2) if model.kv_cache_gb == 0 else model.kv_cache_gb
    return Profile(
        device=machine.device,
        weights=weights,
        why=why,
        reserved_cores=min(reserved, machine.cores - 1),
        kv_cache_gb=kv_cache,
        parallel=model.parallel,
        compiled_for=machine.kind,
    )


def _weights(model: ModelSettings, machine: Machine) -> tuple[Weights, str]:
    if model.weights != "auto":
        return model.weights, "as set"
    if machine.device == "gpu":
        return "bf16", "GPU"
    if machine.int8:
        return "int8", f"the CPU has {machine.int8}"
    return "bf16", f"the CPU has none of {', '.join(INT8_INSTRUCTIONS)}"
