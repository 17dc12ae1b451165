"""One family of the demo: its two sessions, what they cost, and whether they were right.

The agent gets the family's two questions and nothing else. Everything here goes through the same
façade that any user of the library has; only the judging knows the truth: the hidden cases for every
tool that came into the registry in either session, and ``demo_judge`` for the answers.
"""

from __future__ import annotations

import importlib.util
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
from agentforge.events import Event
from agentforge.settings import Settings
from examples.demo_judge import Question

FOLDER = Path(__file__).resolve().parent / "families"
Outcome = Literal["learned", "not learned", "failed honestly", "wrong"]


@dataclass(frozen=True)
class Family:
    """A task by a rule of its own, and a second question of the same kind."""

    name: str
    title: str
    first: Question
    second: Question


def families() -> dict[str, Family]:
    """All families by name."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def _read(path: Path) -> Family:
    told = tomllib.loads(path.read_text("utf-8"))
    results = tuple(example["returns"] for example in told["examples"])
    first = Question(told["ask"], told["expect"], tuple(told["question"]), "", results)
    second = Question(told["again"], told["expect_again"], tuple(told["question_again"]), told["ask"], results)
    return Family(path.stem, told["title"], first, second)


@dataclass
class Told:
    """One session: how it ended and what it took.

    ``by_role`` counts calls and tokens; ``computed`` is what the last tool call or run gave, None
    where there was none or it failed.
    """

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
    computed: Any = None

    def calls(self, *roles: str) -> int:
        """Model calls of these roles, or of all."""
        return sum(usage.calls for role, usage in self.by_role.items() if not roles or role in roles)

    @property
    def tokens(self) -> int:
        """Tokens read and written by all roles."""
        return sum(usage.input_tokens + usage.output_tokens for usage in self.by_role.values())


@dataclass
class Tried:
    """A tool that was made. ``hidden`` is how many hidden cases it got right, of how many."""

    name: str
    state: str = ""
    hidden: tuple[int, int] = (0, 0)
    gates: list[str] = field(default_factory=list)
    commit: str = ""

    @property
    def right(self) -> bool:
        """Whether it got every hidden case right."""
        return self.hidden[1] > 0 and self.hidden[0] == self.hidden[1]


@dataclass
class Report:
    """What became of one family, with every tool that either session made."""

    family: str
    title: str
    user: str
    tools: list[Tried] = field(default_factory=list)
    sessions: list[Told] = field(default_factory=list)

    @property
    def tool(self) -> str:
        """The tool that the second session is to reuse, or nothing."""
        made = self.sessions[0].tools_made if self.sessions else []
        return made[0] if made else ""

    @property
    def live(self) -> list[Tried]:
        """The tools that came into the registry."""
        return [tool for tool in self.tools if tool.state == "live"]

    @property
    def wrong_tools(self) -> list[Tried]:
        """The tools that came into the registry and should not have."""
        return [tool for tool in self.live if not tool.right]

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
        """``wrong`` is what must not happen: a wrong answer given as done, or a wrong tool let in, whenever.

        ``failed honestly``: no tool came into the registry, and nothing wrong was said. ``not
        learned``: a right one did, but an answer is missing or the second session did not reuse it.
        """
        claimed = any(told.code == 0 and not told.right for told in self.sessions)
        if claimed or self.wrong_tools:
            return "wrong"
        if not self.live:
            return "failed honestly"
        answered = len(self.sessions) == 2 and all(told.right for told in self.sessions)
        return "learned" if answered and self.reused else "not learned"

    @property
    def interrupted(self) -> bool:
        """Whether a person ended it."""
        return any(told.code == INTERRUPTED for told in self.sessions)

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        judged = {"tool": self.tool, "reused": self.reused, "outcome": self.outcome, "share": self.share}
        return {**asdict(self), **judged}


async def try_family(family: Family, settings: Settings, user: str, output: Output) -> Report:
    """Asks both questions, each in a session of its own, and judges tools and answers."""
    report = Report(family.name, family.title, user)
    output.note(f"\nSession 1 · {family.title}", "bold")
    await _session(report, family.first, settings, output)
    if report.tool and not report.interrupted:
        output.note("\nSession 2 · a new start, the same registry", "bold")
        await _session(report, family.second, settings, output)
    return report


async def _session(report: Report, question: Question, settings: Settings, output: Output) -> None:
    """One session; then every tool that it made is tried."""
    told = await _ask(report, question, settings, output)
    report.sessions.append(told)
    for name in told.tools_made if not report.interrupted else ():
        report.tools.append(await _try_tool(name, report, settings, output))


async def _ask(report: Report, question: Question, settings: Settings, output: Output) -> Told:
    """From opening to closing, so that nothing but registry and database is carried over."""
    output.note(question.ask.strip() + "\n")
    started = time.monotonic()
    events: list[Event] = []
    async with Forge(
        user=report.user, settings=settings, on_notice=lambda notice: output.note(f"! {notice}", "yellow")
    ) as forge:
        with view_for(output.err) as view:

            def show(event: Event) -> None:
                events.append(event)
                view.show(event)

            ending = await follow(forge.stream(question.ask), show)
        spent = {str(role): usage for role, usage in forge.usage.items() if usage.calls}
    return _told(ending, question, events, time.monotonic() - started, spent)


def _told(ending: Ending, question: Question, events: Sequence[Event], seconds: float, spent: dict[str, Usage]) -> Told:
    answer, computed = ending.text("answer"), computed_last(events)
    return Told(
        status="completed" if ending.code == 0 else "interrupted" if ending.code == INTERRUPTED else "failed",
        answer=answer,
        right=ending.code == 0 and question.is_right(answer, computed),
        seconds=round(seconds, 1),
        by_role=spent,
        tools_made=made_live(events),
        tools_used=ending.names("tools_used"),
        code=ending.code,
        session=ending.session,
        message=ending.text("message"),
        computed=computed,
    )


def computed_last(events: Sequence[Event]) -> Any:
    """What the last tool call or run of a session gave; None where there was none or it failed."""
    returned = [event for event in events if event.type == "tool_returned"]
    return returned[-1].data.get("value") if returned else None


def made_live(events: Sequence[Event]) -> list[str]:
    """The tools that came into the registry in a session, however it ended."""
    live = [event for event in events if event.type == "forge_finished" and event.data.get("state") == "live"]
    return list(dict.fromkeys(str(event.data["name"]) for event in live))


async def _try_tool(name: str, report: Report, settings: Settings, output: Output) -> Tried:
    """Tries a tool on the hidden cases, in the sandbox, and notes how it came into the registry.

    A tool is taken for an answer to the family's question: one that computes something else is wrong.
    """
    async with Forge(user=report.user, settings=settings, on_notice=lambda _: None) as forge:
        tool = forge.tool(name)
        gates: Any = tool.report.get("gates", [])
        parameters: Any = tool.signature.parameters["properties"]  # in the order of the signature
        cases = oracles()[report.family].cases()
        with output.err.status(f"checking {name} against the hidden cases"):
            results = [await forge.call(name, _arguments(parameters, args)) for args, _ in cases]
        commit = next((commit.sha for commit in forge.log(name)), "")
    good = [got.ok and _same(got.value, want) for got, (_, want) in zip(results, cases, strict=True)]
    told = [f"{gate['gate']} {gate['verdict']}" for gate in gates]
    return Tried(name, str(tool.state), (sum(good), len(good)), told, commit)


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
