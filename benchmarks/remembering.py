"""What it costs to read, write and search what is remembered, with more and more facts.

For each number of facts, in pages of 100 (as they are kept) and, for comparison, all in one file: the first read in a
new process, one more fact, the read after it, a first search and another one. Medians of several rounds, in
milliseconds of processor time, git's included, so that a busy machine changes little; and the bytes that one more fact
adds to the repository. No model and no sandbox is used.
"""

from __future__ import annotations

import random
import resource
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

from agentforge.gitstore.store import GitStore
from agentforge.memory import files
from agentforge.memory.entries import Candidate, Entry, new_id
from agentforge.memory.keeping import Memory
from benchmarks.form import parser, progress, show

SIZES = (10, 1_000, 10_000)
WORDS = (
    "prefers metric units for reports and tabs over spaces in every language the weekly standup is at nine on mondays"
    " invoices go to accounting before friday ada bob berlin paris lyon rust python sql export letters"
)


def filled(folder: Path, facts: int) -> GitStore:
    """A registry with so many facts of 14 words, each on a topic and from a session of its own."""
    chance, words = random.Random(1), WORDS.split()
    entries: dict[str, Entry] = {}
    for number in range(facts):
        key = new_id("fact", entries)
        text = f"{' '.join(chance.choice(words) for _ in range(14)).capitalize()} {number}."
        episode = f"{chance.getrandbits(64):016x}"
        entries[key] = Entry(
            id=key, kind="fact", text=text, topic=f"t{number}", episodes=(episode,), created=date(2026, 1, 1)
        )
    keys = sorted(entries)
    contents: dict[str, bytes] = {"state.toml": b"format = 1\n"}
    for start in range(0, facts, files.PAGE):
        path = files.page_path(start // files.PAGE + 1)
        tables = {key: files.table_of(entries[key]) for key in keys[start : start + files.PAGE]}
        contents[path] = files.write_tables(path, tables) or b""
    return GitStore.create(folder / "r.git", contents)


def measured(facts: int, rounds: int) -> dict[str, float]:
    """The figures for so many facts."""
    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, filled(Path(folder), facts) as store:
        for number in range(rounds):
            memory = Memory(store)
            candidate = Candidate(f"Likes tea number {number} best", topic="tea", episodes=("e1",))
            before = _bytes(store.path)
            for name, step in {
                "first_read_ms": memory.known,
                "first_search_ms": lambda memory=memory: memory.search("metric units in reports"),
                "search_ms": lambda memory=memory: memory.search("metric units in letters"),
                "add_ms": lambda memory=memory, candidate=candidate: memory.add(candidate),
                "read_after_ms": memory.known,
            }.items():
                took.setdefault(name, []).append(_milliseconds(step))
            took.setdefault("bytes_a_fact", []).append(_bytes(store.path) - before)
    return {name: round(median(values), 1) for name, values in took.items()}


def _milliseconds(step: Callable[[], object]) -> float:
    begun = _processor_seconds()
    step()
    return (_processor_seconds() - begun) * 1000


def _processor_seconds() -> float:
    own, git = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + git.ru_utime + git.ru_stime


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> int:
    """Measures and prints."""
    options = parser(__doc__ or "").parse_args()
    rows: dict[str, dict[str, float]] = {}
    kept = files.PAGE
    for page in (kept, 10**9):
        for facts in SIZES[:2] if options.quick else SIZES:
            name = f"{facts} in pages" if page == kept else f"{facts} in one file"
            progress(name)
            files.PAGE = page
            rows[name] = measured(facts, 3 if options.quick else 9)
    show({"rows": rows, "page": kept}, rows, as_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
