"""What stands on each page, as values for the templates. Nothing here touches disk or network.

Reports, manifests and sources are hostile text of any shape: everything is read with a fallback and
nothing in it is believed beyond what is shown as its own claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from typing import Literal, TypeAlias

from markupsafe import Markup

from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.registry.differences import Difference
from agentforge.registry.history import Happening
from agentforge.registry.tool import Tool, validate
from agentforge.types import JSON, Example, JSONObject, Layer
from agentforge.web import hostile
from agentforge.web.catalogue import NOTHING_KNOWN, Dossier, Entry, Version, changes

SHORT = 12
"""Characters of a hash that people are shown."""

Tone: TypeAlias = Literal["good", "care", "bad", "plain"]


@dataclass(frozen=True, slots=True)
class Card:
    """One answer at a glance; ``tone`` is said in words by the headline too."""

    headline: str
    detail: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Gate:
    """One check of the report."""

    name: str
    verdict: str
    summary: str
    evidence: str


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One example, its JSON written out."""

    args: str
    returns: str
    raises: str | None
    source: str
    held_out: bool
    spent: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of provenance."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff; the sign stays part of the text, so colour is never the only sign."""

    kind: Literal["added", "removed", "place", "same"]
    text: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One commit, with its diff to the one before."""

    commit: str
    version: str
    subject: str
    when: str
    iso: str
    diff: tuple[DiffLine, ...]
    diff_says: str
    remark: str


@dataclass(frozen=True, slots=True)
class HappeningRow:
    """One thing that happened to a tool: when, what, to which version, by whom and why."""

    when: str
    iso: str
    what: str
    version: str
    state: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What two versions of a file differ in."""

    file: str
    lines: tuple[DiffLine, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a proposal changes, and what there is to know before deciding about it."""

    target: str
    number: int
    standing: str
    more: tuple[str, ...]
    less: tuple[str, ...]
    passed_on: tuple[str, ...]
    doubts: tuple[str, ...]
    obstacles: tuple[str, ...]
    diff: tuple[FileDiff, ...]


@dataclass(frozen=True, slots=True)
class ToolPage:
    """Everything on a tool's page, in the order of reading."""

    name: str
    summary: str
    state: str
    layer: str
    unconfirmed: bool
    shadowed: bool
    signature_html: Markup
    problems: tuple[str, ...]
    verdict: Card
    risk: Card
    held_out: Card
    requests: tuple[str, ...]
    origin: str
    episodes: tuple[str, ...]
    gates: tuple[Gate, ...]
    examples: tuple[ExampleRow, ...]
    tester: str
    tests_html: Markup
    source_html: Markup
    provenance: tuple[Fact, ...]
    versions: tuple[VersionRow, ...]
    no_versions: str
    version: str
    known: Dossier
    credit: str
    happened: tuple[HappeningRow, ...]
    proposed: Proposed | None


def tool_page(
    entry: Entry,
    versions: Sequence[Version],
    known_tools: Sequence[str],
    packages: Lock = NO_PACKAGES,
    known: Dossier = NOTHING_KNOWN,
    difference: Difference | None = None,
) -> ToolPage:
    """The page of one version of a tool; ``packages`` is what its registry has locked, ``known`` what is known beyond
    its files, ``difference`` what a proposal changes.
    """
    tool = entry.tool
    gates = _gates(tool.report)
    return ToolPage(
        name=tool.name,
        summary=tool.manifest.summary,
        state=tool.state,
        layer=tool.layer,
        unconfirmed=tool.unconfirmed,
        shadowed=entry.shadowed,
        signature_html=hostile.python(f"{tool.name}{tool.manifest.signature}"),
        problems=tuple(validate(tool, known_tools=known_tools, packages=packages)),
        verdict=_verdict(tool, gates),
        risk=_risk(tool),
        held_out=_held_out(tool, gates),
        requests=tool.manifest.requests,
        origin=_origin(tool),
        episodes=tool.manifest.provenance.episodes,
        gates=gates,
        examples=tuple(_example(example) for example in tool.examples),
        tester=_tester(tool),
        tests_html=hostile.python(tool.tests),
        source_html=hostile.python(tool.source),
        provenance=_provenance(tool),
        versions=_versions(versions),
        no_versions=_no_versions(tool),
        version=tool.version,
        known=known,
        credit=_credit(known.credit),
        happened=tuple(map(happening, known.history)),
        proposed=proposed(difference) if difference is not None else None,
    )


def proposed(difference: Difference) -> Proposed:
    """What a proposal changes; also of one whose folder is malformed."""
    one = difference.pending
    return Proposed(
        target=one.target,
        number=one.number,
        standing=difference.standing[:SHORT],
        more=one.more,
        less=difference.less,
        passed_on=one.passed_on,
        doubts=one.doubts,
        obstacles=tuple(filter(None, [one.stale, *one.problems])),
        diff=file_diffs(difference.files),
    )


def file_diffs(files: Mapping[str, Sequence[str]]) -> tuple[FileDiff, ...]:
    """Diffs by file, without the two lines that only name it."""
    found: list[FileDiff] = []
    for file, lines in files.items():
        marked = tuple(map(_diff_line, [*lines][2:]))
        added, removed = (sum(line.kind == kind for line in marked) for kind in ("added", "removed"))
        found.append(FileDiff(file, marked, f"+{added} −{removed}"))
    return tuple(found)


def happening(one: Happening) -> HappeningRow:
    """One thing that happened, in words."""
    return HappeningRow(
        when=one.time.strftime("%Y-%m-%d %H:%M"),
        iso=one.time.isoformat(),
        what=one.what,
        version=one.version[:SHORT],
        state=one.state,
        by=one.approver,
        why=one.reason,
    )


def _credit(credit: float | None) -> str:
    if credit is None:
        return "Nobody said yet whether its answers were right."
    said = "mostly right" if credit > 0 else "mostly wrong" if credit < 0 else "as often right as wrong"
    return f"Its judged answers were {said} (credit {credit:+.2f}, from −1 to +1)."


def _gates(report: JSONObject) -> tuple[Gate, ...]:
    listed = report.get("gates")
    return tuple(_gate(one) for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()


def _gate(one: JSONObject) -> Gate:
    verdict = str(one.get("verdict", ""))
    return Gate(
        name=str(one.get("gate", "unnamed")),
        verdict=verdict if verdict in ("passed", "failed", "skipped") else "unknown",
        summary=str(one.get("summary", "")),
        evidence=hostile.as_json(one.get("evidence")),
    )


def _verdict(tool: Tool, gates: Sequence[Gate]) -> Card:
    """What the gates said; never more than the report claims."""
    if not gates:
        return Card("No report", "This version carries no gate report.", "care")
    failed = [gate.name for gate in gates if gate.verdict == "failed"]
    passed = sum(gate.verdict == "passed" for gate in gates)
    if failed:
        return Card(f"{len(failed)} of {len(gates)} gates failed", ", ".join(failed), "bad")
    skipped = len(gates) - passed
    left = f"{skipped} did not apply." if skipped else "None was left out."
    if tool.stale:
        return Card(f"{passed} gates passed", f"{left} Stale: the text that it was made from has changed.", "care")
    if tool.unconfirmed:
        return Card(f"{passed} gates passed", f"{left} Unconfirmed: no example was held back to prove it.", "care")
    return Card(f"{passed} gates passed", left, "good")


def _risk(tool: Tool) -> Card:
    """How much power it asks for; separate from whether it is right."""
    capabilities = tool.manifest.capabilities
    asked: list[str] = []
    for field in fields(capabilities):
        value = getattr(capabilities, field.name)
        if value:
            asked.append(field.name if value is True else f"{field.name}: {', '.join(value)}")
    if asked:
        return Card("Asks for more than its arguments", "; ".join(asked), "bad")
    if tool.manifest.provenance.sources:
        return Card("Reaches nothing, but not all yours", "It cites text from outside.", "care")
    return Card("Reaches nothing", "No hosts, servers, files, secrets, packages, clock or randomness.", "good")


def _held_out(tool: Tool, gates: Sequence[Gate]) -> Card:
    gate = next((gate for gate in gates if "held" in gate.name.lower()), None)
    held = sum(example.held_out for example in tool.examples)
    if gate is None and not tool.manifest.provenance.job:
        return Card("Not needed", "Written by hand: there was no generator to keep them from.")
    if gate is None or gate.verdict == "skipped":
        return Card("None", gate.summary if gate else "No example was kept from the generator.", "care")
    tone: Tone = "good" if gate.verdict == "passed" else "bad"
    return Card(f"{gate.verdict.capitalize()} ({held} held out)", gate.summary, tone)


def _origin(tool: Tool) -> str:
    made = tool.manifest.provenance
    if tool.layer == Layer.BASE:
        return "A starter tool that comes with AgentForge."
    if made.episodes:
        return f"Made in {'episode' if len(made.episodes) == 1 else 'episodes'} {', '.join(made.episodes)}."
    return "No episode is recorded for it."


def _tester(tool: Tool) -> str:
    made = tool.manifest.provenance
    if not made.job:
        return "written by hand"
    same = "the same model as the code" if made.tester_is_generator else "another model than the code"
    return f"written by {same}"


def _example(example: Example) -> ExampleRow:
    return ExampleRow(
        args=hostile.as_json(example.args),
        returns=hostile.as_json(example.returns),
        raises=example.raises,
        source=example.source,
        held_out=example.held_out,
        spent=example.spent,
    )


def _provenance(tool: Tool) -> tuple[Fact, ...]:
    made = tool.manifest.provenance
    box = tool.report.get("box")
    known: Sequence[tuple[str, JSON]] = (
        ("Version", tool.version[:SHORT]),
        ("Created", made.created.isoformat() if made.created else ""),
        ("Job", made.job),
        ("Episodes", ", ".join(made.episodes)),
        ("Untrusted sources", ", ".join(made.sources)),
        ("Parent version", made.parent[:SHORT]),
        ("Models", ", ".join(f"{role}: {model}" for role, model in made.models.items())),
        ("Prompts", ", ".join(f"{name} {digest[:SHORT]}" for name, digest in made.prompts.items())),
        ("Sandbox image", made.image),
        (
            "Judged in",
            " · ".join(str(box[key]) for key in ("launcher", "tier") if key in box) if isinstance(box, dict) else "",
        ),
        ("Needs the tools", ", ".join(tool.depends)),
    )
    return tuple(Fact(label, str(text)) for label, text in known if text)


def _versions(versions: Sequence[Version]) -> tuple[VersionRow, ...]:
    return tuple(_version(new, old) for new, old in zip_longest(versions, versions[1:]))


def _version(new: Version, old: Version | None) -> VersionRow:
    diff = tuple(map(_diff_line, changes(old, new))) if old else ()
    added, removed = (sum(line.kind == kind for line in diff) for kind in ("added", "removed"))
    return VersionRow(
        commit=new.commit[:SHORT],
        version=new.version[:SHORT],
        subject=new.subject,
        when=new.time.strftime("%Y-%m-%d %H:%M"),
        iso=new.time.isoformat(),
        diff=diff,
        diff_says=f"+{added} −{removed}" if diff else "",
        remark="Source and tests stayed the same." if old else "The first version.",
    )


def _diff_line(line: str) -> DiffLine:
    kinds: dict[str, Literal["added", "removed", "place"]] = {"+": "added", "-": "removed", "@": "place"}
    return DiffLine(kinds.get(line[:1], "same"), line)


def _no_versions(tool: Tool) -> str:
    if tool.layer == Layer.BASE:
        return "Starter tools change only with AgentForge itself; what you change is kept in your own registry."
    return "No commit is recorded for it."
