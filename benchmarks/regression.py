"""Whether what a tool did wrong in use makes it better for good.

Each seeded defect (a file as ``benchmarks/defects/seeded.json``) makes a starter tool wrong in one place that its
suite does not see. The broken tool is live in a registry of its own, is called some times (half of the right
answers are confirmed), meets its defect in a real call, and what is right is then said, as a person does. Real
git, database and box. ``permanent`` counts the defects whose example is committed as a test for good.

Without ``--model-url`` a script plays the generator, since a model's skill is not what is measured: it proposes
an answer to the failing example by heart, a tool that always returns the same, a repair that spoils a confirmed
answer, then (but for defects marked as not repairable) the unbroken source. ``broken`` counts tests of the
starter tool's own suite that the broken tool passed and the adopted repair does not; ``right`` the adopted repairs
that pass all of it. Between the defects come faults that are no defect (a time-out, a lost process, a failing
disk, each of a call that goes well when repeated): ``transient_changed`` counts those after which anything in the
registry differs.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from agentforge import Forge, State
from agentforge.api.feedback import UNSAID
from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box, CallResult
from agentforge.errors import AgentForgeError
from agentforge.forge.cases import holds, outcome, render_suite
from agentforge.forge.probes import neighbours
from agentforge.forge.regressions import named
from agentforge.memory.records import FinishedCall
from agentforge.models.protocol import ModelClient
from agentforge.registry.layers import BaseLayer
from agentforge.registry.regressions import read_regressions
from agentforge.registry.repository import Registry
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.settings import Settings, load
from agentforge.testing import ScriptedModel
from agentforge.types import Example, JSONObject, Layer
from benchmarks.conditions import commit_of
from benchmarks.form import cannot_run, parser, progress, show

SEEDED = Path(__file__).parent / "defects" / "seeded.json"
QUICK = 2
EXAMPLES, CALLS = 4, 6
FAULTS = (
    ("timed_out", "It ran out of time and was stopped."),
    ("died", "Its process ended without an answer."),
    ("raised", "OSError: [Errno 28] No space left on device"),
)


@dataclass
class Tally:
    """What came of all defects."""

    defects: int = 0
    permanent: int = 0
    adopted: int = 0
    proposed: int = 0
    kept: int = 0
    right: int = 0
    broken: int = 0
    confirmed_lost: int = 0
    transient: int = 0
    transient_changed: int = 0
    rows: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


@dataclass(frozen=True)
class Seeded:
    """A broken tool with what is known of it; ``truth`` is what is right for ``args``, ``good`` are arguments on
    which it does what the ``oracle`` does.
    """

    name: str
    oracle: Tool
    broken: Tool
    truth: Example
    good: list[JSONObject]
    repairable: bool


async def seeded(line: dict[str, Any], oracle: Tool, box: Box) -> Seeded:
    """The broken tool of one line; raises ValueError where the line does not break it as it says."""
    source = oracle.source.replace(line["old"], line["new"])
    if source == oracle.source:
        raise ValueError(f"{line['tool']}: {line['old']!r} does not stand in its source")

    async def both(many: list[JSONObject]) -> list[tuple[CallResult, CallResult]]:
        one = await box.call_many(oracle.source, oracle.name, many)
        return list(zip(one, await box.call_many(source, oracle.name, many), strict=True))

    known = [example.args for example in oracle.examples]
    tried = [
        args for args in (*known, *neighbours(known, most=30)) if not mismatches(args, oracle.signature.parameters)
    ]
    agreeing = [
        (args, one)
        for args, (one, other) in zip(tried, await both(tried), strict=True)
        if outcome(one) == outcome(other) and (one.ok or one.error in oracle.signature.raises)
    ]
    examples = [_example(args, one, "user") for args, one in agreeing[:EXAMPLES]]
    (right, wrong) = (await both([line["args"]]))[0]
    truth = _example(line["args"], right, "user")
    if holds(truth, wrong):
        raise ValueError(f"{line['tool']}: {line['args']} does not meet the defect")
    manifest = oracle.manifest.model_copy(update={"provenance": type(oracle.manifest.provenance)()})
    broken = Tool(manifest, source, render_suite(oracle.name, examples), tuple(examples), layer=Layer.USER)
    good = [args for args, _ in agreeing[EXAMPLES : EXAMPLES + CALLS]]
    return Seeded(oracle.name, oracle, broken, truth, good, line.get("repairable", True))


def _example(args: JSONObject, result: CallResult, source: str) -> Example:
    return Example(args, result.value if result.ok else None, None if result.ok else result.error, source)


def scripted(one: Seeded) -> ScriptedModel:
    """A generator that errs three times before it is right, if it ever is."""
    by_heart = _with_case(one.broken, one.truth.args, repr(one.truth.returns))
    constant = _with_body(one.broken, f"return {one.broken.examples[0].returns!r}")
    spoiling = _with_case(one.oracle, one.good[0], "None") if one.good else constant
    wrong = [by_heart, constant, spoiling]
    answers = [*wrong, *([one.oracle.source] if one.repairable else [])]
    asked = iter(range(1_000_000))
    return ScriptedModel(lambda _: f"```python\n{answers[next(asked) % len(answers)]}```")


def _with_case(tool: Tool, args: JSONObject, result: str) -> str:
    tests = " and ".join(f"{name} == {value!r}" for name, value in args.items())
    return _with_body(tool, f"if {tests}:\n        return {result}", keep=True)


def _with_body(tool: Tool, code: str, *, keep: bool = False) -> str:
    """The tool's source with ``code`` in the place of, or before, its function's body."""
    lines = tool.source.splitlines()
    function = next(node for node in ast.parse(tool.source).body if getattr(node, "name", "") == tool.name)
    assert isinstance(function, ast.FunctionDef)
    start = function.body[1].lineno - 1
    end = start if keep else function.end_lineno
    return "\n".join([*lines[:start], f"    {code}", *lines[end:]]) + "\n"


class _Lent:
    """A box that stays open when whoever uses it has finished."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def __getattr__(self, name: str) -> Any:
        return getattr(self._box, name)

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        """It is its opener's to close."""


async def met_in_use(one: Seeded, box: Box, settings: Settings, models: ModelClient, tally: Tally) -> None:
    """One defect from its first call to whatever came of it."""
    with Registry.open_or_create(settings.registries / settings.org / f"{settings.user}.git") as registry:
        registry.add(one.broken, state=State.LIVE)

    async def opened(_: object) -> Box:
        return cast("Box", _Lent(box))

    async with Forge(user=settings.user, org=settings.org, settings=settings, models=models, open_box=opened) as forge:
        confirmed: list[JSONObject] = []
        for number, args in enumerate(one.good):
            called = await forge.call(one.name, args)
            if number % 2 == 0:
                await forge.feedback("good", called.call)
                confirmed.append(args)
        await _transient(forge, one, tally)
        called = await forge.call(one.name, one.truth.args)
        found = [learned.kind for learned in await forge.repair(one.name)]
        expected = UNSAID if one.truth.raises else one.truth.returns
        learned = await forge.feedback("bad", called.call, expected=expected, raises=one.truth.raises)
        await _transient(forge, one, tally)
        right = await _judge(one, box, forge, learned.end, confirmed, tally)
        row = {"right": right, "call": called.status, "found": ", ".join(found) or "by the user", "end": learned.end}
        tally.rows[f"{len(tally.rows) + 1} {one.name}"] = row
        progress(
            f"{tally.defects}: {one.name}: {row['call']} → {learned.end}{', right' if right else ''}: {learned.reason}"
        )


async def _transient(forge: Forge, one: Seeded, tally: Tally) -> None:
    """A fault that is none of the tool's, of a call that goes well."""
    if not one.good:
        return
    status, told = FAULTS[tally.transient % len(FAULTS)]
    registry, tool = forge._opened().registry, forge.tool(one.name)
    before = registry.head()
    episodes = await forge._opened().the_episodes()
    name = f"call_fault_{tally.transient}_{time.monotonic_ns()}"
    episodes.record_lone_call(FinishedCall(one.name, tool.version, one.good[0], status, told, 0.1, repair=True), name)
    done = await forge.repair(name)
    tally.transient += 1
    tally.transient_changed += registry.head() != before or [each.kind for each in done] != ["transient"]


async def _judge(one: Seeded, box: Box, forge: Forge, end: str, confirmed: list[JSONObject], tally: Tally) -> bool:
    """Counts what came of a defect; whether a repair that passes all of the starter tool's suite is live."""
    tally.defects += 1
    registry, live = forge._opened().registry, forge.tool(one.name)
    kept = [each for each in read_regressions(registry, one.name) if each.source.startswith("feedback:")]
    tally.permanent += len(kept) == 1 and await _is_a_test(one, live, kept[0], box, adopted=end == "adopted")
    tally.adopted += end == "adopted"
    tally.proposed += end == "proposed"
    tally.kept += end == "kept"
    if end != "adopted":
        assert live.version == one.broken.version, "nothing was adopted, and yet another version is live"
        return False
    rows = {
        name: (await box.suite(source, one.oracle.tests)).rows
        for name, source in (("oracle", one.oracle.source), ("broken", one.broken.source), ("adopted", live.source))
    }
    passing = {name: {row.name for row in found if row.outcome == "passed"} for name, found in rows.items()}
    tally.broken += len(passing["broken"] - passing["adopted"])
    right = passing["oracle"] <= passing["adopted"]
    tally.right += right
    before = await box.call_many(one.broken.source, one.name, confirmed)
    after = await box.call_many(live.source, one.name, confirmed)
    tally.confirmed_lost += sum(outcome(a) != outcome(b) for a, b in zip(before, after, strict=True))
    return right


async def _is_a_test(one: Seeded, live: Tool, kept: Example, box: Box, *, adopted: bool) -> bool:
    """Whether the example fails on the broken tool and, once a repair is adopted, is one of the live version's
    own tests, which passes.
    """
    if holds(kept, await box.call(one.broken.source, one.name, kept.args)):
        return False
    if not adopted:
        return True
    rows = {row.name.rpartition("::")[2]: row.outcome for row in (await box.suite(live.source, live.tests)).rows}
    return kept in live.examples and rows.get(named(kept)) == "passed"


async def run(options: Any) -> int:
    """Meets every defect and prints what came of them."""
    lines: list[dict[str, Any]] = options.lines[:QUICK] if options.quick else options.lines
    base = {tool.name: tool for tool in BaseLayer().tools()}
    tally, started = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        local = {"kind": "vllm", "url": options.model_url, "model": options.model, "context": options.context}
        wanted: dict[str, object] = {"forge.candidates": 4, "forge.rounds": 1}
        wanted |= {"endpoints.local": local} if options.model_url else {}
        settings = load(overrides=wanted, environ={**os.environ, "AGENTFORGE_HOME": home})
        async with await open_box(settings.sandbox, user="benchmark", on_notice=progress) as box:
            for number, line in enumerate(lines):
                one = await seeded(line, base[line["tool"]], box)
                own = settings.owned_by("benchmark", f"user{number}")
                models: ModelClient = _models(own) if options.model_url else scripted(one)
                try:
                    await met_in_use(one, box, own, models, tally)
                finally:
                    await models.aclose()
            info = box.info
    figures = {key: value for key, value in vars(tally).items() if key != "rows"}
    figures |= {
        "generator": options.model if options.model_url else "scripted",
        "launcher": info.launcher,
        "tier": info.tier,
        "seconds": round(time.monotonic() - started, 1),
        "commit": commit_of(),
    }
    show(figures, {**tally.rows, "all": figures}, as_json=options.json)
    return 0


def _models(settings: Settings) -> ModelClient:
    from agentforge.models.client import Models

    return Models(settings)


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; 7 or 4 where there is no sandbox or model."""
    made = parser(__doc__ or "")
    made.add_argument("--defects", type=Path, default=SEEDED, help="seeded defects, as in benchmarks/defects")
    made.add_argument("--model-url", default="", help="a server that plays the generator (default: a script)")
    made.add_argument("--model", default="qwen-coder")
    made.add_argument("--context", type=int, default=4096)
    chosen = made.parse_args(arguments)
    try:
        chosen.lines = json.loads(chosen.defects.read_text("utf-8"))
        return asyncio.run(run(chosen))
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    except (OSError, ValueError) as error:
        return cannot_run(str(error), 2)


if __name__ == "__main__":
    sys.exit(main())
