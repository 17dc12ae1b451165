"""``agentforge tools record``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import cast

from agentforge.api import Forge
from agentforge.boxes.network.recordings import read_recordings
from agentforge.boxes.reach import record_pages
from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.errors import UsageError
from agentforge.registry.contract import name_problems
from agentforge.settings import Settings, load
from agentforge.types import JSON, JSONObject


def record(who: Who, name: str, urls: Sequence[str], args: str | None, form: str) -> int:
    """Fetches URLs, or calls the tool, and says where the answers are; exit code 1 where the call failed."""
    if problems := name_problems(name):
        raise UsageError(f"{problems[0]}.")
    if bool(urls) == (args is not None):
        raise UsageError("Say what to record: either URLs, or --args for a call of the tool.")
    settings = load(overrides=who.overrides())
    file, failure = settings.recordings / f"{name}.jsonl", ""
    if args is None:
        asyncio.run(record_pages(urls, file))
    else:
        failure = asyncio.run(_call(settings, name, _object(args)))
    output = Output(form)
    if failure:
        output.warn(f"The call failed; what it fetched before is recorded. {failure}")
    count = len(read_recordings(file))
    told: JSONObject = {"name": name, "file": str(file), "recorded": count, "failure": failure}
    return output.finish(f"{file} holds {count} answers for {name}.", told, 1 if failure else 0)


async def _call(settings: Settings, name: str, args: JSONObject) -> str:
    """What went wrong with the call, or nothing."""
    async with Forge(user=settings.user, org=settings.org, settings=settings) as forge:
        result = await forge.call(name, args, record=True)
    return "" if result.ok else f"{result.error or result.status}: {result.message}"


def _object(text: str) -> JSONObject:
    try:
        value = cast("JSON", json.loads(text))
    except ValueError as error:
        raise UsageError(f"--args is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise UsageError('--args must be a JSON object, such as \'{"city": "Oslo"}\'.')
    return value
