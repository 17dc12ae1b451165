"""How many needs become right tools, how many wrong ones get in, and what it costs.

Arms:
  agentforge  the forge as the product runs it, in a registry of its own for each need
  naive       best of six answers to the plain prompt, judged by the need's examples alone (all of
              them: none are held out), with two rounds in which the two best answers so far are
              repaired; the first that passes is taken. System prompt, temperature, token limit, stop
              sequences and what a repair is told of a failure are those of the forge
  arise, autotool
              two other programs that make tools, each in a box of its own (benchmarks/peers)

The hidden cases of a need are the oracle. They are read here, after an arm has finished with the
need, and as cases given to nothing that generates or tests. Those that stand in a need's own purpose
in so many words, as the zero cases of n07 and n44 do, any arm may read there, as any person may.

A run takes up the kept rows of equal conditions (``benchmarks.conditions``) and measures the rest.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import AgentForgeError, ContextOverflow, ModelError, SandboxError
from agentforge.forge.author import CANDIDATE_TOKENS, CODE_STOP
from agentforge.forge.cases import fenced, holds
from agentforge.forge.evidence import SHOWN_FAILURES, describe_failure
from agentforge.forge.parts import ForgeParts
from agentforge.forge.pipeline import forge
from agentforge.forge.spec import render_example
from agentforge.forge.spending import local_tokens
from agentforge.models.client import Models
from agentforge.models.prompts import render
from agentforge.models.protocol import Message, ModelClient
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.repository import Registry
from agentforge.settings import Settings, load
from agentforge.together import together
from agentforge.types import Example, JSONObject, Need, Role, Usage
from benchmarks.conditions import commit_of, conditions_of, machine_load
from benchmarks.form import cannot_run, parser, progress, read_lines, resumable, short_hash, show
from benchmarks.peers.run import with_peer
from benchmarks.peers.setup import PEERS

NAIVE_ANSWERS = 6
NAIVE_ROUNDS = 2
NAIVE_REPAIRS = 2
NAIVE_PROMPT = "Write the Python function {name}{signature}.\n\n{purpose}\n\nExamples:\n{examples}"
NAIVE_FORM = (
    "Answer with one ```python block that holds the imports and the complete function, and nothing behind the function."
)


@dataclass(frozen=True)
class Made:
    """What an arm delivered for one need: source of a live tool, or None with the reason."""

    source: str | None
    reason: str
    usage: Usage
    local_tokens: int
    toolbox: dict[str, str]
    artefacts: JSONObject = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """What the arms work with."""

    models: ModelClient
    box: Box
    settings: Settings

    @property
    def limits(self) -> Limits:
        """Bounds of one call."""
        return Limits(seconds=self.settings.sandbox.call_seconds)


def need_of(row: dict[str, Any]) -> Need:
    """The need without its hidden cases."""
    return Need(
        name=row["name"],
        signature=row["signature"],
        purpose=row["purpose"],
        examples=tuple(example_of(item, "need") for item in row["examples"]),
        requests=tuple(row.get("requests", ())),
    )


def example_of(item: dict[str, Any], source: str) -> Example:
    """One case of the file."""
    return Example(item["args"], returns=item.get("returns"), raises=item.get("raises"), source=source)


async def with_agentforge(bench: Bench, need: Need) -> Made:
    """The forge, with an empty registry and an empty base layer."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "base"
        empty.mkdir()
        registry = Registry.create(Path(folder) / "registry.git")
        parts = ForgeParts(
            bench.models,
            bench.box,
            Layers(registry, BaseLayer(empty)),
            registry,
            bench.settings.forge,
            call_limits=bench.limits,
            suite_limits=Limits(seconds=bench.settings.sandbox.suite_seconds),
        )
        result = await forge(need, parts, lambda kind, data: progress(f"    {data.get('message', kind)}"))
        source = registry.get(need.name).source if result.state == "live" else None
    local = local_tokens(result.by_role, bench.models)
    return Made(source, result.reason, result.usage, local, {}, result.artefacts)


async def naive(bench: Bench, need: Need) -> Made:
    """Best of six with two rounds of repair; the examples are the only judge."""
    examples = "\n".join(render_example(need.name, example) for example in need.examples)
    prompt = NAIVE_PROMPT.format(name=need.name, signature=need.signature, purpose=need.purpose, examples=examples)
    system, usage = render("forge_system"), Usage()
    tried: dict[str, list[str]] = {}

    async def ask(text: str) -> str:
        nonlocal usage
        completion = await bench.models.complete(
            Role.GENERATE,
            [Message("user", text)],
            system=system,
            max_tokens=room(bench, system + text),
            temperature=bench.settings.forge.temperature,
            stop=CODE_STOP,
        )
        usage += completion.usage
        return fenced(completion.text, holding=f"def {need.name}(")

    prompts = [f"{prompt}\n\n{NAIVE_FORM}"] * NAIVE_ANSWERS
    for number in range(NAIVE_ROUNDS + 1):
        for source in await asyncio.gather(*map(ask, prompts)):
            failures = await failures_of(bench, need, source)
            if not failures:
                return Made(source, f"passed in round {number + 1}", usage, usage.output_tokens, {})
            tried.pop(source, None)
            tried[source] = failures
        latest = list(reversed(tried))  # of equally good ones these; a single one is repaired twice
        best = sorted(latest, key=lambda source: len(tried[source]))[:NAIVE_REPAIRS]
        prompts = [
            f"{prompt}\n\nThis attempt is wrong:\n```python\n{source}```\n"
            + "\n".join(tried[source][:SHOWN_FAILURES])
            + f"\n\nCorrect it. {NAIVE_FORM}"
            for source in (best * NAIVE_REPAIRS)[:NAIVE_REPAIRS]
        ]
    return Made(None, "no answer passed", usage, usage.output_tokens, {})


def room(bench: Bench, prompt: str) -> int:
    """Tokens that an answer may have: the forge's limit, or what the context has left."""
    left = bench.models.context(Role.GENERATE) - bench.models.count(prompt) - 50
    return max(1, min(CANDIDATE_TOKENS, left))


async def failures_of(bench: Bench, need: Need, source: str) -> list[str]:
    """Each of the need's examples that a source does not give, as a line."""
    calls = [example.args for example in need.examples]
    results = await bench.box.call_many(source, need.name, calls, limits=bench.limits)
    pairs = list(zip(need.examples, results, strict=True))
    return [describe_failure(need.name, example, result) for example, result in pairs if not holds(example, result)]


ARMS: dict[str, Callable[[Bench, Need], Awaitable[Made]]] = {
    "agentforge": with_agentforge,
    "naive": naive,
    **{peer: with_peer(peer) for peer in PEERS},
}


async def right(bench: Bench, row: dict[str, Any], made: Made) -> bool:
    """Whether a live tool gives every example and every hidden case."""
    assert made.source is not None
    cases = [example_of(item, "oracle") for item in (*row["examples"], *row["hidden"])]
    results = await bench.box.call_many(
        made.source, row["name"], [case.args for case in cases], toolbox=made.toolbox, limits=bench.limits
    )
    return all(map(holds, cases, results))


async def measure(bench: Bench, arm: str, row: dict[str, Any]) -> JSONObject:
    """One need through one arm."""
    started = time.monotonic()
    try:
        made = await ARMS[arm](bench, need_of(row))
    except ContextOverflow as error:  # about this need alone
        made = Made(None, str(error), Usage(), 0, {})
    except (ModelError, SandboxError):
        raise
    except AgentForgeError as error:
        made = Made(None, str(error), Usage(), 0, {})
    seconds = time.monotonic() - started
    verdict = "failed_honestly"
    if made.source is not None:
        verdict = "right" if await right(bench, row, made) else "wrong_live"
    return {
        "verdict": verdict,
        "reason": made.reason,
        "source": made.source,
        "calls": made.usage.calls,
        "tokens": made.usage.output_tokens,
        "prompt_tokens": made.usage.input_tokens,
        "cached_tokens": made.usage.cached_tokens,
        "local_tokens": made.local_tokens,
        "seconds": round(seconds, 2),
        "artefacts": made.artefacts,
    }


def summed(rows: list[dict[str, Any]], *, planner: bool) -> JSONObject:
    """The figures of one arm over all its runs; the median is that of the seconds for one need."""
    tokens = sum(row["tokens"] for row in rows)
    count = {
        verdict: sum(row["verdict"] == verdict for row in rows)
        for verdict in ("right", "wrong_live", "failed_honestly")
    }
    return {
        "needs": len(rows),
        **count,
        "calls": sum(row["calls"] for row in rows),
        "tokens": tokens,
        "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
        "cached_tokens": sum(row["cached_tokens"] for row in rows),
        "local_token_share": round(sum(row["local_tokens"] for row in rows) / tokens, 3)
        if planner and tokens
        else None,
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "median_seconds": round(median(row["seconds"] for row in rows), 1) if rows else None,
    }


def settings_of(options: Any) -> Settings:
    """The settings in force; ``--model-url`` names the local endpoint."""
    local = {"kind": "vllm", "url": options.model_url, "model": options.model, "context": options.context}
    return load(overrides={"endpoints.local": local} if options.model_url else {})


@dataclass(frozen=True)
class Results:
    """The kept rows of equal conditions, in a file that grows with every need."""

    path: Path
    conditions: dict[str, str]
    needs: dict[str, str]
    rows: list[dict[str, Any]]

    @classmethod
    def open(cls, path: Path, conditions: dict[str, str], needs: dict[str, str]) -> Results:
        """Takes up what is comparable; ``needs`` maps ids to hashes of the needs as they are now."""
        path.parent.mkdir(parents=True, exist_ok=True)
        old = read_lines(path) if path.exists() else []
        same = resumable(old, lambda row: {**conditions, "need": needs.get(row["id"], row.get("need"))})
        return cls(path, conditions, needs, same)

    def has(self, key: dict[str, Any]) -> bool:
        """Whether this run of this need through this arm has been measured."""
        return any(all(row[name] == value for name, value in key.items()) for row in self.rows)

    def add(self, key: dict[str, Any], figures: JSONObject) -> None:
        """Keeps one row, at once."""
        row = {**key, **self.conditions, "need": self.needs[key["id"]], **figures}
        self.rows.append(row)
        with self.path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")

    def of(self, arm: str, ids: set[str], runs: int) -> list[dict[str, Any]]:
        """The rows of one arm that were asked for."""
        return [row for row in self.rows if row["arm"] == arm and row["id"] in ids and row["run"] <= runs]


def told(rows: list[dict[str, Any]], *, planner: bool) -> JSONObject:
    """The figures of one arm over all its runs, and of each run with the verdict on each need."""
    by_run: JSONObject = {}
    for number in sorted({row["run"] for row in rows}):
        of_run = [row for row in rows if row["run"] == number]
        verdicts = {row["id"]: row["verdict"] for row in of_run}
        by_run[str(number)] = {**summed(of_run, planner=planner), "verdicts": verdicts}
    return {**summed(rows, planner=planner), "by_run": by_run}


def as_table(by_arm: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """One row for each arm and, where there are several, for each of its runs."""
    rows: dict[str, dict[str, Any]] = {}
    for arm, figures in by_arm.items():
        runs = figures["by_run"] if len(figures["by_run"]) > 1 else {}
        for name, shown in {arm: figures, **{f"{arm}, run {number}": one for number, one in runs.items()}}.items():
            rows[name] = {key: value for key, value in shown.items() if key not in ("by_run", "verdicts")}
    return rows


async def worker(
    waiting: Iterator[dict[str, Any]],
    needs: dict[str, dict[str, Any]],
    settings: Settings,
    results: Results,
    commit: str,
    at_once: int,
) -> None:
    """Takes one measurement after the other, with models and a box of its own."""
    async with Models(settings) as models, await open_box(settings.sandbox, user="bench", on_notice=progress) as box:
        bench = Bench(models, box, settings)
        for key in waiting:
            row = needs[key["id"]]
            called = f"run {key['run']} {key['id']} {row['name']} {key['arm']}"
            progress(called)
            began: JSONObject = {"name": row["name"], "commit": commit, "load": machine_load(), "at_once": at_once}
            figures = await measure(bench, key["arm"], row)
            spent = f"{figures['tokens']} tokens, {figures['seconds']} s"
            progress(f"  {called}: {figures['verdict']}: {figures['reason']} ({spent})")
            results.add(key, {**began, **figures})


async def run(options: Any) -> int:
    """Measures what is not in the kept results yet, then shows all of it."""
    needs = read_lines(options.needs)
    hashes = {row["id"]: short_hash(row) for row in needs}
    rows = [row for row in needs if not options.only or row["id"] in options.only.split(",")][: options.first]
    runs = options.runs
    if options.quick:
        rows, runs = rows[:1], 1
    arms = options.arms.split(",")
    if unknown := [arm for arm in arms if arm not in ARMS]:
        return cannot_run(f"Unknown arms: {', '.join(unknown)}. Known: {', '.join(ARMS)}.", 2)
    settings = settings_of(options)
    conditions, commit = await conditions_of(settings), commit_of()
    results = Results.open(options.out, conditions, hashes)
    wanted = ({"run": run, "id": row["id"], "arm": arm} for run in range(1, runs + 1) for row in rows for arm in arms)
    waiting = (key for key in wanted if not results.has(key))
    by_id = {row["id"]: row for row in rows}
    await together(worker(waiting, by_id, settings, results, commit, options.at_once) for _ in range(options.at_once))
    planner = settings.endpoint_name(Role.PLAN) != settings.endpoint_name(Role.GENERATE)
    by_arm = {arm: told(results.of(arm, {row["id"] for row in rows}, runs), planner=planner) for arm in arms}
    shown = {"benchmark": "needs", "runs": runs, "commit": commit, **conditions, "arms": by_arm}
    show(shown, as_table(by_arm), as_json=options.json)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--needs", type=Path, default=Path("../shared/bench/needs_dev.jsonl"), help="needs with hidden oracles"
    )
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--arms", default="agentforge,naive")
    options.add_argument(
        "--at-once",
        type=int,
        default=1,
        metavar="N",
        help="measurements that share the machine: sooner done, but their seconds tell little",
    )
    options.add_argument("--only", default="", help="ids, separated by commas")
    options.add_argument("--first", type=int, default=None, help="only the first N needs")
    options.add_argument(
        "--out",
        type=Path,
        default=Path("results/needs.jsonl"),
        help="kept results; a run resumes from those of the same code, settings, model, server and needs",
    )
    options.add_argument(
        "--model-url", default="", help="a server that speaks the Messages protocol (default: settings)"
    )
    options.add_argument("--model", default="qwen-coder")
    options.add_argument("--context", type=int, default=4096)
    chosen = options.parse_args(arguments)
    try:
        return asyncio.run(run(chosen))
    except FileNotFoundError as error:
        return cannot_run(f"{error.filename} does not exist; name a file with --needs.", 2)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
