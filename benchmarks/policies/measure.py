"""One policy through its life: learned, asked, changed, asked again while stale, made anew, asked again."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agentforge import Forge
from agentforge.errors import AgentForgeError
from agentforge.jobs.protocol import Record
from agentforge.result import RunResult
from benchmarks.form import progress
from benchmarks.policies.policy import Policy, Wording

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

NewForge = Callable[[Path], Forge]
"""A user whose home is a folder that is empty."""


@dataclass(frozen=True)
class Asked:
    """The questions under one wording: how many answers were right, and what they cited."""

    questions: int = 0
    right: int = 0
    by_tool: int = 0
    """Answers that a tool gave which was made from the document."""
    cited_right: int = 0
    """Of these, those that cite a passage of the rule as it read then, and nothing else."""
    answers: list[dict[str, Any]] = field(default_factory=list)


async def measured(policy: Policy, new_forge: NewForge) -> dict[str, Any]:
    """The row of one policy (raises ModelError, SandboxError and so on where it could not be measured)."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{policy.id}.md"
        write(policy, policy.before, file)
        async with new_forge(Path(folder) / "home") as forge:
            row = await _life(policy, forge, file)
            answering = {"answering": {str(role): asdict(one) for role, one in forge.usage.items()}}
    spent = [used for job in (*row["learned"], *row["renewed"], answering) for used in _used(job)]
    return {
        **row,
        **answering,
        "tokens": sum(one["output_tokens"] for one in spent),
        "prompt_tokens": sum(one["input_tokens"] for one in spent),
        "seconds": round(time.monotonic() - started, 1),
    }


def _used(row: dict[str, Any]) -> list[dict[str, int]]:
    """What a job, or all answers, took of each role."""
    return list((row.get("usage") or row.get("answering") or {}).values())


def _job(one: Record) -> dict[str, Any]:
    return {"name": one.name, "state": one.state, "reason": one.reason, "usage": one.result.get("usage", {})}


def write(policy: Policy, wording: Wording, file: Path) -> None:
    """The document as a file."""
    file.write_text(policy.page(wording), "utf-8")


async def _life(policy: Policy, forge: Forge, file: Path) -> dict[str, Any]:
    [kept] = forge.documents.add(file, trusted=True).kept
    learned = await forge.knowledge.learn(kept.document.id, _step)
    made = [tool.name for tool in forge.tools() if forge.documents.cited(tool.name)]
    before = await _asked(policy, policy.before, forge)

    rule = _rule(policy, forge)
    citing = {name for name in made if rule & {one.id for one in forge.documents.cited(name)}}
    write(policy, policy.after, file)
    told = {one.name for one in forge.documents.add(file, trusted=True).stale}
    caught = [name for name in citing if name in told and forge.tool(name).stale]
    old = {name: forge.tool(name).version for name in citing}

    renewed = await forge.knowledge.renew(tell=_step)
    fresh = [name for name in citing if not forge.tool(name).stale and forge.tool(name).version != old[name]]
    after = await _asked(policy, policy.after, forge)
    return {
        "id": policy.id,
        "tools": made,
        "learned": [_job(one) for one in learned],
        "renewed": [_job(one) for one in renewed],
        "stale_expected": len(citing),
        "stale_caught": len(caught),
        "made_anew": len(fresh),
        "before": vars(before),
        "after": vars(after),
        **_explained(policy, forge, old, before),
    }


async def _asked(policy: Policy, wording: Wording, forge: Forge) -> Asked:
    rule, rows = _rule(policy, forge), list[dict[str, Any]]()
    for question, gold in policy.questions(wording):
        try:
            done = await forge.run(question)
        except AgentForgeError as error:  # a question that could not even be begun is answered wrongly
            progress(f"    {question}: {error}")
            continue
        own = {one.passage for one in done.cites}
        row = {"question": question, "gold": gold, "answer": done.answer or done.message, "cites": sorted(own)}
        rows.append({**row, "right": is_right(done, gold), "cited_right": bool(own) and own <= rule})
        progress(f"    {question} {row['answer'][:60]!r}, right: {gold}")
    by_tool = [row for row in rows if row["cites"]]
    return Asked(
        len(policy.asked),
        sum(row["right"] for row in rows),
        len(by_tool),
        sum(row["cited_right"] for row in by_tool),
        rows,
    )


def is_right(done: RunResult, gold: str) -> bool:
    """Whether an answer is the right one: the last number of it, or else the text as it is, in any case of letters."""
    if not done.ok:
        return False
    if _NUMBER.fullmatch(gold):
        numbers = _NUMBER.findall(done.answer.replace(",", ""))
        return bool(numbers) and abs(float(numbers[-1]) - float(gold)) < 0.005
    return re.search(rf"(?<!\w){re.escape(gold)}(?!\w)", done.answer, re.IGNORECASE) is not None


def _rule(policy: Policy, forge: Forge) -> set[str]:
    """The passages of the rule, as the document reads now."""
    passages = forge.documents.passages(policy.title)
    return {one.id for one in passages if one.headings[-1:] == (policy.heading,)}


def _explained(policy: Policy, forge: Forge, old: dict[str, str], before: Asked) -> dict[str, int]:
    """How many answers of earlier versions there are, and of how many it is told which wording gave them."""
    given = [row for row in before.answers if row["cites"]]
    versions = [one for one in forge.knowledge.why(policy.title) if one.version == old.get(one.tool)]
    questions = {one.question for version in versions for one in version.answers if _was_and_is(version.passages)}
    return {"old_answers": len(given), "explained": sum(row["question"] in questions for row in given)}


def _was_and_is(passages: Sequence[Any]) -> bool:
    return any(one.gone and one.old is not None and one.new is not None for one in passages)


def _step(message: str) -> None:
    progress(f"    {message}")
