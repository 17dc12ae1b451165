"""What happened to a tool, read from its commits and from ``state.toml`` as it was at each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from agentforge.errors import RegistryError, ToolNotFound
from agentforge.gitstore.past import Commit
from agentforge.registry.pages import STATE_FILE, Pages, page_of
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import NUMBER
from agentforge.registry.states import Reviews, Standing, States, read_states
from agentforge.registry.tool import contents_version


@dataclass(frozen=True, slots=True)
class Happening:
    """One commit of a tool: what it did (its subject), to which version, who decided it and why.

    ``stands`` is the version that stood after it and ``state`` its state, both empty where none did; ``number``
    is that of a proposal, 0 where it is about none.
    """

    commit: str
    time: datetime
    what: str
    version: str
    stands: str
    state: str
    approver: str = ""
    reason: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Stood:
    """A version that stood once, as it last did: its files, its standing, and the commit it is read from."""

    standing: Standing
    files: dict[str, bytes]
    commit: str


def history(registry: Registry, name: str) -> list[Happening]:
    """All that happened to a tool, newest first; nothing for a name never used.

    Raises:
        ToolNotFound: it is no tool name at all.
    """
    moments = [*_moments(registry, name)]
    stood = [states.tools.get(name) for _, states in moments]
    return [_happening(*moment, name, _last(stood[at:])) for at, moment in enumerate(moments)]


def _last(stood: Sequence[Standing | None]) -> Standing | None:
    """How the version of the first of these, which come newest first, stood before that; None where it never did."""
    now = stood[0]
    return next((one for one in stood[1:] if one is not None and now is not None and one.version == now.version), None)


def reason_of(registry: Registry, commit: Commit, name: str) -> str:
    """Why a commit did to a tool what it did, as far as that was said; empty where it was not."""
    after = _states_at(registry, commit.sha, name)
    before = _states_at(registry, commit.parent, name).tools.get(name) if commit.parent else None
    now = after.tools.get(name)
    same = before if before is not None and now is not None and before.version == now.version else None
    return _happening(commit, after, name, same).reason


def since(registry: Registry, name: str) -> datetime | None:
    """Since when the version that stands has stood in its state; None where nothing stands."""
    now = registry.snapshot().states.tools.get(name)
    found: datetime | None = None
    for commit, states in _moments(registry, name):
        then = states.tools.get(name)
        if now is None or then is None or (then.state, then.version) != (now.state, now.version):
            break
        found = commit.time
    return found


def earlier(registry: Registry, name: str, version: str = "") -> Stood:
    """An earlier version: the one whose hash begins with ``version``, else the last other one that stood.

    Only what ``state.toml`` named has met gates or a person here; contents that were changed by hand are
    no version.

    Raises:
        ToolNotFound: there is no such version, or nothing stands under that name.
    """
    now = registry.snapshot().states.tools.get(name)
    if now is None:
        raise ToolNotFound(
            f"No version of {name[:80]!r} stands in the registry.", fix="`agentforge tools list --state all` shows all."
        )
    for commit, states in _moments(registry, name):
        then = states.tools.get(name)
        fits = then is not None and (then.version.startswith(version) if version else then.version != now.version)
        if then is not None and fits:
            files = registry.files(name, commit.sha)
            if files and contents_version(files) == then.version:
                return Stood(then, files, commit.sha)
    told = f"has no version {version[:64]!r} that ever stood" if version else "has no earlier version"
    raise ToolNotFound(f"The tool {name} {told}.", fix=f"`agentforge tools history {name}` shows all of them.")


def _moments(registry: Registry, name: str) -> Iterator[tuple[Commit, States]]:
    """The commits of a tool, newest first, each with what was said of it then."""
    for commit in registry.log(name):
        yield commit, _states_at(registry, commit.sha, name)


def _states_at(registry: Registry, commit: str, name: str) -> States:
    """What was said of one tool at a commit."""
    found = registry.store.read_many([STATE_FILE, page_of(name)], commit)
    pages = Pages.of({path: contents for path, contents in found.items() if path != STATE_FILE})
    try:
        states = read_states(found.get(STATE_FILE, b"").decode(), pages)
        states.tools.get(name)
    except (ValueError, RecursionError, RegistryError):
        return States()
    return states


def _happening(commit: Commit, states: States, name: str, before: Standing | None) -> Happening:
    standing = states.tools.get(name)
    said = {key: values[-1] for key, values in commit.trailers.items() if values}
    number = int(said["Proposal"]) if NUMBER.fullmatch(said.get("Proposal", "")) else 0
    return Happening(
        commit=commit.sha,
        time=commit.time,
        what=commit.message,
        version=said.get("Version", standing.version if standing else ""),
        stands=standing.version if standing else "",
        state=str(standing.state) if standing else "",
        approver=said.get("Approver", ""),
        reason=_reason(standing, states.review_of(name), number, before),
        number=number,
    )


def _reason(standing: Standing | None, reviews: Reviews, number: int, before: Standing | None) -> str:
    """Why: of a proposal that waits or was rejected, else of where the version stands, unless it stood so ``before``. A
    pin leaves the reason of something earlier where it is, and a version that comes back mostly brings its own with it.
    """
    if str(number) in reviews.waiting:
        return reviews.waiting[str(number)].reason
    rejected = [one.reason for one in reviews.rejected if one.number == number]
    if rejected:
        return rejected[-1]
    return "" if standing is None or (before is not None and _same_reason(standing, before)) else standing.reason


def _same_reason(standing: Standing, before: Standing) -> bool:
    return (standing.state, standing.unconfirmed, standing.reason) == (before.state, before.unconfirmed, before.reason)
