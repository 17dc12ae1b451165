"""``agentforge memory list|search|show|why|add|edit|forget|undo|pending|approve|reject``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rich.console import Group
from rich.text import Text

from agentforge.cli.failure import report
from agentforge.cli.options import Who
from agentforge.cli.output import Output, agreed, cell, table
from agentforge.cli.tools import ask
from agentforge.errors import ApprovalNeeded
from agentforge.types import JSON, JSONObject, Layer

if TYPE_CHECKING:
    from agentforge.api import Forge
    from agentforge.memory.entries import Entry, Kind
    from agentforge.memory.keeping import Written
    from agentforge.memory.reasons import Reasons
    from agentforge.memory.recall import Hit

SHORT = 12
"""Characters of a commit that people are shown."""
REWRITE = "Rewrite the history of your registry? It cannot be undone."


def list_entries(who: Who, form: str, *, everything: bool) -> int:
    """What is remembered, one entry per line."""

    def question(forge: Forge) -> tuple[list[tuple[Entry, str, Layer]], list[str]]:
        memory = forge.memory
        found = memory.list(everything=everything)
        return [(one, memory.standing(one.id), memory.layer(one.id)) for one in found], memory.problems()

    found, problems = ask(who, question)
    output = Output(form)
    for problem in problems:
        output.warn(f"{problem}. Correct it in a clone of the registry and push.")
    rows = table("ID", "LAYER", "KIND", "TOPIC", "SINCE", *(["STANDS"] if everything else []), "TEXT")
    for one, standing, layer in found:
        more = [standing] if everything else []
        since = str(one.confirmed or one.created)
        rows.add_row(one.id, str(layer), one.kind, cell(one.topic, 40), since, *more, cell(one.text))
    if not found and not output.json:
        output.note("Nothing is remembered.")
    entries: list[JSON] = [entry_data(one, standing, layer) for one, standing, layer in found]
    return output.finish(rows if found else "", {"entries": entries, "problems": [*problems]})


def search(who: Who, query: str, limit: int, form: str) -> int:
    """The best matches for some words."""

    def question(forge: Forge) -> list[tuple[Hit, Layer]]:
        memory = forge.memory
        return [(hit, memory.layer(hit.entry.id)) for hit in memory.search(query, limit)]

    found, output = ask(who, question), Output(form)
    rows = table("ID", "LAYER", "KIND", "SCORE", "TEXT")
    for hit, layer in found:
        rows.add_row(hit.entry.id, str(layer), hit.entry.kind, f"{hit.score:.2f}", cell(hit.entry.text))
    if not found and not output.json:
        output.note("Nothing is remembered about that.")
    hits: list[JSON] = [{**entry_data(hit.entry, "current", layer), "score": hit.score} for hit, layer in found]
    return output.finish(rows if found else "", {"entries": hits})


def show(who: Who, key: str, form: str) -> int:
    """One entry."""

    def question(forge: Forge) -> tuple[Entry, str, Layer]:
        memory = forge.memory
        return memory.get(key), memory.standing(key), memory.layer(key)

    found = ask(who, question)
    return Output(form).finish(Group(*_page(*found)), {"entry": entry_data(*found)})


def why(who: Who, key: str, form: str) -> int:
    """Why something is remembered."""
    found, layer = ask(who, lambda forge: (forge.memory.why(key), forge.memory.layer(key)))
    happenings: list[JSON] = [
        {
            "commit": one.commit,
            "time": one.time.isoformat(),
            "what": one.what,
            "approver": one.approver,
            "episodes": list(one.episodes),
            "text": one.text,
        }
        for one in found.happenings
    ]
    data: JSONObject = {
        **entry_data(found.entry, found.standing, layer),
        "waits": found.waits,
        "before": [entry_data(one, "superseded") for one in found.before],
        "after": [entry_data(one, "") for one in found.after],
        "history": happenings,
    }
    return Output(form).finish(Group(*_why_page(found, layer)), {"why": data})


def add(
    who: Who, form: str, text: str, kind: Kind, topic: str, when: str, supersedes: Sequence[str]
) -> int:  # fmt: skip
    """Has something remembered."""
    done = ask(
        who, lambda forge: forge.memory.add(text, kind=kind, topic=topic, when=when, supersedes=tuple(supersedes))
    )
    return _written(done, form, "remembered")


def edit(who: Who, form: str, key: str, text: str, when: str | None) -> int:
    """Replaces the text of an entry."""
    return _written(ask(who, lambda forge: forge.memory.edit(key, text, when=when)), form, "changed")


def undo(who: Who, commit: str, form: str) -> int:
    """Takes back what one commit did."""
    done = ask(who, lambda forge: forge.memory.undo(commit))
    return Output(form).finish(done.why, {"undone": written_data(done)})


def list_pending(who: Who, form: str) -> int:
    """What waits for the user."""
    found = ask(who, lambda forge: [(one, forge.memory.replaces(one)) for one in forge.memory.pending()])
    output = Output(form)
    rows = table("ID", "KIND", "TEXT", "WOULD REPLACE", "FROM", "WHY IT WAITS")
    for one, old in found:
        replaced = "; ".join(f"{each.id}: {each.text}" for each in old)
        origin = ", ".join([*one.entry.episodes, *one.entry.sources])
        rows.add_row(
            one.entry.id, one.entry.kind, cell(one.entry.text), cell(replaced), cell(origin, 60), cell(one.why, 90)
        )
    if not output.json:
        output.note(f"agentforge memory approve {found[0][0].entry.id} lets it be used." if found else "Nothing waits.")
    waiting: list[JSON] = [
        {**entry_data(one.entry, "pending"), "why": one.why, "replaces": [each.id for each in old]}
        for one, old in found
    ]
    return output.finish(rows if found else "", {"pending": waiting})


def approve(who: Who, key: str, form: str) -> int:
    """Lets an entry that waits be used."""
    return _written(ask(who, lambda forge: forge.memory.approve(key)), form, "approved")


def reject(who: Who, key: str, reason: str, form: str) -> int:
    """Takes an entry out of the queue."""
    done = ask(who, lambda forge: forge.memory.reject(key, reason))
    return Output(form).finish(f"{key} rejected", {"rejected": written_data(done)})


def forget(who: Who, key: str, form: str, *, rewrite: bool, yes: bool) -> int:
    """Forgets an entry, and says what still holds it."""
    output = Output(form)
    if rewrite and not yes and not agreed(output, REWRITE):
        declined = ApprovalNeeded(
            "Nothing was forgotten: rewriting the history cannot be undone, and every clone has to be made anew.",
            fix="Say --yes to do it without being asked.",
        )
        return report(output, "ApprovalNeeded", declined.message, declined.fix, declined.exit_code)
    done = ask(who, lambda forge: forge.memory.forget(key, rewrite=rewrite))
    for remark in done.remarks:
        output.warn(remark)
    erased: JSON = {"commits": done.erased.commits, "left": list(done.erased.left)} if done.erased else None
    data: JSONObject = {"ids": list(done.ids), "tools": list(done.tools), "commit": done.commit, "erased": erased}
    others = f", and with it {', '.join(done.ids[1:])}" if len(done.ids) > 1 else ""
    return output.finish(f"{key} is forgotten{others}", {"forgotten": {**data, "remarks": list(done.remarks)}})


def entry_data(entry: Entry, standing: str, layer: Layer | None = None) -> JSONObject:
    """An entry for a program."""
    facts = cast("JSONObject", entry.model_dump(mode="json"))
    where: JSONObject = {"layer": str(layer)} if layer is not None else {}
    return {**facts, **({"standing": standing} if standing else {}), **where}


def written_data(done: Written) -> JSONObject:
    """What became of something, for a program."""
    return {
        "outcome": done.outcome,
        "why": done.why,
        "entry": entry_data(done.entry, "") if done.entry else None,
        "superseded": list(done.superseded),
        "commit": done.commit,
    }


def _written(done: Written, form: str, word: str) -> int:
    output = Output(form)
    key, text = (done.entry.id, done.entry.text) if done.entry else ("", "")
    if done.outcome == "repeats":
        output.note(done.why)
    if done.superseded:
        output.note(f"It supersedes {', '.join(done.superseded)}.")
    told = "known already" if done.outcome == "repeats" else word
    return output.finish(f"{key} {told}: {text}", {"written": written_data(done)})


def _page(entry: Entry, standing: str, layer: Layer) -> list[Text]:
    facts = [
        ("id", entry.id),
        ("layer", str(layer)),
        ("kind", entry.kind),
        ("text", entry.text),
        ("when", entry.when),
        ("topic", entry.topic),
        ("stands", f"{standing}{', from untrusted text' if entry.untrusted else ''}"),
        ("since", str(entry.created)),
        ("confirmed", str(entry.confirmed or "")),
        ("superseded", f"by {entry.superseded_by} on {entry.superseded}" if entry.superseded_by else ""),
        ("episodes", ", ".join(entry.episodes)),
        ("sources", ", ".join(entry.sources)),
        ("outcomes", ", ".join(f"{call} {outcome}" for call, outcome in entry.outcomes.items())),
    ]
    return [Text(f"{key:<12}").append_text(cell(value, 400)) for key, value in facts if value]


def _why_page(found: Reasons, layer: Layer) -> list[Text]:
    lines = _page(found.entry, found.standing, layer)
    if found.waits:
        lines.append(Text(f"{'waits':<12}").append_text(cell(found.waits, 400)))
    for title, chain in (("replaced", found.before), ("replaced by", found.after)):
        lines += [Text(f"{title:<12}").append_text(cell(f"{one.id} ({one.created}): {one.text}", 400)) for one in chain]
    for one in found.happenings:
        when = one.time.astimezone().strftime("%Y-%m-%d %H:%M")
        by = f" by {one.approver}" if one.approver else ""
        lines.append(Text(f"{when}  {one.commit[:SHORT]}  ", style="dim").append_text(cell(f"{one.what}{by}", 80)))
        if one.text:
            lines.append(Text(" " * 12).append_text(cell(one.text, 400)))
    return lines
