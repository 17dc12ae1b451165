"""How fast the local model writes: each variant against plain bf16, on servers of their own.

The baseline is what ``model up`` starts with ``weights=bf16 parallel=8``; ``--baseline`` names
another. A variant is written as words ``NAME=VALUE``: a lower-case name is a setting of ``[model]``,
an upper-case one a variable of the server's environment. So it is what ``model up`` starts with them:

    --variant auto        (nothing set: what model up picks on this machine)
    --variant "weights=int8 parallel=16"
    --variant "weights=int8 vllm_options='--enforce-eager' VLLM_CPU_ATTN_SPLIT_KV=0"

Homes are temporary; weights and vLLM's environment come from the shared cache, and are made there
where they are missing. Both servers are up at once and take turns request by request, so that a busy
machine hurts both alike; where memory holds one only, each round starts one after the other. In a
round of answers of ``--tokens`` tokens at most:

  fresh 1, 4, 8   a function is to be written, by so many requests at once with one prompt, as the
                  candidates of one need are
  repair 1, 3     a module is to be given back with one small change, each request with a module of
                  its own, as repairs are

``tokens_per_s``  median over the rounds, of all requests together, from the first one sent to the last
                  one answered: reading the prompts counts
``step_ms``       lower quartile of the time between two pieces of an answer: writing alone, as fast as
                  it goes where nothing disturbs
``start_s``       seconds until ``model up`` comes back, median of the starts but the first: the model
                  has been compiled before. ``first_start_s`` holds whatever was missing: installing,
                  rounding, compiling
``prefix_hit_share``  prompt tokens that came from the prefix cache, by the server's own count
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from agentforge.errors import AgentForgeError, ConfigurationError, ModelUnavailable
from agentforge.models.local import server
from agentforge.models.local.progress import Progress
from agentforge.models.local.up import down, up
from agentforge.settings import Settings, load, parse_value
from benchmarks.conditions import commit_of, machine_load
from benchmarks.form import cannot_run, ended_in_order, parser, progress, show
from benchmarks.writing import SHAPES, Shape, counters, resident, write

BASELINE = "weights=bf16 parallel=8"
REST_SECONDS = 1.5  # vLLM's processes wait actively for a second after their last work
SERVER_BYTES = 8_500_000_000  # resident at the most, measured (docs/generation.md)
KIND = "fresh 4"  # the ratio that is told first
QUICK = ("fresh 1", KIND, "repair 1")


@dataclass(frozen=True)
class Variant:
    """What is set for one server."""

    name: str
    settings: dict[str, Any]
    environment: dict[str, str]


def variant_of(text: str) -> Variant:
    """Reads ``NAME=VALUE …`` (``auto``: nothing is set).

    Raises:
        ConfigurationError: a word is no assignment.
    """
    settings: dict[str, Any] = {}
    environment: dict[str, str] = {}
    for word in shlex.split(text):
        name, equals, value = word.partition("=")
        if word == "auto":
            continue
        if not equals or not name.isidentifier():
            raise ConfigurationError(f"{word!r} is no NAME=VALUE of a variant.")
        if name.isupper():
            environment[name] = value
        elif name == "vllm_options":
            settings[f"model.{name}"] = shlex.split(value)
        else:
            settings[f"model.{name}"] = parse_value(value)
    return Variant(text.strip() or "auto", settings, environment)


@dataclass
class Arm:
    """A variant with its server and what was measured of it."""

    variant: Variant
    settings: Settings
    url: str = ""
    model: str = ""
    starts: list[float] = field(default_factory=list)
    rates: dict[str, list[float]] = field(default_factory=dict)
    gaps: dict[str, list[float]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, variant: Variant, home: Path) -> Arm:
        """Its settings: the defaults, a home of its own, and what the variant sets."""
        home.mkdir()
        environ = {name: value for name, value in os.environ.items() if not name.startswith("AGENTFORGE_")}
        environ["AGENTFORGE_HOME"] = str(home)
        return cls(variant, load(overrides=variant.settings, environ=environ, project=home))

    def forget(self) -> None:
        """What was measured of it goes; its starts stay."""
        self.rates, self.gaps, self.counted = {}, {}, Counter()


@contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """The variables in this process for a while; a server that is started gets them from here."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


@dataclass
class Stages:
    """The stages of a start, each told once."""

    prefix: str
    last: str = ""

    def tell(self, report: Progress) -> None:
        """Passes a new one on."""
        if report.message != self.last:
            self.last = report.message
            progress(f"  {self.prefix}: {report.message}")


@asynccontextmanager
async def served(arm: Arm, *, starts: int = 1) -> AsyncGenerator[None]:
    """The arm's server is up inside, after so many starts."""
    try:
        for _ in range(starts):
            await down(arm.settings)
            began = time.monotonic()
            with variables(arm.variant.environment):
                local = await up(arm.settings, on_progress=Stages(arm.variant.name).tell)
            arm.starts.append(round(time.monotonic() - began, 1))
            arm.url, arm.model = local.url, local.model
            progress(f"{arm.variant.name}: up after {arm.starts[-1]} s")
        await turn(arm, SHAPES[0], -1, 8)
        yield
        record = server.read_record(arm.settings.home)
        if record:
            held = round(resident(record.pid) / 1e9, 1)
            arm.facts = {"profile": record.profile, "options": record.options, "resident_gb": held}
    finally:
        await down(arm.settings)


async def turn(arm: Arm, shape: Shape, number: int, tokens: int) -> tuple[float, list[float]]:
    """Tokens per second of one turn, and the gaps between the pieces of its answers in seconds."""
    began = time.monotonic()
    prompts = shape.prompts(number)
    answers = await asyncio.gather(*(write(arm.url, arm.model, prompt, tokens) for prompt in prompts))
    seconds = time.monotonic() - began
    return sum(answer.tokens for answer in answers) / seconds, [gap for answer in answers for gap in answer.gaps]


async def take_turns(arms: Sequence[Arm], number: int, tokens: int, shapes: Sequence[Shape]) -> None:
    """One round of those whose servers are up."""
    before = [await counters(arm.url) for arm in arms]
    for shape in shapes:
        for arm in arms:
            await asyncio.sleep(REST_SECONDS)
            rate, gaps = await turn(arm, shape, number, tokens)
            arm.rates.setdefault(shape.name, []).append(rate)
            arm.gaps.setdefault(shape.name, []).extend(gaps)
            progress(f"round {number + 1}, {shape.name}, {arm.variant.name}: {rate:.1f} tokens/s")
    for arm, earlier in zip(arms, before, strict=True):
        now = await counters(arm.url)
        arm.counted.update({name: int(value - earlier.get(name, 0)) for name, value in now.items()})


async def measure(pair: Sequence[Arm], rounds: int, tokens: int, shapes: Sequence[Shape], *, apart: bool) -> None:
    """All rounds of two arms; who begins changes with the round. ``apart``: one server at a time."""
    for number in range(rounds):
        order = pair if number % 2 == 0 else pair[::-1]
        if not apart:
            await take_turns(order, number, tokens, shapes)
            continue
        for arm in order:
            async with served(arm):
                await take_turns([arm], number, tokens, shapes)


def figures_of(arm: Arm, baseline: Arm) -> dict[str, Any]:
    """Medians and ratios of one arm; a ratio is that of the medians of the same rounds."""
    rates = {name: median(found) for name, found in arm.rates.items()}
    drafted = arm.counted["spec_decode_num_draft_tokens"]
    return {
        "tokens_per_s": {name: round(rate, 1) for name, rate in rates.items()},
        "ratio": {name: round(rate / median(baseline.rates[name]), 2) for name, rate in rates.items()},
        "step_ms": {name: round(quantiles(gaps, n=4)[0] * 1000, 1) for name, gaps in arm.gaps.items() if len(gaps) > 1},
        "rounds": {name: [round(rate, 1) for rate in found] for name, found in arm.rates.items()},
        "first_start_s": arm.starts[0],
        "start_s": median(arm.starts[1:]) if arm.starts[1:] else None,
        "prefix_hit_share": share(arm.counted["prefix_cache_hits"], arm.counted["prefix_cache_queries"]),
        "guessed_right_share": share(arm.counted["spec_decode_num_accepted_tokens"], drafted),
        **arm.facts,
    }


def share(part: float, whole: float) -> float | None:
    """0–1; None of nothing."""
    return round(part / whole, 3) if whole else None


def as_table(arms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Tokens per second with the ratio in brackets and the seconds of a start, a row for each arm."""
    return {
        name: {kind: f"{rate} ({one['ratio'][kind]})" for kind, rate in one["tokens_per_s"].items()}
        | {"start_s": one["start_s"]}
        for name, one in arms.items()
    }


def free_memory(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes that are available; None where the system does not tell."""
    try:
        lines = meminfo.read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


async def run(options: Any) -> int:
    """Measures each variant against the baseline and shows the figures."""
    texts = [*options.variant, *(name if name == "auto" else f"weights={name}" for name in options.profile)]
    variants = [variant_of(text) for text in texts or ["auto"]]
    rounds, tokens = (1, min(options.tokens, 48)) if options.quick else (options.rounds, options.tokens)
    shapes = [shape for shape in SHAPES if not options.quick or shape.name in QUICK]
    starts = 1 if options.quick else 2
    free = free_memory()
    apart = free is not None and free < 2 * SERVER_BYTES
    if apart:
        progress("There is no memory for two servers: each round starts one after the other.")
    arms: dict[str, Any] = {}
    loads = [machine_load()]
    with tempfile.TemporaryDirectory(prefix="agentforge-generation-") as folder:
        baseline = Arm.of(variant_of(options.baseline), Path(folder) / "baseline")
        async with AsyncExitStack() as stack:
            if not apart:
                await stack.enter_async_context(served(baseline, starts=starts))
            for number, variant in enumerate(variants):
                arm = Arm.of(variant, Path(folder) / f"variant{number}")
                baseline.forget()
                async with AsyncExitStack() as of_this:
                    if not apart:
                        await of_this.enter_async_context(served(arm, starts=starts))
                    await measure((baseline, arm), rounds, tokens, shapes, apart=apart)
                arms[variant.name] = figures_of(arm, baseline)
                loads.append(machine_load())
        arms = {"baseline": figures_of(baseline, baseline), **arms}
    first = arms[variants[0].name]
    shown = {
        "benchmark": "generation",
        "commit": commit_of(),
        "rounds": rounds,
        "tokens": tokens,
        "baseline": baseline.variant.name,
        "at_once": not apart,
        "tokens_per_s_ratio": first["ratio"][KIND],
        "prefix_hit_share": first["prefix_hit_share"],
        "loads": loads,
        "arms": arms,
    }
    show(shown, as_table(arms), as_json=options.json)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    options.add_argument("--variant", action="append", default=[], metavar="TEXT", help="may be given several times")
    options.add_argument("--profile", action="append", default=[], metavar="NAME", help="weights=NAME, or auto")
    options.add_argument("--baseline", default=BASELINE, metavar="TEXT")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--tokens", type=int, default=128, help="of an answer, at the most")
    chosen = options.parse_args(arguments)
    try:
        with ended_in_order():
            return asyncio.run(run(chosen))
    except KeyboardInterrupt:
        return cannot_run("Interrupted; the servers are stopped.", 130)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    except OSError as error:
        return cannot_run(f"A server does not answer any more: {error}.", ModelUnavailable.exit_code)


if __name__ == "__main__":
    sys.exit(main())
