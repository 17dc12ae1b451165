"""``agentforge tools call``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from agentforge.agent.calls import error_text
from agentforge.agent.told import value_text
from agentforge.api import Forge
from agentforge.boxes.protocol import CallResult
from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.errors import UsageError
from agentforge.registry.schema import mismatches
from agentforge.settings import load
from agentforge.types import JSON, JSONObject


def call_tool(who: Who, name: str, words: Sequence[str], form: str) -> int:
    """Calls a live tool in the sandbox; prints what it returned, or says why it failed (exit code 1)."""
    settings, output = load(overrides=who.overrides()), Output(form)

    async def called() -> CallResult:
        async with Forge(user=settings.user, org=settings.org, settings=settings, on_notice=output.warn) as forge:
            return await forge.call(name, _arguments(forge, name, words))

    result = asyncio.run(called())
    told: JSONObject = {"tool": name, "call": result.call, "seconds": result.seconds}
    if not result.ok:
        problem = error_text(result)
        output.warn(f"{name} failed. {problem}")
        return output.finish("", {**told, "error": problem}, 1)
    return output.finish(value_text(result.value), {**told, "value": result.value})


def _arguments(forge: Forge, name: str, words: Sequence[str]) -> JSONObject:
    """The arguments that ``NAME=VALUE`` words give a tool, all problems at once."""
    signature = forge.tool(name).signature
    properties = cast("dict[str, JSONObject]", signature.parameters["properties"])
    args: JSONObject = {}
    for word in words:
        key, mark, text = word.partition("=")
        if not mark:
            raise UsageError(
                f"{word[:80]!r} is no argument.", fix="Write NAME=VALUE, or NAME=@FILE for what a file holds."
            )
        args[key] = _value(_read(text), properties.get(key, {}), of_file=text.startswith("@"))
    if problems := mismatches(args, signature.parameters):
        raise UsageError(f"{'; '.join(problems)}.", fix=f"It is called as {name}{signature.text}.")
    return args


def _read(text: str) -> str:
    """The text itself, or that of the file which it names behind an ``@``."""
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{text[1:]} cannot be read: {error}.") from None


def _value(text: str, schema: JSONObject, *, of_file: bool) -> JSON:
    """A text where the parameter takes no other, else the first that fits: the JSON value that it says, the lines of a
    file, the text. Where none does the schema refuses the first with a reason.
    """
    if schema.get("type") == "string" or "enum" in schema:
        return text
    readings: list[JSON] = [[*text.splitlines()], text] if of_file and schema.get("type") == "array" else [text]
    with suppress(ValueError):
        readings.insert(0, cast("JSON", json.loads(text)))
    return next((one for one in readings if not mismatches(one, schema)), readings[0])
