"""``agentforge revoke``: the tree of what came from something, and taking it out of use or back."""

from __future__ import annotations

from typing import NoReturn, cast

from rich.text import Text
from rich.tree import Tree

from agentforge.api import Forge
from agentforge.cli.failure import report
from agentforge.cli.options import Who
from agentforge.cli.output import Output, agreed, cell, table
from agentforge.cli.tools import ask
from agentforge.errors import ApprovalNeeded, UsageError
from agentforge.memory.origins import Affected
from agentforge.registry.ancestry import Family
from agentforge.registry.lineage import Descent, Node, Row
from agentforge.registry.revocation import Outcome
from agentforge.types import JSON, JSONObject

SHORT = 12
"""Characters of a version that people are shown."""

_PLACES = {"waiting": "proposed", "withdrawn": "taken out of the queue", "past": "an earlier version"}


def misused() -> NoReturn:
    """Raises UsageError: the command line says nothing to do, or several things."""
    raise UsageError(
        "Say one thing to do: what to revoke, --undo ID, or --list.", fix="See 'agentforge revoke --help'."
    )


def revoke(who: Who, reference: str, form: str, *, yes: bool, reason: str) -> int:
    """Shows what would be taken, asks where it may, and takes it."""
    output = Output(form)

    def question(forge: Forge) -> tuple[Family, Affected]:
        found = forge.lineage.tree(reference)
        return found, forge.lineage.remembered(str(found.origin))

    family, remembered = ask(who, question)
    shown: JSONObject = {"origin": str(family.origin), "tree": _rows(family), "memory": [*remembered.names]}
    if not output.json:
        output.err.print(_tree(family, remembered))
    if not yes and not agreed(output, "Take all of this out of use?"):
        declined = ApprovalNeeded("Nothing was revoked.", fix="Say --yes to do it without being asked.")
        return report(output, "ApprovalNeeded", declined.message, declined.fix, declined.exit_code, shown)
    done = ask(who, lambda forge: forge.lineage.revoke(str(family.origin), reason=reason))
    for remark in done.kept:
        output.warn(remark)
    return output.finish(_told(done), {**shown, "revocation": _outcome(done)})


def undo(who: Who, revocation: str, form: str) -> int:
    """Gives back what a revocation took, and says what it could not."""
    done = ask(who, lambda forge: forge.lineage.undo(revocation))
    output = Output(form)
    for remark in done.kept:
        output.warn(remark)
    back = _things(done) or "nothing"
    several = len(done.tools) + len(done.proposals) + len(done.regressions) + len(done.memory) > 1
    text = f"Revocation {done.id} of {done.origin} is undone: {back} {'are' if several else 'is'} back in use."
    return output.finish(
        text if done.commit else f"Revocation {done.id} was undone before: nothing was changed.",
        {"undone": _outcome(done)},
    )


def list_revocations(who: Who, form: str) -> int:
    """All revocations, the oldest first."""
    found = ask(who, lambda forge: forge.lineage.list())
    output = Output(form)
    rows = table("ID", "WHEN", "WHAT", "BY", "WHY")
    for key, one in found.items():
        what = f"{one.origin}{', undone' if one.undone else ''}"
        rows.add_row(key, one.time[:16].replace("T", " "), cell(what, 120), cell(one.approver, 40), cell(one.reason))
    if not found and not output.json:
        output.note("Nothing was ever revoked.")
    entries: list[JSON] = [
        {"id": key, "origin": str(one.origin), **cast("JSONObject", one.model_dump(mode="json"))}
        for key, one in found.items()
    ]
    return output.finish(rows if found else "", {"revocations": entries})


def _told(done: Outcome) -> str:
    if not done.commit:
        return f"{done.origin} was revoked before ({done.id}), and all that came from it is out of use."
    taken = _things(done) or "nothing that is in use"
    return f"{done.origin} is revoked: {taken}. Undo it with: agentforge revoke --undo {done.id}"


def _things(done: Outcome) -> str:
    parts = [
        f"{len(names)} {what}{'s' * (len(names) != 1)} ({', '.join(names)})"
        for names, what in (
            (done.tools, "tool"),
            (done.proposals, "proposal"),
            (done.regressions, "regression"),
            (done.memory, "remembered thing"),
        )
        if names
    ]
    return " and ".join(parts)


def _tree(family: Family, remembered: Affected) -> Tree:
    """The family as a drawing, with what is remembered because of it; nothing is markup, and escapes are disarmed."""
    drawn = Tree(cell(f"{family.origin}{' (revoked)' * bool(family.revocation)}", 160))
    open_at: list[Tree] = [drawn]
    single = not (family.origin.kind == "tool" and "@" not in family.origin.ref)
    for row in family.rows[1:] if single else family.rows:
        depth = row.depth - 1 if single else row.depth
        del open_at[depth + 1 :]
        open_at.append(open_at[depth].add(_line(family, row)))
    for one in remembered.entries:
        drawn.add(cell(f"{one.kind}:{one.id}", 40).append("  ").append_text(cell(one.text, 120)))
    for line in remembered.lines:
        drawn.add(cell("persona", 40).append("  ").append_text(cell(line.text, 120)))
    return drawn


def _line(family: Family, row: Row) -> Text:
    line = cell(_name(row.node), 160)
    line.append(f"  {', '.join(map(_where, family.graph.places.get(row.node, ()))) or 'not here'}", style="dim")
    return line.append("  (see above)", style="dim") if row.again else line


def _name(node: Node) -> str:
    name, at, version = node.id.partition("@")
    return f"{name}{at}{version[:SHORT]}" if node.kind == "tool" else str(node)


def _where(one: Descent) -> str:
    return str(one.now) if one.place == "standing" else f"{_PLACES[one.place]} {one.number or ''}".strip()


def _rows(family: Family) -> list[JSON]:
    return [
        {
            "id": str(row.node),
            "depth": row.depth,
            "from": str(row.via) if row.via else None,
            "again": row.again,
            "places": [
                {"place": one.place, "target": one.target, "state": str(one.now)}
                for one in family.graph.places.get(row.node, ())
            ],
        }
        for row in family.rows
    ]


def _outcome(done: Outcome) -> JSONObject:
    return {
        "id": done.id,
        "origin": str(done.origin),
        "tools": list(done.tools),
        "proposals": list(done.proposals),
        "regressions": list(done.regressions),
        "memory": list(done.memory),
        "kept": list(done.kept),
        "commit": done.commit,
    }
