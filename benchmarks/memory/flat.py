"""How long a prompt is, and how long it takes until a model is asked, with more and more of everything.

The user is real in all but the model's answers: a home on disk, opened by the product, asked one request. The prompt
is what the model is sent; a small model's longest one of the turn counts. ``first`` is the first turn of a process that
has no index yet, for it to the model's first request; ``assembling`` is the median of later ones. Processor time of
this process is told beside elapsed time, since the machine may be busy.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from agentforge import Forge
from agentforge.errors import AgentForgeError
from agentforge.models.capabilities import FEATURES
from agentforge.settings import Settings, load
from agentforge.testing import ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import JSONObject
from benchmarks.form import progress
from benchmarks.memory.homes import REQUEST, fill

SIZES = (10, 1_000, 10_000)
QUICK = (10, 1_000)
TURNS = 5
PATHS = {"small model, 4096": ("vllm", 4096), "small model, 32768": ("vllm", 32_768), "free tools": ("claude", 200_000)}
"""Name → the endpoint whose features the model has, and its window in tokens."""


def settings_at(home: Path) -> Settings:
    """The settings in force, of a user who lives there."""
    return load(overrides={"user": "bench"}).model_copy(update={"home": home})


async def measured(sizes: Sequence[int]) -> dict[str, Any]:
    """The figures: by path and number, and how far the longest prompt of a path is from its shortest one."""
    found: dict[str, dict[int, dict[str, Any]]] = {path: {} for path in PATHS}
    for many in sizes:
        progress(f"{many:,} of each")
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            fill(settings_at(home), many)
            for path in PATHS:
                found[path][many] = await _asked(home, path)
                progress(f"  {path}: {found[path][many]}")
    return {
        "paths": {
            path: {"by_number": {str(many): row for many, row in rows.items()}, "spread": spread(rows)}
            for path, rows in found.items()
        },
        "spread": max(spread(rows) for rows in found.values()),
    }


def spread(rows: dict[int, dict[str, Any]]) -> float:
    """How much longer the longest prompt is than the shortest, as a share of the latter."""
    tokens = [row["prompt_tokens"] for row in rows.values()]
    return round(max(tokens) / min(tokens) - 1, 4)


async def _asked(home: Path, path: str) -> dict[str, Any]:
    kind, context = PATHS[path]
    asked: list[tuple[float, float, int]] = []

    def answer(request: Request) -> str | JSONObject:
        tools = "".join(f"{one.name} {one.description} {one.schema}" for one in request.ask.tools)
        asked.append((time.perf_counter(), time.process_time(), model.count(f"{request.prompt}{tools}")))
        if request.purpose != "decide":
            return "At six."
        return {"kind": "answer_directly"} if "needs_tool" in request.prompt else {"call": {"tool": "none"}}

    model = ScriptedModel(answer, features=FEATURES[kind], context=context)
    settings = settings_at(home)
    took: list[tuple[float, float]] = []
    tokens, parts = 0, {}
    async with Forge(user="bench", settings=settings, models=model) as forge:
        for _ in range(TURNS + 1):
            asked.clear()
            begun, used = time.perf_counter(), time.process_time()
            done = await forge.run(REQUEST)
            if not done.ok:
                raise AgentForgeError(f"The turn did not end well: {done.message}", fix="Look at the turn.")
            took.append(((asked[0][0] - begun) * 1000, (asked[0][1] - used) * 1000))
            tokens = max(count for _, _, count in asked)
            parts = next(one.data["parts"] for one in done.events if one.type == "context")
    first, *rest = took
    return {
        "prompt_tokens": tokens,
        "parts": parts,
        "first_ms": round(first[0], 1),
        "first_cpu_ms": round(first[1], 1),
        "assembling_ms": round(median(one[0] for one in rest), 1),
        "assembling_cpu_ms": round(median(one[1] for one in rest), 1),
    }
