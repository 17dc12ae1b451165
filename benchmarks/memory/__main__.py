"""What memory does for a user, in four parts:

  flat         how long a prompt is, and how long it takes until a model is asked, with 10, 1,000 and 10,000 tools,
               facts, documents and past turns; all of these fit the request, and ten of the tools (no model needed)
  bfcl         facts across sessions: whether the accepted answer stands in the prompt, against the five past turns
               that are nearest by BM25; right answers apart
  preferences  60 probes of ten kinds, told once and due 3 to 10 sessions later; against no memory, BM25 over past
               turns, and the preference itself in the prompt
  personality  two users of opposite manner, 30 sessions each: whether a classifier tells their assistants apart

A run takes up the kept rows of equal conditions (`benchmarks.conditions`) and measures the rest.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentforge.errors import AgentForgeError
from agentforge.models.client import Models
from agentforge.settings import Settings
from benchmarks import conditions
from benchmarks.form import cannot_run, parser, progress, show
from benchmarks.memory import bfcl, flat, personality, preferences
from benchmarks.memory.setup import CODE, Heard, Rows, forges, same_conditions, settings_of

PARTS = {"flat": (), "bfcl": bfcl.ARMS, "preferences": preferences.ARMS, "personality": ()}
"""Each part with its arms."""
BENCH = Path("../shared/bench/bfcl_memory")


async def measured(options: Any, arms: Sequence[str], settings: Settings, same: Mapping[str, str]) -> dict[str, Any]:
    """The figures of a part that asks a model."""
    rows = Rows(options.out, options.part, same)
    homes = options.out.parent / f"{options.out.stem}-homes" / "-".join((same["code"], same["settings"]))
    with tempfile.TemporaryDirectory() as empty:
        async with Models(settings) as real:
            models = Heard(real)
            new_forge = forges(settings, Path(empty), models)
            homes = homes.absolute()
            if options.part == "bfcl":
                scenarios = bfcl.read(options.sessions, options.questions, options.answers)
                return await bfcl.run(chosen(scenarios, options), arms, rows, new_forge, models, homes)
            if options.part == "preferences":
                probes = preferences.read_probes(options.probes)
                named = options.users.split(",") if options.users else [one.user for one in probes]
                probes = [one for one in probes if one.user in named][: 1 if options.quick else None]
                return await preferences.run(probes, arms, rows, new_forge, models, homes)
            size = personality.QUICK if options.quick else personality.Size()
            if not options.second_model_url:
                return await personality.run(rows, size, new_forge, models, homes)
            other = settings_of(options, second=True)
            async with Models(other) as second:
                return await personality.run(
                    rows, size, new_forge, models, homes, forges(other, Path(empty), Heard(second))
                )


def chosen(scenarios: Sequence[bfcl.Played], options: Any) -> list[bfcl.Played]:
    """With ``--quick`` the first session that is told and the first question that it answers."""
    if not options.quick:
        return [*scenarios]
    first = scenarios[0]
    session = first.sessions[0]
    asked = [one for one in first.questions if one.source and one.source[:20] in " ".join(session)]
    return [bfcl.Played(first.scenario, (session[:2],), tuple((asked or first.questions)[:1]))]


def tables(figures: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For people: a row for each arm, size or model."""
    if "paths" in figures:
        return {
            f"{path}, {many}": {key: value for key, value in row.items() if key != "parts"}
            for path, told in figures["paths"].items()
            for many, row in told["by_number"].items()
        }
    if "arms" in figures:
        return {arm: {k: v for k, v in told.items() if k != "by_kind"} for arm, told in figures["arms"].items()}
    return {name: figures[name] for name in ("first_model", "second_model") if figures[name]}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    known = PARTS[options.part]
    arms = options.arms.split(",") if options.arms else [*known]
    if strange := [arm for arm in arms if arm not in known]:
        return cannot_run(f"Unknown arms: {', '.join(strange)}. Known: {', '.join(known) or 'none'}.", 2)
    head: dict[str, Any] = {"benchmark": "memory", "part": options.part}
    head["commit"] = conditions.commit_of(conditions.ROOT, CODE)
    try:
        if options.part == "flat":
            told = asyncio.run(flat.measured(flat.QUICK if options.quick else flat.SIZES))
        else:
            settings = settings_of(options)
            same = same_conditions(settings)
            head |= same
            told = asyncio.run(measured(options, arms, settings, same))
    except FileNotFoundError as error:
        return cannot_run(f"{error.filename} does not exist.", 2)
    except (KeyError, ValueError, TypeError) as error:
        return cannot_run(f"A file cannot be read: {error}", 2)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    if options.part == "personality" and told["second_model"] is None:
        progress("The manner under another model was not measured: name one with --second-model-url.")
    show({**head, **told}, tables(told), as_json=options.json)
    return 0


def _parser() -> Any:
    options = parser(__doc__ or "")
    options.add_argument("part", nargs="?", choices=[*PARTS], default="bfcl", help="(default: bfcl)")
    options.add_argument("--arms", default="", help="of bfcl and preferences; all by default")
    options.add_argument("--sessions", type=Path, default=BENCH / "sessions.json", help="bfcl: what was said before")
    options.add_argument("--questions", type=Path, default=BENCH / "questions.jsonl", help="bfcl: what is asked")
    options.add_argument("--answers", type=Path, default=BENCH / "answers.jsonl", help="bfcl: what is accepted")
    options.add_argument("--probes", type=Path, default=preferences.PROBES, help="preferences: the probes")
    options.add_argument("--users", default="", help="preferences: names, separated by commas; all by default")
    options.add_argument(
        "--out", type=Path, default=Path("results/memory.jsonl"), help="kept rows; homes stand beside it"
    )
    options.add_argument("--model-url", default="", help="a server of the Messages protocol (default: settings)")
    options.add_argument("--model", default="qwen-coder")
    options.add_argument("--context", type=int, default=4096)
    options.add_argument("--second-model-url", default="", help="personality: a server with another model")
    options.add_argument("--second-model", default="qwen-coder")
    return options


if __name__ == "__main__":
    sys.exit(main())
