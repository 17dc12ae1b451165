"""``agentforge run``: one task, its answer on stdout, an exit code that tells the truth."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass

from agentforge.api import Forge
from agentforge.cli.costs import dollars, money
from agentforge.cli.failure import report
from agentforge.cli.options import Who
from agentforge.cli.output import Output, one_line
from agentforge.cli.progress import View, seconds_text, view_for
from agentforge.cli.turns import INTERRUPTED, TIMED_OUT, Ending, choose_session, follow, read_prompt
from agentforge.cli.usage import Account
from agentforge.errors import StorageError
from agentforge.events import Event
from agentforge.settings import Settings, load
from agentforge.types import JSONObject, Role, RunLimits, Usage


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asked for."""

    prompt: str
    latest: bool
    resume: str | None
    who: Who
    form: str
    timeout: float | None
    quiet: bool
    fork: bool = False
    max_usd: float | None = None
    max_turns: int | None = None
    usage_file: str | None = None


def run(request: Request) -> int:
    """Runs one task and prints its answer."""
    with Account(request.usage_file) as account:
        turns = {} if request.max_turns is None else {"agent.max_steps": request.max_turns}
        settings = load(overrides=request.who.overrides() | turns)
        text = read_prompt(request.prompt, settings.agent.prompt_bytes)
        with asyncio.Runner() as runner:
            return runner.run(_run(request, settings, text, account))


async def _run(request: Request, settings: Settings, text: str, account: Account) -> int:
    output = Output(request.form)
    forge = await Forge(user=settings.user, org=settings.org, settings=settings, on_notice=output.warn).open()
    try:
        return await _turn(request, forge, output, text, account)
    finally:
        await _close(forge, output)


async def _turn(request: Request, forge: Forge, output: Output, text: str, account: Account) -> int:
    """One turn and its result, which is printed before anything is closed: it cannot be lost any more."""
    started = time.monotonic()
    session = await choose_session(forge, latest=request.latest, resume=request.resume, fork=request.fork)
    limits = RunLimits(usd=request.max_usd)
    with view_for(output.err, quiet=request.quiet) as view:
        events = forge.stream(text, session=session, limits=limits)
        ending = await follow(events, _shower(output, view), seconds=request.timeout)
    spent = {role: usage for role, usage in forge.usage.items() if usage.calls}
    seconds, usd = time.monotonic() - started, dollars(spent, forge.settings)
    facts = summary(ending, spent, seconds, usd)
    account.tell(ending.code, facts, ending.text("message"))
    return finish(output, ending, facts, footer(ending, spent, seconds, usd), quiet=request.quiet)


async def _close(forge: Forge, output: Output) -> None:
    try:
        await forge.aclose()
    except Exception as error:  # noqa: BLE001 - the result is out; that something could not be closed is a remark
        output.warn(f"Not everything could be closed: {error}")


def _shower(output: Output, view: View) -> Callable[[Event], None]:
    """Shows an event to the person and, with stream-json, to the program."""

    def show(event: Event) -> None:
        view.show(event)
        if output.form == "stream-json":
            # The last event carries the answer, and the result after it says what stdout does not take.
            with suppress(StorageError) if event.terminal else nullcontext():
                output.line(event.to_json())

    return show


def finish(output: Output, ending: Ending, facts: JSONObject, told: str, *, quiet: bool) -> int:
    """Prints the answer, or why there is none; ``told`` is the line about it for a person."""
    if ending.code == 0:
        if not quiet:
            for line in sources(ending):
                output.note(line)
            output.note(told)
        with output.keeping(ending.text("answer"), f"agentforge run -r {ending.session} -p …"):
            return output.finish(ending.text("answer"), facts)
    kind = ending.text("error") or {TIMED_OUT: "DeadlineReached", INTERRUPTED: "Interrupted"}.get(ending.code, "")
    fix = ending.text("fix") or (f"Go on with: agentforge run -r {ending.session} -p …" if ending.session else "")
    return report(output, kind, ending.text("message") or "The task failed.", fix, ending.code, facts)


def sources(ending: Ending) -> list[str]:
    """One line for each passage that the answer rests on: where it stands, and which tool was made from it."""
    return [one_line(f"from {one.get('place')} ({one.get('tool')})", 200) for one in ending.cites]


def summary(ending: Ending, spent: Mapping[Role, Usage], seconds: float, usd: float | None) -> JSONObject:
    """The facts of a run as JSON; ``usage`` is in tokens, by role and in total, ``usd`` null for an unknown price."""
    total = sum(spent.values(), Usage())
    return {
        "answer": ending.text("answer"),
        "session": ending.session,
        "tools_made": list(ending.names("tools_made")),
        "tools_used": list(ending.names("tools_used")),
        "cites": [*ending.cites],
        "usage": {"total": asdict(total), **{str(role): asdict(usage) for role, usage in spent.items()}},
        "usd": usd,
        "seconds": round(seconds, 3),
    }


def footer(ending: Ending, spent: Mapping[Role, Usage], seconds: float, usd: float | None) -> str:
    """One line: what was made and used, what it cost, where it is kept."""
    total = sum(spent.values(), Usage())
    parts = [
        f"made {', '.join(ending.names('tools_made'))}" if ending.names("tools_made") else "",
        f"used {', '.join(ending.names('tools_used'))}" if ending.names("tools_used") else "",
        f"{total.calls} model call{'s' if total.calls != 1 else ''}",
        f"{total.input_tokens + total.output_tokens:,} tokens",
        money(usd) if usd else "",
        seconds_text(seconds),
        f"session {ending.session}" if ending.session else "",
    ]
    return " · ".join(part for part in parts if part)
