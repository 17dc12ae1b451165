"""What ``benchmarks.generation`` asks a server to write, and how it is asked and looked at."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import resource
import time
import urllib.request
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from agentforge import assets
from agentforge.models.local import processes
from agentforge.models.prompts import render

SECONDS = 600.0  # for one answer; eight at once on one slow core stay below it
TEMPERATURE = 0.7  # as the forge asks
_COUNTER = re.compile(r"^vllm:(\w+)_total(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)
_PAGE = resource.getpagesize()

FRESH = """Task {label}. Write the Python function `{name}`.

What it must do:
{purpose}

Answer with one ```python block that holds the imports and the complete function. Put a comment in front of each step
and write a second function `check_{name}` behind it that tests it with ten asserts."""

REPAIR = """Task {label}. This Python module is wrong in one place:

```python
{source}
```

What happened when it ran:
{name}(None) raised AttributeError, but it should raise TypeError.

Answer with one ```python block that holds the complete corrected module, and nothing else."""


@cache
def modules() -> tuple[tuple[str, str, str], ...]:
    """Name, purpose and source of the starter tools, the longest first."""
    found: list[tuple[str, str, str]] = []
    for path in assets.folder("toolbox").glob("*/tool.py"):
        source = path.read_text("utf-8")
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        purpose = next((ast.get_docstring(one) for one in functions if one.name == path.parent.name), None)
        found.append((path.parent.name, purpose or "", source.strip()))
    return tuple(sorted(found, key=lambda one: (-len(one[2]), one[0])))


@dataclass(frozen=True)
class Shape:
    """So many requests at once, all with one prompt (``fresh``) or each with its own (``repair``)."""

    kind: str
    at_once: int

    @property
    def name(self) -> str:
        """As it stands in the figures."""
        return f"{self.kind} {self.at_once}"

    def prompts(self, number: int) -> list[str]:
        """Those of a round. What begins alike is cached, so that each round has its own beginning."""
        label, first = f"{self.kind}-{self.at_once}-{number}", (number + 1) * 10 + self.at_once
        if self.kind == "fresh":
            return [_filled(FRESH, label, first)] * self.at_once
        return [_filled(REPAIR, f"{label}-{one}", first + one) for one in range(self.at_once)]


SHAPES = (Shape("fresh", 1), Shape("fresh", 4), Shape("fresh", 8), Shape("repair", 1), Shape("repair", 3))


def _filled(text: str, label: str, module: int) -> str:
    name, purpose, source = modules()[module % len(modules())]
    return text.format(label=label, name=name, purpose=purpose, source=source)


@dataclass(frozen=True)
class Answer:
    """How long an answer was, in tokens, and the seconds between one piece of it and the next."""

    tokens: int
    gaps: list[float]


async def write(url: str, model: str, prompt: str, tokens: int) -> Answer:
    """Has one answer of ``tokens`` tokens at most written; its text does not matter.

    Raises:
        OSError: the server does not answer.
    """
    messages = [{"role": "system", "content": render("forge_system")}, {"role": "user", "content": prompt}]
    asked = {"model": model, "messages": messages, "max_tokens": tokens, "temperature": TEMPERATURE}
    asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return await asyncio.to_thread(_stream, f"{url}/v1/chat/completions", asked)


def _stream(url: str, asked: dict[str, Any]) -> Answer:
    times: list[float] = []
    tokens = 0
    with _open(url, asked) as lines:
        for line in lines:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line.removeprefix(b"data: "))
            tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
            if any(choice["delta"].get("content") for choice in event["choices"]):
                times.append(time.monotonic())
    return Answer(tokens, [late - early for early, late in pairwise(times)])


async def counters(url: str) -> dict[str, float]:
    """The counters of vLLM by name, without ``vllm:`` and ``_total``; those of several labels are added."""
    return counters_in(await asyncio.to_thread(_page, f"{url}/metrics"))


def counters_in(text: str) -> dict[str, float]:
    """The same, from the page."""
    found: dict[str, float] = {}
    for name, value in _COUNTER.findall(text):
        found[name] = found.get(name, 0.0) + float(value)
    return found


def _open(url: str, asked: dict[str, Any] | None = None) -> Any:
    data = json.dumps(asked).encode() if asked is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=SECONDS)


def _page(url: str) -> str:
    with _open(url) as answer:
        return answer.read().decode("utf-8", "replace")


def resident(pid: int) -> int:
    """Bytes that the processes of a server hold, files mapped into memory included; 0 where none is told."""
    total = 0
    for process in processes.group_members(pid):
        try:
            total += int(Path(f"/proc/{process.pid}/statm").read_text("ascii").split()[1]) * _PAGE
        except OSError:
            continue
    return total
