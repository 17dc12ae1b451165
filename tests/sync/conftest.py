"""Homes that sync with one bare repository; each has a key and knows the keys that it is told."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agentforge.gitstore.bounds import Bounds
from agentforge.gitstore.remote import remote_of
from agentforge.registry.merging.tools import Contest, Settled
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, from_files
from agentforge.settings import transport_environment
from agentforge.sync.flow import synchronise
from agentforge.sync.parts import Claim, SyncParts
from agentforge.sync.report import Arrived, Synced
from agentforge.types import State

KEYS: dict[str, Path] = {}


def git(folder: Path, *words: str, feed: bytes = b"", **environment: str) -> str:
    """Plain git, as anybody runs it."""
    who = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    given = {**os.environ, **who, **environment}
    done = subprocess.run(("git", "-C", str(folder), *words), input=feed, capture_output=True, env=given, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def key_of(name: str, place: Path) -> Path:
    """An ssh key of that name, made once."""
    if name not in KEYS or not KEYS[name].exists():
        KEYS[name] = place / f"{name}.key"
        subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", KEYS[name]), check=True)
    return KEYS[name]


@dataclass
class Home:
    """One registry and what it syncs with. What the gates would say is scripted here; they are tried elsewhere."""

    registry: Registry
    remote: Path
    key: Path | None = None
    allowed: Path | None = None
    side: str = "ours"
    contests: list[str] = field(default_factory=list)

    def sync(self, *, dry_run: bool = False, bounds: Bounds | None = None) -> Synced:
        return asyncio.run(synchronise(self.parts(bounds), dry_run=dry_run))

    def parts(self, bounds: Bounds | None = None) -> SyncParts:
        within = bounds or Bounds(environment=transport_environment())
        remote = remote_of(str(self.remote))
        return SyncParts(self.registry, remote, within, self.settle, self.receive, self.allowed, self.key)

    async def settle(self, contest: Contest) -> Settled:
        self.contests.append(contest.name)
        return Settled(self.side, "Changed on both sides.")  # type: ignore[arg-type] # a test says which

    async def receive(self, claims: Sequence[Claim]) -> list[Arrived]:
        done: list[Arrived] = []
        for claim in claims:
            tool = from_files(claim.files, claim.name)
            self.registry.add(tool, state=State.PROPOSED, unconfirmed=True, reason="It came from a remote.")
            done.append(Arrived(claim.name, "proposed"))
        return done

    def add(self, tool: Tool, state: State = State.LIVE) -> Tool:
        self.registry.add(tool, state=state, known_tools=())
        return tool

    def state(self, name: str) -> str:
        standing = self.registry.snapshot().states.tools.get(name)
        return str(standing.state) if standing else ""

    def version(self, name: str) -> str:
        standing = self.registry.snapshot().states.tools.get(name)
        return standing.version if standing else ""

    def waiting(self, name: str) -> list[int]:
        return [*self.registry.snapshot().proposals.get(name, ())]

    @property
    def tree(self) -> str:
        return git(self.registry.path, "rev-parse", "main^{tree}")

    @property
    def commits(self) -> set[str]:
        return {*git(self.registry.path, "rev-list", "main").split()}


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """An empty bare repository."""
    place = tmp_path / "remote.git"
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main", place), check=True)
    return place


Meet = Callable[..., Home]


@pytest.fixture
def home_of(tmp_path: Path, remote: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meet]:
    """``home_of(NAME, knows=[…])``: a home with a key of its own (none with ``signs=False``)."""
    keys = tmp_path_factory.mktemp("keys")
    stack = ExitStack()

    def made(name: str, *, knows: Sequence[str] = (), signs: bool = True) -> Home:
        allowed = tmp_path / f"{name}.signers"
        lines = (f"{one} {key_of(one, keys).with_suffix('.key.pub').read_text()}" for one in knows)
        allowed.write_text("".join(lines))
        registry = stack.enter_context(Registry.create(tmp_path / name / "me.git"))
        return Home(registry, remote, key_of(name, keys) if signs else None, allowed)

    with stack:
        yield made


@pytest.fixture
def pair(home_of: Meet) -> tuple[Home, Home]:
    """Two homes of one person, each of which knows the other's key."""
    return home_of("ada", knows=["ada", "bea"]), home_of("bea", knows=["ada", "bea"])


def settle(*homes: Home) -> None:
    """Syncs until nothing moves any more."""
    for _ in range(6):
        moved = [home for home in homes if not home.sync().quiet]
        if not moved:
            return
    pytest.fail("they never came to rest")
