"""How a registry behaves as tools become many: opening a user, searching, committing, listing, telling differences.

For each size there is a user on disk whose registry holds so many live tools in their real format, in one commit; all
of it is done through the product. Figures are medians of interleaved rounds (searches: the 95th percentile).

  open_ms         from nothing to a user with one tool at hand (``Forge``, then ``forge.tool(NAME)``)
  commit_ms       one more tool is added as live
  open_cpu_ms, commit_cpu_ms
                  the same as processor time, with that of the git commands that ended meanwhile (opening: closing
                  again as well, so all of them): other work on the machine shows less in it
  git_ms          the same files are committed to a copy of that registry by one bare ``git fast-import`` in a process
                  of its own, as durably; there is no quicker way to commit with the git command line
  commit_ratio_to_git, commit_ratio_to_smallest
                  commit_ms to git_ms, and to commit_ms with the fewest tools
  find_ms         a tool is read that was not read before, after a commit of another one
  search_p95_ms   the product's search, once its index is made; index_ms is its first search
  search_after_commit_ms
                  the first search of a new process after a commit of one tool by another one (median of a few)
  diff_ms         what a proposal changes of the tool that stands
  list_ms         all live tools are read by a user who was just opened; grows with their number, as it must
  rss_mb          memory of a process of its own that opened the user, found a tool and searched twice
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar

from agentforge import Forge
from agentforge.errors import AgentForgeError
from agentforge.gitstore.process import DURABLE
from agentforge.gitstore.saying import AUTHOR, message
from agentforge.gitstore.store import GitStore
from agentforge.registry.differences import difference
from agentforge.registry.index import Index
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, from_files, to_files
from agentforge.settings import Settings
from agentforge.testing import ScriptedModel
from agentforge.types import Layer, State
from benchmarks.form import cannot_run, parser, progress, show
from benchmarks.memory.flat import settings_at
from benchmarks.memory.homes import tools

SIZES = (10, 1_000, 10_000)
ROUNDS, QUICK_ROUNDS = 15, 3
SEARCHES = 20
QUERIES = (
    "is the gate of the harbour closed",
    "warehouse hour",
    "close gate {}",
    "which tool tells the hour of gate {}?",
)
_SEEN = """
import sys
from pathlib import Path
from benchmarks.registry import User
with User(Path(sys.argv[1])).registry() as registry:
    registry.get(sys.argv[2])
    user = User(Path(sys.argv[1]))
    user.searched(registry, "warehouse hour")
    user.searched(registry, "close gate 100003")
print(open("/proc/self/status").read().partition("VmRSS:")[2].split()[0])
"""
_SEARCHED = """
import sys
from pathlib import Path
from benchmarks.registry import User, timed
user = User(Path(sys.argv[1]))
with user.registry() as registry:
    found, took = timed(lambda: user.searched(registry, sys.argv[2]))
assert found, "the new tool is found"
print(took)
"""
AFTER_COMMITS = 5
T = TypeVar("T")


class User:
    """A user whose home is a folder."""

    def __init__(self, home: Path) -> None:
        self.settings: Settings = settings_at(home)
        self.place = self.settings.registries / self.settings.org / f"{self.settings.user}.git"
        self.number = 0

    def fill(self, many: int) -> None:
        """Makes the registry with so many tools."""
        GitStore.create(self.place, tools(many)).close()

    def registry(self) -> Registry:
        """The registry, opened."""
        return Registry.open(self.place)

    async def opened(self, name: str) -> Tool:
        """A tool of the user, who is opened for it and closed again."""
        async with Forge(user="bench", settings=self.settings, models=ScriptedModel("At six.")) as forge:
            return forge.tool(name)

    def searched(self, registry: Registry, query: str) -> int:
        """How many tools the product finds."""
        empty = self.settings.home / "no-starter-tools"
        empty.mkdir(exist_ok=True)
        index = Index(Layers(registry, BaseLayer(empty)), self.settings.home / "caches" / "bench.index.db")
        return len(index.search(query, 5))

    def new_tool(self, registry: Registry) -> Tool:
        """A tool that is not there yet."""
        self.number += 1
        old, new = "close_gate_100000", f"close_gate_{self.number:03d}"
        files = registry.files(old, registry.head())
        made = {file: contents.replace(old.encode(), new.encode()) for file, contents in files.items()}
        return from_files(made, new, layer=Layer.USER, state=State.LIVE)


def used() -> float:
    """The milliseconds of processor time that this process and its children that have ended have used."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.process_time() + ended.ru_utime + ended.ru_stime) * 1000


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What ``work`` gives, and the milliseconds that it took."""
    begun = time.perf_counter()
    done = work()
    return done, (time.perf_counter() - begun) * 1000


class Bare:
    """A copy of a registry to which the git command line alone commits."""

    def __init__(self, of: Path, place: Path) -> None:
        shutil.copytree(of, place)
        self._place = place

    def commit(self, files: Mapping[str, bytes]) -> float:
        """The milliseconds of one commit of these files."""
        head = self._git("rev-parse", "refs/heads/main").decode().strip()
        parts = [b"commit refs/heads/main\ncommitter %s %d +0000\n" % (AUTHOR.encode(), int(time.time()))]
        parts += [_data(message("Add one", {})), b"from %s\n" % head.encode()]
        for path, contents in sorted(files.items()):
            parts += [b"M 100644 inline %s\n" % path.encode(), _data(contents)]
        stream = b"".join([*parts, b"done\n"])
        return timed(lambda: self._git("fast-import", "--quiet", "--done", feed=stream))[1]

    def _git(self, *command: str, feed: bytes = b"") -> bytes:
        environment = {**os.environ, "GIT_DIR": str(self._place), "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            ["git", "-c", DURABLE, *command], input=feed, env=environment, check=True, capture_output=True, timeout=600
        )
        return done.stdout


def _data(contents: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(contents), contents)


class Rows:
    """The milliseconds of one size, by what was done."""

    def __init__(self, user: User, bare: Bare) -> None:
        self._user = user
        self._bare = bare
        self.times: dict[str, list[float]] = {}

    def round(self) -> None:
        """All of it once; what a commit leaves behind is there for the next round."""
        user = self._user
        before = used()
        asyncio.run(self._open(f"close_gate_{100_001 + user.number % 9}"))
        self._note("open_cpu_ms", used() - before)
        with user.registry() as registry:
            known = to_files(registry.get("close_gate_100000"))
            made = user.new_tool(registry)
            before = used()
            self._note("commit_ms", timed(lambda: registry.add(made, state=State.LIVE))[1])
            self._note("commit_cpu_ms", used() - before)
            self._note("find_ms", timed(lambda: registry.get("close_gate_100009"))[1])
            changed = from_files(known, "close_gate_100000", layer=Layer.USER, state=State.LIVE)
            origin = changed.manifest.provenance.model_copy(update={"parent": changed.version})
            manifest = changed.manifest.model_copy(update={"provenance": origin})
            source = changed.source + f"\n# {user.number}\n"
            registry.add(replace(changed, manifest=manifest, source=source), state=State.PROPOSED)
            number = registry.snapshot().proposals["close_gate_100000"][-1]
            told, took = timed(lambda: difference(registry, f"close_gate_100000/{number}"))
            assert told.files, "a changed tool differs"
            self._note("diff_ms", took)
        states = registry.snapshot().states.files(tools={made.name: registry.snapshot().states.tools[made.name]})
        files = {f"tools/{made.name}/{file}": contents for file, contents in to_files(made).items()}
        self._note("git_ms", self._bare.commit({**files, **states}))

    def once(self) -> None:
        """What takes long, and what is asked many times."""
        user = self._user
        with user.registry() as registry:
            self._note("list_ms", timed(lambda: registry.tools())[1])
        with user.registry() as registry:
            self._note("index_ms", timed(lambda: user.searched(registry, "warehouse"))[1])
            for _ in range(AFTER_COMMITS):
                made = user.new_tool(registry)
                registry.add(made, state=State.LIVE)
                self._note("search_after_commit_ms", float(self._in_a_process(_SEARCHED, made.name)))
            for at in range(SEARCHES):
                query = QUERIES[at % len(QUERIES)].format(100_000 + at)
                found, took = timed(lambda query=query: user.searched(registry, query))
                assert found, "every query fits"
                self._note("searches", took)

    async def _open(self, name: str) -> None:
        begun = time.perf_counter()
        tool = await self._user.opened(name)
        self._note("open_ms", (time.perf_counter() - begun) * 1000)
        assert tool.name == name

    def _note(self, what: str, milliseconds: float) -> None:
        self.times.setdefault(what, []).append(milliseconds)

    def figures(self) -> dict[str, float]:
        """The medians, and what follows from them."""
        made = {what: round(median(took), 1) for what, took in self.times.items() if what != "searches"}
        made["search_p95_ms"] = round(quantiles(self.times["searches"], n=20)[-1], 1)
        made["commit_ratio_to_git"] = round(median(self.times["commit_ms"]) / median(self.times["git_ms"]), 2)
        made["rss_mb"] = self._memory()
        return made

    def _memory(self) -> float:
        return round(int(self._in_a_process(_SEEN, "close_gate_100005")) / 1024, 1)

    def _in_a_process(self, program: str, argument: str) -> str:
        """What a program of its own prints of this user."""
        command = [sys.executable, "-c", program, str(self._user.settings.home), argument]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout


@contextmanager
def filled(sizes: Sequence[int]) -> Iterator[dict[int, Rows]]:
    """Users of these sizes."""
    with tempfile.TemporaryDirectory() as folder:
        made: dict[int, Rows] = {}
        for many in sizes:
            progress(f"{many:,} tools")
            user = User(Path(folder, str(many)))
            user.fill(many)
            made[many] = Rows(user, Bare(user.place, Path(folder, f"{many}.git")))
        yield made


def measured(sizes: Sequence[int], rounds: int) -> dict[str, Any]:
    """The figures: by size, and the ratios of the largest one."""
    with filled(sizes) as rows:
        for number in range(rounds + 1):
            progress(f"round {number} of {rounds}")
            for row in rows.values():
                row.round()
                if number == 0:
                    row.times.clear()  # what a first round loads of the program is no figure
        for row in rows.values():
            row.once()
        found: dict[str, dict[str, float]] = {str(many): row.figures() for many, row in rows.items()}
    least, *_, most = (found[str(many)] for many in (min(sizes), *sizes, max(sizes)))
    for row in found.values():
        row["commit_ratio_to_smallest"] = round(row["commit_ms"] / least["commit_ms"], 2)
    return {
        "sizes": found,
        "commit_ratio_to_git": most["commit_ratio_to_git"],
        "commit_ratio_to_smallest": most["commit_ratio_to_smallest"],
        "rounds": rounds,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    options.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of tools, at least 10 each")
    options.add_argument("--rounds", type=int, default=0, help=f"(default: {ROUNDS}; with --quick {QUICK_ROUNDS})")
    given = options.parse_args(arguments)
    sizes = [int(size) for size in given.sizes.split(",") if size.strip().isdecimal()]
    if not sizes or min(sizes) < 10 or given.rounds < 0:
        return cannot_run("--sizes takes numbers from 10 on, separated by commas; --rounds one from 1 on.", 2)
    sizes = [size for size in sizes if not given.quick or size <= 1_000] or [min(sizes)]
    try:
        told = measured(sizes, given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS))
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    show({"benchmark": "registry", **told}, told["sizes"], as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
