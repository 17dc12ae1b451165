"""The one form of all benchmarks: progress on stderr, the figures as one JSON line last on stdout."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CODE = ("agentforge", "sandbox")
"""What every benchmark measures, from the root; each adds its own file."""


def parser(description: str) -> argparse.ArgumentParser:
    """An argument parser with the options that every benchmark takes."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="print one JSON object as the last line instead of a table")
    made.add_argument("--quick", action="store_true", help="a run of at most two minutes (with a model: one item)")
    return made


def progress(message: str) -> None:
    """One line for whoever watches."""
    print(message, file=sys.stderr, flush=True)


def cannot_run(reason: str, code: int) -> int:
    """Says why nothing was measured; no figure is printed."""
    print(reason, file=sys.stderr)
    return code


def show(figures: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]], *, as_json: bool) -> None:
    """Prints ``figures`` as JSON, or ``rows`` (name → column → value) as a table."""
    if as_json:
        print(json.dumps(figures))
        return
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    width = max([len(name) for name in rows] + [4])
    print(" " * width, *(f"{column:>18}" for column in columns))
    for name, row in rows.items():
        print(f"{name:<{width}}", *(f"{row.get(column, '')!s:>18}" for column in columns))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def short_hash(value: Any) -> str:
    """Twelve hex digits that differ where two JSON values do."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def code_version(*files: Path, root: Path = ROOT) -> str:
    """The commit that is measured; with ``+dirty`` and a hash of the difference where :data:`CODE` or
    ``files`` are not as committed. Without git, a hash of the files themselves.
    """
    paths = [*CODE, *(str(file.resolve().relative_to(root)) for file in files)]
    try:
        commit = _git(root, "rev-parse", "HEAD").decode().strip()[:12]
        changed = _git(root, "diff", "HEAD", "--binary", "--", *paths)
        new = _git(root, "ls-files", "-o", "-z", "--exclude-standard", "--", *paths).decode().split("\0")
    except (OSError, subprocess.SubprocessError):
        found = [file for path in paths for file in [root / path, *(root / path).rglob("*.*")]]
        return "files-" + _contents(file for file in found if "__pycache__" not in file.parts)
    added = [root / name for name in new if name]
    return f"{commit}+dirty.{_contents(added, changed)}" if changed or added else commit


def _git(root: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60).stdout


def _contents(files: Iterable[Path], first: bytes = b"") -> str:
    digest = hashlib.sha256(first)
    for file in sorted(set(files)):
        if file.is_file():
            digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]


def resumable(
    rows: Iterable[dict[str, Any]], expected: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The kept rows that hold all of ``expected(row)``; the others are counted on stderr with the reason."""
    same: list[dict[str, Any]] = []
    ignored: Counter[str] = Counter()
    for row in rows:
        differing = [name for name, value in expected(row).items() if row.get(name) != value]
        if differing:
            ignored[" and ".join(f"{'other' if name in row else 'no'} {name}" for name in differing)] += 1
        else:
            same.append(row)
    if ignored:
        reasons = ", ".join(f"{count} with {reason}" for reason, count in ignored.most_common())
        progress(f"{ignored.total()} kept rows are ignored and measured anew where needed: {reasons}")
    return same
