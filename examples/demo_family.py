"""One family of the demo: its two sessions, what they cost, and whether they were right.

The agent gets the family's two questions and nothing else. Everything here goes through the same
façade that any user of the library has; only the judging knows the truth.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from agentforge import Forge, Usage
from agentforge.cli.output import Output
from agentforge.cli.progress import view_for
from agentforge.cli.turns import INTERRUPTED, Ending, follow
from agentforge.settings import Settings

FOLDER = Path(__file__).resolve().parent / "families"
Outcome = Literal["learned", "not learned", "failed honestly", "wrong"]


@dataclass(frozen=True)
class Family:
    """A task by a rule of its own, and a second question of the same kind."""

    name: str
    title: str
    ask: str
    expect: int | str
    again: str
    expect_again: int | str
    given: tuple[Any, ...]
    given_again: tuple[Any, ...]


def families() -> dict[str, Family]:
    """All families by name."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def _read(path: Path) -> Family:
    told = tomllib.loads(path.read_text("utf-8"))
    return Family(
        path.stem,
        *(told[key] for key in ("title", "ask", "expect", "again", "expect_again")),
        given=tuple(told["question"]),
        given_again=tuple(told["question_again"]),
    )


@dataclass
class Told:
    """One session: how it ended and what it took. ``by_role`` counts calls and tokens."""

    status: str
    answer: str
    right: bool
    seconds: float
    by_role: dict[str, Usage]
    tools_made: list[str]
    tools_used: list[str]
    code: int
    session: str
    message: str = ""

    def calls(self, *roles: str) -> int:
        """Model calls of these roles, or of all."""
        return sum(usage.calls for role, usage in self.by_role.items() if not roles or role in roles)

    @property
    def tokens(self) -> int:
        """Tokens read and written by all roles."""
        return sum(usage.input_tokens + usage.output_tokens for usage in self.by_role.values())


@dataclass
class Report:
    """What became of one family. ``hidden`` is how many hidden cases the tool got right, of how many."""

    family: str
    title: str
    user: str
    tool: str = ""
    state: str = ""
    hidden: tuple[int, int] = (0, 0)
    sessions: list[Told] = field(default_factory=list)
    gates: list[str] = field(default_factory=list)
    commit: str = ""

    @property
    def tool_right(self) -> bool:
        """Whether the tool got every hidden case right."""
        return self.hidden[1] > 0 and self.hidden[0] == self.hidden[1]

    @property
    def reused(self) -> bool:
        """Whether the second session called the tool and had nothing written."""
        again = self.sessions[1] if len(self.sessions) > 1 else None
        written = again and (again.tools_made or again.calls("generate", "test"))
        return bool(again and self.tool in again.tools_used and not written)

    @property
    def share(self) -> float | None:
        """Seconds of the second session for each one of the first; None without a second one."""
        if len(self.sessions) < 2:
            return None
        return self.sessions[1].seconds / max(self.sessions[0].seconds, 0.1)

    @property
    def outcome(self) -> Outcome:
        """``wrong`` is what must not happen: a wrong answer given as done, or a wrong tool let in.

        ``failed honestly``: no tool came into the registry, and nothing wrong was said. ``not
        learned``: a right one did, but an answer is missing or the second session did not reuse it.
        """
        claimed = any(told.code == 0 and not told.right for told in self.sessions)
        if claimed or (self.state == "live" and not self.tool_right):
            return "wrong"
        if self.state != "live":
            return "failed honestly"
        answered = len(self.sessions) == 2 and all(told.right for told in self.sessions)
        return "learned" if answered and self.reused else "not learned"

    @property
    def interrupted(self) -> bool:
        """Whether a person ended it."""
        return any(told.code == INTERRUPTED for told in self.sessions)

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        judged = {"reused": self.reused, "tool_right": self.tool_right, "outcome": self.outcome, "share": self.share}
        return {**asdict(self), **judged}


async def try_family(family: Family, settings: Settings, user: str, output: Output) -> Report:
    """Asks both questions, each in a session of its own, and judges tool and answers."""
    report = Report(family.name, family.title, user)
    output.note(f"\nSession 1 · {family.title}", "bold")
    output.note(family.ask.strip() + "\n")
    report.sessions.append(await _session(settings, user, output, family.ask, family.expect, family.given))
    if report.sessions[0].tools_made and not report.interrupted:
        await _look_at_tool(report, family, settings, user, output)
        output.note("\nSession 2 · a new start, the same registry", "bold")
        output.note(family.again.strip() + "\n")
        told = await _session(settings, user, output, family.again, family.expect_again, family.given_again)
        report.sessions.append(told)
    return report


async def _session(
    settings: Settings, user: str, output: Output, text: str, expect: int | str, given: Sequence[Any]
) -> Told:
    """One session from opening to closing, so that nothing but registry and database is carried over."""
    started = time.monotonic()
    async with Forge(
        user=user, settings=settings, on_notice=lambda notice: output.note(f"! {notice}", "yellow")
    ) as forge:
        with view_for(output.err) as view:
            ending = await follow(forge.stream(text), view.show)
        spent = {str(role): usage for role, usage in forge.usage.items() if usage.calls}
    return _told(ending, expect, given, time.monotonic() - started, spent)


def _told(ending: Ending, expect: int | str, given: Sequence[Any], seconds: float, spent: dict[str, Usage]) -> Told:
    answer = ending.text("answer")
    return Told(
        status="completed" if ending.code == 0 else "interrupted" if ending.code == INTERRUPTED else "failed",
        answer=answer,
        right=ending.code == 0 and is_right(answer, expect, given),
        seconds=round(seconds, 1),
        by_role=spent,
        tools_made=ending.names("tools_made"),
        tools_used=ending.names("tools_used"),
        code=ending.code,
        session=ending.session,
        message=ending.text("message"),
    )


def is_right(answer: str, expect: int | str, given: Sequence[Any]) -> bool:
    """Whether an answer in words says ``expect``: a text stands in it whole; of numbers, the last one
    that does not merely repeat the question is it.
    """
    if isinstance(expect, str):
        return re.search(rf"(?<![\w#]){re.escape(expect)}(?![\w#])", answer) is not None
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", answer)
    found = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", plain)]
    repeated = {float(value) for value in given if isinstance(value, int | float)} - {float(expect)}
    said = [number for number in found if number not in repeated]
    return bool(said) and said[-1] == float(expect)


async def _look_at_tool(report: Report, family: Family, settings: Settings, user: str, output: Output) -> None:
    """Tries the tool on the hidden cases, in the sandbox, and notes how it came into the registry."""
    report.tool = report.sessions[0].tools_made[0]
    async with Forge(user=user, settings=settings, on_notice=lambda _: None) as forge:
        tool = forge.tool(report.tool)
        report.state = str(tool.state)
        report.commit = next((commit.sha for commit in forge.log(report.tool)), "")
        gates: Any = tool.report.get("gates", [])
        report.gates = [f"{gate['gate']} {gate['verdict']}" for gate in gates]
        parameters: Any = tool.signature.parameters["properties"]  # in the order of the signature
        cases = oracles()[family.name].cases()
        with output.err.status("checking the tool against the hidden cases"):
            results = [await forge.call(report.tool, _arguments(parameters, args)) for args, _ in cases]
    good = [got.ok and _same(got.value, want) for got, (_, want) in zip(results, cases, strict=True)]
    report.hidden = (sum(good), len(good))


def _arguments(parameters: dict[str, Any], values: Sequence[Any]) -> dict[str, Any]:
    """``values`` by position; a number goes as text to a parameter that takes text."""
    pairs = zip(parameters.items(), values, strict=False)
    return {name: str(value) if kind.get("type") == "string" else value for (name, kind), value in pairs}


def _same(got: object, want: object) -> bool:
    """Whether a result is the right one; a number counts as text too, as it stands in the question."""
    return (got == want and type(got) is not bool) or (isinstance(want, int) and got == str(want))


@cache
def oracles() -> Any:
    """The hidden oracles, read as a file: the families are data of the package, not a part of it."""
    spec = importlib.util.spec_from_file_location("demo_oracles", FOLDER / "oracles.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(FOLDER / "oracles.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.ORACLES
