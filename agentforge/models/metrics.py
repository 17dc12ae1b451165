"""What a vLLM server tells of itself at ``/metrics`` (the text form of Prometheus)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_SAMPLE = re.compile(r"^vllm:(\w+)(?:\{.*\})? (\S+)$", re.MULTILINE)
_WORK = ("prompt_tokens_total", "generation_tokens_total")


@dataclass(frozen=True, slots=True)
class Load:
    """A server's load, of everybody together: requests that run and wait now; tokens worked off, prompt tokens looked
    up in the prefix cache, and found there, since it was started.
    """

    running: int
    waiting: int
    tokens: int
    looked_up: int
    cached: int

    @property
    def cached_share(self) -> float | None:
        """Share of the prompt tokens that came from the prefix cache, 0 to 1; None before the first one."""
        return self.cached / self.looked_up if self.looked_up else None


def load_in(text: str) -> Load | None:
    """The load that the text tells, all engines of the server together; None where it is not vLLM's."""
    sums = Counter[str]()
    for name, value in _SAMPLE.findall(text):
        try:
            sums[name] += int(float(value))
        except (ValueError, OverflowError):  # NaN, infinity: nothing that is counted here
            continue
    if "num_requests_running" not in sums:
        return None
    return Load(
        running=sums["num_requests_running"],
        waiting=sums["num_requests_waiting"],
        tokens=sum(sums[name] for name in _WORK),
        looked_up=sums["prefix_cache_queries_total"],
        cached=sums["prefix_cache_hits_total"],
    )
