"""Documents that become tools, and change: 22 written policies, each with one rule and one change of its figures.

Each policy is kept as a document that the user vouches for, in a home of its own without starter tools. Tools are made
of it (`agentforge docs learn`); three questions are asked whose answers are known; the document is changed; its tools
are made anew (`docs renew`) and the questions are asked again. The right answers are computed by the benchmark and
given to nothing that generates or tests; the worked examples of the document hold none of the values asked for.

Figures: answers that are right before and after the change, and policies of which all are; the share of tools made
from the changed passage that were told and marked as stale; the share of answers from such tools that cite the rule's
passages, as they read then, and nothing else; the share of old answers that `docs why` explains by the old wording.
Intervals: bootstrap by policy.

A run takes up the kept rows of equal conditions (`benchmarks.conditions`) and measures the rest.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agentforge import Forge
from agentforge.errors import AgentForgeError
from agentforge.settings import Settings, load
from benchmarks import conditions
from benchmarks.form import cannot_run, parser, progress, read_lines, resumable, short_hash, show
from benchmarks.policies.measure import NewForge, measured
from benchmarks.policies.policy import Policy
from benchmarks.policies.written import POLICIES

CODE = ("agentforge", "sandbox", "benchmarks/policies")
NOT_RUN = (
    "agentforge/cli",
    "agentforge/web",
    "agentforge/testing",
    "agentforge/models/local",
    "agentforge/__main__.py",
)
"""What is run (as in :mod:`benchmarks.conditions`), and what is not."""

DRAWS = 2_000
"""Samples of the bootstrap."""

Row = dict[str, Any]


def hash_of(policy: Policy) -> str:
    """Differs where anything of a policy does."""
    pages = [policy.page(policy.before), policy.page(policy.after)]
    return short_hash([pages, policy.questions(policy.before), policy.questions(policy.after)])


def figures_of(rows: Sequence[Row]) -> dict[str, Any]:
    """The figures over all policies; shares are None where there is nothing to take a share of."""
    shares: dict[str, Callable[[Sequence[Row]], float | None]] = {
        "right_before": lambda some: _share(some, ("before", "right"), ("before", "questions")),
        "right_after": lambda some: _share(some, ("after", "right"), ("after", "questions")),
        "policies_right_before_and_after": lambda some: sum(map(_all_right, some)) / len(some) if some else None,
        "stale_caught_share": lambda some: _share(some, ("stale_caught",), ("stale_expected",)),
        "made_anew_share": lambda some: _share(some, ("made_anew",), ("stale_expected",)),
        "citations_right_share": _citations,
        "explained_share": lambda some: _share(some, ("explained",), ("old_answers",)),
    }
    return {
        "policies": len(rows),
        "with_a_tool": sum(bool(row["tools"]) for row in rows),
        "tools": sum(len(row["tools"]) for row in rows),
        "answers_by_tool": sum(row[when]["by_tool"] for row in rows for when in ("before", "after")),
        **{name: _rounded(share(rows)) for name, share in shares.items()},
        "intervals": {name: _interval(rows, share) for name, share in shares.items()},
        "tokens": sum(row["tokens"] for row in rows),
        "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
        "seconds": round(sum(row["seconds"] for row in rows), 1),
    }


def _count(row: Row, path: Sequence[str]) -> int:
    value: Any = row
    for key in path:
        value = value[key]
    return int(value)


def _share(rows: Sequence[Row], part: Sequence[str], whole: Sequence[str]) -> float | None:
    every = sum(_count(row, whole) for row in rows)
    return sum(_count(row, part) for row in rows) / every if every else None


def _citations(rows: Sequence[Row]) -> float | None:
    told = [row[when] for row in rows for when in ("before", "after")]
    every = sum(one["by_tool"] for one in told)
    return sum(one["cited_right"] for one in told) / every if every else None


def _all_right(row: Row) -> bool:
    return all(row[when]["right"] == row[when]["questions"] for when in ("before", "after"))


def _interval(rows: Sequence[Row], share: Callable[[Sequence[Row]], float | None]) -> list[float] | None:
    """The middle 95 % of a share over policies that are drawn anew, the same each time."""
    drawn = random.Random(7)
    found = [share(drawn.choices(rows, k=len(rows))) for _ in range(DRAWS)] if rows else []
    known = sorted(one for one in found if one is not None)
    return [round(known[int(len(known) * at)], 3) for at in (0.025, 0.975)] if known else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


class Rows:
    """The kept rows of equal conditions, in a file that grows with every policy."""

    def __init__(self, path: Path, same: dict[str, str], policies: Sequence[Policy]) -> None:
        self._path = path
        self._same = same
        self._hashes = {one.id: hash_of(one) for one in policies}
        path.parent.mkdir(parents=True, exist_ok=True)
        old = read_lines(path) if path.exists() else []
        kept = resumable(old, lambda row: {**same, "policy": self._hashes.get(row["id"], row.get("policy"))})
        self.rows = {row["id"]: row for row in kept if row["id"] in self._hashes}

    def add(self, row: Row) -> None:
        """Keeps one row, at once."""
        whole = {**row, **self._same, "policy": self._hashes[row["id"]]}
        self.rows[row["id"]] = whole
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(whole) + "\n")


async def run(policies: Sequence[Policy], rows: Rows, new_forge: NewForge) -> dict[str, Any]:
    """Measures what is not kept yet, and gives the figures of all."""
    for policy in policies:
        if policy.id in rows.rows:
            continue
        progress(f"{policy.id}: {policy.title}, {policy.heading}")
        row = await measured(policy, new_forge)
        rows.add(row)
        told = [f"{when} {row[when]['right']} of {row[when]['questions']} right" for when in ("before", "after")]
        progress(f"  {policy.id}: {', '.join(told)}, {row['stale_caught']} of {row['stale_expected']} stale caught")
    return figures_of([rows.rows[policy.id] for policy in policies])


def settings_of(options: Any) -> Settings:
    """The settings in force; ``--model-url`` names the local endpoint."""
    local = {"kind": "vllm", "url": options.model_url, "model": options.model, "context": options.context}
    overrides: dict[str, Any] = {"endpoints.local": local} if options.model_url else {}
    return load(overrides=overrides)


def forges(options: Any, base: Path) -> NewForge:
    """Makes users with homes of their own and no starter tools."""

    def new(home: Path) -> Forge:
        home.mkdir()
        own = settings.model_copy(update={"home": home})  # whatever the environment says
        return Forge(user="bench", settings=own, base=base, on_notice=progress)

    settings = settings_of(options)
    return new


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    known = {one.id: one for one in POLICIES}
    named = options.only.split(",") if options.only else [*known]
    if strange := [one for one in named if one not in known]:
        return cannot_run(f"No policy of that name: {', '.join(strange)}. Known: {', '.join(known)}.", 2)
    policies = [known[one] for one in named][: 1 if options.quick else None]
    try:
        with tempfile.TemporaryDirectory() as empty:
            settings = settings_of(options)
            code = conditions.code_hash(conditions.ROOT, CODE, NOT_RUN)
            more = {name: getattr(settings, name).model_dump(mode="json") for name in ("agent", "gates", "review")}
            same = asyncio.run(conditions.conditions_of(settings, code, more))
            told = asyncio.run(run(policies, Rows(options.out, same, policies), forges(options, Path(empty))))
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    head = {"benchmark": "policies", "commit": conditions.commit_of(conditions.ROOT, CODE), **same}
    row = {key: value for key, value in told.items() if key != "intervals"}
    show({**head, **told}, {key: {"figure": value} for key, value in row.items()}, as_json=options.json)
    return 0


def _parser() -> Any:
    options = parser(__doc__ or "")
    options.add_argument("--only", default="", help="ids of policies, separated by commas")
    options.add_argument(
        "--out",
        type=Path,
        default=Path("results/policies.jsonl"),
        help="kept results; a run resumes from those of the same code, settings, model, server and policies",
    )
    options.add_argument(
        "--model-url", default="", help="a server that speaks the Messages protocol (default: settings)"
    )
    options.add_argument("--model", default="qwen-coder")
    options.add_argument("--context", type=int, default=4096)
    return options


if __name__ == "__main__":
    sys.exit(main())
