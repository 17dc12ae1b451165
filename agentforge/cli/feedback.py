"""``agentforge feedback`` and ``agentforge tools repair``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from rich.text import Text

from agentforge.api import Forge
from agentforge.api.feedback import UNSAID, Unsaid
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, presentable
from agentforge.errors import UsageError
from agentforge.forge.learning import Learned
from agentforge.memory.outcomes import Known
from agentforge.registry.examples import read_json
from agentforge.settings import load
from agentforge.types import JSON, Example, JSONObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """What stands on the command line."""

    word: Literal["good", "bad"]
    call: str | None
    expected: str | None
    raises: str | None


def feedback(who: Who, said: Said, form: str, *, quiet: bool) -> int:
    """Labels a call and tells what followed."""
    output = Output(form)
    expected = _value(said.expected)
    tell = _teller(output, quiet=quiet)

    async def ask(forge: Forge) -> Learned:
        call = await forge.recorded_call(said.call)
        _name_it(output, call, quiet=quiet)
        return await forge.feedback(said.word, call.id, expected=expected, raises=said.raises, tell=tell)

    learned = _with_forge(who, ask)
    return output.finish(_sentence(learned), _data(learned))


def repair(who: Who, what: str | None, form: str, *, quiet: bool) -> int:
    """Works through what waits, and tells what became of each."""
    output = Output(form)
    tell = _teller(output, quiet=quiet)
    done = _with_forge(who, lambda forge: forge.repair(what, tell=tell))
    lines = [f"{one.tool}, call {one.call}: {_sentence(one)}" for one in done]
    return output.finish("\n".join(lines) or "Nothing waits.", {"repairs": [_data(one) for one in done]})


def _with_forge(who: Who, question: Callable[[Forge], Awaitable[T]]) -> T:
    settings = load(overrides=who.overrides())

    async def answer() -> T:
        async with Forge(user=settings.user, org=settings.org, settings=settings) as forge:
            return await question(forge)

    return asyncio.run(answer())


def _value(text: str | None) -> JSON | Unsaid:
    """Raises UsageError where ``text`` is no JSON."""
    if text is None:
        return UNSAID
    try:
        return read_json(text)
    except (ValueError, RecursionError):
        raise UsageError(
            f"--expected {text[:80]!r} is no JSON.", fix="A text needs its quotes: --expected '\"twelve\"'"
        ) from None


def _teller(output: Output, *, quiet: bool) -> Callable[[str], None]:
    return (lambda _: None) if quiet or output.json else output.note


def _name_it(output: Output, call: Known, *, quiet: bool) -> None:
    if not quiet and not output.json:
        output.err.print(Text("Call ").append_text(cell(f"{call.id}: {_shown(call)}", 160)))


def _shown(call: Known) -> str:
    args = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in call.args.items())
    gave = call.error or json.dumps(call.value, ensure_ascii=False)
    return f"{call.tool}({args}) → {gave}"


def _sentence(learned: Learned) -> str:
    return presentable(learned.reason)


def _data(learned: Learned) -> JSONObject:
    return {
        "call": learned.call,
        "tool": learned.tool,
        "end": learned.end,
        "kind": learned.kind,
        "reason": learned.reason,
        "example": _example(learned.example),
        "minimal": learned.minimal,
        "version": learned.version,
        "quarantined": learned.quarantined,
        "confirmed": learned.confirmed,
    }


def _example(example: Example | None) -> JSON:
    if example is None:
        return None
    gives: JSONObject = {"raises": example.raises} if example.raises else {"returns": example.returns}
    return {"args": example.args, **gives, "source": example.source}
