"""Tools of two histories made one: versions with their standing, what waits and was decided, what once went wrong, and
what was revoked.

All of it is a function of three snapshots. A version that neither side gave up stays: as the one that stands, as a
proposal, or in the history of both parents of the merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from agentforge.errors import RegistryError, ToolInvalid
from agentforge.gitstore.threefold import threefold
from agentforge.registry.manifest import one_line
from agentforge.registry.merging.reviews import Proposals
from agentforge.registry.merging.standing import Side, Stands, stands
from agentforge.registry.revoked import REVOKED_FILE, Revoked, read_revoked
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import REASON_CHARS, Standing, Waiting
from agentforge.registry.tool import Tool, contents_version, from_files, to_files
from agentforge.registry.untried import parsed, written
from agentforge.types import Example


@dataclass(frozen=True, slots=True)
class Contest:
    """Two versions of one tool that were made independently: somebody has to find out which one stands."""

    name: str
    ours: Tool
    theirs: Tool


@dataclass(frozen=True, slots=True)
class Settled:
    """Which one stands, and why the other waits."""

    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class Took:
    """A tool that stands otherwise than it did here."""

    name: str
    version: str
    state: str


@dataclass(slots=True)
class Merged:
    """``files`` are what changes against ours. ``took`` are tools that stand otherwise, ``waits`` proposals
    (``NAME/N``) that are new here, ``contests`` what has to be settled first, ``told`` what was left as it is, and why.
    """

    files: dict[str, bytes | None] = field(default_factory=lambda: {})
    took: list[Took] = field(default_factory=lambda: [])
    waits: list[str] = field(default_factory=lambda: [])
    contests: list[Contest] = field(default_factory=lambda: [])
    told: list[str] = field(default_factory=lambda: [])


@dataclass(frozen=True, slots=True)
class Three:
    """The snapshots: ``base`` is what both took over, None where they have nothing in common."""

    base: Snapshot | None
    ours: Snapshot
    theirs: Snapshot

    @property
    def all(self) -> tuple[Snapshot | None, Snapshot, Snapshot]:
        """The three of them."""
        return self.base, self.ours, self.theirs


def merge_tools(three: Three, settled: Mapping[str, Settled]) -> Merged:
    """The merge, where contests are decided as ``settled`` says.

    Raises:
        RegistryError: a file of one of them is malformed.
    """
    merged = Merged()
    standing: dict[str, Standing] = {}
    reviews: dict[str, Proposals] = {}
    for name in _names(three):
        _merge_tool(three, name, settled, merged, standing, reviews)
    entries = {name: one.entry for name, one in reviews.items()}
    if standing or entries:
        merged.files |= three.ours.states.files(tools=standing, reviews=entries)
    _regressions(three, merged)
    _revoked(three, merged)
    return merged


def _names(three: Three) -> Iterator[str]:
    """Every name of which the other side says something else than what both took over."""
    base, theirs = three.base, three.theirs
    names = {*theirs.states.tools, *theirs.states.reviews, *theirs.proposals, *(base.proposals if base else ())}
    for name in sorted(names):
        if base is None or any(
            before != after
            for before, after in (
                (base.states.tools.get(name), theirs.states.tools.get(name)),
                (base.states.review_of(name), theirs.states.review_of(name)),
                (base.proposals.get(name), theirs.proposals.get(name)),
            )
        ):
            yield name


def _merge_tool(
    three: Three,
    name: str,
    settled: Mapping[str, Settled],
    merged: Merged,
    standing: dict[str, Standing],
    reviews: dict[str, Proposals],
) -> None:
    before, mine, other = (side.states.tools.get(name) if side else None for side in three.all)
    wanted = _decided(three, name, stands(before, mine, other), settled, merged)
    if wanted.side == "theirs" and three.theirs.sound(name) is None:
        merged.told.append(f"{name} was left as it is: what the remote holds is not the version that it names")
        wanted = Stands(mine)
    now = wanted.standing
    if now is not None and now != mine:
        standing[name] = now
        merged.took.append(Took(name, now.version, str(now.state)))
        if mine is None or mine.version != now.version:
            merged.files |= _folder(f"tools/{name}", three.theirs.stored(f"tools/{name}"))
    proposals = Proposals.merged(*(side and Proposals.of(side, name) for side in three.all))
    if wanted.waits and mine is not None and other is not None and now is not None:
        loser, lost = (three.theirs, other) if wanted.side == "ours" else (three.ours, mine)
        proposals = _waiting(proposals, loser.stored(f"tools/{name}"), now, lost, name, wanted.waits)
    if now is not None:
        proposals = proposals.without(now.version)
    ours = Proposals.of(three.ours, name)
    for number in sorted({*ours.files} - {*proposals.files}):
        merged.files[f"proposed/{name}/{number}"] = None
    for number, files in proposals.files.items():
        if ours.files.get(number) != files:
            merged.files |= {f"proposed/{name}/{number}/{file}": None for file in ours.files.get(number, ())}
            merged.files |= _folder(f"proposed/{name}/{number}", files)
            merged.waits.append(f"{name}/{number}")
    if proposals.entry != ours.entry:
        reviews[name] = proposals


def _decided(three: Three, name: str, wanted: Stands, settled: Mapping[str, Settled], merged: Merged) -> Stands:
    """A contest as it was settled; one that nobody has settled is noted, and ours stands until then."""
    if not wanted.contested:
        return wanted
    mine, other = three.ours.sound(name), three.theirs.sound(name)
    if mine is None or other is None:
        return wanted if other is None else Stands(three.theirs.states.tools[name], "theirs")
    found = settled.get(name)
    if found is None:
        merged.contests.append(Contest(name, mine, other))
        return wanted
    side = three.ours if found.side == "ours" else three.theirs
    return Stands(side.states.tools[name], found.side, found.reason)


def _waiting(
    proposals: Proposals, files: Mapping[str, bytes], now: Standing, lost: Standing, name: str, reason: str
) -> Proposals:
    """With the version that does not stand, as one that could take the place of the one that does."""
    try:
        tool = from_files(files, name)
    except ToolInvalid:
        return proposals  # it was never callable, and the history keeps it
    if tool.manifest.provenance.parent != now.version:
        provenance = tool.manifest.provenance.model_copy(update={"parent": now.version})
        files = to_files(replace(tool, manifest=tool.manifest.model_copy(update={"provenance": provenance})))
    waiting = Waiting(
        version=contents_version(files), unconfirmed=lost.unconfirmed, reason=one_line(reason, REASON_CHARS)
    )
    return proposals.adding(files, waiting)


def _regressions(three: Three, merged: Merged) -> None:
    base, ours, theirs = three.all
    for path in theirs.regressions:
        before, mine, other = (_by_source(side, path) for side in three.all)
        found, disputed = threefold(before, mine, other)
        merged.told += [f"the regression {source} in {path} differs, and ours was kept" for source in disputed]
        if found != mine:
            merged.files[path] = written(tuple(found.values()))
    gone = (path for path in (base.regressions if base else ()) if path not in theirs.regressions)
    for path in gone:
        if base is not None and ours.read(path) == base.read(path) is not None:
            merged.files[path] = None


def _by_source(snapshot: Snapshot | None, path: str) -> dict[str, Example]:
    if snapshot is None:
        return {}
    return {one.source: one for one in parsed(snapshot.read(path), path)}


def _revoked(three: Three, merged: Merged) -> None:
    """What was revoked on either side is revoked; what is set aside for that lies where it lay."""
    base, ours, theirs = three.all
    if theirs.read(REVOKED_FILE) is None:
        return
    before, mine, other = (Revoked() if side is None else read_revoked(side) for side in (base, ours, theirs))
    parts = [
        threefold(getattr(before, part), getattr(mine, part), getattr(other, part))[0]
        for part in ("revocations", "held", "withdrawn", "regressions")
    ]
    now = Revoked(*parts)
    if now != mine:
        merged.files[REVOKED_FILE] = now.text()
    for target in {*now.withdrawn} - {*mine.withdrawn}:
        merged.files |= _folder(f"revoked/{target}", theirs.stored(f"revoked/{target}"))


def _folder(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes | None]:
    return {f"{folder}/{file}": contents for file, contents in files.items()}


def check_whole(snapshot: Snapshot) -> None:
    """Reads all that says where tools stand, as a merge will (raises RegistryError: something in it is malformed)."""
    if problems := snapshot.states.problems:
        raise RegistryError(f"What it says of where tools stand is malformed: {problems[0]}.")
    read_revoked(snapshot)
