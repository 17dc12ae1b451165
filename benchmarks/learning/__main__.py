"""How much an agent learns from a stream of tasks, against rivals with the same model, feedback and cap of tokens.

After each answer the user says right or wrong and, when wrong, what was right. Arms:
  A  no memory, no tools: reasons step by step
  B  code written for each task, run in the sandbox, nothing kept
  M  memory without tools: the nearest past questions (BM25) with their right answers stand in the prompt
  C  AgentForge: a user of its own with a home of its own, no starter tools, everything kept
  D  C's home after session 3, from then on with the tools' code swapped among their names before every task
  R  the same with the tools taken away before every task

Figures per session and all together: right answers; generated and prompt tokens per right answer, with all that
was spent on feedback, making, testing and repairs; the session from which on C's generated tokens per right answer
are no more than A's; how many answers came from a tool made earlier; tools made, kept, and wrong (right on less than
95 % of 200 fresh items of the family that they were used for). Intervals: paired bootstrap by family.

A run takes up the kept rows of equal conditions; an arm with a home goes on from its last whole session.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentforge.errors import AgentForgeError
from agentforge.settings import Settings, load
from agentforge.types import Role
from benchmarks import conditions
from benchmarks.form import cannot_run, parser, progress, short_hash, show
from benchmarks.learning import plot, stream
from benchmarks.learning.judge import unknown
from benchmarks.learning.plain import PLAIN
from benchmarks.learning.rows import Rows
from benchmarks.learning.run import ARMS, Play, run

CODE = ("agentforge", "sandbox", "benchmarks/learning")
NOT_RUN = (
    *("agentforge/cli", "agentforge/web", "agentforge/testing", "agentforge/models/local", "agentforge/__main__.py"),
    *(f"benchmarks/learning/{name}.py" for name in ("__main__", "figures", "fresh", "places", "plot", "rows", "run")),
)
"""What the arms run (as in :mod:`benchmarks.conditions`), and what only plays, keeps and sums up."""
PLAIN_CODE = (
    *(f"agentforge/{name}.py" for name in ("errors", "parsing", "sections", "settings", "together")),
    *("agentforge/boxes", "agentforge/models", "sandbox", "benchmarks/learning"),
)
PLAIN_NOT_RUN = (
    *(*NOT_RUN, "agentforge/models/prompts"),  # theirs stand in the benchmark
    *(f"benchmarks/learning/{name}.py" for name in ("ablation", "feedback", "kept")),
)
"""The same of the arms that keep nothing: their rows outlive a change of what only the others run."""


def settings_of(options: Any) -> Settings:
    """The settings in force; ``--model-url`` names the local endpoint, and ``--cap`` the tokens of a task
    and of a forging in it.
    """
    local = {"kind": "vllm", "url": options.model_url, "model": options.model, "context": options.context}
    overrides: dict[str, Any] = {"endpoints.local": local} if options.model_url else {}
    settings = load(overrides=overrides)
    if not options.cap:
        return settings
    forging = min(options.cap, settings.forge.max_output_tokens)
    capped = {"agent.max_output_tokens": options.cap, "forge.max_output_tokens": forging}
    return load(overrides={**overrides, **capped})


def chosen_tasks(options: Any) -> list[stream.Task]:
    """The tasks to play (raises as :func:`benchmarks.learning.stream.read_stream`)."""
    tasks = stream.read_stream(options.stream)
    if options.sessions:
        named = stream.numbers(options.sessions)
        tasks = [task for task in tasks if task.session in named]
    if options.half:
        tasks = stream.half(tasks)
    return stream.quick(tasks) if options.quick and tasks else tasks


def plain_conditions(settings: Settings) -> dict[str, str]:
    """The code and the settings that the arms run which keep nothing."""
    used = {
        "cap": settings.agent.max_output_tokens,
        "sandbox": settings.sandbox.model_dump(mode="json"),
        "plan": settings.endpoint(Role.PLAN).model_dump(mode="json", exclude={"url", "key", "timeout"}),
    }
    code = conditions.code_hash(conditions.ROOT, PLAIN_CODE, PLAIN_NOT_RUN)
    return {"code": code, "settings": short_hash(used)}


def measured(options: Any, arms: Sequence[str], tasks: Sequence[stream.Task]) -> dict[str, Any]:
    """Runs it and gives the JSON object."""
    settings = settings_of(options)
    code = conditions.code_hash(conditions.ROOT, CODE, NOT_RUN)
    more = {name: getattr(settings, name).model_dump(mode="json") for name in ("agent", "gates", "review")}
    same = asyncio.run(conditions.conditions_of(settings, code, more))
    plain = {**same, **plain_conditions(settings)}
    rows = Rows.open(options.out, lambda arm: plain if arm in PLAIN else same, tasks)
    homes = options.out.parent / f"{options.out.stem}-homes" / short_hash([same, [task.hash for task in tasks]])
    told = run(Play(tasks, arms, rows, settings, homes.absolute(), options.fresh), options.at_once)
    head = {"benchmark": "learning", "stream": options.stream.name, "tasks": len(tasks)}
    return {**head, "commit": conditions.commit_of(conditions.ROOT, CODE), **same, **told}


def tables(figures: dict[str, Any]) -> list[dict[str, dict[str, Any]]]:
    """For people: the arms, then success by session, tokens per right answer by session, success by family."""
    arms: dict[str, dict[str, Any]] = figures["arms"]
    summary: dict[str, dict[str, Any]] = {}
    for arm, told in arms.items():
        shown = {key: told.get(key) for key in ("right", "late_success", "generated_per_correct", "prompt_per_correct")}
        late: Any = told["intervals"]["late_success"]
        shown["late 95 %"] = "" if late is None else f"{late[0]:.3f}–{late[1]:.3f}"
        more = ("break_even_session", "reuse_rate", "tools_made", "tools_kept", "tools_wrong", "tools_untold")
        summary[arm] = {**shown, **{key: "" if told.get(key) is None else told[key] for key in more}}
    success = {
        arm: {f"session {at}": one for at, one in told["success_by_session"].items()} for arm, told in arms.items()
    }
    spent = {
        arm: {f"until {one['session']}": one["cumulative"]["generated_per_correct"] for one in told["by_session"]}
        for arm, told in arms.items()
    }
    families = sorted({family for told in arms.values() for family in told["by_family"]})
    by_family = {family: {arm: told["by_family"].get(family, "") for arm, told in arms.items()} for family in families}
    compared = {
        f"C against {other}": {key: str(one) for key, one in told.items()} for other, told in figures["against"].items()
    }
    return [summary, success, spent, by_family, *([compared] if compared else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    arms = options.arms.split(",")
    if wrong := [arm for arm in arms if arm not in ARMS]:
        return cannot_run(f"Unknown arms: {', '.join(wrong)}. Known: {', '.join(ARMS)}.", 2)
    try:
        tasks = chosen_tasks(options)
        if not tasks:
            return cannot_run("No task is left to play.", 2)
        if strange := unknown(tasks):
            return cannot_run(f"No scorer of that name: {', '.join(strange)}.", 2)
        told = measured(options, arms, tasks)
    except FileNotFoundError as error:
        return cannot_run(f"{error.filename} does not exist; name a file with --stream.", 2)
    except (KeyError, ValueError) as error:
        return cannot_run(f"The stream or the sessions cannot be read: {error}", 2)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    picture = options.out.with_suffix(".svg")
    picture.write_text(plot.drawn({arm: one["by_session"] for arm, one in told["arms"].items()}), encoding="utf-8")
    progress(f"The plot is in {picture}.")
    for rows in tables(told) if not options.json else [{}]:
        show(told, rows, as_json=options.json)
    return 0


def _parser() -> Any:
    options = parser(__doc__ or "")
    stream_file = Path("../shared/bench/rg_stream_dev/stream.jsonl")
    options.add_argument("--stream", type=Path, default=stream_file, help="the tasks, as JSON Lines")
    options.add_argument("--fresh", type=Path, default=None, help="fresh items of families that have no generator")
    options.add_argument("--arms", default=",".join(ARMS))
    options.add_argument("--sessions", default="", help="such as 0-9; all by default")
    options.add_argument("--half", action="store_true", help="every second task of each family")
    options.add_argument("--cap", type=int, default=0, help="generated tokens of one task (default: the settings')")
    options.add_argument(
        "--at-once", type=int, default=1, metavar="N", help="tasks of A, B and M beside the arms with a home"
    )
    options.add_argument(
        "--out", type=Path, default=Path("results/learning.jsonl"), help="kept rows; homes and plot stand beside it"
    )
    options.add_argument("--model-url", default="", help="a server of the Messages protocol (default: settings)")
    options.add_argument("--model", default="qwen-coder")
    options.add_argument("--context", type=int, default=4096)
    return options


if __name__ == "__main__":
    sys.exit(main())
