"""``agentforge model up|status|down``."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict

import typer

from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.cli.progress import seconds_text
from agentforge.cli.steps import Steps
from agentforge.errors import UsageError
from agentforge.models.local import up as room
from agentforge.models.local.progress import GB, Confirm, OnProgress, Plan, Progress
from agentforge.models.local.server import read_record
from agentforge.settings import LOCAL_MODEL_FILE, Settings, load
from agentforge.types import JSONObject

NOT_ANSWERING = 4


def up(who: Who, *, yes: bool, source: str | None, form: str) -> int:
    """Brings the local model up, with progress on stderr."""
    overrides = who.overrides() | ({"model.source": source} if source else {})
    output = Output(form)
    model = asyncio.run(bring_up(load(overrides=overrides), output, yes=yes))
    where = f"pid {model.pid}" if model.pid else "not ours"
    text = f"{model.model} answers at {model.url} (context {model.context:,} tokens, {where}, from {model.source})."
    facts: JSONObject = {
        "url": model.url, "model": model.model, "pid": model.pid, "context": model.context, "source": model.source
    }  # fmt: skip
    return output.finish(text, {"model": facts})


async def bring_up(settings: Settings, output: Output, *, yes: bool) -> room.LocalModel:
    """:func:`agentforge.models.local.up.up` with its progress shown and its question asked."""
    with Steps(output.err) as steps:
        return await room.up(settings, on_progress=_shower(steps), confirm=_asker(steps, yes=yes))


def _shower(steps: Steps) -> OnProgress:
    def show(progress: Progress) -> None:
        if progress.notice:
            steps.keep(progress.message, "yellow")
        else:
            steps.show(progress.step, progress.message, progress.done, progress.total)

    return show


def _asker(steps: Steps, *, yes: bool) -> Confirm:
    """Asks before a download; where nobody can answer, ``--yes`` has to be said beforehand."""

    def ask(plan: Plan) -> bool:
        if yes:
            return True
        if not somebody_is_there():
            raise UsageError(
                f"{plan.download / GB:.1f} GB would be downloaded, and nobody is here to be asked.",
                fix="Say 'agentforge model up --yes', or set model.source to a server that already runs.",
            )
        steps.pause()
        try:
            return typer.confirm(f"Download {plan.download / GB:.1f} GB?", default=True, err=True)
        finally:
            steps.go_on()

    return ask


def somebody_is_there() -> bool:
    """Whether a person sits at this terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def status(who: Who, form: str) -> int:
    """Says how the local model stands; 0 only when it answers."""
    found = room.status(_attached(load(overrides=who.overrides())))
    code = 0 if found.state == "healthy" else NOT_ANSWERING
    facts = [found.state, found.model, found.url, found.source, found.profile]
    if found.pid:
        facts += [f"pid {found.pid}", f"up {seconds_text(found.uptime)}", f"log {found.log}"]
    if found.cached_share is not None:
        facts.append(f"{found.cached_share:.0%} of the prompt tokens from the cache since its start")
    if found.state in ("stopped", "not installed"):
        facts.append("start it with 'agentforge model up'")
    return Output(form).finish(" · ".join(fact for fact in facts if fact), {"model": asdict(found)}, code)


def _attached(settings: Settings) -> Settings:
    """Looks at the endpoint that ``up --source URL`` recorded, where no server of ours is."""
    local = settings.endpoints.get("local")
    recorded = settings.origins.get("endpoints.local.url") == LOCAL_MODEL_FILE
    if local is None or not recorded or read_record(settings.home) is not None:
        return settings
    return settings.model_copy(update={"model": settings.model.model_copy(update={"source": local.url})})


def down(who: Who, form: str) -> int:
    """Stops the server of this home."""
    stopped = asyncio.run(room.down(load(overrides=who.overrides())))
    return Output(form).finish("Stopped." if stopped else "No model server was running.", {"stopped": stopped})
