"""``agentforge docs add|list|show|search|remove|refresh``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rich.console import Group, RenderableType
from rich.text import Text

from agentforge.api.documents import Cited, Done, Removed, Stale
from agentforge.api.memory import rewritten
from agentforge.cli.failure import report
from agentforge.cli.memory import REWRITE
from agentforge.cli.options import Who
from agentforge.cli.output import Output, agreed, cell, one_line, presentable, table
from agentforge.cli.tools import ask
from agentforge.errors import ApprovalNeeded
from agentforge.memory.documents.index import Hit
from agentforge.memory.documents.library import Kept
from agentforge.memory.documents.passages import Passage
from agentforge.memory.documents.record import Document
from agentforge.types import JSON, JSONObject, Layer

SHOWN = 400
"""Characters of a passage on a terminal; all of them with JSON."""

FAILED = 1


def add(who: Who, path: str, form: str, *, title: str, trusted: bool | None) -> int:
    """Keeps a file or the documents of a folder."""
    return _finish(ask(who, lambda forge: forge.documents.add(path, trusted=trusted, title=title)), form)


def refresh(who: Who, references: Sequence[str], form: str, *, trusted: bool | None) -> int:
    """Reads the files of documents again."""
    return _finish(ask(who, lambda forge: forge.documents.refresh(references, trusted=trusted)), form)


def remove(who: Who, reference: str, form: str, *, rewrite: bool, yes: bool) -> int:
    """Takes a document out, and says where it still is."""
    output = Output(form)
    if rewrite and not yes and not agreed(output, REWRITE):
        declined = ApprovalNeeded(
            "Nothing was removed: rewriting the history cannot be undone, and every clone has to be made anew.",
            fix="Say --yes to do it without being asked.",
        )
        return report(output, "ApprovalNeeded", declined.message, declined.fix, declined.exit_code)
    removed = ask(who, lambda forge: forge.documents.remove(reference, rewrite=rewrite))
    named = [f"{kept.document.title} ({kept.document.id})" for kept in removed.done.kept] or [reference]
    for remark in _held(removed):
        output.warn(remark)
    lines = [f"{named[0]} is removed.", *_stale_lines(removed.done.stale)]
    erased: JSON = {"commits": removed.erased.commits, "left": [*removed.erased.left]} if removed.erased else None
    data: JSONObject = {**_done(removed.done), "commits": [*removed.commits], "erased": erased}
    return output.finish(Group(*(Text(presentable(line)) for line in lines)), data)


def _held(removed: Removed) -> list[str]:
    """What still holds a document that was removed."""
    if removed.erased is not None:
        return rewritten(removed.erased)
    [kept], count = removed.done.kept, len(removed.commits)
    still = f"{count} commit{'s' * (count != 1)} of the git history still hold{'s' * (count == 1)} it"
    return [
        f"{still}, and so does every copy of the registry: 'agentforge docs remove {kept.document.id} --rewrite' "
        "rewrites the history."
    ]


def list_documents(who: Who, form: str) -> int:
    """All documents, one per line."""
    found, company, problems = ask(
        who,
        lambda forge: (
            forge.documents.list(),
            {one.id for one in forge.documents.of_company()},
            forge.documents.problems(),
        ),
    )
    output = Output(form)
    for problem in problems:
        output.warn(f"{problem}. It is not used; correct it in a clone of the registry.")
    rows = table("ID", "TITLE", "LAYER", "KIND", "TRUST", "CHANGED", "FROM")
    for one in found:
        when = one.record.changed.astimezone().strftime("%Y-%m-%d %H:%M")
        layer = _layer(who, company=one.id in company)
        rows.add_row(
            one.id, cell(one.title, 60), layer, one.record.kind, _trust(one), when, cell(one.record.origin, 120)
        )
    if not found and not output.json:
        output.note("There is no document: 'agentforge docs add PATH' keeps one.")
    data: JSONObject = {
        "documents": [{**_document(one), "layer": _layer(who, company=one.id in company)} for one in found],
        "problems": [*problems],
    }
    return output.finish(rows if found else "", data)


def show(who: Who, reference: str, form: str, *, passages: bool) -> int:
    """One document with its text, or its passages."""
    document, text, found = ask(
        who,
        lambda forge: (
            forge.documents.get(reference),
            forge.documents.text(reference),
            forge.documents.passages(reference),
        ),
    )
    record = document.record
    facts = {
        "id": document.id,
        "from": record.origin,
        "kind": f"{record.kind}{f', read as {record.encoding} (a guess)' if record.encoding else ''}",
        "trust": _trust(document),
        "added": record.added.astimezone().strftime("%Y-%m-%d %H:%M"),
        "changed": record.changed.astimezone().strftime("%Y-%m-%d %H:%M"),
        "original": record.original or "not kept",
        "passages": str(len(found)),
    }
    parts: list[RenderableType] = [Text(one_line(document.title, 200), style="bold")]
    parts += [Text(f"  {key:<9}").append_text(cell(value)) for key, value in facts.items()]
    parts += _listed(found) if passages else [Text(f"\n{presentable(text)}")]
    told: list[JSON] = [_passage(one) for one in found]
    data: JSONObject = {"document": {**_document(document), "text": text, "passages": told}}
    return Output(form).finish(Group(*parts), data)


def search(who: Who, query: str, most: int, form: str) -> int:
    """The best passages for some words."""
    found = ask(who, lambda forge: forge.documents.search(query, most))
    output = Output(form)
    if not found and not output.json:
        output.note("No passage holds any of these words.")
    parts: list[RenderableType] = []
    for hit in found:
        mark = " · untrusted" * hit.untrusted + " · company" * hit.company
        parts.append(Text(one_line(hit.citation, 200), style="bold").append(f"{mark} · {hit.passage.id}", style="dim"))
        parts.append(Text(f"{presentable(_short(hit.passage.text))}\n"))
    return output.finish(Group(*parts) if found else "", {"passages": [_hit(who, hit) for hit in found]})


def citations(cited: Sequence[Cited]) -> list[Text]:
    """The passages that a tool cites, for its pages: where each stands, and what became of it."""
    return [Text(presentable(line)) for one in cited for line in _cited_lines(one)]


def cited_json(cited: Sequence[Cited]) -> list[JSON]:
    """The same as JSON."""
    return [
        {
            "passage": one.id,
            "citation": one.citation,
            "gone": one.gone,
            "old": _passage(one.old) if one.old else None,
            "new": _passage(one.new) if one.new else None,
        }
        for one in cited
    ]


def _finish(done: Done, form: str) -> int:
    output = Output(form)
    for file, error in done.failed:
        output.warn(f"{error.message if file in error.message else f'{file}: {error.message}'} {error.fix}".strip())
    for one in done.kept:
        for remark in _remarks(one):
            output.warn(f"{one.document.title}: {remark}")
    if done.left_out:
        output.note(f"{done.left_out} other files were left out: by their names they are no documents.")
    lines = [_kept_line(one) for one in done.kept] + _stale_lines(done.stale)
    text = Group(*(Text(presentable(line)) for line in lines)) if lines else ""
    return output.finish(text, _done(done), FAILED if done.failed else 0)


def _kept_line(one: Kept) -> str:
    return f"{one.what:<9} {one.document.id}  {one_line(one.document.title, 80)} ({_trust(one.document)})"


def _remarks(one: Kept) -> list[str]:
    encoding = one.document.record.encoding
    told = {
        f"it was read as {encoding}, which is a guess; save it as UTF-8 if words are wrong.": bool(encoding),
        f"what looked like secrets was left out ({one.redacted}).": one.redacted > 0,
        "you vouched for what it said before, not for this: --trusted does so again.": one.no_longer_trusted,
    }
    return [remark for remark, holds in told.items() if holds and one.what != "unchanged"]


def _stale_lines(stale: Sequence[Stale]) -> list[str]:
    lines: list[str] = []
    for one in stale:
        lines.append(f"stale     {one.name}: what it was made from has changed")
        lines += [f"  {line}" for each in one.passages for line in _cited_lines(each)]
    if stale:
        lines.append("They answer again once they are made anew: 'agentforge docs renew', a worker, or a later turn.")
    return lines


def _cited_lines(one: Cited) -> list[str]:
    if not one.gone:
        return [f"cites     {one.citation}"]
    old = _short(one.old.text) if one.old else "(no longer in the history)"
    new = f"{_short(one.new.text)} ({one.new.place})" if one.new else "(nothing like it)"
    return [f"cited     {one.citation}", f"  was     {one_line(old, SHOWN)}", f"  now     {one_line(new, SHOWN)}"]


def _listed(found: Sequence[Passage]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for one in found:
        parts.append(Text(f"\n{one_line(one.place, 160)}", style="bold").append(f" · {one.id}", style="dim"))
        parts.append(Text(presentable(_short(one.text))))
    return parts


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _trust(document: Document) -> str:
    return "untrusted" if document.untrusted else "trusted"


def _layer(who: Who, *, company: bool) -> str:
    return str(Layer.COMPANY if company or who.company else Layer.USER)


def _document(one: Document) -> JSONObject:
    return {"id": one.id, **cast("JSONObject", one.record.model_dump(mode="json"))}


def _done(done: Done) -> JSONObject:
    return {
        "documents": [
            {**_document(one.document), "what": one.what, "commit": one.commit, "redacted": one.redacted}
            for one in done.kept
        ],
        "failed": [{"file": file, "message": error.message, "fix": error.fix} for file, error in done.failed],
        "stale": [
            {"name": one.name, "version": one.version, "passages": cited_json(one.passages)} for one in done.stale
        ],
    }


def _passage(one: Passage) -> JSONObject:
    return {
        "id": one.id,
        "headings": list(one.headings),
        "text": one.text,
        "first": one.first,
        "last": one.last,
        "page": one.page,
    }


def _hit(who: Who, hit: Hit) -> JSONObject:
    told: JSONObject = {"citation": hit.citation, "score": hit.score, "title": hit.title, "untrusted": hit.untrusted}
    told["layer"] = _layer(who, company=hit.company)
    return {**told, **_passage(hit.passage), "document": hit.passage.document}
