"""``agentforge persona show|edit|history|diff|approve|reject``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from agentforge.cli.memory import SHORT, written_data
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.cli.tools import ask
from agentforge.errors import UsageError
from agentforge.memory.persona import PERSONA_CHARS
from agentforge.types import JSON
from agentforge.web.hostile import plain

if TYPE_CHECKING:
    from agentforge.api import Forge
    from agentforge.memory.keeping import Written

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show(who: Who, version: str, form: str) -> int:
    """The persona, or an earlier version."""

    def question(forge: Forge) -> tuple[str, bool, str]:
        persona = forge.memory.persona
        text = persona.at(version) if version else persona.text()
        return text, bool(persona.proposed()), forge.memory.company_persona

    persona, waits, company = ask(who, question)
    output = Output(form)
    if not output.json and waits and not version:
        output.note("A change of it waits: agentforge persona diff")
    if not output.json and not persona:
        output.note("There is no persona yet: 'agentforge persona edit FILE' writes one.")
    if not output.json and company:
        output.note("The company's stands behind it: agentforge persona show --company")
    return output.finish(persona, {"persona": persona, "pending": waits, "company": company})


def edit(who: Who, file: str, form: str) -> int:
    """Replaces the persona by what a file, or stdin, gives."""
    text = _read(file)
    done = ask(who, lambda forge: forge.memory.persona.edit(text))
    return _told(done, form, "The persona is changed." if done.commit else "The persona is as it was.")


def history(who: Who, form: str) -> int:
    """The versions, newest first."""
    found = ask(who, lambda forge: forge.memory.persona.history())
    output = Output(form)
    rows = table("VERSION", "WHEN", "WHAT", "BY", "FROM")
    for one in found:
        when = one.time.astimezone().strftime("%Y-%m-%d %H:%M")
        rows.add_row(
            one.commit[:SHORT], when, cell(one.what, 60), cell(one.approver, 40), cell(", ".join(one.episodes))
        )
    if not found and not output.json:
        output.note("There is no persona yet.")
    versions: list[JSON] = [
        {
            "commit": one.commit,
            "time": one.time.isoformat(),
            "what": one.what,
            "approver": one.approver,
            "episodes": list(one.episodes),
        }
        for one in found
    ]
    return output.finish(rows if found else "", {"versions": versions})


def diff(who: Who, version: str, form: str) -> int:
    """What the proposal changes, or what has changed since a version."""
    lines = ask(who, lambda forge: forge.memory.persona.diff(version))
    output = Output(form)
    if not output.json and not version:
        output.note("agentforge persona approve makes this change, agentforge persona reject takes it away.")
    shown = Group(*(Text(plain(line).expandtabs(4), style=_STYLES.get(line[:1], "")) for line in lines))
    told: list[JSON] = [*lines]
    return output.finish(shown if lines else "Nothing is different.", {"diff": told})


def approve(who: Who, form: str) -> int:
    """Makes the change that waits."""
    return _told(ask(who, lambda forge: forge.memory.persona.approve()), form, "The persona is changed.")


def reject(who: Who, reason: str, form: str) -> int:
    """Takes the change that waits away."""
    return _told(ask(who, lambda forge: forge.memory.persona.reject(reason)), form, "The change is rejected.")


def _told(done: Written, form: str, text: str) -> int:
    return Output(form).finish(text, {"written": written_data(done)})


def _read(file: str) -> str:
    data = sys.stdin.buffer.read(8 * PERSONA_CHARS) if file == "-" else Path(file).read_bytes()[: 8 * PERSONA_CHARS]
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text in UTF-8.") from error
