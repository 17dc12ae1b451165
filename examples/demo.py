"""The demo: a tool is made by a local model, then reused in a second session.

    python -m examples.demo [--family NAME] [--claude] [--home DIR] [--model-url URL] [--json]
    python -m examples.demo --runs all      every family once, each with a registry of its own
    python -m examples.demo --list

It keeps to a home of its own (``.demo``); only the model cache is shared. Keys of the calling shell
are not looked at unless ``--claude`` says so. What was started is stopped again.

Exit code 0 only when a tool was made, every tool made is right in all hidden cases, both answers are
right (``demo_judge`` tells how that is found), and the second session reused the tool without having
anything written, in a third of the first one's time at the most. A family that fails honestly may be
followed by another one, three in all; anything wrong ends the demo with 1. ``--runs all`` ends with 0
when at least 80 % of the families were learned and none ended wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from rich.table import Table

from agentforge.boxes.image import build as build_image
from agentforge.cli.failure import present
from agentforge.cli.local import bring_up
from agentforge.cli.output import Output, cell, table
from agentforge.cli.progress import seconds_text
from agentforge.cli.steps import Steps
from agentforge.errors import ConfigurationError, SandboxError, StorageError, UsageError
from agentforge.models.local import up as local_model
from agentforge.settings import Settings, load
from examples.demo_family import Family, Report, Told, Tried, families, try_family

TRIES = 3
MOST_SHARE = 1 / 3
"""Of the first session's seconds, the second one may take this share."""
LEAST_LEARNED = 0.8
"""Share of the families that must be learned where all are run."""
HOME_BYTES = 10**9
INTERRUPTED = 130
KEPT = ("AGENTFORGE_MODEL__", "AGENTFORGE_DEBUG", "AGENTFORGE_SANDBOX__", "AGENTFORGE_FORGE__")
"""Settings of the caller's shell that the demo honours; all others could change what it shows."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; returns the exit code."""
    chosen = _arguments().parse_args(arguments)
    known = families()
    if chosen.list:
        print("\n".join(f"{family.name:<20} {family.title}" for family in known.values()))
        return 0
    try:
        _own_environment(chosen.home, claude=chosen.claude)
        return asyncio.run(_demo(chosen, _draw(known, chosen), _home(chosen.home.absolute())))
    except BaseException as error:  # noqa: BLE001 - as on the command line: a sentence and an exit code
        return present(error, "json" if chosen.json else "text")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--family", help="this family instead of a random one")
    parser.add_argument("--claude", action="store_true", help="honour ANTHROPIC_API_KEY of this shell")
    parser.add_argument("--home", type=Path, default=Path(".demo"), help="where the demo keeps everything")
    parser.add_argument("--model-url", help="a server that already runs, instead of a local model of its own")
    parser.add_argument("--keep-model", action="store_true", help="leave the local model running")
    parser.add_argument("--runs", choices=["all"], help="every family once, as a table")
    parser.add_argument("--list", action="store_true", help="list the families")
    parser.add_argument("--json", action="store_true", help="the report as JSON on stdout")
    return parser


def _draw(known: dict[str, Family], chosen: argparse.Namespace) -> list[Family]:
    """The families to try, in order."""
    if chosen.family is not None:
        if chosen.family not in known:
            raise UsageError(f"There is no family {chosen.family!r}.", fix="See --list.")
        return [known[chosen.family]]
    if chosen.runs == "all":
        return list(known.values())
    return random.sample(list(known.values()), TRIES)


def _own_environment(home: Path, *, claude: bool) -> None:
    """Forgets what the caller's shell says about keys and settings."""
    for name in list(os.environ):
        ours = name.startswith("AGENTFORGE_") and not name.startswith(KEPT)
        if ours or (name.startswith("ANTHROPIC_") and not claude):
            del os.environ[name]
    if claude and not os.environ.get("ANTHROPIC_API_KEY"):
        raise ConfigurationError(
            "--claude was given, but ANTHROPIC_API_KEY is not set.", fix="Set it, or leave out --claude."
        )
    os.environ["AGENTFORGE_HOME"] = str(home.absolute())


async def _demo(chosen: argparse.Namespace, drawn: list[Family], home: Path) -> int:
    output = Output("json" if chosen.json else "text")
    overrides = _sandbox(output, _load(home, {}))
    if chosen.model_url:
        overrides["model.source"] = chosen.model_url
    async with _model(_load(home, overrides), output, keep=chosen.keep_model):
        settings = _load(home, overrides)
        reports = await (_all(drawn, settings, output) if chosen.runs else _until_learned(drawn, settings, output))
    return _conclude(reports, output, home, every=bool(chosen.runs))


def _home(folder: Path) -> Path:
    """The demo's own home, if there is room in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < HOME_BYTES:
        raise StorageError(f"Less than 1 GB is free at {folder}.", fix="Free some space, or give another --home.")
    return folder


def _load(home: Path, overrides: dict[str, object]) -> Settings:
    return load(overrides=overrides, project=home)


def _sandbox(output: Output, settings: Settings) -> dict[str, object]:
    """Docker if a daemon answers and an image can be had, else bubblewrap; says which."""
    if settings.sandbox.launcher != "auto":
        output.note(f"Sandbox: {settings.sandbox.launcher}, as set.")
        return {}
    try:
        with Steps(output.err) as steps:
            image = build_image(lambda message: steps.show("image", message))
    except SandboxError as error:
        output.note(f"Sandbox: bubblewrap, which is weaker, because of Docker: {error.message}", "yellow")
        return {"sandbox.launcher": "bubblewrap"}
    output.note(f"Sandbox: Docker, image {image.tag} on {image.how}.")
    return {"sandbox.launcher": "docker"}


@asynccontextmanager
async def _model(settings: Settings, output: Output, *, keep: bool) -> AsyncIterator[None]:
    """The local model for as long as the demo runs; one that was running before is left running."""
    before = await asyncio.to_thread(local_model.status, settings)
    model = await bring_up(settings, output, yes=True)
    output.note(f"Model: {model.model} at {model.url}, from {model.source}.")
    try:
        yield
    finally:
        ours = model.pid is not None and before.state not in ("healthy", "starting")
        if ours and not keep:
            await local_model.down(settings)
            output.note("The model server was stopped; its files stay in the cache.")


async def _until_learned(drawn: list[Family], settings: Settings, output: Output) -> list[Report]:
    """One family after the other for as long as no tool is made and the agent says so."""
    reports: list[Report] = []
    user = _fresh_user(settings)
    for family in drawn:
        reports.append(await try_family(family, settings, user, output))
        if reports[-1].outcome != "failed honestly" or reports[-1].interrupted:
            break  # another family must not hide what went wrong with this one
        output.note(f"\nNot this time: {_why(reports[-1])}", "yellow")
    return reports


async def _all(drawn: list[Family], settings: Settings, output: Output) -> list[Report]:
    reports: list[Report] = []
    for family in drawn:
        reports.append(await try_family(family, settings, _fresh_user(settings), output))
        output.note(f"\n{family.name}: {reports[-1].outcome} ({_why(reports[-1])})", "bold")
        if reports[-1].interrupted:
            break
    return reports


def _fresh_user(settings: Settings) -> str:
    """A user that nothing was prepared for; the registries of earlier runs stay to be looked at."""
    folder = settings.registries / "personal"
    number = 1
    while (folder / f"demo-{number}.git").exists():
        number += 1
    return f"demo-{number}"


def _why(report: Report) -> str:
    """One sentence on what became of a family."""
    first = report.sessions[0]
    if not report.tool and report.outcome == "wrong":
        return "no tool was made, and a wrong answer was given as done"
    if report.outcome == "learned":
        return f"{report.tool} was made and reused"
    if not report.tool:
        return first.message or ("no tool was made, the answer is right" if first.right else "no tool was made")
    if report.wrong_tools:
        return ", ".join(f"{one.name} is right in {_of(one)} hidden cases" for one in report.wrong_tools)
    if not all(told.right for told in report.sessions):
        return f"{report.tool} is right, but an answer is {'wrong' if report.outcome == 'wrong' else 'missing'}"
    return f"{report.tool} is right, but was not reused as it is"


def _of(tool: Tried) -> str:
    return "{} of {}".format(*tool.hidden)


def _conclude(reports: list[Report], output: Output, home: Path, *, every: bool) -> int:
    missing = _missing_of_all(reports) if every else _missing(reports[-1])
    code = INTERRUPTED if reports[-1].interrupted else 1 if missing else 0
    if output.json:
        counted = {outcome: _count(reports, outcome) for outcome in ("learned", "wrong")}
        data = {"families": len(reports), **counted, "missing": missing}
        return output.finish("", {**data, "reports": [report.to_json() for report in reports]}, code)
    if every:
        output.finish(_rows(reports), {})
    else:
        for report in reports:
            _print(report, home)
    output.note("\n" + ("\n".join(missing) or "All that the demo promises was seen."), "red" if missing else "green")
    return code


def _missing(report: Report) -> list[str]:
    """What the last family tried did not show, in sentences."""
    if report.outcome == "wrong":
        return [f"Something wrong was let in or said: {_why(report)}."]
    if report.outcome != "learned":
        return [f"No tool was learned and reused: {_why(report).removesuffix('.')}."]
    if report.share is not None and report.share > MOST_SHARE:
        return [f"The second session took {report.share:.1%} of the first one's time; a third is the most."]
    return []


def _missing_of_all(reports: list[Report]) -> list[str]:
    """The conditions for a run of all families that do not hold, in sentences."""
    missing: list[str] = []
    if wrong := [report.family for report in reports if report.outcome == "wrong"]:
        missing.append(f"{len(wrong)} of {len(reports)} families ended wrong, and none may: {', '.join(wrong)}.")
    learned = _count(reports, "learned")
    if learned < LEAST_LEARNED * len(reports):
        missing.append(f"{learned} of {len(reports)} families were learned; at least {LEAST_LEARNED:.0%} must be.")
    return missing


def _count(reports: list[Report], outcome: str) -> int:
    return sum(report.outcome == outcome for report in reports)


def _rows(reports: list[Report]) -> Table:
    rows = table("FAMILY", "OUTCOME", "TOOL", "HIDDEN", "SHARE", "SESSION 1", "SESSION 2")
    for report in reports:
        told = [
            f"{_verdict(one)}, {one.calls()} calls, {one.tokens:,} tokens, {one.seconds:.0f} s"
            for one in report.sessions
        ]
        share = "" if report.share is None else f"{report.share:.0%}"
        names, hidden = (", ".join(column) for column in ([one.name for one in report.tools], map(_of, report.tools)))
        rows.add_row(report.family, report.outcome, names, hidden, share, *map(cell, told))
    return rows


def _verdict(told: Told) -> str:
    return "right" if told.right else "WRONG" if told.code == 0 else told.status


def _print(report: Report, home: Path) -> None:
    """The result of one family, for people."""
    print(f"\n{report.title}: {report.outcome}")
    for number, told in enumerate(report.sessions, 1):
        _print_session(number, told)
    if not report.tool:
        return
    for tool in report.tools:
        _print_tool(tool)
    if report.share is not None:
        reused = "yes, nothing was written" if report.reused else "no"
        print(f"  reused    {reused}; {report.share:.0%} of the first one's time")
    home = _from_here(home)
    program = f"AGENTFORGE_HOME={home} {_from_here(Path(sys.executable).with_name('agentforge'))}"
    print(f"  look      {program} tools show {report.tool} --user {report.user}")
    print(f"            {program} web --user {report.user}")
    print(f"            git --git-dir {home}/registries/personal/{report.user}.git log --stat")


def _print_tool(tool: Tried) -> None:
    print(f"  tool      {tool.name} ({tool.state}), commit {tool.commit[:10]}")
    unlike = [gate for gate in tool.gates if not gate.endswith(" passed")]
    print(f"  gates     {', '.join(unlike) or f'all {len(tool.gates)} passed'}")
    print(f"  hidden    {_of(tool)} hidden cases right, tried in the sandbox")


def _from_here(path: Path) -> Path:
    """The path as one would type it in the working directory."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _print_session(number: int, told: Told) -> None:
    print(f"  session {number} {_verdict(told)}: {told.answer.strip() or told.message}")
    roles = ", ".join(f"{role} {usage.calls}" for role, usage in told.by_role.items())
    print(f"            {told.calls()} model calls ({roles}), {told.tokens:,} tokens, {seconds_text(told.seconds)}")
    print(f"            made {', '.join(told.tools_made) or 'nothing'}, used {', '.join(told.tools_used) or 'nothing'}")


if __name__ == "__main__":
    sys.exit(main())
